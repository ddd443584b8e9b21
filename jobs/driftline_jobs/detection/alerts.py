"""Alerts with a life: a fold over windows in their order.

A finding is what one window says is wrong. An alert is one thing that is wrong, from the first window that
says so to the first of several that no longer do. Findings about one column, or about the model, are one
thing, whichever metric tells; those of a segment go with the whole if the whole says the same.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from driftline_jobs.detection.advice import LASTS, OUTDATED, advice
from driftline_jobs.detection.sentences import sentence
from driftline_schemas.metrics import SUSTAINED_SHIFT

ALL = "*"
RESOLVE_AFTER = 3
"""An alert ends with this many judged windows in a row without its finding: one quiet day is no all-clear."""
RETURNS_WITHIN = 28
"""What comes back within so many windows of its end is the same alert."""
_CALLED_ONCE = {SUSTAINED_SHIFT: "lasting_shift"}
"""What a metric was called when alerts got their ids by it: they are to stay the same."""
MANY_WINDOWS = 3
"""From this many windows on a finding counts as one step more severe."""


class Topic(StrEnum):
    """What is wrong; with its place, what makes two findings one thing."""

    DRIFT = "drift"
    PERFORMANCE = "performance"
    ESTIMATE = "estimate"
    """Performance as it is expected without labels: an alert of its own, which labels may contradict."""
    QUALITY = "quality"
    COLUMNS = "columns"
    """Columns that the log has beyond those of the reference, however many."""
    SETUP = "setup"
    """What the monitor's file should say otherwise: no fault of the data, and no worse for lasting."""
    ADVICE = "advice"
    """What the other alerts together suggest."""


NO_FAULT = frozenset({Topic.SETUP, Topic.ADVICE})
LOSSES = frozenset({Topic.PERFORMANCE, Topic.ESTIMATE})


class Severity(StrEnum):
    """How bad it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class State(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is wrong: a cell, and a column of it; ``*`` for all, or for the row as a whole."""

    column: str = ALL
    model_version: str = ALL
    segment: str = ALL
    segment_value: str = ALL

    @property
    def whole(self) -> Place:
        """The same column over all rows."""
        return Place(column=self.column)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one window says is wrong.

    Attributes:
        metric: metric, or quality check.
        strength: how many times its limit the figure is (1 just reaches it); ranks findings, gives severity.
        threshold_source: see ``detection.verdicts``.
        q_value: p-value or false discovery rate, whichever was held against the rate.
        direction: "above" or "below", the side of the threshold that is wrong.
        detail: anything else to say, such as how many unseen values.
        statement: what there is to say, where metric, value and threshold do not say it.
        kind: of performance, whether it is realized or estimated; None of anything else.
        windows: whose outcomes the figure merges, this one the last of them.
        usual: the same figure of the reference, if it has one.
        certain: of performance by labels, whether its whole interval is beyond the limit.
    """

    place: Place
    topic: Topic
    metric: str
    strength: float
    value: float | None = None
    threshold: float | None = None
    threshold_source: str | None = None
    q_value: float | None = None
    direction: str = "above"
    detail: str | None = None
    statement: str | None = None
    kind: str | None = None
    windows: int = 1
    usual: float | None = None
    certain: bool = False

    def __post_init__(self) -> None:
        for name in ("strength", "value", "threshold", "q_value"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(
                    f"{name} of a finding about {self.metric} is {number}: give a number or None"
                )


@dataclass(frozen=True, slots=True)
class WindowFindings:
    """Everything one window says.

    Attributes:
        start: start of the window; label: how the window is called in a sentence.
        findings: what is wrong.
        judged: topics that were looked at. An alert whose topic was not looked at in a window, because the
            window is empty, has too few rows or no labels yet, neither goes on nor comes closer to its end.
        contradicted: whether the model was expected to do worse here, and by labels that are mature did not.
    """

    start: datetime
    label: str
    findings: Sequence[Finding]
    judged: frozenset[Topic]
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert in one window: a row of the ``alerts`` table.

    Attributes:
        first_window, last_window: starts of the windows it was opened in and last seen in.
        windows: how many windows have said so; quiet: how many since have said otherwise, in a row.
        peak: greatest strength so far.
        evidence: what changed, by how much, how sure, since when; JSON-ready, ``sentence`` says it all.
    """

    alert_id: str
    place: Place
    topic: Topic
    metric: str
    severity: Severity
    state: State
    first_window: datetime
    last_window: datetime
    windows: int
    quiet: int
    peak: float
    evidence: Mapping[str, Any]


class Fold:
    """The alerts of windows in their order, one window after the other.

    Args:
        monitor: name of the monitor, part of every alert's identity.
        opened: alerts that were open after the window before the first; resolved ones are passed over.
        ended: those that had ended, and how many windows before.
        contradicted: whether labels had contradicted the estimates.
        acknowledged: ids of alerts that somebody has seen; they go on under that state.
        renewed: whether the reference was renewed after ``opened``. What these say was found against another
            one: they go on where the first judged window says the same, and otherwise end there.
        moves: whether the reference moves with the windows.
    """

    def __init__(
        self,
        monitor: str,
        *,
        opened: Sequence[Alert] = (),
        ended: Sequence[tuple[Alert, int]] = (),
        contradicted: bool = False,
        acknowledged: Collection[str] = (),
        renewed: bool = False,
        moves: bool = False,
    ) -> None:
        self._monitor = monitor
        self._moves = moves
        self._acknowledged = acknowledged
        self._under_way = {
            (a.place, a.topic): replace(a, quiet=RESOLVE_AFTER - 1) if renewed else a
            for a in opened
            if a.state is not State.RESOLVED
        }
        self._ended = {(alert.place, alert.topic): (alert, ago) for alert, ago in ended}
        self.contradicted = contradicted

    @property
    def open(self) -> list[Alert]:
        """The alerts that are open after the last window."""
        return [self._under_way[key] for key in sorted(self._under_way)]

    @property
    def ended(self) -> list[tuple[Alert, int]]:
        """Those that have ended and may still return, and how many windows ago."""
        return [self._ended[key] for key in sorted(self._ended)]

    def step(self, window: WindowFindings) -> list[Alert]:
        """The alerts of the next window: those that are open in it, and those that it resolves."""
        self._ended = {
            key: (alert, ago + 1) for key, (alert, ago) in self._ended.items() if ago < RETURNS_WITHIN
        }
        window = self._advised(self._believed(window))
        found = _things(window.findings)
        here: list[Alert] = []
        for key in sorted(self._under_way.keys() | found.keys()):
            alert = self._after(key, found.get(key), window)
            if alert is None:
                continue
            if alert.quiet >= RESOLVE_AFTER:
                alert = replace(alert, state=State.RESOLVED)
                del self._under_way[key]
                self._ended[key] = (alert, 0)
            else:
                state = State.ACKNOWLEDGED if alert.alert_id in self._acknowledged else State.OPEN
                alert = replace(alert, state=state)
                self._under_way[key] = alert
            here.append(alert)
        return here

    def _believed(self, window: WindowFindings) -> WindowFindings:
        """The window without estimates of a loss that labels have contradicted.

        Once they have, in a window whose labels are mature, the estimate is not believed for the windows
        after it either, whose labels are still to come: until it finds no loss, or labels do.
        """
        estimated = [one for one in window.findings if one.topic is Topic.ESTIMATE]
        realized = any(one.topic is Topic.PERFORMANCE for one in window.findings)
        if window.contradicted:
            self.contradicted = True
        elif realized or (not estimated and Topic.ESTIMATE in window.judged):
            self.contradicted = False
        if not self.contradicted or not estimated:
            return window
        return replace(window, findings=[one for one in window.findings if one.topic is not Topic.ESTIMATE])

    def _advised(self, window: WindowFindings) -> WindowFindings:
        """The window with the advice that the alerts before it and its own findings suggest."""
        if Topic.DRIFT not in window.judged:
            return window
        losses = any(topic in LOSSES for _, topic in self._under_way) or any(
            finding.topic in LOSSES for finding in window.findings
        )
        columns = [
            place.column
            for (place, topic), alert in self._under_way.items()
            if topic is Topic.DRIFT
            and place == place.whole
            and place.column != ALL
            and not alert.quiet
            and window.start - alert.first_window >= LASTS
            and (place, Topic.QUALITY) not in self._under_way
        ]
        said = [*window.findings]
        if columns and not losses:
            statement = advice(columns, moves=self._moves)
            said.append(
                Finding(Place(), Topic.ADVICE, OUTDATED, 1.0, float(len(columns)), statement=statement)
            )
        return replace(window, findings=said, judged=window.judged | {Topic.ADVICE})

    def _after(
        self, key: tuple[Place, Topic], findings: Sequence[Finding] | None, window: WindowFindings
    ) -> Alert | None:
        alert, (_, topic) = self._under_way.get(key), key
        if findings is not None:
            return _seen(self._monitor, alert or self._returned(key), findings, window)
        if alert is not None and topic in window.judged:
            return replace(alert, quiet=alert.quiet + 1)
        return alert

    def _returned(self, key: tuple[Place, Topic]) -> Alert | None:
        """The alert about the same thing that has ended not long ago: what flaps is one alert, so that who
        has seen or muted it is not asked again."""
        alert, _ = self._ended.pop(key, (None, 0))
        if alert is None:
            return None
        return replace(alert, peak=0.0, windows=0)  # how bad it is, it has to show anew


def alert_id(monitor: str, place: Place, topic: Topic, metric: str, first_window: datetime) -> str:
    """16 hex digits: the same thing first seen in the same window has the same id in every run."""
    parts = (
        monitor,
        place.column,
        topic.value,
        _CALLED_ONCE.get(metric, metric),
        place.model_version,
        place.segment,
        place.segment_value,
        first_window.isoformat(),
    )
    # A check and a metric may share a name, such as unseen_fraction: the topic tells them apart. Each part
    # comes with its length, so that no two lists of parts read the same.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def severity(peak: float, windows: int) -> Severity:
    """By the greatest strength so far (twice the limit is medium, four times high); a step up if it lasts."""
    step = (peak >= 2.0) + (peak >= 4.0) + (windows >= MANY_WINDOWS)
    return (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.HIGH)[step]


def _things(findings: Iterable[Finding]) -> dict[tuple[Place, Topic], list[Finding]]:
    """Findings by the thing they are about, strongest first."""
    found: dict[tuple[Place, Topic], list[Finding]] = {}
    several = list(findings)
    wholes = {(f.place.column, f.topic) for f in several if f.place == f.place.whole}
    for finding in several:
        place = finding.place.whole if (finding.place.column, finding.topic) in wholes else finding.place
        found.setdefault((place, finding.topic), []).append(finding)
    for (place, _), group in found.items():
        group.sort(key=lambda f: (f.place != place, -f.strength, f.metric, f.place))
    return found


def _seen(monitor: str, alert: Alert | None, findings: Sequence[Finding], window: WindowFindings) -> Alert:
    """The alert after a window that has findings about it; a new one if there was none."""
    leading = findings[0]
    place = leading.place
    if alert is None:
        windows, peak, first, since = 1, leading.strength, window.start, window.label
        identity, metric = alert_id(monitor, place, leading.topic, leading.metric, first), leading.metric
    else:
        windows, peak = alert.windows + 1, max(alert.peak, leading.strength)
        first, since = alert.first_window, str(alert.evidence["since"])
        identity, metric = alert.alert_id, alert.metric
    own = [f for f in findings if f.place == place]
    external = sorted({f"{f.place.segment}={f.place.segment_value}" for f in findings if f.place != place})
    evidence: dict[str, Any] = {
        "sentence": sentence(leading, since=since, windows=windows),
        "since": since,
        "windows": windows,
        "metric": leading.metric,
        "value": leading.value,
        "threshold": leading.threshold,
        "threshold_source": leading.threshold_source,
        "q_value": leading.q_value,
        "strength": leading.strength,
        "kind": leading.kind,
        "of_windows": leading.windows,
        "also": sorted({f.metric for f in own} - {leading.metric}),
        "segments": external,
    }
    return Alert(
        alert_id=identity,
        place=place,
        topic=leading.topic,
        metric=metric,
        severity=Severity.LOW if leading.topic in NO_FAULT else severity(peak, windows),
        state=State.OPEN,
        first_window=first,
        last_window=window.start,
        windows=windows,
        quiet=0,
        peak=peak,
        evidence=evidence,
    )
