"""``quality_metrics``: one row per window, column and check."""

from __future__ import annotations

from collections.abc import Iterable

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.quality import Check
from driftline_jobs.tables.columns import common
from driftline_schemas.rows import TableBuilder


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
