"""What explains several problems at once: a check that columns fail in the same rows, or what is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from driftline_jobs.detection.alerts import ALL
from driftline_jobs.detection.problems import (
    CHANGED_TYPE,
    MISSING_COLUMN,
    MISSING_SHARES,
    OBJECTS,
    ROWS,
    Problem,
    Severity,
    Topic,
)

NO_ROWS: Final = "no rows"
SET_ASIDE: Final = "an object was set aside"
EMPTY: Final = "columns have no value in the same rows"
MISSING: Final = "columns are missing from the log"
RETYPED: Final = "columns changed their type"
LOST: Final = "a value is gone"
SAME_CHECK: Final = "columns fail the same check"


def of_one_cause(one: Problem, other: Problem) -> bool:
    """Whether both say the same of their columns, all rows of the window being concerned."""
    return (
        one.topic is Topic.DATA
        and one.metric == other.metric
        and one.column != other.column
        and one.gone
        and other.gone
    )


def leading(problems: Sequence[Problem]) -> list[Problem]:
    """What a headline is about, of problems of which the worst comes first: that one, and of damage all that
    most columns fail in the same way."""
    first = problems[0]
    if first.topic is not Topic.DATA:
        return [first]
    alike: dict[tuple[str, bool], list[Problem]] = {}
    for problem in problems:
        if problem.topic is Topic.DATA:
            alike.setdefault((problem.metric, problem.gone), []).append(problem)
    rivals = [
        group
        for (_, gone), group in alike.items()
        if gone == first.gone and group[0].severity == first.severity
    ]
    most = max(rivals, key=len)
    return [one for one in most if one.place == one.place.whole] or most


def cause_of(topic: Topic, problems: Sequence[Problem]) -> str | None:
    """What explains the problems of an incident in words; None where nothing does."""
    if topic is Topic.DRIFT and problems and problems[0].lost:
        return LOST
    if topic is not Topic.DATA:
        return None
    metrics = {one.metric: one for one in problems}
    if ROWS in metrics and metrics[ROWS].gone:
        return NO_ROWS
    if any(metric in OBJECTS for metric in metrics):
        return SET_ASIDE
    damage = [one for one in problems if one.topic is Topic.DATA]
    same = leading(damage) if damage else []
    columns = {one.column for one in same} - {ALL}
    metric = same[0].metric if same else ""
    if metric == MISSING_COLUMN:
        return MISSING
    if metric == CHANGED_TYPE:
        return RETYPED
    if len(columns) > 1:
        return EMPTY if metric in MISSING_SHARES else SAME_CHECK
    return None


def explained_by(problem: Problem, columns: Collection[str], severity: Severity) -> bool:
    """Whether a drift follows from damage of that severity in ``columns``: drift of these; and of grave
    damage that of all columns together, and of what the model makes of them."""
    if problem.column in columns:
        return True
    return severity >= Severity.HIGH and (problem.column == ALL or problem.output)
