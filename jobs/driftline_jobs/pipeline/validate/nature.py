"""Whether columns are watched that move by nature, so that nothing could be judged by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import yaml

from driftline_jobs.metrics.figures import BoolArray, FloatArray, IntArray
from driftline_jobs.metrics.nature import (
    MIN_ROWS,
    MIN_WINDOWS,
    NEARLY_ALL,
    Nature,
    OrderedWindows,
    nature_of_categories,
    nature_of_ordered,
    statement,
)
from driftline_jobs.pipeline.plans import watched
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import LogSample, ObjectSample
from driftline_jobs.profiles.columns.arrays import codes, numbers
from driftline_jobs.profiles.columns.times import NO_TIME, microseconds, unreadable
from driftline_jobs.profiles.kinds.registry import column_kind
from driftline_jobs.references.windows import initial_windows
from driftline_jobs.sources.profiling.survey import TEXT_FROM, TEXT_SHARE, Watched
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import from_us, to_us

_MOST_WINDOWS = 64


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """Which columns to leave out, by the sampled rows; and that a short reference cannot tell."""
    short = _short_reference(monitor)
    if short is not None:
        yield Remark(
            f"the reference has {short} of the {MIN_WINDOWS} windows that it takes to recognise columns that "
            "move by nature (growing numbers, times of ingestion, one value a window): a run would report "
            "them as drifted. Make reference.window longer, or list such columns under features.ignore"
        )
    found = natures_of_sample(monitor, samples.log)
    if found:
        names = sorted(found)
        seen = "; ".join(f"{name}: {found[name].words}" for name in names)
        yield Remark(
            f"{statement(names)}, with the line `{_line(monitor, names)}`{_declared(monitor, names)} ({seen})"
        )


def _short_reference(monitor: Monitor) -> int | None:
    """How many windows the reference has, if these, and their base windows, are too few."""
    if monitor.reference.window is None:
        return None
    try:
        windows = initial_windows(monitor, [monitor.calendar.containing(monitor.reference.window[0])])
    except ConfigError:
        return None  # a run says so, with more to do about it
    base = [each for window in windows for each in monitor.base_calendar.tiling(window.start, window.end)]
    enough = len(windows) >= MIN_WINDOWS or (len(windows) > 1 and len(base) >= MIN_WINDOWS)
    return None if enough else len(windows)


def _line(monitor: Monitor, names: Sequence[str]) -> str:
    """The entry of the monitor file, with what it has already."""
    ignored = [*monitor.features.ignore, *names]
    return yaml.safe_dump({"ignore": ignored}, default_flow_style=True, width=10**9, allow_unicode=True)[1:-2]


def _declared(monitor: Monitor, names: Sequence[str]) -> str:
    features = monitor.features
    declared = [name for name in names if name in features.declared]
    return f"; take {', '.join(declared)} out of the other lists of features" if declared else ""


@dataclass(frozen=True)
class _Rows:
    """The sampled rows that have a time: ``parts`` one after the other, each row's window by its place in
    ``starts`` (K,), seconds."""

    parts: Sequence[ObjectSample]
    selected: Sequence[BoolArray]
    window: IntArray
    starts: FloatArray

    def by_window(self, values: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
        """The values (rows,) of each window."""
        order = np.argsort(self.window, kind="stable")
        return np.split(values[order], np.searchsorted(self.window[order], np.arange(1, len(self.starts))))


def natures_of_sample(monitor: Monitor, sample: LogSample) -> dict[str, Nature]:
    """The columns of a log that move by nature, as far as its sampled rows tell."""
    rows = _rows(monitor, sample)
    if rows is None:
        return {}
    found = {}
    for watch in watched(monitor, sample.columns):
        if kind_spec(watch.kind).of_model:
            continue
        nature = _of_numbers(rows, watch) if watch.ordered else _of_texts(rows, watch)
        if nature is not None:
            found[watch.column.name] = nature
    return found


def _rows(monitor: Monitor, sample: LogSample) -> _Rows | None:
    time = monitor.log_time
    parts, times = [], []
    for part in sample.objects:
        array = part.columns.get(time.name)
        if array is not None and unreadable(array.type, time) is None:
            parts.append(part)
            times.append(microseconds(array, time))
    if not parts:
        return None
    every = np.concatenate(times)
    wanted = every != NO_TIME
    starts = _starts(monitor, every[wanted])
    if monitor.reference.window is not None:
        # what a run looks at, if there is enough of it among these rows
        first, last = (to_us(moment) for moment in monitor.reference.window)
        inside = starts[(starts >= first) & (starts < last)]
        if len(inside) >= MIN_WINDOWS:
            starts, wanted = inside, wanted & (every >= first) & (every < last)
    step = -(-len(starts) // _MOST_WINDOWS) or 1
    at = np.searchsorted(starts, every, side="right") - 1
    wanted &= at % step == 0
    bounds = np.cumsum([len(of_split) for of_split in times])[:-1]
    return _Rows(parts, np.split(wanted, bounds), at[wanted] // step, starts[::step] / 1e6)


def _starts(monitor: Monitor, times: IntArray) -> IntArray:
    """(K,) microseconds: where the windows that hold these times start, ascending."""
    starts: list[int] = []
    end = -1
    for moment in np.unique(times).tolist():
        if not starts or moment >= end:
            window = monitor.calendar.containing(from_us(moment))
            starts.append(to_us(window.start))
            end = to_us(window.end)
    return np.array(starts, np.int64)


def _of_numbers(rows: _Rows, watch: Watched) -> Nature | None:
    parts = []
    for part, selected in zip(rows.parts, rows.selected, strict=True):
        array = part.columns.get(watch.column.name)
        if array is None or pa.types.is_null(array.type):
            parts.append(np.full(int(selected.sum()), np.nan))
            continue
        column = numbers(column_kind(watch.kind).as_counted(watch.column.name, array))
        values = np.array(column.values, np.float64)
        parts.append(np.where(True if column.valid is None else column.valid, values, np.nan)[selected])
    values = np.concatenate(parts)
    known = [
        (start, np.sort(several[np.isfinite(several)]))
        for start, several in zip(rows.starts, rows.by_window(values), strict=True)
        if np.isfinite(several).any()
    ]
    windows = [several for _, several in known]
    return nature_of_ordered(
        OrderedWindows(
            starts=np.array([start for start, _ in known]),
            means=np.array([several.mean() for several in windows]),
            lows=np.array([several[0] for several in windows]),
            highs=np.array([several[-1] for several in windows]),
            alike=np.array([_alike(*pair) for pair in pairwise(windows)]),
            are_times=kind_spec(watch.kind).times,
        )
    )


def _alike(some: FloatArray, others: FloatArray) -> float:
    """1 less the distance of Kolmogorov and Smirnov of two samples, each ascending."""
    at = np.concatenate([some, others])
    f, g = (np.searchsorted(side, at, side="right") / len(side) for side in (some, others))
    return 1.0 - float(np.abs(f - g).max())


def _of_texts(rows: _Rows, watch: Watched) -> Nature | None:
    place: dict[str, int] = {}
    parts = []
    for part, selected in zip(rows.parts, rows.selected, strict=True):
        array = part.columns.get(watch.column.name)
        if array is None or pa.types.is_null(array.type):
            parts.append(np.full(int(selected.sum()), -1))
            continue
        column = codes(column_kind(watch.kind).as_counted(watch.column.name, array))
        own = np.array([place.setdefault(text, len(place)) for text in column.texts] or [-1], np.int64)
        values = own[column.codes] if column.texts else np.full(len(array), -1)
        parts.append(np.where(True if column.valid is None else column.valid, values, -1)[selected])
    values = np.concatenate(parts)
    occurring, values = np.unique(values, return_inverse=True)
    known = int((occurring[values] >= 0).sum())
    distinct = len(occurring) - int(occurring[0] < 0) if len(occurring) else 0
    texts = list(place)
    if known >= MIN_ROWS and distinct >= NEARLY_ALL * known:
        lengths = {len(texts[at]) for at in occurring.tolist() if at >= 0}
        if len(lengths) == 1:
            return Nature.ID
    if distinct > TEXT_FROM and distinct > TEXT_SHARE * known and not watch.declared:
        return None  # watched by its length
    counts = np.stack([np.bincount(several, minlength=len(occurring)) for several in rows.by_window(values)])[
        :, occurring >= 0
    ]
    counts = counts[counts.any(-1)]
    return nature_of_categories(counts, np.zeros(len(counts), np.int64), others_differ=True)
