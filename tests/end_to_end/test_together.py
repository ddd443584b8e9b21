"""Columns that move together: what no single column shows, against the raw rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

DAYS, LATER, COUNT = 20, 21, 500
NAMES = ("a", "b", "c")
WATCHED: dict[str, Any] = {
    "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(DAYS):%Y-%m-%d}"]},
    "features": {"numeric": list(NAMES), "ignore": ["city", "amount"]},
    "labels": None,
    "alerts": {"min_rows": 10},
}


def drawn(number: int) -> npt.NDArray[np.float64]:
    """(rows, 3) normal features; on the later day two of them go together, each as it always was."""
    random = np.random.default_rng([number, 21])
    rows = random.normal(0.0, 1.0, (COUNT, 3))
    if number == LATER:
        rows[:, 1] = 0.8 * rows[:, 0] + 0.6 * rows[:, 1]
    return rows * [1.0, 20.0, 1e-3] + [0.0, 5.0, 1.0]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench after a run over the reference and two days behind it."""
    made = Bench(tmp_path_factory.mktemp("together"), overrides=WATCHED)
    for number in range(LATER + 1):
        features = {name: pa.array(column) for name, column in zip(NAMES, drawn(number).T, strict=True)}
        made.write(number, made.rows(number, count=COUNT, **features))
    made.run(0, LATER)
    return made


def together(bench: Bench, number: int, metric: str) -> dict[str, Any]:
    """A figure of the columns together."""
    return bench.drift(number, "*", metric)


def test_the_divergence_is_that_of_two_normal_distributions(bench: Bench) -> None:
    """From the rows as they are; the moments hold them in steps of a thirty-second of a deviation."""
    then = np.concatenate([drawn(number) for number in range(DAYS)])
    now = drawn(LATER)
    inverse = np.linalg.inv(np.cov(then.T))
    shift = now.mean(0) - then.mean(0)
    ratio = inverse @ np.cov(now.T)
    expected = 0.5 * (np.trace(ratio) - 3 - np.log(np.linalg.det(ratio)) + shift @ inverse @ shift)
    found = together(bench, LATER, "gaussian_kl")
    assert found["value"] == pytest.approx(expected, rel=0.02)
    assert found["n_current"] == COUNT
    assert found["n_reference"] == DAYS * COUNT


def test_it_is_found_though_no_column_has_drifted(bench: Bench) -> None:
    assert together(bench, LATER, "gaussian_kl")["drifted"]
    assert together(bench, LATER, "gaussian_kl")["threshold_source"] == "calibrated"
    assert not together(bench, LATER - 1, "gaussian_kl")["drifted"]
    rows = bench.current("drift_metrics", LATER, model_version="*", comparison="reference")
    alone = rows[rows["column_name"] != "*"]
    assert True not in alone["drifted"].tolist()
    (alert,) = bench.current("alerts", LATER)["evidence"]
    assert "the columns together have drifted" in alert


def test_a_row_far_out_in_the_reference_rules_nothing(tmp_path: Path) -> None:
    """Columns that go together by nature, a row of 1e12 in one day of the reference, and a day on which one
    of them is shuffled. A covariance of the rows as they are would be that of the one row."""
    made, last = Bench(tmp_path, overrides=WATCHED), DAYS + 3
    for number in range(last + 1):
        random = np.random.default_rng([number, 22])
        rows = random.normal(0.0, 1.0, (COUNT, 3))
        rows[:, 1] = 0.8 * rows[:, 0] + 0.6 * rows[:, 1]
        if number == 5:
            rows[7] = [1e12, -1e12, 1e12]
        if number == last:
            rows[:, 1] = random.permutation(rows[:, 1])
        made.write(
            number, made.rows(number, count=COUNT, **dict(zip(NAMES, map(pa.array, rows.T), strict=True)))
        )
    made.run(DAYS, last)
    found = [together(made, number, "gaussian_kl") for number in range(DAYS, last + 1)]
    assert [one["drifted"] for one in found] == [False, False, False, True]
    assert {one["threshold_source"] for one in found} == {"calibrated"}
    # of two normal pairs with a correlation of .8, and one without: -½ ln(1 - ρ²) + ρ²/(1 - ρ²)
    assert found[-1]["value"] == pytest.approx(0.5 * np.log(0.36) + 0.64 / 0.36, rel=0.1)


def test_the_reconstruction_error_is_that_of_principal_components(bench: Bench) -> None:
    """By numpy's eigenvectors of the reference's correlation, and the rows themselves."""
    then, now = np.concatenate([drawn(number) for number in range(DAYS)]), drawn(LATER)
    mean, deviation = then.mean(0), then.std(0, ddof=1)
    values, vectors = np.linalg.eigh(np.corrcoef(then.T))
    kept = int(np.searchsorted(np.cumsum(values[::-1]) / values.sum(), 0.65)) + 1
    components = vectors[:, ::-1][:, :kept]

    def left(rows: npt.NDArray[np.float64]) -> float:
        standard = (rows - mean) / deviation
        return float(((standard - standard @ components @ components.T) ** 2).sum(1).mean())

    found = together(bench, LATER, "reconstruction_error")["value"]
    assert found == pytest.approx(np.sqrt(left(now) / left(then)) - 1.0, abs=0.02)


def test_rules_may_be_about_what_columns_do_as_a_whole(bench: Bench) -> None:
    """A quiet day is beyond a strict rule; and the later day, in which both say so, is beyond its own."""
    limits = {"gaussian_kl": 1e-6, "reconstruction_error": -0.5}
    rules = [{"metric": metric, "above": limit} for metric, limit in limits.items()]
    ruled = Bench(
        bench.root,
        {**WATCHED, "alerts": {**WATCHED["alerts"], "rules": rules}},
        store_name="ruled.duckdb",
    )
    ruled.run(LATER - 1)
    for metric, limit in limits.items():
        found, before = together(ruled, LATER - 1, metric), together(bench, LATER - 1, metric)
        assert (found["drifted"], found["threshold"], found["threshold_source"]) == (True, limit, "rule")
        assert found["value"] == before["value"] > limit
        assert not before["drifted"]
    (evidence,) = ruled.current("alerts", LATER - 1)["evidence"]
    assert "the columns together have drifted: gaussian_kl" in evidence
    assert "the monitor's rule" in evidence


def test_one_column_is_not_together(tmp_path: Path) -> None:
    alone = Bench(tmp_path, overrides={"features": {"numeric": ["amount"]}})
    alone.reference()
    alone.days(4, 4)
    alone.run(4)
    assert not len(alone.current("drift_metrics", column_name="*"))
