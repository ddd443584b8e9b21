"""Incidents over windows: what belongs together, how bad it is, what is news."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from driftline_jobs.detection.alerts import RETURNS_WITHIN, Place
from driftline_jobs.detection.causes import EMPTY, NO_ROWS
from driftline_jobs.detection.incident import Action, Incident, State, WindowProblems
from driftline_jobs.detection.incident_states import from_json, to_json
from driftline_jobs.detection.incidents import Fold
from driftline_jobs.detection.problems import Problem, Severity, Topic

START = datetime(2013, 3, 1, tzinfo=UTC)
LOW, MEDIUM, HIGH, CRITICAL = Severity


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def drift(column: str, severity: Severity = LOW, strength: float = 1.5, **more: object) -> Problem:
    return _problem(Topic.DRIFT, column, "mean_shift", severity, strength, **more)


def empty(column: str, severity: Severity = HIGH, strength: float = 100.0) -> Problem:
    return _problem(Topic.DATA, column, "null_fraction", severity, strength, gone=True, certain=True)


def nulls(column: str, severity: Severity = MEDIUM, strength: float = 3.0) -> Problem:
    return _problem(Topic.DATA, column, "null_fraction", severity, strength)


def loss(segment: str = "*", *, certain: bool = True) -> Problem:
    severity = CRITICAL if certain and segment == "*" else HIGH
    made = _problem(Topic.PERFORMANCE, "*", "roc_auc", severity, 2.0, certain=certain)
    place = Place("*", "*", segment, "A" if segment != "*" else "*")
    return replace(made, place=place, alert_id=f"loss-{segment}")


def _problem(
    topic: Topic, column: str, metric: str, severity: Severity, strength: float, **more: object
) -> Problem:
    given = {"certain": False, **more}
    name = f"{'quality' if topic is Topic.DATA else topic}-{column}"
    return Problem(name, Place(column), topic, metric, severity, strength=strength, **given)  # type: ignore[arg-type]


def _tell(topic: Topic, cause: str | None, problems: Sequence[Problem]) -> str:
    return f"{topic}: {cause or problems[0].column}"


class Story:
    """Windows day by day. An alert is under way for three windows after it was last seen."""

    def __init__(self, *, actions: Sequence[Action] = (), columns: int = 20) -> None:
        self.fold = Fold("flights", _tell, actions=actions)
        self.actions = actions
        self.columns = columns
        self.day = -1
        self.seen: dict[str, int] = {}

    def next(self, *problems: Problem) -> list[Incident]:
        self.day += 1
        self.seen |= {problem.alert_id: self.day for problem in problems}
        under_way = {name for name, day in self.seen.items() if self.day - day < 3}
        ordered = sorted(problems, key=lambda problem: problem.rank)
        found = self.fold.step(WindowProblems(at(self.day), ordered, under_way, self.columns))
        # as if each window were a run of its own
        state = [[to_json(o) for o in self.fold.open], [[to_json(o), ago] for o, ago in self.fold.ended]]
        opened, ended = json.loads(json.dumps(state))
        assert [from_json(one) for one in opened] == self.fold.open
        self.fold = Fold(
            "flights",
            _tell,
            opened=map(from_json, opened),
            ended=[(from_json(one), ago) for one, ago in ended],
            actions=self.actions,
        )
        return found

    def quiet(self, windows: int) -> list[Incident]:
        found: list[Incident] = []
        for _ in range(windows):
            found = self.next()
        return found


def states(incidents: Sequence[Incident]) -> dict[str, str]:
    """State of each by its headline."""
    return {incident.headline: incident.state.value for incident in incidents}


def test_an_outage_of_eight_columns_is_one_incident_with_its_cause() -> None:
    names = [f"weather_{number}" for number in range(8)]
    story = Story(columns=20)
    story.quiet(3)
    (incident,) = story.next(*map(empty, names), *map(drift, names), drift("*"))
    assert (incident.topic, incident.state, incident.severity) == (Topic.DATA, State.NEW, CRITICAL)
    assert (incident.certain, incident.cause) == (True, EMPTY)
    assert incident.headline == f"data: {EMPTY}"
    assert sorted(incident.columns) == names
    assert len(incident.alerts) == 17
    (after,) = story.next(*map(empty, names))
    assert (after.state, after.incident_id) == (State.ONGOING, incident.incident_id)
    assert after.headline == incident.headline
    assert (after.first_window, after.last_window) == (at(3), at(4))
    assert [one.state for one in story.quiet(2)] == [State.ONGOING]
    assert [one.state for one in story.quiet(1)] == [State.RESOLVED]
    assert story.quiet(1) == []


def test_one_empty_column_is_no_critical_incident() -> None:
    assert [one.severity for one in Story().next(empty("a"))] == [HIGH]
    assert [one.severity for one in Story(columns=4).next(empty("a"))] == [HIGH]


def test_an_outage_is_no_part_of_a_drift_of_months() -> None:
    story = Story()
    story.next(drift("temperature", MEDIUM), drift("distance"))
    for _ in range(100):
        (ongoing,) = story.next(drift("temperature", MEDIUM), drift("distance"))
        assert ongoing.state is State.ONGOING
    found = story.next(
        drift("temperature", MEDIUM), empty("temperature"), empty("pressure"), drift("pressure")
    )
    assert states(found) == {"drift: temperature": "ongoing", f"data: {EMPTY}": "new"}
    (outage,) = [one for one in found if one.topic is Topic.DATA]
    assert outage.first_window == at(101)
    assert sorted(outage.columns) == ["pressure", "temperature"]
    assert outage.alerts == ("drift-pressure", "quality-pressure", "quality-temperature")


def test_what_was_a_trifle_before_fails_with_the_others_for_one_cause() -> None:
    story = Story()
    (trifle,) = story.next(nulls("pressure", LOW))
    found = story.next(*map(empty, ("pressure", "humidity", "visibility")))
    (outage,) = [one for one in found if one.state is State.NEW]
    assert outage.incident_id != trifle.incident_id
    assert sorted(outage.columns) == ["humidity", "pressure", "visibility"]
    assert outage.first_window == at(1)


def test_a_column_that_only_gets_worse_is_one_incident_that_escalates() -> None:
    story = Story()
    (first,) = story.next(nulls("a", MEDIUM))
    (second,) = story.next(replace(empty("a"), alert_id=first.alerts[0]))
    assert (second.state, second.severity, second.incident_id) == (State.ESCALATED, HIGH, first.incident_id)
    assert [one.state for one in story.next(empty("a"))] == [State.ONGOING]


@pytest.mark.parametrize(("apart", "incidents"), [(0, 1), (1, 1), (2, 1), (3, 2)])
def test_what_opens_within_two_windows_belongs_together(apart: int, incidents: int) -> None:
    story = Story()
    story.next(drift("a", MEDIUM), *([drift("b")] if not apart else []))
    for _ in range(apart - 1):
        story.next(drift("a", MEDIUM))
    found = story.next(drift("a", MEDIUM), drift("b"))
    assert len(found) == incidents


def test_what_joins_one_by_one_does_not_make_an_everlasting_incident() -> None:
    story, found = Story(), []
    for day in range(60):
        found = story.next(*(drift(f"column_{number}") for number in range(day // 2 + 1)))
    assert len(found) == 4
    assert max(len(one.columns) for one in found) <= 8


def test_what_is_worse_than_a_young_incident_is_one_of_its_own() -> None:
    story = Story()
    story.next(drift("a"))
    found = story.next(drift("a"), drift("b", MEDIUM))
    assert states(found) == {"drift: a": "ongoing", "drift: b": "new"}


def test_losses_are_one_incident_apart_from_all_else_and_sure_by_labels() -> None:
    story = Story()
    found = story.next(loss("carrier", certain=False), drift("distance", MEDIUM))
    assert {one.topic for one in found} == {Topic.PERFORMANCE, Topic.DRIFT}
    for _ in range(30):
        story.next(loss("carrier", certain=False))
    (worse,) = story.next(loss("carrier", certain=False), loss())
    assert (worse.state, worse.severity, worse.certain) == (State.ESCALATED, CRITICAL, True)
    assert worse.first_window == at(0)
    for _ in range(100):
        (lasting,) = story.next(loss())
        assert (lasting.state, lasting.severity) == (State.ONGOING, CRITICAL)


def test_an_estimate_is_not_certain_until_labels_say_so() -> None:
    story = Story()
    (first,) = story.next(loss(certain=False))
    assert (first.state, first.severity, first.certain) == (State.NEW, HIGH, False)
    (second,) = story.next(loss())
    assert (second.state, second.certain) == (State.ESCALATED, True)


def test_no_rows_is_the_cause_of_what_else_fails() -> None:
    rows = _problem(Topic.DATA, "*", "rows", CRITICAL, 4.0, gone=True, certain=True)
    stale = _problem(Topic.DATA, "*", "freshness", LOW, 1.0)
    (incident,) = Story().next(rows, replace(stale, alert_id="stale"))
    assert (incident.cause, incident.severity, incident.columns) == (NO_ROWS, CRITICAL, ())


def test_an_impact_twice_as_large_escalates_and_duration_does_not() -> None:
    story = Story()
    story.next(drift("a", MEDIUM, impact=0.1))
    for impact in (0.15, 0.19, 0.05):
        assert [one.state for one in story.next(drift("a", MEDIUM, impact=impact))] == [State.ONGOING]
    story.next(drift("a", MEDIUM, impact=0.4))  # one stormy day
    assert [one.state for one in story.next(drift("a", MEDIUM, impact=0.1))] == [State.ONGOING]
    story.next(drift("a", MEDIUM, impact=0.2))
    (worse,) = story.next(drift("a", MEDIUM, impact=0.2))
    assert (worse.state, worse.impact, worse.severity) == (State.ESCALATED, 0.2, MEDIUM)
    assert [one.state for one in story.next(drift("a", MEDIUM, impact=0.3))] == [State.ONGOING]


def test_what_comes_back_is_the_same_incident_and_news_again() -> None:
    story = Story()
    (first,) = story.next(nulls("a", MEDIUM))
    (ended,) = story.quiet(3)
    assert ended.state is State.RESOLVED
    (back,) = story.next(nulls("a", MEDIUM))
    assert (back.incident_id, back.state, back.first_window) == (first.incident_id, State.NEW, at(0))
    story.quiet(RETURNS_WITHIN + 4)
    story.seen.clear()
    (later,) = story.next(nulls("a", MEDIUM))
    assert later.incident_id != first.incident_id


def test_a_loss_goes_by_the_figure_that_is_read_first_once_that_is_sure() -> None:
    story = Story()
    precision = replace(loss(), metric="precision", reading=4)
    told = []
    for reading in (4, 0, 4):
        (found,) = story.next(replace(precision, reading=reading, place=Place(f"metric_{reading}")))
        told.append((found.state, found.headline))
    assert told == [
        (State.NEW, "performance: metric_4"),
        (State.ONGOING, "performance: metric_0"),
        (State.ONGOING, "performance: metric_0"),
    ]


def test_a_drift_ends_after_two_quiet_weeks_and_damage_at_once() -> None:
    story = Story()
    story.next(drift("a", MEDIUM), nulls("b"))
    ends: dict[Topic, int] = {}
    for day in range(1, 20):
        ends |= {one.topic: day for one in story.next() if one.state is State.RESOLVED}
    assert ends == {Topic.DATA: 3, Topic.DRIFT: 14}


def test_what_fails_is_no_worse_drift() -> None:
    story = Story()
    story.next(drift("a"))
    for _ in range(3):
        found = story.next(drift("a", MEDIUM), empty("a"))
    assert {one.topic: one.severity for one in found} == {Topic.DRIFT: LOW, Topic.DATA: HIGH}


def test_an_acknowledged_incident_is_silent_until_it_escalates() -> None:
    (first,) = Story().next(drift("a", MEDIUM, impact=0.1))
    story = Story(actions=[Action(first.incident_id, State.ACKNOWLEDGED, at(1))])
    story.next(drift("a", MEDIUM, impact=0.1))
    assert [one.state for one in story.next(drift("a", MEDIUM, impact=0.1))] == [State.ONGOING]
    assert [one.state for one in story.next(drift("a", MEDIUM, impact=0.1))] == [State.ACKNOWLEDGED]
    found = [story.next(drift("a", MEDIUM, impact=0.2))[0].state for _ in range(3)]
    assert found == [State.ACKNOWLEDGED, State.ESCALATED, State.ONGOING]


def test_an_accepted_incident_is_held_against_the_windows_since_from_the_eighth_on() -> None:
    (first,) = Story().next(drift("a", MEDIUM, 5.0))
    story = Story(actions=[Action(first.incident_id, State.ACCEPTED, at(0))])
    story.next(drift("a", MEDIUM, 5.0))
    for strength in (5.0, 5.4, 4.8, 5.1, 5.2, 4.9, 5.3, 5.0):
        assert [one.state for one in story.next(drift("a", MEDIUM, strength))] == [State.ACCEPTED]
    # logarithms: mean 1.626, sd .040 (taken for .05), t(7, .001) = 4.785: the limit is e^1.880 = 6.55 (scipy)
    for strength in (5.3, 8.0, 5.0, 8.0):
        assert [one.state for one in story.next(drift("a", MEDIUM, strength))] == [State.ACCEPTED]
    (worse,) = story.next(drift("a", MEDIUM, 9.0))
    assert worse.state is State.ESCALATED


def test_until_then_it_is_silent_and_no_other_column_is_touched() -> None:
    (first,) = Story().next(drift("a", MEDIUM, 5.0))
    story = Story(actions=[Action(first.incident_id, State.ACCEPTED, at(0))])
    story.next(drift("a", MEDIUM, 5.0))
    for strength in (5.0, 50.0, 60.0, 5.0):
        assert [one.state for one in story.next(drift("a", MEDIUM, strength))] == [State.ACCEPTED]
    found = story.next(drift("a", MEDIUM, 5.0), drift("b", MEDIUM))
    assert states(found) == {"drift: a": "accepted", "drift: b": "new"}


def test_an_action_says_nothing_of_windows_before_it() -> None:
    (first,) = Story().next(drift("a", MEDIUM))
    story = Story(actions=[Action(first.incident_id, State.ACKNOWLEDGED, at(5))])
    found = [story.next(drift("a", MEDIUM))[0].state for _ in range(8)]
    assert found == [State.NEW, *[State.ONGOING] * 5, *[State.ACKNOWLEDGED] * 2]


def test_ids_do_not_depend_on_what_else_is_wrong() -> None:
    (one,) = Story().next(drift("a", MEDIUM))
    (two,) = Story().next(drift("a", MEDIUM), drift("b", HIGH))
    assert one.incident_id == two.incident_id
    (data,) = Story().next(nulls("a"))
    assert data.incident_id != one.incident_id
