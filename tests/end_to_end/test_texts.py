"""Columns of texts: their lengths, how many are empty, how many of their words are new; by the raw rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.arrays import hash_texts
from driftline_jobs.profiles.kinds.texts import TextBins

DAYS, LAST, COUNT = 14, 19, 400
SALT = "f00d" * 16
EMPTY, OTHER_LANGUAGE, SHORTER = 17, 18, 19
WATCHED: dict[str, Any] = {
    "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(DAYS):%Y-%m-%d}"]},
    "features": {"ignore": ["city", "amount"]},
    "labels": None,
    "alerts": {"min_rows": 10},
}
KNOWN = [f"word{at}" for at in range(3000)]
SHARES = 1.0 / np.arange(1, len(KNOWN) + 1)
SHARES /= SHARES.sum()


def texts(number: int) -> list[str]:
    """Comments of a day: words by Zipf's law, some with a capital and a full stop."""
    random = np.random.default_rng([number, 31])
    made = []
    for _ in range(COUNT):
        words = random.choice(KNOWN, 2 + random.poisson(8), p=SHARES).tolist()
        if number == OTHER_LANGUAGE:
            words = [f"ord{word[4:]}" if random.random() < 0.15 else word for word in words]
        if number == SHORTER:
            words = words[: 1 + len(words) // 2]
        made.append(f"{words[0].capitalize()} {' '.join(words[1:])}.")
    if number == EMPTY:
        made = ["  " if random.random() < 0.06 else text for text in made]
    return made


def words(several: list[str]) -> list[str]:
    return [word.strip(".").lower() for text in several for word in text.split()]


def made(root: Path, features: dict[str, Any] | None = None) -> Bench:
    bench = Bench(root, overrides=WATCHED | ({} if features is None else {"features": features}))
    for number in range(LAST + 1):
        bench.write(number, bench.rows(number, count=COUNT, comment=pa.array(texts(number))))
    bench.run(DAYS, LAST, settings={"salt": SALT})
    return bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run over the days behind the reference; nothing is said of the column."""
    return made(tmp_path_factory.mktemp("texts"))


def drifted(bench: Bench, number: int) -> set[str]:
    rows = bench.current("drift_metrics", number, model_version="*", comparison="reference", segment="*")
    rows = rows[(rows["column_name"] == "comment") & (rows["drifted"] == True)]  # noqa: E712 - null is neither
    return set(rows["metric"])


def test_texts_are_recognised_and_clean_days_are_calm(bench: Bench) -> None:
    row = bench.drift(DAYS, "comment", "mean_shift")
    assert row["column_kind"] == "text"
    for metric in ("empty_fraction_delta", "new_words_delta"):
        assert bench.drift(DAYS, "comment", metric)["status"] == "ok"
    assert bench.drift(DAYS, "comment", "new_words_delta")["threshold_source"] == "calibrated"
    assert [drifted(bench, number) for number in range(DAYS, EMPTY)] == [set()] * (EMPTY - DAYS)


def test_new_words_are_those_that_the_reference_does_not_have(bench: Bench) -> None:
    """Less the share of its words that one day of it has alone."""
    days = [set(words(texts(number))) for number in range(DAYS)]
    of_days = [word for found in days for word in found]
    alone = {word for word in of_days if of_days.count(word) == 1}
    reference = [word for number in range(DAYS) for word in words(texts(number))]
    usual = np.mean([word in alone for word in reference])
    for number in (DAYS, OTHER_LANGUAGE):
        new = np.mean([word not in set(of_days) for word in words(texts(number))])
        assert bench.drift(number, "comment", "new_words_delta")["value"] == pytest.approx(new - usual)
    assert "new_words_delta" in drifted(bench, OTHER_LANGUAGE)


def test_empty_texts_are_those_of_blanks(bench: Bench) -> None:
    share = np.mean([not text.strip() for text in texts(EMPTY)])
    row = bench.drift(EMPTY, "comment", "empty_fraction_delta")
    assert row["value"] == pytest.approx(share)
    # days without one tell nothing of how many there may be, but that there are none: as with missing values
    checks = bench.current("quality_metrics", EMPTY, column_name="comment", check_name="empty_fraction")
    assert checks["value"].tolist() == [pytest.approx(share)]
    assert not checks["passed"].any()
    assert bench.current("quality_metrics", DAYS, check_name="empty_fraction")["passed"].all()


def test_shorter_texts_are_a_shift_of_the_mean(bench: Bench) -> None:
    assert "mean_shift" in drifted(bench, SHORTER)
    assert "new_words_delta" not in drifted(bench, SHORTER)


def test_an_alert_says_so(bench: Bench) -> None:
    alerts = bench.current("alerts", OTHER_LANGUAGE, column_name="comment")
    assert [row for row in alerts["evidence"] if "new_words_delta" in row]


def test_secrets_are_looked_at_by_keyed_hashes(tmp_path: Path, bench: Bench) -> None:
    """The figures are the same, and the bins have none of the hashes that anybody could make."""
    hidden = made(tmp_path, {"ignore": ["city", "amount"], "text": ["comment"], "sensitive": ["comment"]})
    for number in (DAYS, OTHER_LANGUAGE):
        for metric in ("new_words_delta", "mean_shift"):
            value = hidden.drift(number, "comment", metric)["value"]
            assert value == pytest.approx(bench.drift(number, "comment", metric)["value"])
    open_hashes = hash_texts(["word0", "word1", "word2"]).tolist()
    (bins,) = (state for state in states(hidden))
    assert not set(open_hashes) & set(bins)
    assert set(open_hashes) <= set(next(states(bench)))


def states(bench: Bench) -> Iterator[list[int]]:
    """The words in the bins of a store."""
    for row in bench.query("SELECT state FROM binnings"):
        bins = Binning.from_bytes(row["state"]).columns["comment"]
        assert isinstance(bins, TextBins)
        yield bins.words.tolist()
