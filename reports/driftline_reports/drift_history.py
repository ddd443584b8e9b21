"""Every watched column's drift over the trailing windows, read at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from driftline_reports.context import Context
from driftline_reports.selection import Mask
from driftline_schemas.window import to_us

_COLUMNS = ("window_start", "column_name", "metric", "value", "threshold", "drifted")


@dataclass(slots=True)
class Series:
    """One metric of one column: a place for each trailing window."""

    values: list[float | None]
    limits: list[float | None]
    beyond: list[bool]


@dataclass(slots=True)
class DriftHistory:
    """Series by (column, metric), and whether a column was judged to have drifted, by column and window."""

    series: dict[tuple[str, str], Series] = field(default_factory=dict)
    decided: dict[str, dict[datetime, bool]] = field(default_factory=dict)


def read(context: Context, metrics: Collection[str]) -> DriftHistory:
    """The history of ``metrics`` against the reference, and of every figure that decides."""
    wanted = pa.array(sorted(metrics), pa.string())

    def mask(table: pa.Table) -> Mask:
        chosen = pc.or_(pc.is_in(table["metric"], wanted), pc.is_valid(table["drifted"]))
        return pc.and_(pc.equal(table["comparison"], "reference"), chosen)

    lists = context.selection.lists("drift_metrics", _COLUMNS, mask)
    places = {to_us(start): position for position, start in enumerate(context.starts)}
    history = DriftHistory()
    count = len(context.starts)
    for time, column, metric, value, limit, drifted in zip(*(lists[name] for name in _COLUMNS), strict=True):
        place = places.get(time)
        if place is None:
            continue
        series = history.series.get((column, metric))
        if series is None:
            series = Series([None] * count, [None] * count, [False] * count)
            history.series[column, metric] = series
        series.values[place] = value
        series.limits[place] = limit
        series.beyond[place] = bool(drifted)
        if drifted is not None:
            judged = history.decided.setdefault(column, {})
            start = context.starts[place]
            judged[start] = judged.get(start, False) or drifted
    return history
