"""Regression figures by way of the outcomes that are kept, against scikit-learn and exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from driftline_jobs.metrics.performance import Performance
from driftline_jobs.metrics.regression import regression_performance
from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.tasks.regression import RegressionOutcomes, RegressionTask, sums_by_bin, sums_over_bins
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.errors import DataError

Floats = npt.NDArray[np.float64]
RNG = np.random.default_rng
LARGEST, LEAST = float(np.finfo(np.float64).max), 5e-324


def task_of(predicted: Floats) -> RegressionTask:
    return RegressionTask(ordered_bins("prediction", np.sort(predicted[np.isfinite(predicted)])))


def outcomes(predicted: Floats, label: Floats, task: RegressionTask | None = None) -> RegressionOutcomes:
    """As rows of a log become outcomes; NaN is a null."""
    rows = pa.table({"prediction": predicted, "label": label})
    return (task or task_of(predicted)).rows(rows, None).of(0, len(label))


def measured(predicted: Floats, label: Floats) -> dict[str, Performance]:
    return regression_performance(sums_over_bins([outcomes(predicted, label)]))


def value(figure: Performance) -> float:
    (found,) = figure.published("value")
    assert found is not None
    return found


def heavy_tails(rows: int = 1500) -> tuple[Floats, Floats]:
    rng = RNG(7)
    predicted = 5 + rng.uniform(0, 0.5, rows)
    return predicted, np.where(rng.random(rows) < 0.9, 0.0, rng.lognormal(7, 2.2, rows))


PAIRS = {
    "heavy tails": heavy_tails(),
    "usual": (RNG(1).normal(10, 2, 70_000), RNG(2).normal(10, 3, 70_000)),
    "far from zero": (1e9 + RNG(3).normal(0, 1, 2000), 1e9 + RNG(4).normal(0, 1, 2000)),
    "predictions near zero, labels not": (RNG(5).normal(0, 1e-6, 2000), RNG(6).normal(1e6, 1e3, 2000)),
    "large": (1e100 * RNG(7).normal(size=2000), 1e100 * RNG(8).normal(size=2000)),
    "small": (1e-120 * RNG(9).normal(size=2000), 1e-120 * RNG(10).normal(size=2000)),
    "one error": (np.zeros(2000), np.append(np.zeros(1999), 1e12)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_figures_equal_scikit_learn_whatever_the_magnitudes(name: str) -> None:
    predicted, label = PAIRS[name]
    figures = measured(predicted, label)
    y = label != 0
    for metric, expected in (
        ("mae", sk.mean_absolute_error(label, predicted)),
        ("rmse", sk.root_mean_squared_error(label, predicted)),
        (
            "mape",
            np.abs((predicted[y] - label[y]) / label[y]).mean(),
        ),  # scikit-learn's divides by eps at least
        ("r2", sk.r2_score(label, predicted)),
        ("bias", math.fsum(predicted - label) / len(label)),
    ):
        assert value(figures[metric]) == pytest.approx(expected, rel=1e-9, abs=0), metric
        assert figures[metric].published("error_bound") == [0.0]


@pytest.mark.parametrize("size", [1e200, 1e-200, LARGEST / 2, 1e-310])
def test_squares_beyond_all_doubles_are_no_limit(size: float) -> None:
    """Scaled by a power of two the figures are those of the scaled errors."""
    scale = math.ldexp(1.0, math.frexp(size)[1] - 2)
    predicted, label = RNG(1).integers(-8, 8, 500) / 16, RNG(2).integers(-8, 8, 500) / 16
    unscaled, found = measured(predicted, label), measured(predicted * scale, label * scale)
    for metric in ("mae", "rmse", "bias"):
        for name in ("value", "ci_low", "ci_high"):
            (expected,), (got,) = unscaled[metric].published(name), found[metric].published(name)
            assert expected is not None
            assert got == pytest.approx(expected * scale, rel=1e-12, abs=LEAST)
    for metric in ("r2", "mape"):
        for name in ("value", "ci_low", "ci_high"):
            assert found[metric].published(name) == pytest.approx(unscaled[metric].published(name))


def test_an_error_beyond_all_doubles_has_a_mean() -> None:
    figures = measured(np.array([LARGEST, 0.0, 0.0, 0.0]), np.array([-LARGEST, 0.0, 0.0, 0.0]))
    assert value(figures["mae"]) == LARGEST / 2
    assert value(figures["bias"]) == LARGEST / 2
    assert value(figures["rmse"]) == pytest.approx(LARGEST)
    alone = measured(np.array([LARGEST]), np.array([-LARGEST]))
    assert alone["mae"].status.tolist() == ["not_finite"]
    assert alone["mae"].published("value") == [None]


def test_where_a_few_errors_make_up_the_squares_there_is_no_interval() -> None:
    figures = measured(*heavy_tails())
    for metric in ("rmse", "r2"):
        assert figures[metric].ok.all()
        assert figures[metric].published("ci_low") == figures[metric].published("ci_high") == [None]
        (said,) = figures[metric].reasons()
        assert said is not None
        assert "a few errors make up most of the squares" in said
    assert figures["mae"].reasons() == [None]
    (low,), (high,) = figures["mae"].published("ci_low"), figures["mae"].published("ci_high")
    assert low is not None
    assert high is not None
    assert 0 <= low < value(figures["mae"]) < high


@pytest.mark.parametrize("rows", [20, 100, 5000])
def test_normal_errors_have_intervals_of_everything(rows: int) -> None:
    label = RNG(rows).normal(10, 3, rows)
    for metric, figure in measured(label + RNG(rows + 1).normal(0, 1, rows), label).items():
        assert figure.published("ci_low") != [None], metric
        assert figure.reasons() == [None]


@pytest.mark.slow
def test_intervals_are_left_out_where_they_would_not_hold_the_truth() -> None:
    """2,000 windows of 1,500 rows: of those published nine in ten hold it; few are of exp(2.2 z)."""
    published, held = {}, {}
    task = task_of(np.zeros(1))
    for spread in (0.5, 2.2):
        rng, truth = RNG(round(10 * spread)), math.exp(spread**2)
        windows = [outcomes(rng.lognormal(0, spread, 1500), np.zeros(1500), task) for _ in range(2000)]
        figure = regression_performance(sums_over_bins(windows))["rmse"]
        there = np.isfinite(figure.ci_low)
        published[spread] = there.mean()
        held[spread] = ((figure.ci_low <= truth) & (truth <= figure.ci_high)).sum() / max(there.sum(), 1)
    assert published[0.5] == 1.0
    assert held[0.5] >= 0.92
    assert published[2.2] < 0.2


def test_infinite_predictions_leave_no_figure_and_nulls_leave_the_others() -> None:
    predicted = np.array([1.0, np.inf, np.nan, 2.0])
    figures = measured(predicted, np.array([1.5, 1.0, 1.0, 2.0]))
    for figure in figures.values():
        assert figure.status.tolist() == ["infinite_predictions"]
        assert "infinite" in str(figure.reasons()[0])
    unlabelled = measured(predicted, np.array([1.5, np.nan, 1.0, 2.0]))
    assert value(unlabelled["mae"]) == 0.25
    assert unlabelled["mae"].published("n") == [2.0]


def test_equal_labels_far_from_zero_have_no_variance_and_near_equal_ones_have() -> None:
    predicted = np.linspace(1e12, 1e12 + 1, 50)
    assert measured(predicted, np.full(50, 1e12 + 0.1))["r2"].status.tolist() == ["constant_label"]
    label = 1e12 + np.arange(50) / 64
    assert value(measured(predicted, label)["r2"]) == pytest.approx(
        sk.r2_score(label - 1e12, predicted - 1e12), rel=1e-9
    )


number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, LEAST, -LEAST, LARGEST, -LARGEST, 1.0]),
)
pairs = st.lists(st.tuples(number, number), min_size=1, max_size=40)


def rounded(exact: Fraction) -> float:
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf


@settings(deadline=None, max_examples=300)
@given(pairs)
def test_figures_are_those_of_exact_arithmetic(rows: list[tuple[float, float]]) -> None:
    predicted, label = np.array(rows).T
    figures = measured(predicted, label)
    errors = [Fraction(p) - Fraction(y) for p, y in rows]
    ratios = [abs(e / Fraction(y)) for e, (_, y) in zip(errors, rows, strict=True) if y]
    mean = sum(map(Fraction, label.tolist()), Fraction(0)) / len(rows)
    squares = sum((e * e for e in errors), Fraction(0))
    spread = sum(((Fraction(y) - mean) ** 2 for y in label.tolist()), Fraction(0))
    size = rounded(sum(map(abs, errors), Fraction(0)) / len(rows))
    exact = {
        "mae": size,
        "bias": rounded(sum(errors, Fraction(0)) / len(rows)) if size < math.inf else math.inf,
        "mape": rounded(sum(ratios, Fraction(0)) / len(ratios)) if ratios else None,
        "r2": 1 - rounded(squares / spread) if spread else None,
    }
    for metric, expected in exact.items():
        (found,) = figures[metric].published("value")
        if expected is None or not math.isfinite(expected):
            assert found is None, metric
            assert figures[metric].status.tolist() != ["ok"]
        elif metric == "bias":
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * size + LEAST)
        elif metric == "r2":  # 1 less a ratio: what is left of two numbers that are close is rounded
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
        else:
            assert found == pytest.approx(expected, rel=1e-9, abs=2 * LEAST), metric
    (rmse,) = figures["rmse"].published("value")
    mean_square = squares / len(rows)
    if rmse is not None:
        assert abs(Fraction(rmse) ** 2 - mean_square) <= mean_square / 10**9 + Fraction(LEAST) ** 2 * 4
    else:
        assert mean_square > Fraction(LARGEST) ** 2


@settings(deadline=None, max_examples=150)
@given(pairs, st.data())
def test_any_cut_and_order_of_the_rows_gives_the_same_bytes(
    rows: list[tuple[float, float]], data: st.DataObject
) -> None:
    predicted, label = np.array(rows).T
    task = task_of(predicted)
    whole = outcomes(predicted, label, task)
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    parts = [outcomes(predicted[at], label[at], task) for at in np.split(order, cuts)]
    assert RegressionOutcomes.merged(parts).to_bytes() == whole.to_bytes()
    assert read_outcomes(whole.to_bytes()) == whole
    left = RegressionOutcomes.merged(parts).without(parts[0])
    assert left == RegressionOutcomes.merged([task.nothing(), *parts[1:]])
    by_bin, over_all = sums_by_bin(whole), sums_over_bins([whole])
    with np.errstate(over="ignore", invalid="ignore"):
        total, single = by_bin.absolute.sum(), float(over_all.absolute[0])
    assert total == pytest.approx(single, rel=1e-12)


def test_sums_of_the_first_format_are_refused() -> None:
    content = outcomes(np.arange(5.0), np.arange(5.0)).to_bytes().replace(b'"format":3', b'"format":1')
    with pytest.raises(DataError, match="run the window again"):
        read_outcomes(content)


@pytest.mark.parametrize("centre", [0.0, 1e9])
def test_mae_is_held_against_the_median_of_the_labels(centre: float) -> None:
    """The best constant among the edges of the labels' bins: its error by raw rows, and near the median's."""
    rng = RNG(12)
    bins = ordered_bins("label", np.sort(centre + rng.lognormal(0, 1, 50_000)))
    label = centre + rng.lognormal(0.1, 1, 3000)
    predicted = label + rng.normal(0, 0.1, 3000)
    plan = RegressionTask(task_of(predicted).bins, bins)
    (trivial,) = plan.measure([outcomes(predicted, label, plan)])["mae", None].published("trivial")
    assert trivial is not None
    by_hand = min(np.abs(label - edge).mean() for edge in bins.edges)
    assert trivial == pytest.approx(by_hand, rel=1e-7)
    assert np.abs(label - np.median(label)).mean() <= trivial * (1 + 1e-7)
    assert trivial <= 1.02 * np.abs(label - np.median(label)).mean()


def test_where_labels_have_no_bins_nobody_knows_what_the_median_would_get() -> None:
    predicted, label = PAIRS["usual"]
    figures = task_of(predicted).measure([outcomes(predicted, label)])
    assert figures["mae", None].published("trivial") == [None]
