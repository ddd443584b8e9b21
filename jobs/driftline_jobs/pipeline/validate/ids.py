"""Whether predictions and labels can meet by their ids, and whether one can only be about the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from driftline_jobs.detection.repeated_ids import MOST_REPEATED
from driftline_jobs.evaluate.label_checks import ASIDE_SLACK, shown_id
from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import LogSample
from driftline_jobs.profiles.columns.times import NO_TIME
from driftline_jobs.sources.labels.ids import read_ids
from driftline_jobs.sources.labels.times import times_and_ends
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.serving_log import TimeColumn
from driftline_schemas.window import from_us

_HOUR_US = 3_600_000_000


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """What keeps labels from the predictions that they are about, or takes them to others."""
    if not isinstance(monitor.labels, LabelSource) or monitor.logs.prediction_id is None:
        return
    predictions = _Side.of(samples.log, monitor.logs.prediction_id, monitor.log_time)
    yield from _inexact(predictions, f"logs.prediction_id {monitor.logs.prediction_id!r}")
    yield from _repeated(monitor, predictions)
    if samples.labels is None:
        return
    labels = _Side.of(samples.labels, monitor.labels.prediction_id, monitor.label_time)
    yield from _inexact(labels, f"labels.prediction_id {monitor.labels.prediction_id!r}")
    yield from _unlike(predictions, labels)
    yield from _early(monitor.labels, predictions, labels)


@dataclass(frozen=True)
class _Side:
    """Sampled rows that have an id.

    Attributes:
        ids: (n,) texts; loose: (n,) their hashes.
        times, ends: (n,) of the rows, ``NO_TIME`` where they have none.
        inexact: how many more have an id that its type may have rounded.
    """

    ids: np.ndarray[tuple[int], np.dtype[np.object_]]
    loose: np.ndarray[tuple[int], np.dtype[np.uint64]]
    times: IntArray
    ends: IntArray
    inexact: int

    @classmethod
    def of(cls, sample: LogSample, name: str, time: TimeColumn | None) -> _Side:
        """The rows of all sampled objects that have the column."""
        from driftline_jobs.sources.labels.loose_ids import loose_hashes

        texts, times, ends, inexact = [], [], [], 0
        for part in sample.objects:
            if name not in part.columns:
                continue
            read = read_ids(part.columns[name])
            inexact += 0 if read.inexact is None else int(read.inexact.sum())
            texts.append(read.texts)
            none = np.full(len(read.texts), NO_TIME)
            both = (none, none)
            if time is not None and time.name in part.columns:
                both = times_and_ends(part.columns[time.name], time)
            times.append(both[0])
            ends.append(both[1])
        ids = pa.chunked_array(texts, pa.string()).combine_chunks()
        there = ids.is_valid().to_numpy(zero_copy_only=False)
        return cls(
            np.asarray(ids.to_numpy(zero_copy_only=False), np.object_)[there],
            loose_hashes(ids)[there],
            np.concatenate([np.empty(0, np.int64), *times])[there],
            np.concatenate([np.empty(0, np.int64), *ends])[there],
            inexact,
        )


def _inexact(side: _Side, where: str) -> Iterator[Remark]:
    if side.inexact:
        yield Remark(
            f"{where}: of {len(side.ids) + side.inexact:,} sampled ids, {side.inexact:,} are floats that may "
            "have been rounded (no whole number, or too large for one), and are set aside: write ids as "
            "integers or as text"
        )


def _repeated(monitor: Monitor, side: _Side) -> Iterator[Remark]:
    known = np.flatnonzero(side.times != NO_TIME)
    hours, place = np.unique(side.times[known] // _HOUR_US, return_inverse=True)
    starts = [monitor.calendar.containing(from_us(hour * _HOUR_US)).start for hour in hours.tolist()]
    first: dict[str, datetime] = {}
    again: dict[str, tuple[datetime, datetime]] = {}
    rows = sorted(zip((starts[at] for at in place.tolist()), side.ids[known].tolist(), strict=True))
    for start, name in rows:
        before = first.setdefault(name, start)
        if before != start:
            again.setdefault(name, (before, start))
    if len(again) <= MOST_REPEATED * len(first):
        return
    example = min(again)
    earlier, later = (monitor.calendar.label(monitor.calendar.containing(at)) for at in again[example])
    yield Remark(
        f"prediction ids come again in other windows: {shown_id(example)!r} is one of {earlier} and one of "
        f"{later}, and so are {len(again):,} of {len(first):,} sampled ids. A label of such an id may be "
        "about either prediction, so no figures are made of the labels: let logs.prediction_id name a column "
        "that differs for every prediction"
    )


def _unlike(predictions: _Side, labels: _Side) -> Iterator[Remark]:
    logged, labelled = set(predictions.ids.tolist()), set(labels.ids.tolist())
    alone = {
        hashed: name
        for hashed, name in sorted(zip(predictions.loose.tolist(), predictions.ids.tolist(), strict=True))
        if name not in labelled
    }
    found = sorted(
        (name, alone[hashed])
        for hashed, name in {*zip(labels.loose.tolist(), labels.ids.tolist(), strict=True)}
        if name not in logged and hashed in alone
    )
    if len(found) <= ASIDE_SLACK * len(labelled):
        return
    label, prediction = found[0]
    yield Remark(
        "ids of predictions and of labels are written differently, so they do not meet: "
        f"{shown_id(prediction)!r} in the log is {shown_id(label)!r} among the labels, and so are "
        f"{len(found):,} of {len(labelled):,} sampled ids of labels: write both alike (type, capitals, "
        "blanks, zeros in front)"
    )


def _early(source: LabelSource, predictions: _Side, labels: _Side) -> Iterator[Remark]:
    oldest: dict[str, int] = {}
    for name, time in zip(predictions.ids.tolist(), predictions.times.tolist(), strict=True):
        if time != NO_TIME:
            oldest[name] = min(time, oldest.get(name, time))
    met = early = 0
    example: tuple[str, int, int] | None = None
    for name, time, end in zip(labels.ids.tolist(), labels.times.tolist(), labels.ends.tolist(), strict=True):
        if time == NO_TIME or name not in oldest:
            continue
        met += 1
        if end <= oldest[name]:
            early += 1
            example = min(example or (name, time, oldest[name]), (name, time, oldest[name]))
    if example is None or early <= ASIDE_SLACK * met:
        return
    name, labelled, predicted = example
    yield Remark(
        f"labels are older than the predictions that they are about, so they are none: the label of "
        f"{shown_id(name)!r} is of {from_us(labelled):%Y-%m-%d %H:%M:%S} UTC, its prediction of "
        f"{from_us(predicted):%Y-%m-%d %H:%M:%S} UTC, and so are {early:,} of {met:,} sampled labels: let "
        f"labels.timestamp {source.timestamp!r} be when the outcome became known, and mind the zones"
    )
