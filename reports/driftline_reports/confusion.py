"""What a binary classifier got right and wrong, now and in the reference, as shares that can be compared."""

from __future__ import annotations

from driftline_reports import formats
from driftline_reports.inputs import Confusion
from driftline_reports.view_performance import ConfusionTable

_NAMES = (
    ("predicted positive, and is", "hits"),
    ("predicted negative, and is positive", "misses"),
    ("predicted positive, and is negative", "false_alarms"),
    ("predicted negative, and is", "rejections"),
)


def build(now: Confusion | None, usual: Confusion | None) -> ConfusionTable | None:
    """The table; None where no labelled row of this window has a predicted class."""
    if now is None:
        return None
    rows = [
        (
            name,
            formats.percent(getattr(now, field) / now.rows),
            formats.count(getattr(now, field)),
            "" if usual is None else formats.percent(getattr(usual, field) / usual.rows),
        )
        for name, field in _NAMES
    ]
    return ConfusionTable(tuple(rows))
