"""Names and values that do not fit a log, found in a sample of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from driftline_jobs.pipeline.validate.check import check_log
from driftline_schemas.monitor import load_monitor

N = 400
RNG = np.random.default_rng(11)
CHANCE = RNG.beta(1, 3, N)
TRUTH = (RNG.random(N) < CHANCE).astype(np.int64)


def remarks(
    root: Path, columns: dict[str, Any], labels: Any = None, **changes: Any
) -> list[tuple[bool, str]]:
    """What validation says of a log of two days with these columns."""
    document: dict[str, Any] = {
        "monitor": "case",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "ts", "prediction_id": "id", "prediction": "pred", "score": "p"},
        "reference": {"window": ["2026-01-02", "2026-01-04"]},
        "base": "hour",
    }
    for day in (1, 2):
        base = {
            "ts": pa.array([day * 86_400_000_000 + 1_767_225_600_000_000] * N, pa.timestamp("us")),
            "id": [f"{day}-{n}" for n in range(N)],
            "amount": RNG.normal(size=N),
            "p": CHANCE,
            "pred": TRUTH,
        }
        folder = root / "logs" / f"dt=2026-01-0{day}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table(base | columns), folder / "part-0.parquet")
        if labels is not None:
            folder = root / "labels" / f"dt=2026-01-0{day}"
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"id": base["id"], "y": labels}), folder / "part-0.parquet")
    if labels is not None:
        document["labels"] = {"uri": "labels", "prediction_id": "id", "label": "y"}
    for key, value in changes.items():
        section, _, name = key.partition("__")
        document[section] = document.get(section, {}) | {name: value} if name else value
    (root / "monitor.yaml").write_text(yaml.safe_dump(document))
    found = check_log(load_monitor(root / "monitor.yaml"), root)
    return [(remark.is_fault, remark.text) for remark in found.remarks]


def names(words: list[str]) -> Any:
    return np.array(words)[TRUTH]


def test_a_log_that_fits_is_left_alone(tmp_path: Path) -> None:
    assert remarks(tmp_path, {"pred": names(["no", "yes"])}, names(["no", "yes"]), positive_label="yes") == []


def test_a_positive_class_that_occurs_nowhere(tmp_path: Path) -> None:
    ((is_fault, text),) = remarks(tmp_path, {"pred": names(["stay", "churn"])}, names(["stay", "churn"]))
    assert is_fault
    assert f"'churn' ({2 * TRUTH.sum()})" in text
    assert f"'stay' ({2 * (N - TRUTH.sum())})" in text


def test_a_boolean_is_a_text_is_a_number(tmp_path: Path) -> None:
    spelled = names(["False", "1.0"])
    assert remarks(tmp_path, {"pred": TRUTH.astype(bool)}, spelled, positive_label=True) == []


def test_a_third_class_of_labels_and_predictions(tmp_path: Path) -> None:
    third = TRUTH.copy()
    third[:7] = 2
    said = remarks(tmp_path, {"pred": third}, third)
    assert [is_fault for is_fault, _ in said] == [False, False]
    assert all("'2' (14)" in text for _, text in said)


@pytest.mark.parametrize(
    ("scores", "scale", "words"),
    [
        (CHANCE * 100, None, ("outside [0, 1]", "score_scale: percent if they go from 0 to 100")),
        (np.log(CHANCE / (1 - CHANCE)), None, ("outside [0, 1]", "score_scale: unbounded")),
        (CHANCE * 1e6, None, ("score_scale: unbounded",)),
        (CHANCE * 300, "percent", ("outside [0, 100]", "score_scale: unbounded")),
        (CHANCE, "percent", ("is above 1", "if they are probabilities")),
        (CHANCE * 100, "percent", ()),
        (CHANCE * 1e6, "unbounded", ()),
        (np.where(np.arange(N) < 9, np.nan, CHANCE), None, ()),
    ],
)
def test_scores_on_another_scale(
    tmp_path: Path, scores: Any, scale: str | None, words: tuple[str, ...]
) -> None:
    changes = {} if scale is None else {"logs__score_scale": scale}
    said = remarks(tmp_path, {"p": scores}, **changes)
    assert len(said) == (1 if words else 0)
    for is_fault, text in said:
        assert not is_fault
        assert all(word in text for word in words)


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    said = remarks(
        tmp_path,
        {"home_zip": ["a"] * N, "unused": [1] * N, "tags": pa.array([["x"]] * N)},
        features={"ignore": ["amuont", "tags", "unused"], "sensitive": ["home_zp"]},
        alerts={"rules": [{"metric": "psi", "column": "amout", "above": 1}]},
    )
    assert said == [
        (True, "features.sensitive: there is no column 'home_zp': did you mean 'home_zip'?"),
        (True, "alerts.rules[0]: 'amout' is no column that is watched: did you mean 'amount'?"),
        (False, "features.ignore: there is no column 'amuont': did you mean 'amount'?"),
    ]


def test_a_rule_may_be_on_labels_that_come_later(tmp_path: Path) -> None:
    rules = [{"metric": "psi", "column": "y", "above": 1}]
    assert remarks(tmp_path, {}, TRUTH, alerts={"rules": rules}) == []


def test_a_version_and_an_exclusion_that_match_nothing(tmp_path: Path) -> None:
    said = remarks(
        tmp_path,
        {"version": ["v1"] * (N // 2) + ["v2"] * (N // 2)},
        logs__model_version="version",
        reference={"model_version": "V1"},
    )
    assert said == [
        (False, "reference.model_version: no row looked at is of version 'V1': did you mean 'v1'?")
    ]


def test_an_exclusion_outside_of_the_reference(tmp_path: Path) -> None:
    reference = {
        "window": ["2026-01-02", "2026-01-05"],
        "exclude": [["2025-01-03", "2025-01-04"], ["2026-01-04", "2026-01-05"]],
    }
    ((is_fault, text),) = remarks(tmp_path, {}, reference=reference)
    assert not is_fault
    assert "reference.exclude[0] (2025-01-03 00:00 to 2025-01-04 00:00 UTC) lies outside" in text
