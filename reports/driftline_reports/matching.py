"""Whether a window's labels are those of its predictions: if not, nobody knows whether the model held.

From the checks of the labels and the realized figures alone, so that it is the same for the page, the mail
and the index. A check decides by its figure where somebody has muted it: a mute does not make a model hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from driftline_reports.selection import Selection
from driftline_schemas.losses import UNREADABLE_TIMES

Row = Mapping[str, Any]
COVERAGE: Final = "label_coverage"
UNLIKE: Final = "unlike_ids"
REPEATED: Final = "repeated_ids"
EARLY: Final = "early_labels"
UNMATCHED: Final = "unmatched_labels"
UNREADABLE: Final = "quarantined_label_objects"
INEXACT: Final = "inexact_ids"
INEXACT_LABELS: Final = "inexact_label_ids"
NO_VALUES: Final = "unreadable_labels"
CONFLICTING: Final = "conflicting_labels"
LEFT_OUT: Final = "ids_repeat"
"""The status of a realized figure whose labels are left out."""


class Apart(Enum):
    """What keeps labels from predictions: the value is the check that tells."""

    REPEATED = REPEATED
    UNLIKE = UNLIKE
    EARLY = EARLY
    UNREADABLE_TIMES = UNREADABLE_TIMES
    UNREADABLE = UNREADABLE
    INEXACT = INEXACT
    INEXACT_LABELS = INEXACT_LABELS
    NO_VALUES = NO_VALUES
    CONFLICTING = CONFLICTING
    UNMATCHED = UNMATCHED
    MISSING = COVERAGE


CHECKS: Final = tuple(reason.value for reason in Apart)
_EXPLAINS: Final = (
    Apart.UNREADABLE,
    Apart.EARLY,
    Apart.UNREADABLE_TIMES,
    Apart.INEXACT_LABELS,
    Apart.INEXACT,
    Apart.NO_VALUES,
    Apart.CONFLICTING,
)
"""What explains labels that are missing, if its own check has failed, and for many."""
_MANY: Final = 0.1
"""Of the window's rows: fewer explain nothing."""


def gather(selection: Selection, rows_of: Mapping[datetime, int]) -> dict[datetime, Apart]:
    """What keeps labels from predictions, by the start of each window in which something does.

    ``rows_of`` are the rows of the windows.
    """
    checks: dict[datetime, dict[str, Row]] = {}
    columns = ["window_start", "check_name", "value", "expected", "passed"]
    for row in _rows(selection, "quality_metrics", "check_name", CHECKS, columns):
        checks.setdefault(row["window_start"], {})[row["check_name"]] = row
    realized: dict[datetime, list[Row]] = {}
    columns = ["window_start", "status", "label_coverage", "is_final"]
    for row in _rows(selection, "performance_metrics", "kind", ("realized",), columns):
        realized.setdefault(row["window_start"], []).append(row)
    found = {
        start: apart(checks.get(start, {}), realized.get(start, []), rows_of.get(start, 0))
        for start in {*checks, *realized}
    }
    return {start: reason for start, reason in found.items() if reason is not None}


def _rows(
    selection: Selection, table: str, column: str, values: Sequence[str], columns: list[str]
) -> list[dict[str, Any]]:
    found = selection.part(table, whole=True)
    if found is None:
        return []
    wanted = found.filter(pc.is_in(found[column], value_set=pa.array(values, found[column].type)))
    rows: list[dict[str, Any]] = wanted.select(columns).to_pylist()
    return rows


def apart(checks: Mapping[str, Row], realized: Sequence[Row], rows: int) -> Apart | None:
    """What keeps labels from the predictions of a window of so many rows, by its checks of the whole and its
    realized figures."""

    def unmet(name: str) -> bool:
        return name in checks and _is_unmet(checks[name])

    if unmet(REPEATED) or any(row["status"] == LEFT_OUT for row in realized):
        return Apart.REPEATED
    if unmet(UNLIKE):
        return Apart.UNLIKE
    due = bool(realized) and all(row["is_final"] for row in realized)
    failed = COVERAGE in checks and checks[COVERAGE]["passed"] is False
    none = bool(realized) and all(row["label_coverage"] == 0 for row in realized)
    if not failed and not (due and (none or unmet(COVERAGE))):
        return None
    for reason in _EXPLAINS:
        if unmet(reason.value) and (
            reason is Apart.UNREADABLE or checks[reason.value]["value"] >= _MANY * rows
        ):
            return reason
    unmatched = checks.get(UNMATCHED)
    return Apart.UNMATCHED if none and unmatched and unmatched["value"] else Apart.MISSING


def _is_unmet(check: Row) -> bool:
    if check["passed"] is not None or check["value"] is None:
        return check["passed"] is False
    least, most = limits_of(check["expected"])
    return (least is not None and check["value"] < least) or (most is not None and check["value"] > most)


def limits_of(expected: str | None) -> tuple[float | None, float | None]:
    """The least and the most that a check expects."""
    try:
        found = json.loads(expected or "null")
    except ValueError:
        return None, None
    if isinstance(found, dict):
        found = found.get("at_most")
    if isinstance(found, list) and len(found) == 2:
        return found[0], found[1]
    return (None, float(found)) if isinstance(found, int | float) else (None, None)
