"""``impacts``: one row per window, column, metric and class: what the change of that column alone does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from driftline_jobs.detection.impact import Impact
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, Row, place_of, rows_of
from driftline_schemas.metrics import MEAN_METRICS
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import Window

_FIGURES = (
    "value", "reference_value", "reference_stddev", "noise", "importance", "unknown_share", "n",
)  # fmt: skip
_READ = ", ".join(("window_start", "column_name", "metric", "class_label", *_FIGURES, "status", "reason"))
_OF_WINDOW = (
    f"SELECT {_READ} FROM current_impacts WHERE {PLACE} AND window_start = $3 "  # noqa: S608 - our words
    "ORDER BY column_name, metric, class_label"
)
_OF_MEANS = (
    f"SELECT {_READ} FROM current_impacts WHERE {PLACE} AND window_start >= $3 AND window_start < $4 "  # noqa: S608
    f"AND metric IN ({', '.join(repr(name) for name in MEAN_METRICS)}) "
    "ORDER BY window_start, column_name, class_label"
)


def add_impacts(
    table: TableBuilder,
    monitor: str,
    window: Window,
    run_id: str,
    reference_id: str,
    impacts: Sequence[Impact],
) -> None:
    """Append the rows of a window."""
    names = ("column_name", "metric", "class_label", *_FIGURES, "status", "reason")
    table.add(
        len(impacts),
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=WHOLE.model_version,
        segment=WHOLE.segment,
        segment_value=WHOLE.segment_value,
        run_id=run_id,
        reference_id=reference_id,
        **{name: [getattr(one, name) for one in impacts] for name in names},
    )


def of_window(store: Store, monitor: Monitor, window: Window) -> list[Impact]:
    """Every impact of a window, by column, metric and class."""
    return [_read(row) for row in rows_of(store, _OF_WINDOW, [*place_of(monitor), window.start])]


def on_the_mean(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, dict[str, Impact]]:
    """By start of window, ``start <= t < end``, and by column: its impact on the mean score or the mean
    prediction; of several classes on that of the class which it moves most."""
    found: dict[datetime, list[Impact]] = {}
    for row in rows_of(store, _OF_MEANS, [*place_of(monitor), start, end]):
        found.setdefault(row["window_start"], []).append(_read(row))
    return {at: on_the_mean_by_column(impacts) for at, impacts in found.items()}


def on_the_mean_by_column(impacts: Iterable[Impact]) -> dict[str, Impact]:
    """The same of one window."""
    found: dict[str, Impact] = {}
    for one in impacts:
        if one.metric in MEAN_METRICS:  # without a value there is its importance still
            found[one.column_name] = _larger(found.get(one.column_name), one)
    return found


def largest(impacts: Iterable[Impact]) -> list[Impact]:
    """Impacts on the mean by size, the largest first, ties by column; those without a size come last."""
    return sorted(impacts, key=lambda one: (-(one.size if one.size is not None else -1.0), one.column_name))


def _larger(known: Impact | None, other: Impact) -> Impact:
    return other if known is None or _size(other) > _size(known) else known


def _size(one: Impact) -> float:
    return -1.0 if one.value is None else one.size or 0.0


def _read(row: Row) -> Impact:
    return Impact(**{name: value for name, value in row.items() if name != "window_start"})
