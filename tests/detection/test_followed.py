"""What is followed of a column beside its mean."""

from __future__ import annotations

import numpy as np
import pytest
from tests.detection.simulated import Floats
from tests.metrics.edges import feature_edges

from driftline_jobs.detection.calibration import Calibration
from driftline_jobs.detection.followed import (
    HIGH,
    LOW,
    REST,
    calibrate_shares,
    followed_statistic,
    in_words,
    part_of,
    shares_of,
)
from driftline_jobs.detection.resampling import leave_one_out
from driftline_jobs.detection.sustained_shift import Detector, Observed
from driftline_jobs.metrics.figures import Counts
from driftline_jobs.metrics.samples import CategorySample, OrderedSample

RNG = np.random.default_rng


def categories(counts: Counts, missing: int = 0) -> CategorySample:
    none = np.zeros(counts.shape[:-1], np.int64)
    return CategorySample(counts, none, none, none + missing)


def ordered(rows: Floats, edges: Floats) -> OrderedSample:
    counts = np.stack(
        [np.bincount(np.searchsorted(edges, day, "right"), minlength=len(edges) + 1) for day in rows]
    )
    none = np.zeros(len(rows), np.int64)
    return OrderedSample(counts, np.zeros(counts.shape), edges, none, none, none)


def test_frequent_values_are_followed_one_by_one_and_the_rarer_ones_together() -> None:
    found = shares_of(categories(np.array([4, 600, 300, 6, 90])))
    assert {name: bins.tolist() for name, bins in found.items()} == {
        "share:1": [1],
        "share:2": [2],
        "share:4": [4],
        REST: [0, 3, 5, 6],  # the last two: other, and unseen
    }


def test_what_one_of_two_values_gains_the_other_loses() -> None:
    assert list(shares_of(categories(np.array([700, 300])))) == ["share:0"]


def test_the_tails_hold_about_a_hundredth_each() -> None:
    rows = RNG(1).normal(size=(28, 2000))
    edges = feature_edges(rows.ravel())
    whole = ordered(rows.reshape(1, -1), edges)
    found = shares_of(OrderedSample(whole.counts[0], whole.sums[0], edges, *(np.array(0),) * 3))
    counts = whole.counts[0]
    for name, beyond in ((LOW, rows < edges[1]), (HIGH, rows >= edges[-2])):
        assert counts[found[name]].sum() == beyond.sum()
        assert beyond.mean() == pytest.approx(0.01, abs=1e-3)


def test_a_share_is_compared_as_two_proportions_are() -> None:
    """By hand: 60 of 200 rows with a value beside 100 of 500, pooled 160 of 700."""
    now, then = categories(np.array([[60, 140]]), missing=50), categories(np.array([[100, 400]]))
    statistic = followed_statistic("share:0", now, then, {"share:0": np.array([0])})
    assert statistic is not None
    pooled = 160 / 700
    assert statistic.value[0] == pytest.approx(0.1 / np.sqrt(pooled * (1 - pooled) * (1 / 200 + 1 / 500)))
    missing = followed_statistic("null_fraction_delta", now, then, {})
    assert missing is not None
    assert missing.value[0] == pytest.approx(0.2 / np.sqrt(50 / 750 * 700 / 750 * (1 / 250 + 1 / 500)))


def test_parts_of_a_column_without_shares_stay() -> None:
    names = {"mean_shift": 1, LOW: 1, HIGH: 1}
    assert [part_of(name, names) for name in names] == pytest.approx([0.5, 0.15, 0.15])


@pytest.mark.parametrize(("change", "sign", "words"), [(0.02, 1.0, "more"), (-0.02, -1.0, "fewer")])
def test_two_points_of_a_category_are_found_and_named(change: float, sign: float, words: str) -> None:
    """28 days of 2,000 rows, then a fifth of the rows becomes 22 or 18 %: within 30 days, and none before."""
    rng = RNG(3)
    usual, later = np.array([0.5, 0.2, 0.3]), np.array([0.5, 0.2, 0.3]) * (1 - change / 0.8)
    later[1] = 0.2 + change
    pieces = categories(rng.multinomial(2000, usual, 28))
    learned = calibrate_shares(pieces, leave_one_out([()] * 28))
    calibrations = {name: one for name, one in learned.items() if isinstance(one, Calibration)}
    assert set(calibrations) == {"share:0", "share:1", "share:2"}
    detector = Detector(calibrations, 20_000.0)
    whole = categories(pieces.counts.sum(0, keepdims=True))
    days = categories(np.concatenate([rng.multinomial(2000, usual, 30), rng.multinomial(2000, later, 30)]))
    shares = {f"share:{at}": np.array([at]) for at in range(3)}
    values = {}
    for name, calibration in calibrations.items():
        statistic = followed_statistic(name, days, whole, shares)
        assert statistic is not None
        values[name] = calibration.scaled(statistic)
    found = [
        detector.step({name: Observed(float(y[day])) for name, y in values.items()}, str(day))
        for day in range(60)
    ]
    alarms = [one for one in found if one is not None and one.alarm]
    assert alarms
    assert not any(one is None or one.alarm for one in found[:30])
    assert (alarms[-1].by, alarms[-1].sign) == ("share:1", sign)
    assert in_words("share:1", sign, ("a", "b", "c")) == f"with {words} values of b"
