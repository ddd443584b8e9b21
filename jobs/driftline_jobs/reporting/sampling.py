"""A sample of the log's rows: chosen by the hash of their ids, read through the same splits as everything.

A split is looked at by its times and ids first. Of its other columns only the rows that can get into the
sample are kept, one column at a time, so that memory is bound by one column and the sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.pipeline.request import Progress
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.arrays import codes, written
from driftline_jobs.profiles.columns.hiding import Hiding
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.placing import accepted_rows
from driftline_jobs.sources.rescan import around_damage
from driftline_reports.sample import Hashes, IdSample, RowHashes
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import is_text


@dataclass(frozen=True)
class SamplePlan:
    """Which rows a sample is of: those in one of ``intervals_us`` (half-open), of one version if it is named.
    Without intervals all rows, which then need no times.

    Columns are the watched ones, in the form in which they are watched: numbers, the lengths of texts, values
    as text, and of sensitive columns what stands for them.
    """

    monitor: Monitor
    binning: Binning
    hiding: Hiding
    intervals_us: tuple[tuple[int, int], ...] | None
    model_version: str | None = None

    def nothing(self) -> pa.Table:
        """A sample of no rows."""
        return no_rows(self.binning)


def no_rows(binning: Binning) -> pa.Table:
    """A sample of no rows at all."""
    types = [(name, bins.ARROW_TYPE) for name, bins in binning.columns.items()]
    return pa.schema(types).empty_table()


def kinds_of(binning: Binning) -> Mapping[str, str]:
    """How each column of a sample is to be treated."""
    return {name: bins.shown_kind for name, bins in binning.columns.items()}


def sample_log(inspection: LogInspection, plan: SamplePlan, progress: Progress) -> tuple[pa.Table, int]:
    """The sample, and of how many rows it is one.

    The same rows give the same sample, however they lie in objects. An object that turns out to be damaged is
    left out whole, as it is by a run.
    """

    def read(objects: LogInspection) -> IdSample:
        sample = IdSample()
        for split in objects.splits:
            _sample_split(split, objects, plan, sample)
        return sample

    sample, _ = around_damage(inspection, read, progress)
    found = sample.table()
    return plan.nothing() if found is None else found, sample.rows_seen


def _sample_split(split: Split, inspection: LogInspection, plan: SamplePlan, sample: IdSample) -> None:
    logs = plan.monitor.logs
    named = {logs.timestamp, logs.prediction_id, logs.model_version, *plan.binning.columns} - {None}
    categories = [
        column.name
        for column in inspection.columns
        if is_text(column.type)
        and column.name in plan.binning.columns
        and plan.binning.columns[column.name].dictionaries
    ]
    wanted = [name for name in named if name is not None]
    with SplitReader(split, inspection.columns, categories, wanted=wanted) as reader:
        columns = _Columns(reader, plan, _rows(reader, split, plan))
        ids = columns.ids()
        chosen = sample.candidates(ids, columns.hashes)
        rows = columns.table(chosen)
    # Only now it is known that the object was the listed one to its end.
    sample.add(rows, ids.take(pa.array(chosen)), seen=len(columns.places))


def _rows(reader: SplitReader, split: Split, plan: SamplePlan) -> IntArray:
    logs = plan.monitor.logs
    inside = np.full(reader.rows, plan.intervals_us is None)
    if plan.intervals_us is not None:
        times = reader.timestamps(plan.monitor.log_time)
        for start, end in plan.intervals_us:
            inside |= (times >= start) & (times < end)
        inside &= accepted_rows(times, split)
    if plan.model_version is not None:
        if logs.model_version is None or not reader.has(logs.model_version):
            return np.empty(0, np.int64)
        version = codes(reader.column(logs.model_version))
        of_it = np.array([text == plan.model_version for text in version.texts] or [False])[version.codes]
        inside &= of_it if version.valid is None else of_it & version.valid
    return np.flatnonzero(inside)


class _Columns:
    """The columns of some rows of a split, in the form in which they are watched."""

    def __init__(self, reader: SplitReader, plan: SamplePlan, places: IntArray) -> None:
        self.places = places
        self._reader = reader
        self._plan = plan
        self._names = sorted(plan.binning.columns)

    def ids(self) -> pa.ChunkedArray:
        """One id for each row, null where there is none."""
        name = self._plan.monitor.logs.prediction_id
        if name is None or not self._reader.has(name):
            return pa.chunked_array([pa.nulls(len(self.places), pa.string())])
        return pa.chunked_array([written(codes(self._reader.column(name).take(pa.array(self.places))))])

    def hashes(self) -> Hashes:
        """The hash of every row's content, a column at a time."""
        made = RowHashes(len(self.places))
        for name in self._names:
            made.add(name, pa.chunked_array([self._column(name, self.places)]))
        return made.hashes

    def table(self, chosen: IntArray) -> pa.Table:
        """The rows at these of the places."""
        at = self.places[chosen]
        return pa.table({name: self._column(name, at) for name in self._names})

    def _column(self, name: str, places: IntArray) -> pa.Array:
        array = pa.nulls(len(places), pa.string())
        if self._reader.has(name):
            array = self._reader.column(name).take(pa.array(places))
        binning = self._plan.binning
        return binning.columns[name].written(array, binning.reading(name, self._plan.hiding))
