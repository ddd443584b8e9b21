"""The logs with known faults: the same every time, damaged where it is said, one found by the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from tests.bench.truth import Verdict, is_right, judge, messages
from tests.bench.truth_data import AT, ID, LABEL, SCORE, Case, generated
from tests.bench.truth_driftline import said_of
from tests.bench.truth_faults import FAULTS, write_case

SMALL = generated(rows=600, days=34)


def read(folder: Path, number: int, case: Case = SMALL) -> pd.DataFrame:
    rows = [
        pd.read_parquet(folder / kind / f"dt={case.date(number)}" / "part.parquet")
        for kind in ("log", "labels")
    ]
    return rows[0].merge(rows[1], how="left", on=ID)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short log, clean and with every fault."""
    return write_case(SMALL, list(FAULTS), tmp_path_factory.mktemp("truth"))


def test_the_log_is_the_same_every_time_and_its_model_sees_something() -> None:
    pd.testing.assert_frame_equal(SMALL.frame(3), generated(rows=600, days=34).frame(3))
    days = pd.concat([SMALL.frame(number) for number in range(10)])
    assert 0.65 < roc_auc_score(days[LABEL], days[SCORE]) < 0.85
    assert len(SMALL.numeric) + len(SMALL.categorical) == 21


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.part and fault.within == 2])
def test_a_fault_changes_the_columns_that_it_is_about_and_their_answers(root: Path, name: str) -> None:
    at, answers = SMALL.fault_at, {SCORE, "prediction"}
    clean, faulty = read(root / "clean", at), read(root / name, at)
    if name == "lost segment":
        assert set(faulty["region"]) == set(clean["region"]) - {"west"}
        return
    changed = {column for column in clean if not clean[column].equals(faulty[column])}
    part = SMALL.parts[FAULTS[name].part]
    about = set(part) if name == "swapped columns" else {part if isinstance(part, str) else part[0]}
    assert changed - answers == about
    pd.testing.assert_frame_equal(read(root / "clean", at - 1), read(root / name, at - 1))


def test_faults_of_rows_labels_and_clocks(root: Path) -> None:
    at = SMALL.fault_at
    clean = read(root / "clean", at)
    assert (read(root / "flipped labels", at)[LABEL] == 1 - clean[LABEL]).all()
    twice = read(root / "duplicated rows", at)
    assert set(twice[ID]) == set(clean[ID])
    assert 0.1 < len(twice) / len(clean) - 1 < 0.3
    moved = read(root / "moved clock", at + 1).set_index(ID)[AT]
    was = pd.concat([clean, read(root / "clean", at + 1)]).set_index(ID)[AT]
    assert (moved - was[moved.index] == pd.Timedelta(hours=3)).all()
    slow = [read(root / "slow drift", at + day)["utilisation"].mean() for day in (0, 3)]
    still = [read(root / "clean", at + day)["utilisation"].mean() for day in (0, 3)]
    assert np.subtract(slow, still) == pytest.approx([0.04 * 0.2, 4 * 0.04 * 0.2], rel=0.15)


def test_what_is_found_counts_from_the_first_word_that_the_clean_log_has_not() -> None:
    case = {
        "dates": ["1", "2", "3"],
        "fault_at": 1,
        "days_of": {"nulls": 2},
        "right": {"nulls": [("*", "x")]},
    }
    clean = {"2": [["drift", "y"]], "3": [["drift", "y"]]}
    said = {"clean": clean, "nulls": {"2": [["drift", "y"]], "3": [["drift", "y"], ["missing", "x"]]}}
    assert judge(case, "nulls", said) == Verdict(2, right=True, word=("missing", "x"))
    assert judge(case, "nulls", {"clean": clean, "nulls": clean}) == Verdict(None, right=False)
    assert messages({"1": [["a", "x"]], "2": [["a", "x"]], "3": [["b", "x"]]}, ["1", "2", "3"]) == 20
    assert not is_right(["drift", "score"], [("*", "x"), ("together", "*")])
    assert is_right(["together", "*"], [("*", "x"), ("together", "*")])


def test_the_command_finds_the_missing_values(root: Path) -> None:
    import json

    case = json.loads((root / "case.json").read_text())
    verdict = judge(case, "nulls", said_of(root, ["nulls"]))
    assert (verdict.after, verdict.right) == (1, True)
