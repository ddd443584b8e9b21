"""What one window's alerts mean to whoever answers for the model: what it is about, how bad, how sure.

An alert says that a figure is beyond its limit. A problem weighs it: a realized loss for sure, or data that
is gone, is critical; a loss by an estimate or within chance, and damage in a column that counts, is high; a
drift with an impact beyond its noise, or in a critical column, is medium; any other drift is low.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from driftline_jobs.detection import alerts
from driftline_jobs.detection.alerts import ALL, Alert, Finding, Place, State
from driftline_schemas.metrics import NEW_COLUMN, SUSTAINED_SHIFT, TIME_OF_DAY
from driftline_schemas.task_specs import performance_specs


class Topic(StrEnum):
    """What kind of trouble it is."""

    PERFORMANCE = "performance"
    DATA = "data"
    DRIFT = "drift"


class Severity(StrEnum):
    """How bad it is, in this order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place, from 0."""
        return list(Severity).index(self)

    # as texts, critical would come first
    def __lt__(self, other: str) -> bool:
        """Whether it is less bad."""
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        """Whether it is no worse."""
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        """Whether it is worse."""
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        """Whether it is as bad, or worse."""
        return self.rank >= Severity(other).rank


LAST: Final = 1000
"""The place of what has none."""
ROWS: Final = "rows"
FRESHNESS: Final = "freshness"
MISSING_COLUMN: Final = "missing_column"
CHANGED_TYPE: Final = "changed_type"
MISSING_SHARES: Final = frozenset({"null_fraction", "nan_fraction"})
OBJECTS: Final = frozenset({"quarantined_objects", "quarantined_label_objects"})
_BEYOND: Final = frozenset({"minimum", "maximum", "unseen_fraction"})
"""Checks of values that the reference does not have: of values, as drift is, and no damage by itself."""
_NULLS: Final = "null_fraction_delta"
_SHARES: Final = MISSING_SHARES | {"missing_prediction_fraction", "missing_score_fraction"}
_ROWS_OF: Final = frozenset(
    {
        *("rows_set_aside", "values_of_another_type", "unknown_classes", "scores_out_of_range", "infinities"),
        *("duplicated_ids", "repeated_ids", "inexact_ids", "conflicting_labels", "unreadable_labels"),
        *("inexact_label_ids", "unreadable_label_times"),
    }
)
"""Checks that count rows which have something: how bad it is, is which share of the rows that is."""
_LABELS: Final = frozenset({"label_coverage", "unlike_ids", "early_labels"})
_SOME, _MUCH = 0.01, 0.2
"""Shares of the rows from which on damage is no trifle, and is a great one."""
_STRONG, _STRONGER = 2.0, 4.0
"""Times the limit, from which on something of unknown impact is no trifle, and is a great one."""
_MATTERS: Final = 0.05
"""Of the spread of the score: who moves its mean by less moves nothing, however surely. Many rows make the
least impact a sure one."""
_COUNTS: Final = 0.01
"""Share of the score's variance that a column explains, from which on the model is taken to use it."""
_HALF_THE_ROWS, _FEW_ROWS, _MANY_ROWS = 0.5, 0.8, 1.1
"""Times the fewest, or the most, rows that are usual: below or beyond, half of the data is missing, a part of
it is, or rows came twice. A holiday has fewer rows, and no day a tenth more than the most there ever are."""
_LATE: Final = 1 / 48
"""Of a window's length: rows that end so much earlier than they may are half an hour of a day late."""
_LOST: Final = 0.02
"""Share of the reference's rows from which on a value that no row has any more is a part of the data gone."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a column is to the model, and what its distribution does to it in one window.

    Attributes:
        impact: largest impact of its change, as a share of the spread of the score; None if unknown.
        beyond: whether that is beyond its noise.
        importance: share of the score's variance that it explains in the reference; None if unknown.
        lost: largest share of the reference's rows with a value that no row of the window has; 0 where chance
            may have a part in that.
    """

    impact: float | None = None
    beyond: bool = False
    importance: float | None = None
    lost: float = 0.0


@dataclass(frozen=True)
class Weights:
    """What there is to know of the columns of a window, as the tables call them.

    Attributes:
        rows: of the window; None if it is not known. seconds: its length.
        columns: how many are watched.
        critical: those that are always worth a message.
        outputs: scores, predictions and labels: what the model is there for.
        of: weight by column; of others nothing is known.
    """

    rows: int | None = None
    seconds: float = 0.0
    columns: int = 0
    critical: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    of: Mapping[str, Weight] = field(default_factory=dict)

    def counts(self, column: str) -> bool:
        """Whether damage in the column is taken to harm the model: it is unless something else is known."""
        if column == ALL or column in self.critical or column in self.outputs:
            return True
        known = self.of.get(column, Weight())
        return known.beyond or known.importance is None or known.importance >= _COUNTS


@dataclass(frozen=True, slots=True)
class Problem:
    """One alert, weighed, in a window in which it was seen.

    Attributes:
        metric: what leads in this window, which may be another than the alert was opened by.
        gone: whether what it is about is not there at all.
        lost: whether a value of the column is gone from the data.
        reading: place of the metric that is read first among those that are certain; of losses alone.
        output: whether its column is what the model is there for.
        findings: what the window says of it, the leading one first.
    """

    alert_id: str
    place: Place
    topic: Topic
    metric: str
    severity: Severity
    certain: bool
    strength: float
    impact: float | None = None
    importance: float = 0.0
    gone: bool = False
    lost: bool = False
    output: bool = False
    reading: int = LAST
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """What it is followed by: an alert may begin as drift and turn into damage."""
        return f"{self.alert_id}:{self.topic}"

    @property
    def column(self) -> str:
        """Its column; ``*`` for the row as a whole."""
        return self.place.column

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts the worst first, what counts most before what is merely far out."""
        return (
            -self.severity.rank,
            not self.gone,
            -(self.importance if self.gone else self.impact or 0.0),
            self.place != self.place.whole,
            -self.importance,
            -self.strength,
            self.place,
            self.alert_id,
        )


def problems_of(several: Iterable[Alert], findings: Sequence[Finding], weights: Weights) -> list[Problem]:
    """The problems of a window, the worst first: of its alerts those that were seen in it.

    What the monitor's file should say otherwise, and advice, are none.
    """
    found = []
    for alert in several:
        if alert.quiet or alert.state is State.RESOLVED or alert.topic in alerts.NO_FAULT:
            continue
        own = _own(alert, findings)
        found.append(_weighed(alert, own, weights))
    return sorted(_together(found), key=lambda problem: problem.rank)


def _together(found: Sequence[Problem]) -> list[Problem]:
    """With what all columns together do: where one moves alone they do too, and where none does, it is the
    relation between them that changed, which no impact of a column shows."""
    alone = any(one.topic is Topic.DRIFT and one.column != ALL for one in found)
    damaged = any(one.topic is Topic.DATA and one.severity > Severity.LOW for one in found)
    severity = Severity.LOW if alone or damaged else Severity.MEDIUM
    return [
        replace(one, severity=severity) if one.topic is Topic.DRIFT and one.column == ALL else one
        for one in found
    ]


def _own(alert: Alert, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What the window says about the alert, as ``alerts`` orders it."""
    column, whole = alert.place.column, alert.place == alert.place.whole
    own = [
        finding
        for finding in findings
        if finding.topic is alert.topic
        and finding.place.column == column
        and (finding.place == alert.place or whole)
    ]
    return tuple(sorted(own, key=lambda f: (f.place != alert.place, -f.strength, f.metric, f.place)))


def _weighed(alert: Alert, own: tuple[Finding, ...], weights: Weights) -> Problem:
    metric, strength = str(alert.evidence["metric"]), float(alert.evidence["strength"])
    weight = weights.of.get(alert.place.column, Weight())
    topic, severity, certain, gone = _judged(alert, metric, strength, own, weights)
    if alert.place.column in weights.critical:
        severity = max(severity, Severity.MEDIUM)
    return Problem(
        alert_id=alert.alert_id,
        place=alert.place,
        topic=topic,
        metric=metric,
        severity=severity,
        certain=certain,
        strength=strength,
        impact=weight.impact,
        importance=weight.importance or 0.0,
        gone=gone,
        reading=_reading(own),
        lost=topic is Topic.DRIFT and weight.lost >= _LOST,
        output=alert.place.column in weights.outputs,
        findings=own,
    )


def _reading(own: Iterable[Finding]) -> int:
    order = list(performance_specs())
    certain = {finding.metric for finding in own if finding.certain}
    return min((order.index(metric) for metric in certain if metric in order), default=LAST)


def _judged(
    alert: Alert, metric: str, strength: float, own: Sequence[Finding], weights: Weights
) -> tuple[Topic, Severity, bool, bool]:
    """Topic, severity, whether it is certain, and whether something is gone."""
    if alert.topic in alerts.LOSSES:
        certain = any(finding.certain for finding in own)
        whole = alert.place == alert.place.whole
        return Topic.PERFORMANCE, Severity.CRITICAL if certain and whole else Severity.HIGH, certain, False
    if alert.topic is alerts.Topic.DRIFT or metric in _BEYOND:
        return Topic.DRIFT, _of_drift(alert, metric, strength, weights), False, False
    value = alert.evidence.get("value")
    return Topic.DATA, *_of_data(alert.place.column, metric, strength, value, own, weights)


def _of_drift(alert: Alert, metric: str, strength: float, weights: Weights) -> Severity:
    column = alert.place.column
    if column in weights.outputs:
        return Severity.MEDIUM
    if alert.place != alert.place.whole:
        return Severity.LOW  # the impact of a segment's share of the rows is not known
    weight = weights.of.get(column)
    if weight is not None and weight.lost >= _LOST:
        return Severity.MEDIUM
    if weight is not None and weight.impact is not None:
        return Severity.MEDIUM if weight.beyond and weight.impact >= _MATTERS else Severity.LOW
    strong = strength >= _STRONG and metric not in _BEYOND | {SUSTAINED_SHIFT}
    return Severity.MEDIUM if strong else Severity.LOW


def _of_data(
    column: str,
    check: str,
    strength: float,
    value: float | None,
    own: Sequence[Finding],
    weights: Weights,
) -> tuple[Severity, bool, bool]:
    """Severity, whether it is certain, and whether what it is about is gone."""
    counts = weights.counts(column)
    if check == ROWS:
        return _of_rows(value, own)
    if check in {MISSING_COLUMN, CHANGED_TYPE} or (check in _SHARES and value == 1.0):
        return (Severity.HIGH if counts else Severity.MEDIUM), True, True
    if check in _SHARES:
        some = _by_share(value, strength >= _STRONG) if counts else Severity.LOW
        return some, (value or 0.0) >= _MUCH, False
    if check in _ROWS_OF:
        share = None if value is None or not weights.rows else value / weights.rows
        some = Severity.MEDIUM if share is None else _by_share(share, share >= _SOME)
        return (some if counts else Severity.LOW), True, False
    if check in OBJECTS:
        return Severity.MEDIUM, True, False
    if check in _LABELS:
        return (Severity.HIGH if strength >= _STRONGER or value == 0.0 else Severity.MEDIUM), True, False
    return _of_log(check, strength, value, own, weights)


def _of_log(
    check: str, strength: float, value: float | None, own: Sequence[Finding], weights: Weights
) -> tuple[Severity, bool, bool]:
    if check == NEW_COLUMN:
        return Severity.LOW, True, False
    some = strength >= _STRONGER or check == TIME_OF_DAY
    if check == FRESHNESS:
        some = (value or 0.0) - ((own[0].threshold if own else None) or 0.0) > _LATE * weights.seconds
    return (Severity.MEDIUM if some else Severity.LOW), False, False


def _by_share(share: float | None, some: bool) -> Severity:  # noqa: FBT001 - second of two
    if share is not None and share >= _MUCH:
        return Severity.HIGH
    return Severity.MEDIUM if some else Severity.LOW


def _of_rows(value: float | None, own: Sequence[Finding]) -> tuple[Severity, bool, bool]:
    limit = own[0].threshold if own else None
    if value is None or value <= 0.0:
        return Severity.CRITICAL, True, True
    if limit and value < limit:
        half = value < _HALF_THE_ROWS * limit
        few = Severity.MEDIUM if value < _FEW_ROWS * limit else Severity.LOW
        return (Severity.HIGH if half else few), half, False
    many = bool(limit) and value > _MANY_ROWS * (limit or 0.0)
    return (Severity.MEDIUM if many else Severity.LOW), False, False
