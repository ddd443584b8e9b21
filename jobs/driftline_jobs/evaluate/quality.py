"""Checks of the log itself: what is wrong with it, before any drift."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace

from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.metrics.nature import MIN_WINDOWS
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_schemas.metrics import MOVES_BY_NATURE, REFERENCE_WINDOWS, VALUES_OF_ANOTHER_TYPE
from driftline_schemas.rows import canonical_json
from driftline_schemas.table_names import table_column
from driftline_schemas.window import to_us

ROWS_LOW, ROWS_HIGH = 0.5, 2.0
"""Of the median window of the reference: fewer or more rows are a failure."""
FRESHNESS_SLACK = 0.05
"""Of the window's length: how much earlier than in the stalest reference window rows may end."""
MISSING_SLACK = 0.05
"""How far the share of missing values may exceed the most that a window of the reference has."""


@dataclass(frozen=True, slots=True)
class LogFindings:
    """What reading the objects of a window brought up, apart from its rows.

    ``columns`` holds (check, column) and how many objects it was found in.
    """

    set_aside: int = 0
    quarantined_objects: int = 0
    columns: Mapping[tuple[str, str], int] = None  # type: ignore[assignment]


def data_checks(
    window: WindowProfile, reference: Reference, found: LogFindings, binning: Binning, natures: Natures
) -> list[Check]:
    """Every check of the data part. What is found of columns that move by nature decides nothing."""
    checks = [*_row_checks(window, reference), *_log_checks(found), *_nature_checks(natures)]
    now = window.cells.get(WHOLE, {})
    then = reference.cells.get(WHOLE, {})
    for name, bins in binning.columns.items():
        current, before = now.get(name), then.get(name)
        if current is None or not current.rows:
            continue  # an empty window fails its row count; about its columns it says nothing
        label = table_column(name)
        if unlike := window.unlike.get(name, 0) + current.others:
            checks.append(Check(label, VALUES_OF_ANOTHER_TYPE, float(unlike), 0, passed=False))
        usual_nulls, usual_nans = reference.usual_missing.get(name, (0.0, 0.0))
        share, limit = current.nulls / current.rows, usual_nulls + MISSING_SLACK
        of_column = [Check(label, "null_fraction", share, limit, share <= limit)]
        of_column += [Check(label, *found) for found in bins.checks(current, before, usual_nans)]
        moves = name in natures.columns
        checks += [replace(check, passed=None) for check in of_column] if moves else of_column
    return checks


def _nature_checks(natures: Natures) -> list[Check]:
    """One that fails where columns move by nature, and one that only reports for each of them; and what the
    reference lacks to tell.
    """
    checks = [
        Check(table_column(name), MOVES_BY_NATURE, 1.0, canonical_json(natures.columns[name].words), None)
        for name in sorted(natures.columns)
    ]
    if natures.columns:
        checks.append(Check("*", MOVES_BY_NATURE, float(len(checks)), 0, passed=False))
    if not natures.enough:
        checks.append(Check("*", REFERENCE_WINDOWS, float(natures.windows), MIN_WINDOWS, None))
    return checks


def _row_checks(window: WindowProfile, reference: Reference) -> list[Check]:
    expected: list[float] | None = None
    passed = window.count > 0
    freshness_limit: float | None = None
    if reference.log_windows:
        median = statistics.median(w.rows for w in reference.log_windows)
        expected = [ROWS_LOW * median, ROWS_HIGH * median]
        passed = passed and expected[0] <= window.count <= expected[1]
        length = (window.window.end - window.window.start).total_seconds()
        freshness_limit = max(w.freshness_seconds for w in reference.log_windows) + FRESHNESS_SLACK * length
    checks = [Check("*", "rows", float(window.count), expected, passed)]
    if window.rows is None:
        return [*checks, Check("*", "freshness", None, freshness_limit, None)]
    stale = (to_us(window.window.end) - window.rows.last_us) / 1e6
    fresh = None if freshness_limit is None else stale <= freshness_limit
    return [*checks, Check("*", "freshness", stale, freshness_limit, fresh)]


def _log_checks(found: LogFindings) -> list[Check]:
    checks = [
        Check("*", "rows_set_aside", float(found.set_aside), 0, found.set_aside == 0),
        Check(
            "*", "quarantined_objects", float(found.quarantined_objects), 0, found.quarantined_objects == 0
        ),
    ]
    checks += [
        Check(table_column(column), check, float(count), 0, passed=False)
        for (check, column), count in sorted((found.columns or {}).items())
    ]
    return checks
