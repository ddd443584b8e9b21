"""Drift figures against scipy and raw rows, and what is said where there is no figure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from tests.metrics.edges import Floats, binned, feature_edges, from_counts
from tests.metrics.oracles import independence_p_value, pearson

from driftline_jobs.metrics.drift import (
    CATEGORY_METRICS,
    ORDERED_METRICS,
    category_drift,
    ordered_drift,
)
from driftline_jobs.metrics.figures import Figure
from driftline_jobs.metrics.samples import CategorySample, OrderedSample

RNG = np.random.default_rng
NAN, INF = float("nan"), float("inf")


def value(figure: Figure) -> float:
    return float(figure.value)


def categories(counts: list[int], other: int = 0, unseen: int = 0, missing: int = 0) -> CategorySample:
    return CategorySample(
        counts=np.array(counts, np.int64),
        other=np.asarray(other),
        unseen=np.asarray(unseen),
        missing=np.asarray(missing),
    )


def test_psi_by_hand() -> None:
    # 50/50 against 75/25 of 100 rows each: shares (50.5, 50.5)/101 and (75.5, 25.5)/101
    psi = category_drift(categories([75, 25]), categories([50, 50]))["psi"]
    p, q = np.array([75.5, 25.5]) / 101, np.array([0.5, 0.5])
    assert value(psi) == pytest.approx(float(((p - q) * np.log(p / q)).sum()), abs=1e-15)
    assert float(psi.debiased) == pytest.approx(value(psi) - 1 * (1 / 100 + 1 / 100), abs=1e-15)


def test_equal_shares_of_other_sizes_have_no_distance() -> None:
    figures = category_drift(categories([50, 50]), categories([5000, 5000]))
    for metric in ("psi", "js_distance", "tvd", "chi_squared", "l_infinity"):
        assert value(figures[metric]) == pytest.approx(0.0, abs=1e-12), metric


def test_share_figures_equal_scipy() -> None:
    rng = RNG(7)
    n, m = rng.integers(20, 400, 12), rng.integers(20, 400, 12)
    figures = ordered_drift(from_counts(n), from_counts(m))
    p, q = (n + 0.5) / (n.sum() + 6), (m + 0.5) / (m.sum() + 6)
    assert value(figures["psi"]) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), rel=1e-12)
    assert value(figures["js_distance"]) == pytest.approx(jensenshannon(p, q, base=2), rel=1e-12)
    assert value(figures["tvd"]) == pytest.approx(0.5 * np.abs(n / n.sum() - m / m.sum()).sum(), rel=1e-12)
    assert value(figures["l_infinity"]) == pytest.approx(np.abs(n / n.sum() - m / m.sum()).max(), rel=1e-12)
    expected = stats.chi2_contingency(np.stack([n, m]), correction=False)
    assert value(figures["chi_squared"]) == pytest.approx(expected.statistic, abs=1e-9)
    assert float(independence_p_value(figures["chi_squared"])) == pytest.approx(expected.pvalue, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_chi_squared_equals_scipy_after_rare_bins_are_merged(seed: int) -> None:
    rng = RNG(seed)
    shares = rng.dirichlet(np.full(30, 0.3))
    n, m = rng.multinomial(200, shares), rng.multinomial(5000, shares)
    figure = ordered_drift(from_counts(n), from_counts(m))["chi_squared"]
    statistic, p_value, degrees = pearson(n, m)
    assert value(figure) == pytest.approx(statistic, abs=1e-9)
    assert float(independence_p_value(figure)) == pytest.approx(p_value, abs=1e-9)
    assert float(figure.degrees) == degrees


def test_a_rare_value_that_becomes_common_is_no_rare_bin() -> None:
    """600 rows in which the 10 % of one value are respelled: the new spelling has three rows of 16,800."""
    now, then = [249, 172, 115, 0, 64], [6734, 4934, 3405, 1724, 3]
    figures = category_drift(categories(now), categories(then))
    expected = stats.chi2_contingency([now, then], correction=False)
    assert expected.statistic == pytest.approx(1768.34, abs=0.01)
    assert value(figures["chi_squared"]) == pytest.approx(expected.statistic, rel=1e-12)
    assert float(figures["chi_squared"].degrees) == expected.dof == 4
    p, q = (np.array(side) + 0.5 for side in (now, then))
    p, q = p / p.sum(), q / q.sum()
    assert value(figures["psi"]) == pytest.approx(float(((p - q) * np.log(p / q)).sum()), rel=1e-12)


def test_values_that_are_new_stand_beside_those_they_replace() -> None:
    """All in the bin of unseen values, or spread over rare ones of which none is large by itself."""
    common = [[240, 180, 116], [6734, 4934, 3405]]
    unseen = category_drift(categories([*common[0], 0], unseen=64), categories([*common[1], 1724]))
    table = [[*common[0], 0, 64], [*common[1], 1724, 0]]
    expected = stats.chi2_contingency(table, correction=False).statistic
    assert value(unseen["chi_squared"]) == pytest.approx(expected, rel=1e-12)
    spread = category_drift(categories([*common[0], 0, *[4] * 16]), categories([*common[1], 1724, *[1] * 16]))
    expected = stats.chi2_contingency([table[0], [*common[1], 1724, 16]], correction=False).statistic
    assert value(spread["chi_squared"]) == pytest.approx(expected, rel=1e-12)


def test_a_rare_value_within_chance_is_merged() -> None:
    now, then = [300, 230, 66, 4], [8000, 6000, 2000, 40]
    figure = category_drift(categories(now), categories(then))["chi_squared"]
    expected = stats.chi2_contingency([[300, 230, 70], [8000, 6000, 2040]], correction=False)
    assert value(figure) == pytest.approx(expected.statistic, rel=1e-12)
    assert float(figure.degrees) == expected.dof


def test_values_that_a_sample_happens_not_to_know_are_no_drift() -> None:
    """500 values whose shares fall off: 1,000 rows hold dozens that 5,000 rows of the same do not."""
    rng, repetitions = RNG(9), 4000
    shares = 1.0 / np.arange(1, 501) ** 1.3
    n, m = (rng.multinomial(rows, shares / shares.sum(), size=repetitions) for rows in (1000, 5000))
    none = np.zeros(repetitions, np.int64)
    known = m > 0
    now = CategorySample(np.where(known, n, 0), none, np.where(known, 0, n).sum(-1), none)
    p = independence_p_value(category_drift(now, CategorySample(m, none, none, none))["chi_squared"])
    assert now.unseen.mean() > 20
    assert 0.003 <= (p < 0.01).mean() <= 0.015
    assert 0.03 <= (p < 0.05).mean() <= 0.06


def test_ks_bounds_hold_the_exact_distance() -> None:
    rng = RNG(3)
    reference = rng.normal(size=5000)
    edges = feature_edges(reference)
    for shift, scale in ((0.0, 1.0), (0.1, 1.0), (0.0, 1.3), (2.0, 0.1)):
        current = rng.normal(shift, scale, 800)
        figure = ordered_drift(binned(current, edges), binned(reference, edges))["ks"]
        exact = stats.ks_2samp(current, reference).statistic
        assert value(figure) == float(figure.lower)
        assert float(figure.lower) - 1e-12 <= exact <= float(figure.upper) + 1e-12


def test_ks_is_exact_with_a_bin_per_value() -> None:
    rng = RNG(4)
    current, reference = rng.poisson(2.2, 900).astype(float), rng.poisson(2.0, 4000).astype(float)
    edges = feature_edges(reference)
    figure = ordered_drift(binned(current, edges), binned(reference, edges))["ks"]
    assert value(figure) == pytest.approx(stats.ks_2samp(current, reference).statistic, abs=1e-12)


def test_anderson_darling_from_raw_rows() -> None:
    rng = RNG(5)
    current, reference = rng.normal(0.2, 1, 700), rng.normal(size=3000)
    edges = feature_edges(reference)
    both = np.concatenate([current, reference])
    f, g, h = ((x[:, None] < edges).mean(0) for x in (current, reference, both))
    expected = 700 * 3000 / 3700 * np.mean((f - g) ** 2 / (h * (1 - h)))
    figure = ordered_drift(binned(current, edges), binned(reference, edges))["anderson_darling"]
    assert value(figure) == pytest.approx(expected, rel=1e-12)
    assert float(figure.debiased) == pytest.approx(expected - 1, rel=1e-12)


@pytest.mark.parametrize(
    ("shift", "scale", "offset"), [(0.0, 1.0, 0.0), (0.3, 1.0, 0.0), (0.0, 2.0, 0.0), (0.5, 1.0, 2013.0)]
)
def test_wasserstein_bounds_hold_the_exact_distance(shift: float, scale: float, offset: float) -> None:
    rng = RNG(6)
    reference, current = rng.normal(offset, 1, 5000), rng.normal(offset + shift, scale, 1000)
    edges = feature_edges(reference)
    figure = ordered_drift(binned(current, edges), binned(reference, edges))["wasserstein"]
    exact = stats.wasserstein_distance(current, reference)
    assert float(figure.lower) <= exact * (1 + 1e-9) <= float(figure.upper) * (1 + 1e-9)


def test_wasserstein_without_extremes_has_no_upper_bound() -> None:
    figure = ordered_drift(from_counts(np.array([5, 5])), from_counts(np.array([9, 1])))["wasserstein"]
    assert figure.ok.all()
    assert figure.published("upper") == [None]


def test_a_collapse_into_one_bin_is_all_but_exact() -> None:
    # Next to nothing can cross once all values lie in the last bin: the bounds nearly meet.
    reference = np.linspace(0, 1, 1001)
    edges = feature_edges(reference)
    figure = ordered_drift(binned(np.full(50, 7.0), edges), binned(reference, edges))["wasserstein"]
    assert value(figure) == pytest.approx(6.5, rel=1e-12)
    assert float(figure.upper) == pytest.approx(6.5, rel=1e-5)


def test_windows_at_once_equal_windows_one_by_one() -> None:
    rng = RNG(8)
    reference = rng.normal(size=4000)
    edges = feature_edges(reference)
    windows = [binned(rng.normal(0.1 * i, 1, 300 + i), edges) for i in range(6)]
    stacked = OrderedSample(
        edges=edges,
        **{
            name: np.stack([getattr(w, name) for w in windows])
            for name in ("counts", "sums", "missing", "below_inf", "above_inf", "minimum", "maximum")
        },
    )
    together = ordered_drift(stacked, binned(reference, edges))
    assert tuple(together) == ORDERED_METRICS
    for i, window in enumerate(windows):
        alone = ordered_drift(window, binned(reference, edges))
        for metric in ORDERED_METRICS:
            for part in ("value", "debiased", "lower", "upper", "degrees"):
                np.testing.assert_array_equal(
                    getattr(together[metric], part)[i],
                    getattr(alone[metric], part),
                    err_msg=f"{metric} {part}",
                )


def test_missing_values_are_a_bin_and_a_figure_of_their_own() -> None:
    values = np.linspace(0, 1, 101)
    edges = feature_edges(values)
    gaps = np.where(np.arange(101) % 2 == 0, NAN, values)
    figures = ordered_drift(binned(gaps, edges), binned(values, edges))
    assert value(figures["null_fraction_delta"]) == pytest.approx(51 / 101)
    assert value(figures["l_infinity"]) == pytest.approx(51 / 101)
    assert value(figures["tvd"]) == pytest.approx(51 / 101, abs=0.02)
    # what is there has hardly moved
    assert value(figures["ks"]) < 0.03


def test_infinities_count_in_the_outer_bins_but_not_in_wasserstein() -> None:
    values = np.linspace(0, 1, 101)
    edges = feature_edges(values)
    figures = ordered_drift(binned(np.append(values, np.full(101, INF)), edges), binned(values, edges))
    assert value(figures["wasserstein"]) == pytest.approx(0.0, abs=1e-12)
    assert value(figures["ks"]) == pytest.approx(0.5, abs=0.02)
    figures = ordered_drift(binned(np.append(values, np.full(101, -INF)), edges), binned(values, edges))
    assert value(figures["ks"]) == pytest.approx(0.5, abs=0.02)


def test_unseen_values_are_a_share_of_the_rows_that_have_one() -> None:
    figures = category_drift(categories([30, 20], unseen=50, missing=100), categories([60, 40]))
    assert tuple(figures) == CATEGORY_METRICS
    assert value(figures["unseen_fraction"]) == 0.5
    assert value(figures["null_fraction_delta"]) == 0.5


def test_values_that_occur_on_neither_side_change_nothing() -> None:
    few = category_drift(categories([30, 70]), categories([50, 50]))
    many = category_drift(categories([30, 70, *[0] * 500]), categories([50, 50, *[0] * 500]))
    for metric in CATEGORY_METRICS:
        assert value(many[metric]) == pytest.approx(value(few[metric]), rel=1e-12)


SOME = np.linspace(0, 1, 101)
NONE: Floats = np.array([])
ONLY_MISSING = np.full(9, NAN)


@pytest.mark.parametrize(
    ("current", "reference", "metric", "status"),
    [
        (NONE, SOME, "psi", "empty_window"),
        (NONE, SOME, "wasserstein", "empty_window"),
        (NONE, NONE, "ks", "empty_window"),
        (SOME, NONE, "psi", "no_reference"),
        (SOME, NONE, "null_fraction_delta", "no_reference"),
        (ONLY_MISSING, SOME, "psi", "ok"),
        (ONLY_MISSING, SOME, "null_fraction_delta", "ok"),
        (ONLY_MISSING, SOME, "ks", "no_values"),
        (ONLY_MISSING, SOME, "anderson_darling", "no_values"),
        (ONLY_MISSING, SOME, "wasserstein", "no_values"),
        (SOME, ONLY_MISSING, "ks", "no_reference_values"),
        (np.array([INF]), SOME, "wasserstein", "no_values"),
        (np.array([INF]), SOME, "ks", "ok"),
    ],
)
def test_a_figure_that_cannot_be_had_says_why(
    current: Floats, reference: Floats, metric: str, status: str
) -> None:
    edges = feature_edges(SOME)
    figure = ordered_drift(binned(current, edges), binned(reference, edges))[metric]
    assert figure.status.tolist() == status
    assert figure.ok.all() == (status == "ok")
    assert figure.published("value") == ([value(figure)] if status == "ok" else [None])
    assert (figure.reasons() == [None]) == (status == "ok")


def test_one_bin_cannot_tell_windows_apart_but_means_can() -> None:
    edges: Floats = np.array([])
    figures = ordered_drift(binned(np.full(5, 3.0), edges), binned(np.full(9, 2.0), edges))
    for metric in ("psi", "js_distance", "tvd", "chi_squared", "l_infinity", "ks", "anderson_darling"):
        assert figures[metric].status.tolist() == "constant"
        assert np.isnan(figures[metric].value)
    assert value(figures["wasserstein"]) == 1.0


def test_a_constant_column_that_stays_so_has_not_drifted() -> None:
    edges = np.array([2.0, 2.5])
    figures = ordered_drift(binned(np.full(50, 2.0), edges), binned(np.full(900, 2.0), edges))
    for metric in ORDERED_METRICS:
        assert value(figures[metric]) == 0.0, metric


def test_a_new_value_among_few_is_a_bin_of_its_own() -> None:
    """30 % of a column of 1, 2 and 4 become 3: the divergence of the shares themselves, in bits, by scipy."""
    reference = np.repeat([1.0, 2.0, 4.0], [40_000, 40_000, 20_000])
    now = np.repeat([1.0, 2.0, 3.0, 4.0], [28_000, 28_000, 30_000, 14_000])
    edges = feature_edges(reference)
    found = ordered_drift(binned(now, edges), binned(reference, edges))["js_distance"]
    expected = jensenshannon([0.28, 0.28, 0.3, 0.14], [0.4, 0.4, 0.0, 0.2], base=2)
    assert value(found) == pytest.approx(expected, abs=1e-3)


def test_rows_too_few_for_pearson_are_not_called_alike() -> None:
    figure = category_drift(categories([1, 0, 1]), categories([0, 2, 1]))["chi_squared"]
    assert figure.status.tolist() == "too_few_rows"


def test_sums_beyond_floats_are_not_published() -> None:
    edges = np.array([0.0])
    with np.errstate(over="ignore"):
        huge = binned(np.full(4, 1.7e308), edges)
    figure = ordered_drift(huge, binned(np.array([-1.0, 1.0]), edges))["wasserstein"]
    assert figure.status.tolist() == "not_finite"
    assert figure.published("value") == [None]


def test_samples_of_other_binnings_are_refused() -> None:
    with pytest.raises(ValueError, match="other edges"):
        ordered_drift(binned(SOME, np.array([0.5])), binned(SOME, np.array([0.6])))
    with pytest.raises(ValueError, match="other vocabularies"):
        category_drift(categories([1, 2]), categories([1, 2, 3]))
    with pytest.raises(ValueError, match=r"do not\s+fit"):
        from_counts(np.array([1, 2, 3]), np.array([1.0]))
