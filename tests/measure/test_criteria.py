"""What the figures are held to: bias and level without drift, power, error bounds, coverage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.measure.edges import (
    FEATURE_QUANTILES,
    Floats,
    binned,
    feature_edges,
    from_counts,
    score_edges,
)

from driftline_jobs.measure.drift import ordered_drift
from driftline_jobs.measure.figures import Figure
from driftline_jobs.measure.ranking import ScoreLabelCounts, average_precision, roc_auc
from driftline_jobs.measure.shares import independence_p_value

pytestmark = pytest.mark.slow
RNG = np.random.default_rng


@pytest.mark.parametrize("m", [5_000, 50_000])
@pytest.mark.parametrize("n", [1_000, 5_000, 50_000])
def test_criterion_1_bias_of_psi_and_level_of_pearson(n: int, m: int) -> None:
    """No drift, the product's edges, 20,000 repetitions: mean PSI within 5 % of (B - 1) s, Pearson at 1 %
    rejects 0.7 to 1.3 %.

    Edges at order statistics of a continuous reference: the bins' true shares are spacings of uniform order
    statistics, hence Dirichlet with the differences of the ranks, and need not be simulated row by row.
    """
    rng = RNG(n + m)
    ranks = np.ceil(np.array(FEATURE_QUANTILES) * m - 1e-9)
    spacings = np.diff([0.0, *ranks, m + 1.0])
    reference = np.diff([1.0, *ranks, m + 1.0]).astype(np.int64)  # an edge's own value lies above it
    current = rng.multinomial(n, rng.dirichlet(spacings, size=20_000))
    figures = ordered_drift(from_counts(current), from_counts(reference))
    expected = (len(reference) - 1) * (1 / n + 1 / m)
    assert figures["psi"].value.mean() == pytest.approx(expected, rel=0.05)
    assert abs(figures["psi"].debiased.mean()) < 0.05 * expected
    rejected = (independence_p_value(figures["chi_squared"]) < 0.01).mean()
    assert 0.007 <= rejected <= 0.013


def samples(rng: np.random.Generator, kind: str, runs: int) -> dict[str, Figure]:
    """Drift of ``runs`` samples of 1,000 against references of 5,000 normal rows, each with its edges."""
    currents, references = [], []
    for _ in range(runs):
        reference, current = rng.normal(size=5_000), rng.normal(size=1_000)
        if kind == "shift":
            current += 0.1
        if kind == "scale":
            current *= 1.1
        if kind == "tail":
            current = np.where(rng.random(1_000) < 0.03, 4.0, current)
        edges = feature_edges(reference)
        currents.append(binned(current, edges).counts)
        references.append(binned(reference, edges).counts)
    return ordered_drift(from_counts(np.stack(currents)), from_counts(np.stack(references)))


def test_criterion_3_power_of_anderson_darling() -> None:
    """At 5 %: at least .75 for a shift of 0.1 sd, .65 for sd × 1.1, .95 for 3 % of the mass at 4 sd.

    4,000 clean samples give the critical value, 2,000 the power, known to 1 %.
    """
    rng = RNG(3)
    critical = np.quantile(samples(rng, "none", 4_000)["anderson_darling"].value, 0.95)
    for kind, power in (("shift", 0.75), ("scale", 0.65), ("tail", 0.95)):
        assert (samples(rng, kind, 2_000)["anderson_darling"].value > critical).mean() >= power, kind


def scored(
    rng: np.random.Generator, n: int, prevalence: float, gap: float
) -> tuple[npt.NDArray[np.bool_], Floats]:
    labels = rng.random(n) < prevalence
    return labels, rng.normal(size=n) + gap * labels


@pytest.mark.parametrize("gap", [1.5, 2.5])
@pytest.mark.parametrize("prevalence", [0.3, 0.02, 0.001])
def test_criterion_6_ranking_from_bins(prevalence: float, gap: float) -> None:
    """200,000 rows: |AUC - exact| at most 3e-4, |AP - exact| at most 5e-4 (3e-3 at .001), all inside bounds.

    Normal scores of either class, ``gap`` apart; edges from other rows; four seeds each.
    """
    for seed in range(4):
        rng = RNG(seed)
        edges = score_edges(scored(rng, 200_000, prevalence, gap)[1], 0.5)
        labels, scores = scored(rng, 200_000, prevalence, gap)
        bins, size = np.searchsorted(edges, scores, side="right"), len(edges) + 1
        counts = ScoreLabelCounts(
            np.bincount(bins[labels], minlength=size),
            np.bincount(bins[~labels], minlength=size),
            np.zeros(size),
        )
        for figure, exact, most in (
            (roc_auc(counts), sk.roc_auc_score(labels, scores), 3e-4),
            (
                average_precision(counts),
                sk.average_precision_score(labels, scores),
                3e-3 if prevalence == 0.001 else 5e-4,
            ),
        ):
            error = abs(float(figure.value) - exact)
            assert error <= most
            assert error <= float(figure.error_bound)


@pytest.mark.parametrize(
    ("prevalence", "n"), [(0.3, 500), (0.3, 20_000), (0.02, 7_500), (0.001, 150_000), (0.001, 200_000)]
)
@pytest.mark.parametrize("gap", [1.0, 2.5])
def test_criterion_6_coverage_of_delong(prevalence: float, n: int, gap: float) -> None:
    """The interval holds the true AUC in 93.5 to 96.5 % with 150 positives or more; 10,000 repetitions."""
    rng = RNG(n)
    edges = score_edges(scored(rng, 200_000, prevalence, gap)[1])
    below = [np.diff([0.0, *stats.norm.cdf(edges, mean), 1.0]) for mean in (gap, 0.0)]
    positives = round(prevalence * n)
    counts = ScoreLabelCounts(
        rng.multinomial(positives, below[0], size=10_000),
        rng.multinomial(n - positives, below[1], size=10_000),
        np.zeros((10_000, len(edges) + 1)),
    )
    figure, true = roc_auc(counts), stats.norm.cdf(gap / np.sqrt(2))
    covered = ((figure.ci_low <= true) & (true <= figure.ci_high)).mean()
    assert 0.935 <= covered <= 0.965


@pytest.mark.parametrize("shape", ["normal", "exponential"])
@pytest.mark.parametrize("change", ["shift", "small shift", "scale", "tail"])
def test_criterion_7_wasserstein(shape: str, change: str) -> None:
    """Within 0.5 % of scipy on shifts, scalings and tails of 100,000 rows, and never above it."""
    for seed in range(3):
        rng = RNG(seed)
        reference, current = getattr(rng, shape)(size=100_000), getattr(rng, shape)(size=100_000)
        if change.endswith("shift"):
            current += 0.1 if change == "small shift" else 0.5
        elif change == "scale":
            current *= 1.2
        else:
            current[rng.random(100_000) < 0.03] += 4.0
        edges = feature_edges(reference)
        figure = ordered_drift(binned(current, edges), binned(reference, edges))["wasserstein"]
        exact = stats.wasserstein_distance(current, reference)
        assert exact * 0.995 <= float(figure.value) <= exact * (1 + 1e-9)
        assert exact <= float(figure.upper)
