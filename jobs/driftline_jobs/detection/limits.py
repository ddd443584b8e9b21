"""Limits that need no history: the monitor file's rules, fixed effect sizes, and the reference's interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy

from driftline_jobs.detection.verdicts import FIXED, REFERENCE, RULE, TRIVIAL, Verdicts, either, verdicts
from driftline_jobs.metrics.figures import Figure, FloatArray, TextArray
from driftline_jobs.metrics.performance import Performance
from driftline_schemas.drift_specs import drift_specs
from driftline_schemas.performance_specs import PerformanceSpec, Scale
from driftline_schemas.task_specs import performance_spec

_SHARES_OF_ROWS = frozenset(
    {"null_fraction_delta", "unseen_fraction", "empty_fraction_delta", "new_words_delta"}
)
CLEAN_SHARE = 0.001
"""A fixed limit allows for what at most this share of clean windows exceed by sampling alone."""


class RuleLike(Protocol):
    """A rule of the monitor file: exactly one of ``above`` and ``below`` is given."""

    @property
    def metric(self) -> str:
        """Metric it limits."""

    @property
    def column(self) -> str | None:
        """Column it is about; None means every one."""

    @property
    def segment(self) -> Sequence[str] | None:
        """Columns of the segment it is about; None means the whole."""

    @property
    def above(self) -> float | None:
        """Exceeded above this."""

    @property
    def below(self) -> float | None:
        """Exceeded below this."""


def rule_verdicts(
    rules: Iterable[RuleLike],
    metric: str,
    value: FloatArray,
    *,
    column: str | None = None,
    segment: Sequence[str] | None = None,
) -> Verdicts | None:
    """Hold a metric against the rules that are about it; None if none is.

    Args:
        value: (cells,) the figure, NaN where there is none. A rule is held against the figure itself.
        column: column of a drift figure; None for a figure of the model.
        segment: the segment that all cells are values of; None for the whole.
    """
    found: Verdicts | None = None
    for rule in rules:
        if (
            rule.metric != metric
            or (rule.column is not None and rule.column != column)
            or (None if rule.segment is None else tuple(rule.segment))
            != (None if segment is None else tuple(segment))
        ):
            continue
        verdict = _beyond(rule, value)
        found = verdict if found is None else either(found, verdict)
    return found


def _beyond(rule: RuleLike, value: FloatArray) -> Verdicts:
    above = rule.above is not None
    limit = rule.above if rule.above is not None else rule.below
    if limit is None:
        raise ValueError(f"a rule on {rule.metric} has neither above nor below")
    known = np.isfinite(value)
    safe = np.where(known, value, limit)
    exceeded = known & ((safe > limit) if above else (safe < limit))
    ratio = np.nan if limit == 0 else safe / limit if above else limit / np.where(safe != 0, safe, np.nan)
    return verdicts(np.full(value.shape, limit), RULE, exceeded, known, strength=np.abs(ratio))


def fixed_limit(metric: str) -> float | None:
    """Drift beyond this is worth a look whatever is usual; None for a metric that has no such limit. What
    sampling adds comes on top (``fixed_drift``)."""
    spec = drift_specs().get(metric)
    return None if spec is None else spec.fixed


def fixed_drift(
    metric: str, figure: Figure, n: npt.ArrayLike, m: npt.ArrayLike, source: str | TextArray = FIXED
) -> Verdicts | None:
    """Hold a drift figure against its fixed effect size; None for a metric that does not decide.

    A limit alone ignores the number of rows: PSI exceeds 0.1 in 38 % of clean samples of 100 rows. So the
    threshold is the limit plus what sampling adds on average, but at least what sampling adds in all but
    ``CLEAN_SHARE`` of clean windows whose rows are independent.

    Args:
        figure: (cells,) the figure.
        n, m: (cells,) rows of the window and of what it is compared with.
        source: why it is this limit, and none that was learned.
    """
    limit = fixed_limit(metric)
    if limit is None:
        return None
    rows_n, rows_m = (np.maximum(np.asarray(x, np.float64), 1.0) for x in (n, m))
    sampling = 1.0 / rows_n + 1.0 / rows_m
    # where there is a debiased figure of a share, it is on one side alone that it matters
    value = np.abs(figure.value) if metric != "new_words_delta" else figure.value
    if metric == "psi":
        degrees = np.where(figure.degrees > 0, figure.degrees, 1.0)
        least = sampling * scipy.special.chdtri(degrees, CLEAN_SHARE)
        threshold = np.maximum(limit + figure.degrees * sampling, least)
    elif metric not in _SHARES_OF_ROWS:
        threshold = np.full(figure.value.shape, limit)
    else:
        # at the limit itself the share's variance is limit (1 - limit) per row
        threshold = limit + -scipy.special.ndtri(CLEAN_SHARE) * np.sqrt(limit * (1.0 - limit) * sampling)
    safe = np.where(figure.ok, value, 0.0)
    return verdicts(threshold, source, figure.ok & (safe > threshold), figure.ok, strength=safe / threshold)


def above_floor(metric: str, figure: Figure) -> npt.NDArray[np.bool_]:
    """(cells,) whether the debiased effect is large enough to be worth an alert."""
    effect = np.abs(figure.value) if np.isnan(figure.debiased).all() else figure.debiased
    return np.nan_to_num(effect, nan=-1.0) >= (drift_specs()[metric].floor or 0.0)


def spec_of(metric: str) -> PerformanceSpec:
    """What there is to say of a performance metric, or of that which it is an average of."""
    spec = performance_spec(metric)
    if spec is None:
        raise KeyError(f"{metric} is a figure of no task")
    return spec


def worse_side(metric: str) -> float:
    """-1.0 where a lower figure is the worse one, 1.0 where a higher one is."""
    return -1.0 if spec_of(metric).scale in {Scale.SHARE, Scale.EXPLAINED} else 1.0


def margin(metric: str, then: Performance) -> FloatArray:
    """(cells,) by how much a figure must be worse than the reference's to be worth a word.

    A share of a loss of zero says nothing: there it is that share of what a model that has learned nothing
    loses on the reference's rows.
    """
    spec = spec_of(metric)
    size = np.where(then.value == 0.0, np.nan_to_num(then.trivial), np.abs(then.value))
    return np.maximum(spec.floor, spec.relative_floor * size)


def no_limit(metric: str, now: Performance, then: Performance) -> npt.NDArray[np.bool_]:
    """(cells,) where the reference does no better by this figure than a model that has learned nothing would,
    on its own rows or on those of the window: a limit on the worse side of that would say nothing. Nor is
    there one below a share of zero."""
    beaten: npt.NDArray[np.bool_] = (then.value <= 0.0) & (spec_of(metric).scale is Scale.SHARE)
    if _is_free(metric):
        return beaten
    for trivial in (now.trivial, then.trivial):
        beaten = beaten | (worse_side(metric) * (then.value - trivial) >= 0.0)  # False where one is unknown
    return beaten


def short_of_trivial(
    metric: str, threshold: FloatArray, source: str, now: Performance, then: Performance
) -> tuple[FloatArray, TextArray]:
    """A threshold (cells,) that lies on the worse side of the reference's figure, but not beyond what a model
    that has learned nothing would get on the rows of the window; and where it then comes from (cells,).

    NaN where there is ``no_limit``.
    """
    worse, least = worse_side(metric), threshold
    if spec_of(metric).scale is Scale.SHARE:
        least = np.maximum(least, 0.0)
    beyond = np.zeros(least.shape, np.bool_)
    if not _is_free(metric):
        beyond = worse * (least - now.trivial) > 0.0  # False where one is unknown
    limit = np.where(no_limit(metric, now, then), np.nan, np.where(beyond, now.trivial, least))
    return limit, np.where(beyond, TRIVIAL, source)


def _is_free(metric: str) -> bool:
    spec = spec_of(metric)
    return spec.free if metric == spec.name else spec.free_averages


def interval_verdicts(metric: str, now: Performance, then: Performance) -> Verdicts | None:
    """Whether a model has become worse, by intervals; None for a metric that is neither good nor bad.

    The threshold lies the ``margin`` on the worse side of the reference's figure, and never beyond what a
    model that has learned nothing would get. A model is degraded if the difference from it is larger than
    both intervals together allow: beyond √(half² + half²). A figure without an interval decides nothing,
    whether the window's or the reference's. Where the reference has no figure, the threshold is that of a
    model that has learned nothing, for the metrics that tell.

    Args:
        now: (cells,) figures of the window.
        then: (cells,) figures of the reference.
    """
    spec = spec_of(metric)
    if not spec.judged:
        return None
    worse = worse_side(metric)
    # the end of each interval that speaks for the model
    half = (now.value - now.ci_low) if worse > 0 else (now.ci_high - now.value)
    half_then = (then.ci_high - then.value) if worse > 0 else (then.value - then.ci_low)
    allowed = np.sqrt(half**2 + half_then**2)
    from_reference, source = short_of_trivial(
        metric, then.value + worse * margin(metric, then), REFERENCE, now, then
    )
    room = worse * (from_reference - then.value)
    lost = worse * (now.value - from_reference)
    decided = np.isfinite(half) & np.isfinite(half_then) & np.isfinite(from_reference)
    verdict = verdicts(
        from_reference,
        source,
        decided & (np.nan_to_num(lost) > np.nan_to_num(allowed)),
        decided,
        strength=(lost + room) / np.where(room > 0, room, np.nan),
    )
    if not spec.against_trivial:
        return verdict
    useless = worse * (now.value - now.trivial)
    comparable = np.isfinite(half) & np.isfinite(now.trivial) & np.isnan(then.value)
    beside = verdicts(
        now.trivial, TRIVIAL, comparable & (np.nan_to_num(useless) > np.nan_to_num(half)), comparable
    )
    return either(verdict, beside)
