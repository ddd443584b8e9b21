"""Multivariate drift: the moments of the columns against the reference's, and the verdicts on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from driftline_jobs.detection.limits import rule_verdicts
from driftline_jobs.detection.verdicts import Verdicts, either
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.judged import Judged
from driftline_jobs.evaluate.natures import multivariate_places
from driftline_jobs.metrics.figures import Figure, IntArray, stacked
from driftline_jobs.metrics.multivariate import Moments, multivariate_drift, reference_space
from driftline_jobs.profiles.moments import MomentSums
from driftline_jobs.references.reference import Reference
from driftline_schemas.monitor import Monitor

ALL_COLUMNS = "*"


@dataclass(frozen=True)
class MultivariateDrift:
    """Figures of the columns together, (windows,) each, and the rows (windows,) on either side."""

    figures: dict[str, Figure]
    n_current: IntArray
    n_reference: IntArray


def stack_moments(several: Sequence[MomentSums]) -> Moments:
    """(N, ...) moments, all in steps: the figures do not mind the unit."""
    return Moments(
        n=np.array([one.n for one in several], np.int64),
        sums=np.stack([one.sums for one in several]).astype(np.float64),
        products=np.stack([one.products for one in several]).astype(np.float64),
    )


def multivariate_drift_of(
    wholes: Sequence[MeasuredCell],
    moments: Sequence[MomentSums | None],
    reference: Reference,
    moving: Collection[str] = (),
) -> MultivariateDrift | None:
    """The windows against the reference without them; None where there are no columns to be together.

    Columns in ``moving`` are left out of it.
    """
    known, places = reference.moments, multivariate_places(reference.binning, moving)
    if known is None or not wholes or len(places) < 2:
        return None
    nothing = known - known
    now = [nothing if one is None else one for one in moments]
    then = [reference.moments_without(whole.window) or nothing for whole in wholes]
    found: list[dict[str, Figure]] = []
    spaces = {}
    for current, against in zip(now, then, strict=True):
        if id(against) not in spaces:
            whole = stack_moments([against.of(places)])
            spaces[id(against)] = reference_space(Moments(whole.n[0], whole.sums[0], whole.products[0]))
        found.append(multivariate_drift(stack_moments([current.of(places)]), spaces[id(against)]))
    return MultivariateDrift(
        {name: stacked([one[name] for one in found]) for name in found[0]},
        np.array([one.n for one in now], np.int64),
        np.array([one.n for one in then], np.int64),
    )


def judged_multivariate(
    monitor: Monitor, drift: MultivariateDrift, calibrated: Mapping[tuple[str, str], Verdicts]
) -> Judged:
    """Hold each figure (windows,) against the monitor's rules and against what the calibration says."""
    judged = {}
    for metric, figure in drift.figures.items():
        rules = rule_verdicts(monitor.alerts.rules, metric, figure.value, column=ALL_COLUMNS)
        several = [v for v in (rules, calibrated.get((ALL_COLUMNS, metric))) if v is not None]
        if several:
            judged[metric] = reduce(either, several)
    return judged
