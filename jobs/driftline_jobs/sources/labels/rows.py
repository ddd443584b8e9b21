"""Predictions and labels as the join wants them: narrow rows with ids and values in one canonical form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.columns.arrays import Codes, class_codes
from driftline_jobs.profiles.columns.conversion import numbers_as
from driftline_jobs.profiles.distinct import mix
from driftline_jobs.sources.labels.counts import Flaw
from driftline_jobs.sources.labels.ids import LONGEST_ID, longest_id, read_ids
from driftline_jobs.sources.labels.times import label_times
from driftline_jobs.sources.listing.partitions import constant
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.small_splits import Columns, ReadSplit, SplitColumns, read_small
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.placing import PlacedRows, joined_rows, placed_rows
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.serving_log import LogColumn, Storage, TimeColumn, is_text
from driftline_schemas.window import to_us

EVERY_WINDOW = np.iinfo(np.int32).max
EVERY_HASH = (1 << 64) - 1


@dataclass(frozen=True)
class PredictionPlan:
    """Which columns of the log the join needs.

    Attributes:
        scan: windows, cells and columns as in the scan.
        prediction_id: None when the log has none, which is only allowed with labels in the log.
        prediction: the predicted class or value.
        scores: score columns by class; the positive one's class is "" in a binary task.
        label: the label's column if the log itself has it.
        numeric: whether predictions and labels are numbers rather than classes.
        below: if not None, cells are of the places of their columns' bins (``BinsOf.places``), not of values;
            and of the rows only those count whose hash, of 64 bits, is below it.
    """

    scan: ScanPlan
    prediction_id: str | None
    prediction: str | None
    scores: tuple[tuple[str, str], ...]
    label: str | None
    numeric: bool = False
    below: int | None = None

    @property
    def cell_columns(self) -> tuple[str, ...]:
        """The columns that cells are made of, each once."""
        names = [name for segment in self.scan.segments for name in segment]
        if self.scan.model_version:
            names.append(self.scan.model_version)
        return tuple(dict.fromkeys(names))

    def schema(self) -> pa.Schema:
        """Arrow schema of ``prediction_rows``."""
        cell = pa.dictionary(pa.int32(), pa.string()) if self.below is None else pa.int16()
        return pa.schema(
            [
                ("base", pa.int32()),
                ("id", pa.string()),
                ("loose", pa.uint64()),
                ("flaw", pa.int8()),
                ("ts", pa.int64()),
                *((f"cell{i}", cell) for i in range(len(self.cell_columns))),
                *((f"score{i}", pa.float64()) for i in range(len(self.scores))),
                ("prediction", value_type(numeric=self.numeric)),
                ("label", value_type(numeric=self.numeric)),
            ]
        )


@dataclass(frozen=True)
class LabelPlan:
    """Which columns of the label objects the join needs.

    ``bounds_us`` are those of the base windows, as in the scan, and ``reach_us`` is how long after its end a
    label may still touch one, by the folder that the label lies in. Without bounds every label does.
    """

    columns: tuple[LogColumn, ...]
    prediction_id: str
    label: str
    time: TimeColumn | None
    numeric: bool = False
    bounds_us: IntArray | None = None
    reach_us: int = 0

    def touched(self, split: Split) -> tuple[int, int]:
        """The first and last base window that labels of this object may touch."""
        folder = split.object.folder
        if self.bounds_us is None or folder is None:
            return 0, EVERY_WINDOW
        start_us, end_us = (to_us(moment) for moment in folder)
        first = int(np.searchsorted(self.bounds_us[1:] + self.reach_us, start_us, side="right"))
        last = int(np.searchsorted(self.bounds_us[:-1], end_us, side="left")) - 1
        return first, last


def value_type(*, numeric: bool) -> pa.DataType:
    """Arrow type of predictions and labels."""
    return pa.float64() if numeric else pa.dictionary(pa.int32(), pa.string())


def label_schema(*, numeric: bool) -> pa.Schema:
    """Arrow schema of ``label_rows``.

    ``until`` is the first moment after the label's: a day later, where it is a date.
    """
    return pa.schema(
        [
            ("object", pa.int32()),
            ("id", pa.string()),
            ("loose", pa.uint64()),
            ("flaw", pa.int8()),
            ("label", value_type(numeric=numeric)),
            ("ts", pa.int64()),
            ("until", pa.int64()),
            ("first_base", pa.int32()),
            ("last_base", pa.int32()),
        ]
    )


def prediction_rows(splits: Sequence[Split], plan: PredictionPlan) -> list[pa.RecordBatch]:
    """The rows that lie in the plan's windows, of a large split or of small ones together."""
    names = [*plan.cell_columns, plan.prediction, plan.label]
    time = None if plan.scan.time is None else plan.scan.time.name
    read_too = [time, plan.prediction_id, *(name for _, name in plan.scores)]
    wanted = [name for name in [*names, *read_too] if name is not None]
    of_rows = [name for name in [*names, *read_too[1:]] if name is not None]  # the times have been read
    opened = partial(SplitReader, columns=plan.scan.columns, dictionaries=_texts(plan.scan.columns, names))
    if len(splits) == 1:
        with opened(splits[0], wanted=wanted) as reader:
            return [_predictions(reader, [_placed(reader, plan)], plan)]

    def read() -> Iterator[tuple[ReadSplit, PlacedRows]]:
        for split in splits:
            with opened(split, wanted=wanted) as reader:
                if split.lies_within(*plan.scan.bounds_us[[0, -1]].tolist()):
                    reader.read_at_once(wanted)
                placed = _placed(reader, plan)
                if len(placed.base):
                    yield ReadSplit.of(reader, of_rows), placed

    return [_predictions(alike, rows, plan) for alike, rows in read_small(read())]


def _placed(columns: SplitColumns, plan: PredictionPlan) -> PlacedRows:
    return placed_rows(columns, plan.scan.time, plan.scan.bounds_us, plan.scan.gaps)


def _predictions(columns: Columns, placed: Sequence[PlacedRows], plan: PredictionPlan) -> pa.RecordBatch:
    rows = joined_rows(placed)
    read = _Columns(columns, rows.chosen, len(rows.base), placed)
    arrays = [
        pa.array(rows.base, pa.int32()),
        *read.ids(plan.prediction_id),
        pa.array(rows.times),
        *(read.cell(name, plan) for name in plan.cell_columns),
        *(read.floats(name) for _, name in plan.scores),
        read.value(plan.prediction, numeric=plan.numeric),
        read.value(plan.label, numeric=plan.numeric),
    ]
    batch = pa.record_batch(arrays, schema=plan.schema())
    return (
        batch if plan.below is None or plan.below == EVERY_HASH else batch.filter(_sampled(batch, plan.below))
    )


def _sampled(batch: pa.RecordBatch, below: int) -> pa.Array:
    """Which rows count, by a hash of the id, or of the row's values where it has none: the same rows in
    whatever way they are split."""
    hashes = np.asarray(batch.column("loose").to_numpy(), np.uint64)
    without_id = batch.column("id").is_null().to_numpy(zero_copy_only=False)
    if without_id.any():
        own = np.zeros(batch.num_rows, np.uint64)
        for name in batch.schema.names:
            if name in _HASHED or name.startswith(("cell", "score")):
                values = batch.column(name).to_numpy(zero_copy_only=False)
                own = mix(own ^ np.nan_to_num(values.astype(np.float64)).view(np.uint64))
        hashes = np.where(without_id, own, hashes)
    return pa.array(mix(hashes) < np.uint64(below))


_HASHED = frozenset({"base", "ts"})


def label_rows(split: Split, number: int, plan: LabelPlan) -> pa.RecordBatch:
    """The rows of a split of a label object, whose number it is; ``flaw`` says which are no labels."""
    with SplitReader(split, plan.columns, _texts(plan.columns, [plan.label])) as reader:
        read = _Columns(reader, None, reader.rows)
        label = read.value(plan.label, numeric=plan.numeric)
        ids, loose, flaw = read.ids(plan.prediction_id)
        ts, until = label_times(reader, plan.time)
        number_of, first, last = (
            pa.array(np.full(reader.rows, value), pa.int32()) for value in (number, *plan.touched(split))
        )
        flaw = _with_label_flaws(flaw, label, read, plan)
        if plan.time is not None and ts.null_count:
            flaw = _with_flaw(flaw, ts, np.int8(Flaw.UNREADABLE_TIME))
    return pa.record_batch(
        [number_of, ids, loose, flaw, label, ts, until, first, last],
        schema=label_schema(numeric=plan.numeric),
    )


def _with_label_flaws(flaw: pa.Array, label: pa.Array, read: _Columns, plan: LabelPlan) -> pa.Array:
    """``flaw``, and of rows that have an id why they have no label."""
    if not label.null_count:
        return flaw
    unreadable: bool | np.ndarray[tuple[int], np.dtype[np.bool_]] = not read.reader.has(plan.label)
    if plan.numeric and not unreadable:
        unreadable = read.unreadable(plan.label)
    why = np.where(unreadable, np.int8(Flaw.UNREADABLE_LABEL), np.int8(Flaw.NULL_LABEL))
    return _with_flaw(flaw, label, why)


def _with_flaw(flaw: pa.Array, values: pa.Array, why: np.int8 | npt.NDArray[np.int8]) -> pa.Array:
    """``flaw``, and why of rows that have none there is no value."""
    flaws, there = np.asarray(flaw), values.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(np.where(there | (flaws != Flaw.NONE), flaws, why), pa.int8())


def _texts(columns: tuple[LogColumn, ...], names: list[str | None]) -> list[str]:
    return [column.name for column in columns if column.name in names and is_text(column.type)]


@dataclass
class _Columns:
    reader: Columns
    chosen: IntArray | None
    count: int
    placed: Sequence[PlacedRows] = ()
    _whole: dict[str, pa.Array] = field(default_factory=dict)

    def array(self, name: str | None) -> pa.Array:
        if name is None or not self.reader.has(name):
            return pa.nulls(self.count, pa.string())
        array = self.reader.column(name)
        return array if self.chosen is None else array.take(pa.array(self.chosen))

    def cell(self, name: str, plan: PredictionPlan) -> pa.Array:
        """What the cells of a column are made of: its values, or the places of their bins."""
        if plan.below is None:
            return _dictionary(plan.scan.hiding.codes(name, self.array(name)))
        bins, about = plan.scan.binning.columns[name], plan.scan.binning.reading(name, plan.scan.hiding)
        there = self.reader.unreadable(name)
        column = (
            bins.read(self.array(name), about)
            if there is None
            else bins.unreadable(constant(there, self.count), about)
        )
        return pa.array(bins.places.take(bins.bin_of_rows(column)), pa.int16())

    def ids(self, name: str | None) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Ids, their loose hashes, and why a row has none."""
        if name is None:  # rows that are joined with nothing
            zeros = np.zeros(self.count, np.int8)
            return pa.nulls(self.count, pa.string()), pa.array(zeros, pa.uint64()), pa.array(zeros, pa.int8())
        from driftline_jobs.sources.labels.loose_ids import loose_hashes

        found = read_ids(self._short_enough(name))
        flaws = np.full(self.count, Flaw.NONE, np.int8)
        if found.texts.null_count:
            flaws[found.texts.is_null().to_numpy(zero_copy_only=False)] = Flaw.NO_ID
        if found.inexact is not None:
            flaws[found.inexact] = Flaw.INEXACT_ID
        return found.texts, pa.array(loose_hashes(found.texts)), pa.array(flaws)

    def _short_enough(self, name: str) -> pa.Array:
        """A column of ids. Raises UnreadableObjectError of ids so long that they are none."""
        # By the footer first, whose sizes count headers too: what would not fit into memory is not decoded.
        longest = {part.split.object.uri: part.mean_bytes(name) for part in self.reader.parts}
        if max(longest.values()) <= 4 * LONGEST_ID:
            array = self.array(name)
            if longest_id(array) <= LONGEST_ID:
                return array
            longest = {part.split.object.uri: longest_id(ids) for part, ids in self._by_part(name)}
        uri, size = max(longest.items(), key=itemgetter(1))
        raise UnreadableObjectError(
            uri,
            f"its column {name} holds ids of {size:,} bytes, more than the {LONGEST_ID:,} an id may have: "
            "see whether prediction_id in the monitor file names the right column",
        )

    def _by_part(self, name: str) -> Iterator[tuple[SplitColumns, pa.Array]]:
        """The chosen rows of each split."""
        for part, placed in itertools.zip_longest(self.reader.parts, self.placed):
            array = part.column(name)
            chosen = None if placed is None else placed.chosen
            yield part, array if chosen is None else array.take(pa.array(chosen))

    def unreadable(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Where something stands that is no finite number: it is not missing."""
        column = numbers_as(self.array(name), Storage.NUMBER)
        found = np.isinf(np.asarray(column.values, np.float64))
        if column.unlike is not None:
            found |= column.unlike
        return found if column.valid is None else found & column.valid

    def value(self, name: str | None, *, numeric: bool) -> pa.Array:
        """A prediction or a label."""
        return self.floats(name) if numeric else _dictionary(class_codes(self.array(name)))

    def floats(self, name: str | None) -> pa.Array:
        column = (
            numbers_as(self.array(name), Storage.NUMBER)
            if name is not None and self.reader.has(name)
            else None
        )
        if column is None:
            return pa.nulls(self.count, pa.float64())
        values = np.asarray(column.values, np.float64)
        mask = ~np.isfinite(values)
        return pa.array(values, mask=mask if column.valid is None else mask | ~column.valid)


def _dictionary(column: Codes) -> pa.DictionaryArray:
    indices = pa.array(column.codes.astype(np.int32), mask=None if column.valid is None else ~column.valid)
    return pa.DictionaryArray.from_arrays(indices, pa.array(column.texts, pa.string()))
