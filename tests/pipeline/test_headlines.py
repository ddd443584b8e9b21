"""What happened, in one sentence: of findings alone. Facts of columns are in tests/reports/test_facts.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from tests.schemas.monitor_files import read

from driftline_jobs.detection.alerts import Finding, Place, Topic
from driftline_jobs.detection.problems import Problem, Severity
from driftline_jobs.detection.problems import Topic as About
from driftline_jobs.pipeline.steps.fold import Said
from driftline_jobs.pipeline.steps.headlines import Words

PROFILES = {"a": SimpleNamespace(rows=1200)}
REFERENCE = SimpleNamespace(binning=SimpleNamespace(columns={}))


def tell(*problems: Problem) -> str:
    said = SimpleNamespace(profiles=lambda: PROFILES, reference=REFERENCE)
    monitor = read(features__sensitive=["home_zip"])
    return Words(monitor, cast("Said", said)).tell(problems[0].topic, None, problems)


def problem(about: About, finding: Finding, *, gone: bool = False, more: tuple[Finding, ...] = ()) -> Problem:
    return Problem(
        f"{finding.place.column}",
        finding.place,
        about,
        finding.metric,
        Severity.HIGH,
        certain=True,
        strength=finding.strength,
        gone=gone,
        findings=(finding, *more),
    )


def check(name: str, value: float, column: str = "*", *, gone: bool = False, **more: object) -> Problem:
    finding = Finding(Place(column), Topic.QUALITY, name, 1.0, value, **more)  # type: ignore[arg-type]
    return problem(About.DATA, finding, gone=gone)


def loss(**more: object) -> Finding:
    given = {
        "place": Place(),
        "metric": "roc_auc",
        "value": 0.62,
        "usual": 0.68,
        "direction": "below",
        **more,
    }
    return Finding(topic=Topic.PERFORMANCE, strength=1.0, kind="realized", **given)  # type: ignore[arg-type]


def test_a_loss_is_told_by_the_figure_that_is_sure() -> None:
    day, month = loss(value=0.55), loss(certain=True, windows=28)
    assert tell(problem(About.PERFORMANCE, day, more=(month,))) == (
        "ROC AUC fell to 0.620 over the last 28 days, 0.680 in the reference"
    )


def test_a_loss_of_a_part_says_which() -> None:
    part = loss(place=Place("*", "*", "city", "Oslo"))
    assert tell(problem(About.PERFORMANCE, part)) == (
        "ROC AUC in city = Oslo fell to 0.620, 0.680 in the reference"
    )


def test_an_error_rises() -> None:
    worse = loss(metric="mae", value=12.0, usual=8.0, direction="above")
    assert tell(problem(About.PERFORMANCE, worse)) == "MAE rose to 12.0, 8.00 in the reference"


@pytest.mark.parametrize(
    ("problems", "headline"),
    [
        ([check("rows", 0.0, gone=True)], "No rows arrived"),
        (
            [check("rows", 300.0, threshold=800.0, direction="below")],
            "The number of rows fell to 300, under the 800 that chance allows",
        ),
        (
            [check("null_fraction", 1.0, name, gone=True) for name in ("a", "b", "c", "d", "e")],
            "5 columns are empty in all 1\N{NARROW NO-BREAK SPACE}200 rows: a, b, c and 2 more",
        ),
        (
            [check("null_fraction", share, name) for name, share in (("a", 0.04), ("b", 0.03))],
            "2 columns have no value in up to 4.0% of rows: a and b",
        ),
        ([check("missing_column", 1.0, "a", gone=True)], "a is missing from the log"),
        (
            [check("missing_column", 1.0, name, gone=True) for name in "ab"],
            "2 columns are missing from the log: a and b",
        ),
        ([check("quarantined_objects", 1.0)], "1 object of the log could not be read"),
        ([check("scores_out_of_range", 20.0)], "20 scores are no probabilities"),
        ([check("values_of_another_type", 1.0, "a")], "a: 1 value is of another type"),
        (
            [check("label_coverage", 0.1, threshold=0.5, direction="below")],
            "10.0% of the predictions have a label, usually at least 50.0%",
        ),
    ],
)
def test_damage(problems: list[Problem], headline: str) -> None:
    assert tell(*problems) == headline


def test_columns_that_only_move_together() -> None:
    drift = Finding(Place(), Topic.DRIFT, "gaussian_kl", 2.0, 1.0)
    assert tell(problem(About.DRIFT, drift)) == "The columns changed together, none of them alone"
