"""Checks of ``quality_metrics`` about classes and scores: those that figures cannot do without.

What a figure leaves out by its definition (rows without a score, or without a predicted class) is held
against the reference: a log may have some. A class that the monitor does not know, or a score that is no
probability, is a fault however few there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter

from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.quality import MISSING_SLACK
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.tasks.class_names import negative_class
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.metrics import ScoreScale
from driftline_schemas.monitor import LabelColumn, Monitor
from driftline_schemas.table_names import table_column


def outcome_checks(monitor: Monitor, outcome: Outcomes, reference: Outcomes | None) -> list[Check]:
    """The checks of a window's predictions and labels; ``reference`` is the same cell's, None without one."""
    checks = []
    if monitor.logs.prediction is not None:
        missing = attrgetter("without_prediction")
        checks.append(_usually("missing_prediction_fraction", outcome, reference, missing))
    if monitor.logs.score is not None:
        checks.append(_usually("missing_score_fraction", outcome, reference, attrgetter("missing_scores")))
        if monitor.logs.score_scale is not ScoreScale.UNBOUNDED:
            beyond = outcome.scored_no_probabilities
            checks.append(Check("*", "scores_out_of_range", float(beyond), 0, beyond == 0))
    unknown = outcome.unknown_labels(reference)
    if unknown is not None:
        checks.append(_none_expected(_label_name(monitor), unknown))
    return checks


def prediction_checks(
    monitor: Monitor, name: str, bins: Bins, current: Profile, reference: Profile | None
) -> list[Check]:
    """The check of the predicted classes of a binary model: there are two."""
    if not monitor.task_spec.positive or name != monitor.logs.prediction:
        return []
    if not bins.of_classes:
        return []
    now = bins.class_counts(current)
    before = now if reference is None else bins.class_counts(reference)
    known = {monitor.positive_prediction, negative_class(without_class(before, monitor.positive_prediction))}
    counted = current.rows - current.nulls
    return [_none_expected(name, counted - sum(now.get(text or "", 0) for text in known))]


def without_class(counts: Mapping[str, int], name: str) -> dict[str, int]:
    """The counts of all classes but one."""
    return {text: count for text, count in counts.items() if text != name}


def _none_expected(column: str, unknown: int) -> Check:
    return Check(table_column(column), "unknown_classes", float(unknown), 0, unknown == 0)


def _usually(
    name: str, outcome: Outcomes, reference: Outcomes | None, missing: Callable[[Outcomes], int]
) -> Check:
    """The share of labelled rows that lack something, against that of the reference."""
    usual = missing(reference) / reference.labelled if reference is not None and reference.labelled else 0.0
    limit = usual + MISSING_SLACK
    if not outcome.labelled:
        return Check("*", name, None, limit, None)
    share = missing(outcome) / outcome.labelled
    return Check("*", name, share, limit, share <= limit)


def _label_name(monitor: Monitor) -> str:
    labels = monitor.labels
    if isinstance(labels, LabelColumn):
        return labels.column
    return "*" if labels is None else labels.label
