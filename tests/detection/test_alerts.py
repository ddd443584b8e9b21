"""Alerts over windows: opened once, kept, resolved; one for one thing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftline_jobs.detection.advice import LASTS
from driftline_jobs.detection.alert_states import from_json, to_json
from driftline_jobs.detection.alerts import (
    RESOLVE_AFTER,
    RETURNS_WITHIN,
    Alert,
    Finding,
    Fold,
    Place,
    Severity,
    State,
    Topic,
    WindowFindings,
    alert_id,
    severity,
)
from driftline_jobs.detection.sentences import number, sentence

START = datetime(2013, 7, 1, tzinfo=UTC)
EVERYTHING = frozenset(Topic)
CARRIER = Place(column="carrier")


def drift(strength: float = 1.5, place: Place = CARRIER, metric: str = "psi") -> Finding:
    return Finding(place, Topic.DRIFT, metric, strength, 0.2 * strength, 0.2, "rule", 0.001)


def window(day: int, *findings: Finding, judged: frozenset[Topic] = EVERYTHING) -> WindowFindings:
    start = START + timedelta(days=day)
    return WindowFindings(start, f"{start:%Y-%m-%d}", findings, judged)


def fold(monitor: str, windows: Sequence[WindowFindings], **more: Any) -> list[list[Alert]]:
    folded = Fold(monitor, **more)
    return [folded.step(one) for one in windows]


def states(events: Sequence[Sequence[Alert]]) -> list[list[str]]:
    return [[alert.state.value for alert in alerts] for alerts in events]


def test_one_alert_for_one_thing_over_its_whole_life() -> None:
    days = [window(0), window(1, drift()), window(2, drift(2.5)), window(3, drift())]
    days += [window(4 + i) for i in range(RESOLVE_AFTER + 1)]
    events = fold("flights", days)
    assert states(events) == [[], ["open"], ["open"], ["open"], ["open"], ["open"], ["resolved"], []]
    alerts = [alert for day in events for alert in day]
    assert len({alert.alert_id for alert in alerts}) == 1
    last = alerts[-1]
    assert (last.first_window, last.last_window) == (START + timedelta(days=1), START + timedelta(days=3))
    assert (last.windows, last.peak) == (3, 2.5)


def test_a_quiet_day_is_no_all_clear_and_a_return_is_the_same_alert() -> None:
    events = fold("flights", [window(0, drift()), window(1), window(2), window(3, drift()), window(4)])
    assert states(events) == [["open"]] * 5
    assert len({day[0].alert_id for day in events}) == 1
    assert [day[0].quiet for day in events] == [0, 1, 2, 0, 1]


@pytest.mark.parametrize(("after", "same"), [(1, True), (RETURNS_WITHIN, True), (RETURNS_WITHIN + 1, False)])
def test_what_comes_back_soon_after_its_end_is_the_same_alert(after: int, *, same: bool) -> None:
    quiet = [window(1 + i) for i in range(RESOLVE_AFTER + after - 1)]
    events = fold("flights", [window(0, drift()), *quiet, window(90, drift())])
    assert events[RESOLVE_AFTER][0].state is State.RESOLVED
    assert states(events)[-1] == ["open"]
    assert (events[-1][0].alert_id == events[0][0].alert_id) is same
    assert (events[-1][0].windows, events[-1][0].peak) == (1, 1.5)
    assert events[-1][0].first_window == START + timedelta(days=0 if same else 90)


def test_windows_that_were_not_judged_neither_keep_nor_end_it() -> None:
    empty = [window(1 + i, judged=frozenset({Topic.QUALITY})) for i in range(10)]
    events = fold("flights", [window(0, drift()), *empty])
    assert states(events) == [["open"]] * 11
    assert events[-1][0].quiet == 0
    assert events[-1][0].last_window == START


def test_several_metrics_of_a_column_are_one_thing_and_the_strongest_speaks() -> None:
    events = fold("flights", [window(0, drift(1.2, metric="ks"), drift(3.0, metric="psi"))])
    (alert,) = events[0]
    assert alert.metric == "psi"
    assert alert.evidence["also"] == ["ks"]


def test_an_alert_keeps_its_metric_and_id_when_another_metric_leads_later() -> None:
    events = fold("flights", [window(0, drift(metric="psi")), window(1, drift(9.0, metric="ks"))])
    assert [day[0].metric for day in events] == ["psi", "psi"]
    assert events[1][0].evidence["metric"] == "ks"
    assert events[0][0].alert_id == events[1][0].alert_id


def test_a_segment_goes_with_the_whole_but_stands_alone_without_it() -> None:
    jfk = Place("carrier", "*", "origin", "JFK")
    (together,) = fold("flights", [window(0, drift(), drift(8.0, jfk))])[0]
    assert together.place == CARRIER
    assert together.evidence["segments"] == ["origin=JFK"]
    assert together.evidence["value"] == pytest.approx(0.3)
    (alone,) = fold("flights", [window(0, drift(8.0, jfk))])[0]
    assert alone.place == jfk


def test_other_topics_of_a_column_are_other_things() -> None:
    nulls = Finding(CARRIER, Topic.QUALITY, "null_fraction", 2.0, 0.5, 0.05, "fixed_default")
    (day,) = fold("flights", [window(0, drift(), nulls)])
    assert [alert.topic for alert in day] == [Topic.DRIFT, Topic.QUALITY]


def test_the_fold_goes_on_from_its_state_as_if_it_had_never_stopped() -> None:
    """Through JSON: alerts that are under way, that are quiet, and that have ended and come back."""
    other = Finding(Place("origin"), Topic.DRIFT, "psi", 3.0, 0.4, 0.2, "calibrated")
    days = [
        window(i, *([drift(1 + i)] if i % 7 < 2 else []), *([other] if i in (3, 12) else []))
        for i in range(30)
    ]
    once = fold("flights", days)
    for stop in (1, 5, 9, 20):
        first = Fold("flights")
        for day in days[:stop]:
            first.step(day)
        under_way = json.loads(json.dumps([to_json(one) for one in first.open]))
        ended = json.loads(json.dumps([[to_json(one), ago] for one, ago in first.ended]))
        second = Fold(
            "flights",
            opened=[from_json(one) for one in under_way],
            ended=[(from_json(one), ago) for one, ago in ended],
        )
        assert [second.step(day) for day in days[stop:]] == once[stop:]


def test_acknowledged_alerts_go_on_under_that_state() -> None:
    days = [window(0, drift()), window(1, drift())]
    identity = fold("flights", days)[0][0].alert_id
    events = fold("flights", days, acknowledged={identity})
    assert states(events) == [["acknowledged"], ["acknowledged"]]


def test_ids_tell_everything_apart_and_nothing_else() -> None:
    first = alert_id("flights", CARRIER, Topic.DRIFT, "psi", START)
    assert first == alert_id("flights", Place(column="carrier"), Topic.DRIFT, "psi", START)
    others = {
        alert_id("other", CARRIER, Topic.DRIFT, "psi", START),
        alert_id("flights", Place("carrier", "v1"), Topic.DRIFT, "psi", START),
        alert_id("flights", Place("carrier", "*", "v1"), Topic.DRIFT, "psi", START),
        alert_id("flights", CARRIER, Topic.DRIFT, "ks", START),
        alert_id("flights", CARRIER, Topic.DRIFT, "psi", START + timedelta(hours=1)),
        # a metric and a quality check may have one name
        alert_id("flights", CARRIER, Topic.QUALITY, "psi", START),
        # parts must not run into each other
        alert_id("flights", Place("carrierpsi"), Topic.DRIFT, "", START),
    }
    assert len(others | {first}) == 8
    assert len(first) == 16


@pytest.mark.parametrize(
    ("peak", "windows", "expected"),
    [
        (1.1, 1, Severity.LOW),
        (1.1, 3, Severity.MEDIUM),
        (2.0, 1, Severity.MEDIUM),
        (2.5, 5, Severity.HIGH),
        (4.0, 1, Severity.HIGH),
        (9.0, 9, Severity.HIGH),
    ],
)
def test_severity_by_effect_and_duration(peak: float, windows: int, expected: Severity) -> None:
    assert severity(peak, windows) is expected


def test_evidence_is_a_sentence_and_plain_json() -> None:
    events = fold("flights", [window(0, drift()), window(1, drift(2.0))])
    evidence = json.loads(json.dumps(events[1][0].evidence))
    assert evidence["sentence"] == (
        "carrier has drifted: psi 0.4 is above 0.2 (the monitor's rule); "
        "of such alarms 0.1 % at most are false; since 2013-07-01, 2 windows so far"
    )
    assert evidence["since"] == "2013-07-01"


def test_sentences_name_the_place() -> None:
    place = Place("*", "v2", "origin", "JFK")
    finding = Finding(
        place, Topic.PERFORMANCE, "roc_auc", 2.0, 0.61, 0.7, "reference_interval", direction="below"
    )
    assert sentence(finding, since="2013-07-01", windows=1) == (
        "the model does worse where origin is JFK in version v2: roc_auc 0.61 is below 0.7 "
        "(the reference's figure less a margin); since 2013-07-01"
    )
    missing = Finding(Place(), Topic.QUALITY, "rows_expected", 1.0, detail="the window is empty")
    assert sentence(missing, since="2013-07-01", windows=1) == (
        "the log fails a check: rows_expected, the window is empty; since 2013-07-01"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.31, "0.31"),
        (0.00031, "0.00031"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-0.5, "-0.5"),
        (3e-7, "3.00e-07"),
        (9.99e9, "9.99e+09"),
    ],
)
def test_numbers_have_sensible_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("name", ["strength", "value", "threshold", "q_value"])
def test_findings_hold_no_nan(name: str) -> None:
    changes: dict[str, Any] = {name: float("nan")}
    with pytest.raises(ValueError, match=name):
        replace(drift(), **changes)


def test_drift_that_lasts_while_the_model_holds_is_worth_advice() -> None:
    days = [window(day, drift()) for day in range(LASTS.days + 2)]
    events = fold("flights", days)
    advised = [[a for a in alerts if a.metric == "reference_outdated"] for alerts in events]
    assert [bool(several) for several in advised] == [False] * LASTS.days + [True, True]
    (alert,) = advised[-1]
    assert (alert.place, alert.severity) == (Place(), Severity.LOW)
    said = alert.evidence["sentence"]
    assert "one column has drifted for 21 days or more" in said
    assert "`driftline rebase`" in said
    assert "trailing: 28d" in said
    moving = fold("flights", days, moves=True)[-1]
    assert not any("trailing" in a.evidence["sentence"] for a in moving)


def test_there_is_no_advice_to_make_a_loss_the_norm() -> None:
    lost = Finding(Place(), Topic.PERFORMANCE, "roc_auc", 2.0, 0.6, 0.7, "calibrated", 0.001)
    events = fold("flights", [window(day, drift(), lost) for day in range(LASTS.days + 2)])
    assert not any(alert.metric == "reference_outdated" for alerts in events for alert in alerts)


def loss(kind: str) -> Finding:
    topic = Topic.ESTIMATE if kind == "estimated" else Topic.PERFORMANCE
    return Finding(Place(), topic, "roc_auc", 2.0, 0.61, 0.7, "calibrated", 0.001, kind=kind)


def contradicted(day: int, *findings: Finding) -> WindowFindings:
    return replace(window(day, *findings), contradicted=True)


def test_a_loss_by_estimate_and_one_by_labels_are_two_things_that_can_be_told_apart() -> None:
    (alerts,) = fold("flights", [window(0, loss("estimated"), loss("realized"))])
    assert {alert.evidence["kind"] for alert in alerts} == {"estimated", "realized"}
    assert len({alert.alert_id for alert in alerts}) == 2
    said = {alert.evidence["kind"]: alert.evidence["sentence"] for alert in alerts}
    assert said["realized"].startswith("the model does worse: roc_auc 0.61")
    assert said["estimated"].startswith("the model would be expected to do worse")


def test_an_estimate_that_mature_labels_contradict_alarms_in_no_window_after_it_either() -> None:
    days = [contradicted(0), window(1, loss("estimated")), window(2, loss("estimated"))]
    assert states(fold("flights", days)) == [[], [], []]
    # until it has found nothing once, or labels show a loss
    again = [*days, window(3), window(4, loss("estimated"))]
    assert states(fold("flights", again))[-1] == ["open"]
    confirmed = [*days, window(3, loss("estimated"), loss("realized"))]
    assert states(fold("flights", confirmed))[-1] == ["open", "open"]


def test_a_finding_over_several_windows_says_so() -> None:
    ((alert,),) = fold("flights", [window(0, replace(loss("realized"), windows=28))])
    assert alert.evidence["of_windows"] == 28
    assert "roc_auc over 28 windows 0.61" in alert.evidence["sentence"]
