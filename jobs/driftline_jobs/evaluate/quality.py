"""Checks of the log itself: what is wrong with it, before any drift."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from driftline_jobs.evaluate.check import Check
from driftline_jobs.evaluate.check_limits import CheckLimits
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.metrics.nature import MIN_WINDOWS
from driftline_jobs.metrics.time_of_day import mean_hour
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_schemas.metrics import MOVES_BY_NATURE, REFERENCE_WINDOWS, TIME_OF_DAY, VALUES_OF_ANOTHER_TYPE
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import canonical_json
from driftline_schemas.table_names import table_column
from driftline_schemas.window import from_us, to_us

ROWS_LOW, ROWS_HIGH = 0.5, 2.0
"""Of the median window of the reference: fewer or more rows are a failure."""
FRESHNESS_SLACK = 0.05
"""Of the window's length: how much earlier than in the stalest reference window rows may end."""
MISSING_SLACK = 0.05
"""How far the share of missing values may exceed the most that a window of the reference has."""
LIMITED_BY_REFERENCE = frozenset(
    {
        "rows",
        "null_fraction",
        "nan_fraction",
        "empty_fraction",
        "infinities",
        "minimum",
        "maximum",
        "unseen_fraction",
    }
)
"""Checks whose limits are those of the reference: where that moves, they are made with its fold."""


@dataclass(frozen=True, slots=True)
class LogFindings:
    """What reading the objects of a window brought up, apart from its rows.

    ``columns`` holds (check, column) and how many objects it was found in.
    """

    set_aside: int = 0
    quarantined_objects: int = 0
    columns: Mapping[tuple[str, str], int] = None  # type: ignore[assignment]


class Usual(Protocol):
    """What a reference teaches, as far as the checks ask."""

    @property
    def check_limits(self) -> CheckLimits:
        """The limits of checks."""

    @property
    def natures(self) -> Natures:
        """The columns that move by nature."""

    @property
    def monitor(self) -> Monitor:
        """Whose windows they are."""

    def cycle(self, start: datetime) -> tuple[str, ...]:
        """The ``cycle_labels`` of the window that starts then."""


def data_checks(
    window: WindowProfile, reference: Reference, found: LogFindings, calibrations: Usual
) -> list[Check]:
    """The checks of what was read, whatever the window is compared with."""
    checks = [
        _freshness(window, reference, calibrations.check_limits),
        *_time_of_day(window, calibrations),
        *_log_checks(found),
        *_nature_checks(calibrations.natures),
    ]
    for name in reference.binning.columns:
        current = window.cells.get(WHOLE, {}).get(name)
        if current is not None and current.rows and (unlike := window.unlike.get(name, 0) + current.others):
            checks.append(Check(table_column(name), VALUES_OF_ANOTHER_TYPE, float(unlike), 0, passed=False))
    return checks


def reference_limited_checks(
    now: Mapping[str, Profile],
    rows: int,
    reference: Reference,
    calibrations: Usual,
    labels: Sequence[str],
    *,
    count: bool = True,
) -> list[Check]:
    """The checks whose limits are those of the reference: how many rows come, and what columns hold.

    What is found of columns that move by nature decides nothing.

    Args:
        now: profiles of the window's whole, of so many ``rows``.
        labels: the window's ``cycle_labels``.
        count: whether the reference says how many rows come.
    """
    limits, natures = calibrations.check_limits, calibrations.natures
    any_rows = Check("*", "rows", float(rows), None, rows > 0)
    checks = [_rows(rows, reference, limits, labels) if count else any_rows]
    then = reference.cells.get(WHOLE, {})
    for name, bins in reference.binning.columns.items():
        current, before = now.get(name), then.get(name)
        if current is None or not current.rows:
            continue  # an empty window fails its row count; about its columns it says nothing
        label = table_column(name)
        usual = reference.usual_missing.get(name, (0.0, 0.0))
        of_column = [
            limits.applied(label, check, current.rows)
            for check in column_checks(label, bins, current, before, usual)
        ]
        moves = name in natures.columns
        checks += [replace(check, passed=None) for check in of_column] if moves else of_column
    return checks


def column_checks(
    label: str, bins: Bins, current: Profile, before: Profile | None, usual: tuple[float, float]
) -> list[Check]:
    """The checks of one column by fixed limits; ``usual`` are its largest shares of nulls and of NaN."""
    nulls, nans = usual
    share, limit = current.nulls / current.rows, nulls + MISSING_SLACK
    checks = [Check(label, "null_fraction", share, limit, share <= limit)]
    return checks + [Check(label, *found) for found in bins.checks(current, before, nans)]


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


def _rows(rows: int, reference: Reference, limits: CheckLimits, labels: Sequence[str]) -> Check:
    expected: list[float] | None = None
    passed = rows > 0
    if reference.log_windows:
        learned = limits.rows(labels)
        median = statistics.median(w.rows for w in reference.log_windows)
        expected = [ROWS_LOW * median, ROWS_HIGH * median] if learned is None else list(learned)
        passed = (rows > 0 or expected[0] <= 0.0) and expected[0] <= rows <= expected[1]
    return Check("*", "rows", float(rows), expected, passed)


def _freshness(window: WindowProfile, reference: Reference, limits: CheckLimits) -> Check:
    limit: float | None = None
    if reference.log_windows:
        length = (window.window.end - window.window.start).total_seconds()
        longest, learned = max(w.freshness_seconds for w in reference.log_windows), limits.freshness()
        limit = longest + FRESHNESS_SLACK * length if learned is None else max(longest, learned)
    if window.rows is None:
        return Check("*", "freshness", None, limit, None)
    stale = (to_us(window.window.end) - window.rows.last_us) / 1e6
    return Check("*", "freshness", stale, limit, None if limit is None else stale <= limit)


def _time_of_day(window: WindowProfile, calibrations: Usual) -> list[Check]:
    """How many hours after the usual one the rows come on the mean, where the reference teaches what is
    usual."""
    zone = ZoneInfo(calibrations.monitor.timezone)
    rows: dict[int, int] = {}
    for key, columns in window.base.items():
        if Cell(key.model_version, key.segment, key.segment_value) == WHOLE and columns:
            hour = from_us(key.base_start_us).astimezone(zone).hour
            rows[hour] = rows.get(hour, 0) + next(iter(columns.values())).rows
    mean = mean_hour(rows)
    labels = calibrations.cycle(window.window.start)
    found = None if mean is None else calibrations.check_limits.hours(labels, mean, window.count)
    if found is None:
        return []
    value, limit = found
    return [Check("*", TIME_OF_DAY, value, [-limit, limit], abs(value) <= limit)]


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
