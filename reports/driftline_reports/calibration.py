"""Whether scores are what they say: the share of positives beside the mean score, by groups of scores."""

from __future__ import annotations

import json
from typing import Final

from driftline_reports import formats, plots
from driftline_reports.context import Context
from driftline_reports.queries import Query, select

REALIZED: Final = "realized"
ESTIMATED: Final = "estimated"


def build(context: Context) -> tuple[plots.Calibration | None, Query | None]:
    """The curve of the whole window, and the query."""
    rows = [
        row
        for row in context.selection.rows(
            "performance_curves", window=context.window.start, whole=True, curve="calibration"
        )
        if row.get("class_label") is None
    ]
    points = {row["kind"]: _points(row["points"]) for row in rows}
    realized, estimated = points.get(REALIZED, []), points.get(ESTIMATED, [])
    if not realized and not estimated:
        return None, None
    conditions = [*context.here(), "curve = 'calibration'"]
    query = context.book.add(select("current_performance_curves", ["kind", "points"], conditions), ("kind",))
    far = max((abs(score - share) for score, share in realized or estimated), default=0.0)
    summary = (
        f"Calibration in {formats.plural(len(realized or estimated), 'group')} of scores: the share of "
        f"positives lies at most {formats.points(far).lstrip('+')} from the mean score"
    )
    scores, shares = zip(*realized, strict=True) if realized else ((), ())
    bounds = next((_bounds(row["points"]) for row in rows if row["kind"] == REALIZED), ())
    return plots.Calibration(tuple(scores), tuple(shares), tuple(estimated), summary, bounds), query


def _points(text: str | None) -> list[tuple[float, float]]:
    """Mean score and share of positives of each group of scores."""
    points = [
        (point["score"], point["rate"]) if isinstance(point, dict) else (point[0], point[1])
        for point in (json.loads(text) if text else [])
    ]
    return [(float(score), float(rate)) for score, rate in points if score is not None and rate is not None]


def _bounds(text: str | None) -> tuple[tuple[float, float, float], ...]:
    """Mean score, and between which shares the share of positives lies, 95 %, where that is known."""
    points = [point for point in (json.loads(text) if text else []) if isinstance(point, dict)]
    return tuple(
        (float(point["score"]), float(point["low"]), float(point["high"]))
        for point in points
        if None not in (point.get("score"), point.get("low"), point.get("high"))
    )
