"""Alerts weighed: what they are about, how bad, how sure."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from driftline_jobs.detection import alerts
from driftline_jobs.detection.alerts import Alert, Finding, Fold, Place, Topic, WindowFindings
from driftline_jobs.detection.problems import Problem, Severity, Weight, Weights, problems_of

START = datetime(2013, 7, 1, tzinfo=UTC)
LOW, MEDIUM, HIGH, CRITICAL = Severity
WHOLE = Place("income")


def weighed(finding: Finding, weights: Weights = Weights(rows=1000, seconds=86400.0)) -> Problem:  # noqa: B008 - frozen
    (alert,) = _alerts(finding)
    (problem,) = problems_of([alert], [finding], weights)
    return problem


def _alerts(*findings: Finding) -> list[Alert]:
    fold = Fold("bench")
    return fold.step(WindowFindings(START, "2013-07-01", findings, frozenset(Topic)))


def check(name: str, value: float, strength: float = 1.0, place: Place = WHOLE, **more: object) -> Finding:
    return Finding(place, Topic.QUALITY, name, strength, value, **more)  # type: ignore[arg-type]


def drift(strength: float = 1.5, place: Place = WHOLE, metric: str = "mean_shift") -> Finding:
    return Finding(place, Topic.DRIFT, metric, strength, 0.3, 0.2)


def loss(place: Place = Place(), *, certain: bool, topic: Topic = Topic.PERFORMANCE) -> Finding:  # noqa: B008
    return Finding(place, topic, "roc_auc", 2.0, 0.6, 0.7, certain=certain, kind="realized")


def test_severities_are_in_order() -> None:
    assert all(mild < bad and bad > mild and mild <= bad and bad >= mild for mild, bad in pairwise(Severity))
    assert max(Severity) is CRITICAL
    assert min(Severity) is LOW


@pytest.mark.parametrize(
    ("finding", "severity", "certain"),
    [
        (loss(certain=True), CRITICAL, True),
        (loss(certain=False), HIGH, False),
        (loss(certain=False, topic=Topic.ESTIMATE), HIGH, False),
        (loss(Place("*", "*", "city", "Oslo"), certain=True), HIGH, True),
    ],
)
def test_losses(finding: Finding, severity: Severity, *, certain: bool) -> None:
    problem = weighed(finding)
    assert (problem.topic, problem.severity, problem.certain) == ("performance", severity, certain)


@pytest.mark.parametrize(
    ("finding", "severity", "certain"),
    [
        (check("rows", 0.0, 4.0, Place()), CRITICAL, True),
        (check("rows", 300.0, 2.0, Place(), threshold=800.0), HIGH, True),
        (check("rows", 600.0, 2.0, Place(), threshold=800.0), MEDIUM, False),
        (check("rows", 700.0, 2.0, Place(), threshold=800.0), LOW, False),
        (check("rows", 1300.0, 3.0, Place(), threshold=1200.0), LOW, False),
        (check("rows", 2500.0, 3.0, Place(), threshold=1200.0), MEDIUM, False),
        (check("missing_column", 1.0, 1000.0), HIGH, True),
        (check("null_fraction", 1.0, 4.0), HIGH, True),
        (check("null_fraction", 0.3, 6.0), HIGH, True),
        (check("null_fraction", 0.04, 4.0), MEDIUM, False),
        (check("null_fraction", 0.012, 1.2), LOW, False),
        (check("scores_out_of_range", 300.0), HIGH, True),
        (check("values_of_another_type", 20.0), MEDIUM, True),
        (check("rows_set_aside", 1.0, 1.0, Place()), LOW, True),
        (check("quarantined_objects", 1.0, 1.0, Place()), MEDIUM, True),
        (check("label_coverage", 0.0, 1.0, Place()), HIGH, True),
        (check("freshness", 300.0, 5.0, Place(), threshold=60.0), LOW, False),
        (check("freshness", 3600.0, 1.5, Place(), threshold=600.0), MEDIUM, False),
    ],
)
def test_damage(finding: Finding, severity: Severity, *, certain: bool) -> None:
    problem = weighed(finding)
    assert (problem.topic, problem.severity, problem.certain) == ("data", severity, certain)


@pytest.mark.parametrize(
    ("finding", "severity"),
    [
        (check("null_fraction", 1.0, 4.0), MEDIUM),
        (check("null_fraction", 0.3, 6.0), LOW),
        (check("values_of_another_type", 20.0), LOW),
    ],
)
def test_damage_in_a_column_that_the_model_does_not_use(finding: Finding, severity: Severity) -> None:
    unused = Weights(rows=1000, of={"income": Weight(impact=0.0, importance=0.0002)})
    assert weighed(finding, unused).severity == severity
    used = Weights(rows=1000, of={"income": Weight(impact=0.0, importance=0.05)})
    assert weighed(finding, used).severity > severity


@pytest.mark.parametrize(
    ("weights", "severity"),
    [
        (Weights(of={"income": Weight(0.3, beyond=True, importance=0.1)}), MEDIUM),
        (Weights(of={"income": Weight(0.01, beyond=False, importance=0.1)}), LOW),
        (Weights(of={"income": Weight(0.01)}, critical=frozenset({"income"})), MEDIUM),
        (Weights(of={"income": Weight(0.01)}, outputs=frozenset({"income"})), MEDIUM),
    ],
)
def test_drift_is_as_bad_as_its_impact_whatever_its_strength(weights: Weights, severity: Severity) -> None:
    assert weighed(drift(90.0), weights).severity == severity


def test_drift_of_unknown_impact_is_as_bad_as_it_is_large() -> None:
    assert weighed(drift(1.5)).severity == LOW
    assert weighed(drift(2.5)).severity == MEDIUM
    assert weighed(drift(2.5, Place("income", "*", "city", "Oslo"))).severity == LOW


def test_columns_that_move_together_matter_where_none_moves_alone() -> None:
    both = drift(1.1, Place()), drift(1.5)
    (together,) = problems_of(_alerts(both[0]), both[:1], Weights())
    assert (together.column, together.severity) == ("*", MEDIUM)
    found = problems_of(_alerts(*both), both, Weights())
    assert {one.column: one.severity for one in found} == {"*": LOW, "income": LOW}


def test_a_value_that_is_gone_matters_whatever_its_impact() -> None:
    assert weighed(drift(), Weights(of={"income": Weight(0.001, lost=0.3)})).severity == MEDIUM
    assert weighed(drift(), Weights(of={"income": Weight(0.001, lost=0.01)})).severity == LOW


@pytest.mark.parametrize("name", ["minimum", "maximum", "unseen_fraction"])
def test_values_never_seen_before_are_drift(name: str) -> None:
    problem = weighed(check(name, 3.0, 5.0))
    assert (problem.topic, problem.severity) == ("drift", LOW)


def test_what_is_about_the_file_or_was_not_seen_is_no_problem() -> None:
    setup = Finding(Place(), Topic.SETUP, "moves_by_nature", 1.0, statement="a")
    advice = Finding(Place(), Topic.ADVICE, "reference_outdated", 1.0, statement="b")
    assert problems_of(_alerts(setup, advice), [setup, advice], Weights()) == []
    fold = Fold("bench")
    fold.step(WindowFindings(START, "", [drift()], frozenset(Topic)))
    quiet = fold.step(WindowFindings(START, "", [], frozenset(Topic)))
    assert quiet[0].state is alerts.State.OPEN
    assert problems_of(quiet, [], Weights()) == []


def test_the_worst_comes_first_by_what_it_does_before_how_far_out_it_is() -> None:
    of = {"a": Weight(0.1, beyond=True), "b": Weight(0.4, beyond=True), "c": Weight(0.0)}
    findings = [drift(9.0, Place("a")), drift(2.0, Place("b")), drift(50.0, Place("c"))]
    found = problems_of(_alerts(*findings), findings, Weights(of=of))
    assert [problem.column for problem in found] == ["b", "a", "c"]
