"""Rows of ``quality_metrics`` about a window's labels: what was lost on their way to predictions, and why."""

from __future__ import annotations

from dataclasses import dataclass

import scipy

from driftline_jobs.evaluate.check import Check
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.id_sketch import Unlike
from driftline_jobs.references.reference import Reference
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.losses import UNREADABLE_TIMES
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.window import Window

COVERAGE_LEAST = 0.5
"""Of the coverage that half of the reference's windows reach: labels are missing where a mature window has
less, and by more than chance."""
COVERAGE_CHANCE = 1e-3
COVERAGE_ANY = 0.02
"""Of a reference elsewhere, whose labels say nothing of how many of the log's come: a mature window without
one fails, if that would not be chance at a coverage of this."""
ASIDE_SLACK = 0.01
"""Share of the predictions whose labels may count for nothing: some clocks are not quite right."""
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class LabelFindings:
    """What the join of one window met beside the labels that count; counts of rows, or of ids.

    Attributes:
        duplicated, conflicting, without_id, inexact_id, early, null_labels, unreadable_labels,
        unreadable_times: as in ``JoinCounts``.
        labels_inexact_id: label rows of the objects that were read for the window.
        labels_unmatched: label rows of these objects, read or not, about no prediction of the window.
        quarantined_objects: label objects that could not be read for it.
        unlike: predictions whose label came under an id that is written otherwise; ``example``: one of them.
        withheld: whether the labels were left out, since ids repeat.
    """

    duplicated: int = 0
    conflicting: int = 0
    without_id: int = 0
    inexact_id: int = 0
    early: int = 0
    null_labels: int = 0
    unreadable_labels: int = 0
    unreadable_times: int = 0
    labels_inexact_id: int = 0
    labels_unmatched: int = 0
    quarantined_objects: int = 0
    unlike: float = 0.0
    example: Unlike | None = None
    withheld: bool = False

    @property
    def met(self) -> bool:
        """Whether labels were about the window that do not count: it looks otherwise when they change."""
        return bool(
            self.conflicting
            or self.early
            or self.null_labels
            or self.unreadable_labels
            or self.unreadable_times
            or self.quarantined_objects
            or self.unlike
        )


def label_checks(
    monitor: Monitor,
    whole: Outcomes,
    found: LabelFindings,
    reference: Reference,
    window: Window,
    *,
    mature: bool,
) -> list[Check]:
    """Every check of the labels of a window.

    Args:
        whole: the outcomes of the whole window.
        reference: what says how many labels come.
        mature: whether the labels have had the time that they take.
    """
    checks = []
    if monitor.logs.prediction_id is not None:
        checks += [
            _none("duplicated_ids", found.duplicated),
            Check("*", "missing_ids", float(found.without_id), None, None),
            _none("inexact_ids", found.inexact_id),
        ]
    if not isinstance(monitor.labels, LabelSource):
        share = whole.labelled / whole.predictions if whole.predictions else None
        return [Check("*", "label_coverage", share, None, None), *checks]
    share, expected, passed = _coverage(whole, reference, window)
    coverage = Check(
        "*", "label_coverage", share, expected, passed if mature and not found.withheld else None
    )
    most = ASIDE_SLACK * whole.predictions
    checks += [
        coverage,
        Check("*", "conflicting_labels", float(found.conflicting), 0, None)
        if found.withheld  # of ids that repeat they are those of several predictions
        else _none("conflicting_labels", found.conflicting),
        Check("*", "null_labels", float(found.null_labels), None, None),
        _none("unreadable_labels", found.unreadable_labels),
        Check("*", "early_labels", float(found.early), most, found.early <= most),
        _none("inexact_label_ids", found.labels_inexact_id),
        _none("quarantined_label_objects", found.quarantined_objects),
        _unlike(found, most),
    ]
    if monitor.labels.timestamp is not None:
        checks.append(_none(UNREADABLE_TIMES, found.unreadable_times))
    if coverage.passed is False:  # else they are those of other windows
        checks.append(Check("*", "unmatched_labels", float(found.labels_unmatched), None, None))
    return checks


def _none(name: str, count: int) -> Check:
    return Check("*", name, float(count), 0, count == 0)


def _coverage(
    whole: Outcomes, reference: Reference, window: Window
) -> tuple[float | None, list[float | None] | None, bool | None]:
    """The share of predictions with a label, what is expected of it, and whether that is so."""
    if not whole.predictions:
        return None, None, None
    share = whole.labelled / whole.predictions
    usual = reference.usual_coverage(window)
    if usual is not None:
        least = COVERAGE_LEAST * usual
        by_chance = float(scipy.special.bdtr(whole.labelled, whole.predictions, usual))
        return share, [least, None], share >= least or by_chance >= COVERAGE_CHANCE
    then = reference.outcomes.get(WHOLE)
    if reference.external and then is not None and then.labelled:
        none_by_chance = (1.0 - COVERAGE_ANY) ** whole.predictions
        least = 1.0 / whole.predictions
        return share, [least, None], whole.labelled > 0 or none_by_chance >= COVERAGE_CHANCE
    return share, None, None


def _unlike(found: LabelFindings, most: float) -> Check:
    expected: object = most
    if found.example is not None and found.unlike > most:
        expected = {
            "at_most": most,
            "prediction_id": shown_id(found.example.prediction),
            "label_id": shown_id(found.example.label),
        }
    return Check("*", "unlike_ids", found.unlike, expected, found.unlike <= most)


def shown_id(text: str) -> str:
    """An id as an example."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
