"""``quality_metrics``: one row per window, column and check."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from driftline_jobs.evaluate.check import Check
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.columns import common
from driftline_jobs.tables.reading import PLACE, SPAN, Row, place_of, rows_of, span_of
from driftline_schemas.metrics import MOVES_BY_NATURE
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import ALL

if TYPE_CHECKING:
    from driftline_jobs.evaluate.cells import MeasuredCell

_FAILED = (
    "SELECT window_start, column_name, model_version, segment, segment_value, check_name AS metric, "  # noqa: S608
    "value, expected, NULL AS threshold, NULL AS threshold_source, NULL AS q_value, "
    f"NULL AS reference_value FROM current_quality_metrics WHERE {SPAN} AND NOT passed"
)
_JUDGED = f"SELECT DISTINCT window_start FROM current_quality_metrics WHERE {SPAN} AND passed IS NOT NULL"  # noqa: S608
_MOVING = (
    "SELECT window_start, column_name FROM current_quality_metrics "  # noqa: S608 - our words
    f"WHERE {SPAN} AND check_name = '{MOVES_BY_NATURE}' AND column_name <> '*' ORDER BY column_name"
)
_NAMED = (
    "SELECT window_start, value, expected, passed FROM current_quality_metrics "  # noqa: S608 - our words
    f"WHERE {SPAN} AND check_name = $5"
)
_LACKING_LABELS = (
    "SELECT window_start FROM current_quality_metrics "  # noqa: S608 - our words
    f"WHERE {PLACE} AND check_name = 'label_coverage' AND NOT passed"
)
_LIMITED_WITH_DATA = (
    "SELECT DISTINCT window_start FROM current_quality_metrics "  # noqa: S608 - our words
    f"WHERE {SPAN} AND check_name = 'rows' AND run_id IN "
    "(SELECT run_id FROM current_runs WHERE part = 'data' AND monitor = $1)"
)


def add_checks(table: TableBuilder, monitor: str, cell: MeasuredCell, checks: Iterable[Check]) -> None:
    """Append the checks of one window's whole."""
    found = list(checks)
    table.add(
        len(found),
        **{
            name: value[0] if isinstance(value, list) else value
            for name, value in common(monitor, [cell]).items()
        },
        column_name=[check.column for check in found],
        check_name=[check.name for check in found],
        value=[check.value for check in found],
        expected=[check.expected for check in found],
        passed=[check.passed for check in found],
    )


def failed(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[Row]:
    """Every check that has failed, as ``metric``."""
    return rows_of(store, _FAILED, span_of(monitor, start, end))


def judged_windows(store: Store, monitor: Monitor, start: datetime, end: datetime) -> set[datetime]:
    """Starts of the windows with checks that can fail."""
    return {row["window_start"] for row in rows_of(store, _JUDGED, span_of(monitor, start, end))}


def columns_moving_by_nature(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, list[str]]:
    """The columns that move by nature, by the start of the window that says so."""
    found: dict[datetime, list[str]] = {}
    for row in rows_of(store, _MOVING, span_of(monitor, start, end)):
        found.setdefault(row["window_start"], []).append(row["column_name"])
    return found


def checks_named(
    store: Store, monitor: Monitor, name: str, start: datetime, end: datetime
) -> dict[datetime, Check]:
    """A check of the log as a whole, by the start of the window."""
    return {
        row["window_start"]: Check(ALL, name, row["value"], json.loads(row["expected"]), row["passed"])
        for row in rows_of(store, _NAMED, [*span_of(monitor, start, end), name])
    }


def windows_lacking_labels(store: Store, monitor: Monitor) -> set[datetime]:
    """Starts of the windows of which too few predictions have labels."""
    return {row["window_start"] for row in rows_of(store, _LACKING_LABELS, place_of(monitor))}


def windows_limited_with_their_data(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> set[datetime]:
    """Starts of the windows whose rows were checked with their data, as where the reference is fixed.

    Where it moves an older version did so, too; a check is not to be there twice.
    """
    return {row["window_start"] for row in rows_of(store, _LIMITED_WITH_DATA, span_of(monitor, start, end))}
