"""What there is to say of every drift metric but its formula: name, columns, title, unit, limits.

Formulas are bound to these by name in ``driftline_jobs.metrics``. A metric may come from another
distribution: an entry point of the group ``driftline.metrics`` names an object with such a ``spec`` and the
formulas (see ``driftline_jobs.metrics.registry``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from driftline_schemas import extensions

GROUP = "driftline.metrics"


class Unit(StrEnum):
    """How a figure is written."""

    NUMBER = "number"
    DECIMALS = "decimals"
    SHARE = "percent"
    POINTS = "points"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class DriftSpec:
    """One metric.

    Attributes:
        name: as in ``drift_metrics.metric`` and in rules.
        title: heads its column on a page.
        how: in a line, what is computed.
        ordered, categories, texts: of which columns it is a figure: those with an order, those with
            categories, texts. Of none of them: of all columns as one, or of windows as a series.
        fixed: a limit that is worth a look whatever is usual, where nothing could be learned; None for a
            metric that decides by rules alone.
        floor: no alert below this, however sure.
    """

    name: str
    title: str
    how: str
    unit: Unit = Unit.NUMBER
    ordered: bool = False
    categories: bool = False
    texts: bool = False
    fixed: float | None = None
    floor: float | None = None


BUILT_IN = (
    # in the order of reading: first what is most often looked for
    DriftSpec(
        "psi",
        "PSI",
        "Population stability index: Σ (p−q)·ln(p/q) over the bins, half a row added to each. Beside it the "
        "value less what chance alone would give, (B−1)(1/n+1/m).",
        ordered=True,
        categories=True,
        fixed=0.2,
        floor=0.01,  # a shift of a tenth of a standard deviation
    ),
    DriftSpec(
        "js_distance",
        "JS distance",
        "Square root of the Jensen–Shannon divergence of the bins' shares, in bits: 0 is the same, 1 is "
        "nothing in common.",
        Unit.DECIMALS,
        ordered=True,
        categories=True,
    ),
    DriftSpec(
        "anderson_darling",
        "Anderson–Darling",
        "Binned: nm/N times the mean over the bins' edges of (F−G)²/(H(1−H)); tails weigh as much as the "
        "middle.",
        ordered=True,
    ),
    DriftSpec(
        "mean_shift",
        "Mean, change",
        "Difference of the means, in standard deviations of the reference; rows beyond the outer edges count "
        "at most as far out as these lie apart.",
        Unit.SIGNED,
        ordered=True,
        floor=0.1,
    ),
    DriftSpec(
        "ks",
        "KS",
        "Largest gap between the two distribution functions at the edges: a lower bound, with the upper "
        "bound beside it.",
        Unit.DECIMALS,
        ordered=True,
    ),
    DriftSpec(
        "wasserstein",
        "Wasserstein",
        "Mean distance a row had to move, in the column's own unit, from the bins' counts and sums; never "
        "above the truth.",
        ordered=True,
    ),
    DriftSpec(
        "tvd",
        "Total variation",
        "Half the sum of the absolute differences of the shares: the share of rows that changed place.",
        Unit.SHARE,
        ordered=True,
        categories=True,
    ),
    DriftSpec(
        "l_infinity",
        "Largest change",
        "The largest difference of one bin's or one category's share.",
        Unit.SHARE,
        ordered=True,
        categories=True,
    ),
    DriftSpec(
        "chi_squared",
        "χ²",
        "Pearson's statistic of the counts beside the reference; bins in which the reference expects fewer "
        "than 5 rows are merged, but for those of which the window has far more.",
        ordered=True,
        categories=True,
    ),
    DriftSpec(
        "null_fraction_delta",
        "Missing, change",
        "Share of missing values now, less their share in the reference.",
        Unit.POINTS,
        ordered=True,
        categories=True,
        fixed=0.05,
        floor=0.01,
    ),
    DriftSpec(
        "share_shift",
        "Largest share, change",
        "Change of the share of one category: of those of 5 % and more the one that has changed the most "
        "beside chance.",
        Unit.SHARE,
        categories=True,
        floor=0.01,
    ),
    DriftSpec(
        "unseen_fraction",
        "Unseen values",
        "Share of rows with a value the reference does not have.",
        Unit.SHARE,
        categories=True,
        fixed=0.01,
        floor=0.005,
    ),
    DriftSpec(
        "empty_fraction_delta",
        "Empty, change",
        "Share of texts without a character but blanks now, less their share in the reference.",
        Unit.POINTS,
        texts=True,
        fixed=0.05,
        floor=0.01,
    ),
    DriftSpec(
        "new_words_delta",
        "New words, change",
        "Share of words that the reference does not have, less the share that is usual in a window of it. "
        "Words are parted by blanks; the first 1,000 characters of a text count.",
        Unit.POINTS,
        texts=True,
        fixed=0.1,
        floor=0.02,
    ),
    DriftSpec(
        "sustained_shift",
        "Sustained shift",
        "Evidence over windows that a small shift goes on: what bets against chance have won, begun anew "
        "whenever that pays. At its limit the sum stands still.",
    ),
    DriftSpec(
        "gaussian_kl",
        "Gaussian divergence",
        "Kullback–Leibler divergence of the columns' means and covariances, as if they were normal.",
        floor=0.01,
    ),
    DriftSpec(
        "reconstruction_error",
        "Reconstruction",
        "How much worse, or better, what is common to the reference's columns explains the rows; relative to "
        "the reference.",
        Unit.SIGNED,
        floor=0.02,
    ),
)


@cache
def members() -> Mapping[DriftSpec, object]:
    """The metrics of other distributions, by what there is to say of them.

    Raises ConfigError for one that cannot be loaded, or whose name is taken or is none.
    """
    from driftline_schemas.performance_specs import CLASSIFICATION, REGRESSION

    taken = {spec.name for spec in (*BUILT_IN, *CLASSIFICATION, *REGRESSION)}
    expected = "a driftline_jobs.metrics.registry.DriftMetric"
    return extensions.members(GROUP, "metric", DriftSpec, expected, taken)


@cache
def drift_specs() -> Mapping[str, DriftSpec]:
    """Every drift metric by name: ours in the order of reading, then those of other distributions.

    Raises ConfigError, as ``members`` does.
    """
    return {spec.name: spec for spec in (*BUILT_IN, *members())}


def ordered_metrics() -> tuple[str, ...]:
    """Figures of a numeric or datetime column, a score, and other things that have an order."""
    return tuple(spec.name for spec in drift_specs().values() if spec.ordered)


def text_metrics() -> tuple[str, ...]:
    """Figures of texts beside those of their lengths."""
    return tuple(spec.name for spec in drift_specs().values() if spec.texts)


def category_metrics() -> tuple[str, ...]:
    """Figures of a categorical or boolean column, and of predicted classes."""
    return tuple(spec.name for spec in drift_specs().values() if spec.categories)
