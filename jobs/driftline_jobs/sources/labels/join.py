"""Labels to their predictions on one machine, within a memory limit: DuckDB joins, in parts where all of it
would not fit.

Of equal prediction ids in a window the first by timestamp, then by row values, counts. Of the labels of
an id the latest by label timestamp; different labels that no timestamp tells apart are left out, and so are
labels that are older than the prediction, or whose timestamp cannot be read. All of it is counted.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pyarrow as pa

from driftline_jobs.sources.labels.counts import JoinCounts
from driftline_jobs.sources.labels.id_sampling import IdSampling
from driftline_jobs.sources.labels.join_errors import spill_error
from driftline_jobs.sources.labels.join_part import COUNTED_ASIDE, ROWS_AT_ONCE, PartJoin
from driftline_jobs.sources.labels.parts import RowsAside, parts_needed
from driftline_jobs.sources.labels.rows import PredictionPlan, label_schema


class LabelJoin:
    """One join; use as a context manager. Add predictions, then labels, then read ``joined``.

    ``expected`` is how many rows of predictions and of labels will come, as their footers say: by these it is
    known whether they fit into ``memory_limit`` bytes. Without them they are joined as one part, whatever it
    takes.
    """

    def __init__(
        self, plan: PredictionPlan, *, memory_limit: int, threads: int, expected: tuple[int, int] = (0, 0)
    ) -> None:
        self._plan = plan
        self._memory_limit, self._threads, self._expected = memory_limit, threads, expected
        self._predicted = _without(plan.schema(), "flaw")
        self._labelled = _without(label_schema(numeric=plan.numeric), "loose")
        self.counts = JoinCounts()
        joins = plan.label is None and plan.prediction_id is not None
        self._sampling = IdSampling(len(plan.scan.bounds_us) - 1) if joins else None
        self._passing: Iterable[pa.Table] | None = None
        self._whole: PartJoin | None = None
        self._aside: list[RowsAside] = []
        self._parts = 1

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = _spill_folder(stack)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._opened.close()

    def _part(self) -> PartJoin:
        return PartJoin(self._plan, self._folder, memory_limit=self._memory_limit, threads=self._threads)

    def add_predictions(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows as ``prediction_rows`` makes them; without ids they meet nothing, and pass as they come."""
        passed = self._predictions(batches)
        if self._plan.prediction_id is None:
            names = _without(self._predicted, "id", "ts", "loose").names
            self._passing = (pa.Table.from_batches([batch.select(names)]) for batch in passed)
            return
        first = list(itertools.islice((batch for batch in passed if batch.num_rows), 1))
        for batch in first:
            retained = batch.select(_without(self._plan.schema(), *COUNTED_ASIDE).names)
            self._parts = parts_needed(retained, *self._expected, self._memory_limit)
        self._add(self._predicted, itertools.chain(first, passed))

    def _predictions(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.counts.add_predictions(batch)
            if self._sampling is not None:
                self._sampling.add_predictions(batch)
            yield batch

    def add_labels(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows as ``label_rows`` makes them, once all predictions are there."""
        self._add(self._labelled, self._labels(batches))

    def _labels(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.counts.add_labels(batch)
            if batch.column("id").null_count:
                batch = batch.filter(batch.column("id").is_valid())  # noqa: PLW2901  those that can be joined
            if self._sampling is not None:
                self._sampling.add_labels(batch)
            yield batch

    def _add(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """One side, into DuckDB at once or aside."""
        if self._parts > 1:
            aside = self._opened.enter_context(RowsAside(schema, self._parts, self._folder))
            for batch in batches:
                aside.add(batch)
            self._aside.append(aside)
            return
        rows = (batch.select(schema.names) for batch in batches)
        if self._whole is None:
            self._whole = self._opened.enter_context(self._part())
            self._whole.add_predictions(schema, rows)
        else:
            self._whole.add_labels(schema, rows)

    def joined(self) -> Iterator[pa.Table]:
        """Unique predictions with their labels (null where there is none), in no particular order; all that
        was counted is known at its end."""
        waiting: list[pa.Table] = []
        for table in self._tables():
            waiting.append(table)
            # each table is merged into every cell there is: those of small parts go together
            if sum(map(len, waiting)) >= ROWS_AT_ONCE:
                yield pa.concat_tables(waiting)
                waiting = []
        if waiting:
            yield pa.concat_tables(waiting)

    def _tables(self) -> Iterator[pa.Table]:
        if self._passing is not None:
            yield from self._passing
            return
        with_id: dict[int, int] = {}
        for part in self._joins():
            yield from part.joined()
            self.counts = JoinCounts.merged([self.counts, part.counts])
            for base, count in part.with_id.items():
                with_id[base] = with_id.get(base, 0) + count
        if self._sampling is not None:
            self.counts.ids = self._sampling.samples(with_id)

    def _joins(self) -> Iterator[PartJoin]:
        """Each part with the rows of both sides."""
        if self._whole is not None:
            yield self._whole
            return
        with self._part() as part:
            for number in range(self._parts):
                part.clear()
                for aside, add in zip(self._aside, (part.add_predictions, part.add_labels), strict=False):
                    add(aside.schema, aside.part(number))
                yield part


def _spill_folder(stack: ExitStack) -> Path:
    """A folder for what does not fit into memory; it goes with the stack."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="driftline-join-", ignore_cleanup_errors=True)
    except OSError as error:
        raise spill_error(error) from error
    return Path(stack.enter_context(folder))


def _without(schema: pa.Schema, *names: str) -> pa.Schema:
    return pa.schema([item for item in schema if item.name not in names])
