"""What the figures are held to: bias and level without drift, power, error bounds, coverage."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk
from tests.metrics.edges import FEATURE_QUANTILES, Floats, from_counts, score_edges
from tests.metrics.oracles import Ints, independence_p_value, merged, pearson
from tests.profiles.one_cell import profile_ordered

from driftline_jobs.metrics.drift import ordered_drift
from driftline_jobs.metrics.figures import Figure
from driftline_jobs.metrics.ranking import ScoreLabelCounts, average_precision, roc_auc
from driftline_jobs.metrics.samples import OrderedSample
from driftline_jobs.profiles import edges as product
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins

Measured = Callable[[int, str], None]
pytestmark = pytest.mark.slow
RNG = np.random.default_rng
REPETITIONS = 20_000
COMPARED = 1_000
"""Repetitions of which scipy, too, is asked."""


@dataclass(frozen=True)
class References:
    """As many references as repetitions, each of ``rows`` standard normal values with the product's edges.

    Attributes:
        edges: (R, B - 1).
        counts: (R, B).
    """

    rows: int
    edges: Floats
    counts: Ints

    def windows(self, rng: np.random.Generator, n: int, below: Callable[[Floats], Floats]) -> Ints:
        """(R, B) counts of n rows in each one's bins, ``below`` being their distribution function."""
        outside = np.zeros((len(self.edges), 1)), np.ones((len(self.edges), 1))
        return rng.multinomial(n, np.diff(np.concatenate([outside[0], below(self.edges), outside[1]], 1)))

    def drift(self, current: Ints) -> dict[str, Figure]:
        """Of windows against their references."""
        return ordered_drift(from_counts(current), from_counts(self.counts))


@pytest.fixture(scope="module")
def references() -> References:
    """Made of 5,000 rows each."""
    rng, rows = RNG(1), 5_000
    edges, counts = [], []
    with pytest.MonkeyPatch.context() as patch:
        # The bounds of log buckets, to which edges move, are the same each time and slow to find.
        for name in ("BucketGrid", "_first_of_bucket"):
            patch.setattr(product, name, functools.cache(getattr(product, name)))
        for _ in range(REPETITIONS):
            sample = np.sort(rng.normal(size=rows))
            edges.append(np.array(ordered_bins("numeric", sample).edges))
            counts.append(np.diff([0, *np.searchsorted(sample, edges[-1]), rows]))
    return References(rows, np.stack(edges), np.stack(counts))


def hold_criterion_1(measured: Measured, current: Ints, reference: Ints, what: str) -> None:
    """Repetitions (R, B) without drift, against as many references or one of (B,)."""
    n, m = int(current[0].sum()), int(reference.sum() / (reference.size / reference.shape[-1]))
    figures = ordered_drift(from_counts(current), from_counts(reference))
    p_values = independence_p_value(figures["chi_squared"])
    expected = (reference.shape[-1] - 1) * (1 / n + 1 / m)
    ratio, rejected = figures["psi"].value.mean() / expected, (p_values < 0.01).mean()
    of_each = np.broadcast_to(reference, current.shape)
    off, fewer = 0.0, 0
    for at in range(COMPARED):
        statistic, p_value, degrees = pearson(current[at], of_each[at])
        found = figures["chi_squared"].value[at], p_values[at]
        assert figures["chi_squared"].degrees[at] == degrees
        off = max(off, abs(found[0] - statistic), abs(found[1] - p_value))
        fewer += merged(current[at], of_each[at]).shape[-1] < reference.shape[-1]
    measured(
        1,
        f"{what}, n={n} m={m}: mean PSI {ratio:.3f} of (B-1)s; Pearson rejects {rejected:.2%} at 1 %, "
        f"off scipy by {off:.0e} ({fewer / COMPARED:.0%} of tables with bins merged)",
    )
    assert ratio == pytest.approx(1.0, abs=0.05)
    assert abs(figures["psi"].debiased.mean()) < 0.05 * expected
    assert 0.007 <= rejected <= 0.013
    assert off <= 1e-9


@pytest.mark.parametrize("n", [1_000, 5_000, 50_000])
def test_criterion_1_bias_of_psi_and_level_of_pearson(
    references: References, measured: Measured, n: int
) -> None:
    """No drift, the product's own edges, 20,000 repetitions: mean PSI within 5 % of (B - 1) s, Pearson at 1 %
    rejects 0.7 to 1.3 %, and is what scipy's ``chi2_contingency`` is on the same counts."""
    current = references.windows(RNG(n), n, stats.norm.cdf)
    hold_criterion_1(measured, current, references.counts, "product's edges")


@pytest.mark.parametrize("m", [5_000, 50_000])
@pytest.mark.parametrize("n", [1_000, 5_000, 50_000])
def test_criterion_1_at_quantiles_themselves(measured: Measured, n: int, m: int) -> None:
    """The same at edges that no log bucket has moved, for longer references too.

    Edges at order statistics of a continuous reference: the bins' true shares are spacings of uniform order
    statistics, hence Dirichlet with the differences of the ranks, and need not be simulated row by row.
    """
    rng = RNG(n + m)
    ranks = np.ceil(np.array(FEATURE_QUANTILES) * m - 1e-9)
    spacings = np.diff([0.0, *ranks, m + 1.0])
    reference = np.diff([1.0, *ranks, m + 1.0]).astype(np.int64)  # an edge's own value lies above it
    current = rng.multinomial(n, rng.dirichlet(spacings, size=REPETITIONS))
    hold_criterion_1(measured, current, reference, "edges at quantiles")


def test_criterion_3_power_of_anderson_darling(references: References, measured: Measured) -> None:
    """At 5 %: at least .75 for a shift of 0.1 sd, .65 for sd × 1.1, .95 for 3 % of the mass at 4 sd.

    n = 1,000 against 5,000. 20,000 clean windows give the critical value, as many the power, known to 0.3 %.
    """
    rng, n = RNG(3), 1_000
    clean = references.drift(references.windows(rng, n, stats.norm.cdf))
    critical = {name: np.quantile(clean[name].value, 0.95) for name in ("anderson_darling", "ks")}
    moved: dict[str, tuple[float, Callable[[Floats], Floats]]] = {
        "mean shift of 0.1 sd": (0.75, lambda x: stats.norm.cdf(x - 0.1)),
        "sd × 1.1": (0.65, lambda x: stats.norm.cdf(x / 1.1)),
        "3 % of the mass at 4 sd": (0.95, lambda x: 0.97 * stats.norm.cdf(x) + 0.03 * (x > 4.0)),
    }
    found = {}
    for kind, (_, below) in moved.items():
        figures = references.drift(references.windows(rng, n, below))
        power = {name: (figures[name].value > critical[name]).mean() for name in critical}
        found[kind] = power["anderson_darling"]
        measured(
            3,
            f"anderson_darling, {kind}: power {found[kind]:.3f} at 5 % (KS at the edges {power['ks']:.3f})",
        )
    for kind, (least, _) in moved.items():
        assert found[kind] >= least, kind


def scored(
    rng: np.random.Generator, n: int, prevalence: float, gap: float
) -> tuple[npt.NDArray[np.bool_], Floats]:
    labels = rng.random(n) < prevalence
    return labels, rng.normal(size=n) + gap * labels


@pytest.mark.parametrize("gap", [1.5, 2.5])
@pytest.mark.parametrize("prevalence", [0.3, 0.02, 0.001])
def test_criterion_6_ranking_from_bins(measured: Measured, prevalence: float, gap: float) -> None:
    """200,000 rows: |AUC - exact| at most 3e-4, |AP - exact| at most 5e-4 (3e-3 at .001), all inside bounds.

    Normal scores of either class, ``gap`` apart; edges from other rows; four seeds each.
    """
    limits = {"AUC": 3e-4, "AP": 3e-3 if prevalence == 0.001 else 5e-4}
    errors: dict[str, list[float]] = {name: [] for name in limits}
    of_bound: dict[str, list[float]] = {name: [] for name in limits}
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
        for name, figure, exact in (
            ("AUC", roc_auc(counts), sk.roc_auc_score(labels, scores)),
            ("AP", average_precision(counts), sk.average_precision_score(labels, scores)),
        ):
            errors[name].append(abs(float(figure.value) - exact))
            of_bound[name].append(errors[name][-1] / float(figure.error_bound))
    for name, most in limits.items():
        measured(
            6,
            f"{name}, prevalence {prevalence}, classes {gap} sd apart: error {max(errors[name]):.1e} "
            f"(at most {most:.0e}), {max(of_bound[name]):.0%} of the published bound",
        )
    for name, most in limits.items():
        assert max(errors[name]) <= most, name
        assert max(of_bound[name]) <= 1.0, name


@pytest.mark.parametrize(
    ("prevalence", "n"), [(0.3, 500), (0.3, 20_000), (0.02, 7_500), (0.001, 150_000), (0.001, 200_000)]
)
@pytest.mark.parametrize("gap", [1.0, 2.5])
def test_criterion_6_coverage_of_delong(measured: Measured, prevalence: float, n: int, gap: float) -> None:
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
    measured(
        6,
        f"DeLong, prevalence {prevalence}, {positives} positives of {n}, classes {gap} sd apart: "
        f"covers {covered:.2%}",
    )
    assert 0.935 <= covered <= 0.965


CHANGES: dict[str, tuple[float, float, float]] = {
    "shift of 0.5": (0.5, 1.0, 0.0),
    "shift of 0.1": (0.1, 1.0, 0.0),
    "scaled by 1.2": (0.0, 1.2, 0.0),
    "scaled by 0.8": (0.0, 0.8, 0.0),
    "3 % moved by 4": (0.0, 1.0, 0.03),
}
"""What is added to all values, what they are multiplied by, and how many are moved to the tail."""


@pytest.mark.parametrize("shape", ["normal", "exponential"])
@pytest.mark.parametrize("change", list(CHANGES))
def test_criterion_7_wasserstein(measured: Measured, shape: str, change: str) -> None:
    """Within 0.5 % of scipy on shifts, scalings and tails of 100,000 rows, and never above it.

    From profiles as they are kept.
    """
    added, factor, moved = CHANGES[change]
    ratios = []
    for seed in range(3):
        rng = RNG(seed)
        reference, current = getattr(rng, shape)(size=100_000), getattr(rng, shape)(size=100_000)
        current = current * factor + added + 4.0 * (rng.random(100_000) < moved)
        bins = ordered_bins("numeric", np.sort(reference))
        figure = ordered_drift(profiled(current, bins), profiled(reference, bins))["wasserstein"]
        exact = stats.wasserstein_distance(current, reference)
        ratios.append(float(figure.value[0]) / exact)
        assert float(figure.value[0]) <= exact * (1 + 1e-9)
        assert exact <= float(figure.upper[0])
    measured(7, f"{shape}, {change}: W1 is {min(ratios):.4%} to {max(ratios):.4%} of scipy's")
    assert min(ratios) >= 0.995


def profiled(values: Floats, bins: OrderedBins) -> OrderedSample:
    """One window (1, B) by way of the profile that is kept of it."""
    return bins.sample([profile_ordered(values, 0, bins)])
