"""Regression figures against scikit-learn on the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.metrics.edges import Floats

from driftline_jobs.metrics.regression import (
    RegressionSums,
    regression_performance,
)
from driftline_schemas.performance_specs import REGRESSION

RNG = np.random.default_rng


def summed(labels: Floats, predictions: Floats) -> RegressionSums:
    error = predictions - labels
    nonzero = labels != 0
    relative = np.abs(error[nonzero] / labels[nonzero])
    deviation = np.abs(labels - labels.mean()).mean() if len(labels) else np.nan
    with np.errstate(over="ignore"):
        return RegressionSums(
            n=np.asarray(len(labels)),
            error=np.asarray(error.sum()),
            absolute=np.asarray(np.abs(error).sum()),
            squares=np.asarray((error**2).sum()),
            fourths=np.asarray((error**4).sum()),
            nonzero=np.asarray(np.count_nonzero(nonzero)),
            relative=np.asarray(relative.sum()),
            relative_squares=np.asarray((relative**2).sum()),
            labels=np.asarray(labels.sum()),
            label_squares=np.asarray((labels**2).sum()),
            label_deviation=np.asarray(deviation),
        )


def test_figures_equal_scikit_learn() -> None:
    rng = RNG(1)
    labels = rng.gamma(3, 10, 2_000)
    predictions = labels * 0.9 + rng.normal(2, 5, 2_000)
    figures = regression_performance(summed(labels, predictions))
    assert tuple(figures) == tuple(spec.name for spec in REGRESSION)
    mean = np.full(2_000, labels.mean())
    for name, expected, trivial in (
        ("mae", sk.mean_absolute_error(labels, predictions), sk.mean_absolute_error(labels, mean)),
        ("rmse", sk.root_mean_squared_error(labels, predictions), sk.root_mean_squared_error(labels, mean)),
        ("mape", sk.mean_absolute_percentage_error(labels, predictions), None),
        ("r2", sk.r2_score(labels, predictions), 0.0),
        ("bias", (predictions - labels).mean(), 0.0),
    ):
        figure = figures[name]
        assert float(figure.value) == pytest.approx(expected, rel=1e-9), name
        assert figure.published("error_bound") == [0.0]
        assert float(figure.ci_low) < expected < float(figure.ci_high)
        assert figure.published("trivial") == [None if trivial is None else pytest.approx(trivial)]


def test_the_interval_of_a_mean_is_students() -> None:
    rng = RNG(2)
    labels, predictions = rng.normal(size=30), rng.normal(size=30)
    figure = regression_performance(summed(labels, predictions))["mae"]
    error = np.abs(predictions - labels)
    expected = stats.t.interval(0.95, 29, error.mean(), stats.sem(error))
    assert (float(figure.ci_low), float(figure.ci_high)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_intervals_cover_what_they_should() -> None:
    rng = RNG(3)
    labels = rng.normal(10, 3, (4_000, 500))
    error = rng.normal(0.5, 1, labels.shape)
    sums = RegressionSums(
        n=np.full(4_000, 500),
        error=error.sum(1),
        absolute=np.abs(error).sum(1),
        squares=(error**2).sum(1),
        fourths=(error**4).sum(1),
        nonzero=np.full(4_000, 500),
        relative=np.abs(error / labels).sum(1),
        relative_squares=((error / labels) ** 2).sum(1),
        labels=labels.sum(1),
        label_squares=(labels**2).sum(1),
    )
    figures = regression_performance(sums)
    folded = stats.foldnorm(0.5)
    for name, truth in (("mae", folded.mean()), ("rmse", np.sqrt(1.25)), ("bias", 0.5)):
        figure = figures[name]
        covered = ((figure.ci_low <= truth) & (truth <= figure.ci_high)).mean()
        # four standard errors of 4,000 draws at 95 % are 1.4 %; that of rmse errs on the wide side
        assert 0.95 - 0.014 <= covered <= 0.95 + (0.025 if name == "rmse" else 0.014), name


def test_labels_of_zero_have_no_relative_error() -> None:
    figures = regression_performance(summed(np.array([0.0, 2.0, 4.0]), np.array([1.0, 1.0, 5.0])))
    assert float(figures["mape"].value) == pytest.approx((0.5 + 0.25) / 2)
    assert figures["mape"].published("n") == [2.0]
    nothing = regression_performance(summed(np.zeros(3), np.ones(3)))
    assert nothing["mape"].status.tolist() == "zero_targets"


def test_equal_labels_leave_nothing_to_explain() -> None:
    figures = regression_performance(summed(np.full(9, 0.1), np.linspace(0, 1, 9)))
    assert figures["r2"].status.tolist() == "constant_label"
    assert figures["r2"].published("value") == [None]
    assert figures["mae"].ok.all()


def test_no_labels_give_no_figures() -> None:
    for figure in regression_performance(summed(np.array([]), np.array([]))).values():
        assert figure.status.tolist() == "no_labels"
        assert figure.published("value") == [None]


def test_one_row_has_figures_without_intervals() -> None:
    figures = regression_performance(summed(np.array([1.0]), np.array([3.0])))
    assert figures["rmse"].published("value") == [2.0]
    assert figures["rmse"].published("ci_low") == [None]
    assert figures["r2"].status.tolist() == "constant_label"


def test_sums_that_overflowed_are_not_published() -> None:
    figures = regression_performance(summed(np.array([1e200, -1e200]), np.array([-1e200, 1e200])))
    assert figures["mae"].ok.all()
    assert figures["rmse"].status.tolist() == "not_finite"
    assert figures["rmse"].published("value") == [None]


@pytest.mark.slow
@pytest.mark.parametrize(("degrees", "rows"), [(5, 200), (5, 2_000), (4, 200), (4, 2_000), (3, 20_000)])
def test_the_interval_of_rmse_is_honest_or_none_where_tails_are_heavy(degrees: int, rows: int) -> None:
    """Errors of Student's t: without a fourth moment (up to 4 degrees) none, mostly, or a wide one."""
    rng = RNG(degrees)
    error = rng.standard_t(degrees, (500, rows))
    count = np.full(500, rows)
    zero = np.zeros(500)
    sums = RegressionSums(
        count,
        error.sum(1),
        np.abs(error).sum(1),
        (error**2).sum(1),
        (error**4).sum(1),
        count,
        zero,
        zero,
        zero,
        zero,
    )
    figure = regression_performance(sums)["rmse"]
    given = np.isfinite(figure.ci_low)
    truth = np.sqrt(degrees / (degrees - 2))
    inside = (figure.ci_low <= truth) & (truth <= figure.ci_high)
    if degrees == 3:
        assert given.mean() < 0.2
    else:
        assert given.mean() > 0.85
        assert inside[given].mean() >= 0.9
