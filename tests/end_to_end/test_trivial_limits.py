"""No limit lies beyond what a model that has learned nothing would get on the same labels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss
from tests.end_to_end.builder import ROWS, Bench, Columns

LAST = 14
LONG = {"reference": {"window": ["2024-01-01", "2024-01-13"]}}
WORSE = {"log_loss": 1, "brier": 1}
FREE = {"recall", "ece"}


def days(bench: Bench, prevalence: float) -> dict[int, Columns]:
    """Twelve days of reference and one more, of a model that knows nothing: labels are drawn apart."""
    made = {}
    for number in (*range(12), LAST):
        random = np.random.default_rng([number, 7])
        truth = pa.array((random.random(ROWS) < prevalence).astype(np.int8))
        made[number] = bench.rows(number, truth=truth)
        bench.write(number, made[number])
        bench.write_labels(number, made[number])
    return made


@pytest.mark.parametrize("prevalence", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("reference", [LONG, {}])
def test_of_any_figure(bench: Bench, reference: dict[str, object], prevalence: float) -> None:
    """Learned from twelve windows, and by the interval of a reference of four."""
    bench.overrides = reference
    days(bench, prevalence)
    bench.run(0, LAST)
    rows = bench.current("performance_metrics", kind="realized").dropna(subset=["threshold", "trivial_value"])
    rows = rows[~rows["metric"].isin(FREE)]
    assert len(rows)
    worse = rows["metric"].map(WORSE).fillna(-1)
    assert (worse * (rows["threshold"] - rows["trivial_value"]) <= 1e-12).all()
    assert (worse * (rows["threshold"] - rows["reference_value"]) >= 0).all()  # and none on the better side


def test_the_limit_is_what_a_dummy_gets(bench: Bench) -> None:
    """Whose reference is hardly any better: the margin would carry the limit beyond."""
    truth = (np.arange(ROWS) % 10 == 0).astype(np.int8)
    score = pa.array(np.where(truth == 1, 0.102, 0.098))
    never = pa.array(np.zeros(ROWS, np.int8))
    for number in (*range(4), LAST):
        bench.days(number, number, truth=pa.array(truth), score=score, **{"class": never})
    bench.run(LAST)
    share = np.full(ROWS, truth.mean())
    limits = {metric: bench.performance(LAST, metric) for metric in ("brier", "log_loss")}
    assert limits["brier"]["threshold"] == pytest.approx(brier_score_loss(truth, share), abs=1e-9)
    assert limits["log_loss"]["threshold"] == pytest.approx(log_loss(truth, share), abs=1e-9)
    assert {row["degraded"] for row in limits.values()} == {False}


def test_a_figure_that_never_was_better_has_no_limit_and_says_so(bench: Bench) -> None:
    made = days(bench, 0.1)
    bench.run(LAST)
    row = bench.performance(LAST, "accuracy")
    truth, said = (made[LAST][name].to_numpy() for name in ("truth", "class"))
    dummy = DummyClassifier(strategy="most_frequent").fit(truth[:, None], truth).predict(truth[:, None])
    assert row["value"] == accuracy_score(truth, said) < accuracy_score(truth, dummy) == row["trivial_value"]
    assert np.isnan(row["threshold"])
    assert row["degraded"] is None
    assert row["status"] == "ok"
    assert row["reason"].startswith("no limit: a model that has learned nothing would do as well")
    assert bench.performance(LAST, "positive_rate")["reason"] is None
    assert bench.performance(LAST, "f1")["value"] == pytest.approx(f1_score(truth, said))
