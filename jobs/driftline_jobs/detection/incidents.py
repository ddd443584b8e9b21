"""Incidents: a fold over windows in their order, from what each window's alerts mean to what people see.

Problems of one topic that open within two windows of each other, while one of them is under way, are one
incident; so are those that one cause explains. A model's losses are one incident however far apart they open.
What comes later is an incident of its own, so that a drift of months does not swallow an outage.

    place       which incident each new problem belongs to: one that is young, one that returns, or a new one
    step        how each incident stands after the window
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from driftline_jobs.detection.accepted import beyond, distance, followed
from driftline_jobs.detection.alerts import ALL, RESOLVE_AFTER, RETURNS_WITHIN
from driftline_jobs.detection.causes import cause_of, explained_by, of_one_cause
from driftline_jobs.detection.incident import (
    Action,
    Incident,
    State,
    WindowProblems,
    blank,
    incident_id,
)
from driftline_jobs.detection.problems import Problem, Severity, Topic

APART: Final = 2
"""Problems that open at most so many windows apart may be one incident."""
_LONGEST: Final = {Topic.DRIFT: 14, Topic.DATA: APART}
"""How many windows after its opening an incident takes in what is new: the new schedule of an airline arrives
column by column within days, and what fails within two windows is one outage."""
_ENDS_AFTER: Final = {Topic.DATA: RESOLVE_AFTER, Topic.DRIFT: 14, Topic.PERFORMANCE: 14}
"""Quiet windows before an incident ends: what comes back week by week has not ended."""
_IN_A_ROW: Final = {Topic.DATA: 1, Topic.DRIFT: 2, Topic.PERFORMANCE: 1}
"""Windows in a row for which an incident has to be worse to escalate: one stormy day makes no drift worse."""
_AS_MUCH_AGAIN: Final = 2.0
"""An impact so many times what was said is another story."""
_MOST_GONE: Final = 0.25
"""Share of the columns without a value from which on the data is gone."""


Tell = Callable[[Topic, str | None, Sequence[Problem]], str]
"""Says in one sentence what happened: of a topic, a cause if there is one, the problems, the worst first."""


class Fold:
    """The incidents of windows in their order, one window after the other.

    Args:
        monitor: name of the monitor, part of every incident's identity.
        tell: finds the words; called where an incident is new or escalated.
        opened: the incidents that were under way after the window before the first.
        ended: those that had ended, and how many windows before.
        actions: what people said, in the order in which they did.
    """

    def __init__(
        self,
        monitor: str,
        tell: Tell,
        *,
        opened: Iterable[Incident] = (),
        ended: Iterable[tuple[Incident, int]] = (),
        actions: Iterable[Action] = (),
    ) -> None:
        self._monitor = monitor
        self._tell = tell
        self._open = {incident.incident_id: incident for incident in opened}
        self._ended = {incident.incident_id: (incident, ago) for incident, ago in ended}
        self._now: datetime | None = None
        self._taken: list[Incident] = []
        self._actions: dict[str, list[Action]] = {}
        for action in actions:
            self._actions.setdefault(action.incident_id, []).append(action)

    @property
    def open(self) -> list[Incident]:
        """The incidents that are under way after the last window."""
        return [self._open[name] for name in sorted(self._open)]

    @property
    def ended(self) -> list[tuple[Incident, int]]:
        """Those that have ended and may still return, and how many windows ago."""
        return [self._ended[name] for name in sorted(self._ended)]

    def step(self, window: WindowProblems) -> list[Incident]:
        """The incidents of the next window: those that are under way in it, and those that end with it."""
        self._now = window.start
        self._ended = {
            name: (incident, ago + 1) for name, (incident, ago) in self._ended.items() if ago < RETURNS_WITHIN
        }
        self._open = {
            name: replace(incident, age=incident.age + 1, joined=incident.joined + 1)
            for name, incident in sorted(
                self._open.items()
            )  # by id, as where the fold goes on from its state
        }
        self._taken = []
        opened = self._place(window)
        seen = {problem.key: problem for problem in window.problems}
        damaged = {
            problem.column
            for problem in window.problems
            if problem.topic is Topic.DATA and problem.severity > Severity.LOW
        }
        here = []
        for name in sorted(self._open):
            incident = self._open[name]
            own = _of(incident, seen, damaged)
            after = self._after(incident, own, window, is_new=name in opened)
            here.append(after)
            if after.state is State.RESOLVED:
                del self._open[name]
                self._ended[name] = (after, 0)
            else:
                self._open[name] = after
        for incident in self._taken:
            ended = replace(incident, state=State.RESOLVED)
            self._ended[ended.incident_id] = (ended, 0)
            here.append(ended)
        return sorted(here, key=lambda one: one.incident_id)

    # -- which incident a problem belongs to -------------------------------------------------------

    def _place(self, window: WindowProblems) -> set[str]:
        """Let each problem that is in no incident yet join one; ids of those that this opens."""
        owner = {key: name for name, incident in self._open.items() for key in incident.members}
        fresh = [problem for problem in window.problems if problem.key not in owner]
        fresh += self._drawn_along(fresh, window.problems, owner)
        opened: set[str] = set()
        for topic in (Topic.DATA, Topic.PERFORMANCE, Topic.DRIFT):
            several = [problem for problem in fresh if problem.topic is topic]
            if topic is Topic.DRIFT:
                several = self._unexplained(several)
            for kind, group in _groups(topic, several).items():
                target, is_new = self._target(topic, kind, group, window.start)
                opened |= {target} if is_new else set()
                self._join(target, group)
        return opened

    def _drawn_along(
        self, fresh: Sequence[Problem], seen: Sequence[Problem], owner: Mapping[str, str]
    ) -> list[Problem]:
        """Problems of milder incidents that have become part of what is failing now, for the same cause."""
        along = []
        for problem in seen:
            name = owner.get(problem.key)
            if name is None or self._open[name].severity >= problem.severity:
                continue
            if sum(of_one_cause(problem, other) for other in fresh) > 1:
                along.append(problem)
                incident = self._open[name]
                rest = tuple(key for key in incident.members if key != problem.key)
                if rest:
                    self._open[name] = replace(incident, members=rest)
                else:
                    self._taken.append(self._open.pop(name))
        return along

    def _unexplained(self, group: Sequence[Problem]) -> list[Problem]:
        """Those that no damage of the data explains; the others join its incident."""
        damaged = [
            incident
            for incident in self._open.values()
            if incident.topic is Topic.DATA and incident.joined <= APART and not self._is_silent(incident)
        ]
        rest = []
        for problem in group:
            found = next((one for one in damaged if explained_by(problem, one.columns, one.severity)), None)
            if found is None:
                rest.append(problem)
            else:
                self._join(found.incident_id, [problem], again=False)
        return rest

    def _target(self, topic: Topic, kind: str, group: Sequence[Problem], start: datetime) -> tuple[str, bool]:
        """The incident that a group of problems belongs to, and whether it opens with them."""
        keys, worst = {problem.key for problem in group}, max(problem.severity for problem in group)
        losses = topic is Topic.PERFORMANCE
        same = [one for one in self._open.values() if one.topic is topic and one.kind == kind]
        young = [
            incident
            for incident in same
            if losses
            or (
                incident.joined <= APART
                and incident.age <= _LONGEST[topic]
                and incident.severity >= worst
                and not self._is_silent(incident)
            )
        ]
        if young:
            return max(young, key=lambda one: (one.first_window, one.incident_id)).incident_id, False
        returning = [
            (len(keys.intersection(incident.members)), incident)
            for incident, _ in self._ended.values()
            if incident.topic is topic and incident.kind == kind
        ]
        most, incident = max(
            returning, key=lambda one: (one[0], one[1].last_window, one[1].incident_id), default=(0, None)
        )
        if incident is not None and (2 * most >= len(keys) or (losses and most)):
            del self._ended[incident.incident_id]
            anew = replace(incident, severity=worst, certain=False, peak=0.0, age=0)
            self._open[incident.incident_id] = anew
            return incident.incident_id, True
        name = incident_id(self._monitor, topic, kind, start)
        self._open[name] = blank(name, topic, kind, worst, start)
        return name, True

    def _join(self, name: str, group: Sequence[Problem], *, again: bool = True) -> None:
        """``again``: whether others may join as long after these."""
        incident = self._open[name]
        members = tuple(sorted({*incident.members, *(problem.key for problem in group)}))
        columns = _columns(group, incident.columns)
        joined = 0 if again else incident.joined
        self._open[name] = replace(incident, members=members, columns=columns, joined=joined)

    # -- how it stands -----------------------------------------------------------------------------

    def _after(
        self, incident: Incident, own: Sequence[Problem], window: WindowProblems, *, is_new: bool
    ) -> Incident:
        if not own:
            quiet = replace(incident, quiet=incident.quiet + 1, worse=0)
            state = State.RESOLVED if _ends(quiet, window) else self._silence(incident) or State.ONGOING
            return replace(quiet, state=state)
        now = _severity(own, window.columns)
        severity = max(incident.severity, now)
        worst = [problem for problem in own if problem.severity >= max(incident.severity, own[0].severity)]
        impact = max((problem.impact for problem in own if problem.impact is not None), default=None)
        silent = self._silence(incident)
        after = replace(
            incident,
            severity=severity,
            certain=incident.certain or any(problem.certain for problem in worst),
            last_window=window.start,
            quiet=0,
            columns=_columns(own, incident.columns),
            impact=impact,
            peak=max(incident.peak, *(problem.strength for problem in own)),
        )
        if is_new:
            return self._told(after, State.NEW, own, window)
        worse = severity > incident.severity or (_telling(own) >= _AS_MUCH_AGAIN * incident.said > 0.0)
        if silent is State.ACCEPTED:
            off = distance(own)
            worse = severity > incident.severity or beyond(incident.norm, off)
            after = after if worse else replace(after, norm=followed(incident.norm, off))
        else:
            after = replace(after, norm=())
        worse_for = incident.worse + 1 if worse else 0
        if worse_for >= _IN_A_ROW[incident.topic]:
            return self._told(after, State.ESCALATED, own, window)
        held = incident.severity if worse else severity
        after = replace(after, state=silent or State.ONGOING, severity=held, worse=worse_for)
        if min(problem.reading for problem in own) < incident.reading:
            # what people look at first is sure by now: the same loss by its best name, and no news
            return self._worded(after, own)
        return after

    def _told(
        self, incident: Incident, state: State, own: Sequence[Problem], window: WindowProblems
    ) -> Incident:
        """The incident with words for what has happened to it."""
        told = replace(incident, state=state, changed=window.start, worse=0, said=_telling(own), norm=())
        return self._worded(told, own)

    def _worded(self, incident: Incident, own: Sequence[Problem]) -> Incident:
        cause = cause_of(incident.topic, own)
        leading = own[0]
        return replace(
            incident,
            cause=cause,
            headline=self._tell(incident.topic, cause, own),
            reading=min(problem.reading for problem in own),
            leading={
                "alert_id": leading.alert_id,
                "column_name": leading.column,
                "metric": leading.metric,
                "strength": leading.strength,
            },
        )

    def _silence(self, incident: Incident) -> State | None:
        """The state that the last action on it before this window gives, unless it has escalated since."""
        said = [
            action
            for action in self._actions.get(incident.incident_id, ())
            if incident.changed <= action.window and (self._now is None or action.window < self._now)
        ]
        return said[-1].state if said else None

    def _is_silent(self, incident: Incident) -> bool:
        return self._silence(incident) is not None


def _groups(topic: Topic, problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """What may be one incident: trifles of the data only with those that fail the same check, unless
    something grave happens at once."""
    found: dict[str, list[Problem]] = {}
    grave = any(problem.severity >= Severity.HIGH for problem in problems)
    for problem in problems:
        trifle = topic is Topic.DATA and problem.severity is Severity.LOW and not grave
        found.setdefault(problem.metric if trifle else "", []).append(problem)
    return found


def _of(incident: Incident, seen: Mapping[str, Problem], damaged: Collection[str]) -> list[Problem]:
    """What of the incident was seen, the worst first; what damage explains is no news of a drift."""
    own = [seen[key] for key in incident.members if key in seen]
    if incident.topic is Topic.DRIFT:
        own = [
            replace(one, severity=Severity.LOW, impact=None) if one.column in damaged else one for one in own
        ]
    return sorted(own, key=lambda problem: problem.rank)


def _telling(own: Iterable[Problem]) -> float:
    """The largest impact of those that are worth a word."""
    return max((one.impact or 0.0 for one in own if one.severity > Severity.LOW), default=0.0)


def _ends(incident: Incident, window: WindowProblems) -> bool:
    """Whether it was quiet for long enough, and none of its alerts is under way, unless about something else
    by now."""
    if incident.quiet < _ENDS_AFTER[incident.topic]:
        return False
    elsewhere = {problem.alert_id for problem in window.problems}
    return not any(name in window.under_way and name not in elsewhere for name in incident.alerts)


def _severity(own: Sequence[Problem], columns: int) -> Severity:
    """That of the worst; where many columns are gone at once, the data is."""
    gone = {problem.column for problem in own if problem.gone}
    if len(gone) > 1 and len(gone) >= _MOST_GONE * columns > 0:
        return Severity.CRITICAL
    return max(problem.severity for problem in own)


def _columns(first: Iterable[Problem], rest: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(problem.column for problem in first)
    return tuple(name for name in dict.fromkeys([*names, *rest]) if name != ALL)
