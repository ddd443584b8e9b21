"""The label join on Spark's workers: both sides are parted by the loose hash of the id, and each part is
joined as on one machine (``sources.labels.join``), so that what counts as a match is said in one place.
Ids that are the same but for how they are written are in one part, so that they are found there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Literal

import pyarrow as pa

from driftline_jobs.engines.spark.tasks import MERGE_EVERY, Shared, place
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.sources.labels.collect import collect
from driftline_jobs.sources.labels.counts import JoinCounts
from driftline_jobs.sources.labels.join import LabelJoin
from driftline_jobs.sources.labels.join_errors import spill_error
from driftline_jobs.sources.labels.parts import MOST_PARTS, parted
from driftline_jobs.sources.labels.rows import LabelPlan, PredictionPlan, label_rows, prediction_rows
from driftline_jobs.sources.parquet.small_splits import bundled
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.tasks.outcomes import OutcomePlan, Outcomes, OutcomesByCell
from driftline_schemas.errors import TerminalError

ROWS_PER_PART = 500_000
_MEMORY_LIMIT = 256 << 20
_LENGTH_BYTES = 8

Side = Literal["predictions", "labels"]
RowsRecord = tuple[Side, bytes] | TerminalError
OutcomeRecord = tuple[CellKey, Outcomes] | JoinCounts | TerminalError


@dataclass(frozen=True)
class JoinPlan:
    """A ``JoinRequest`` without its splits; ``parts`` is how many ways the ids are parted."""

    predictions: PredictionPlan
    labels: LabelPlan | None
    task: OutcomePlan
    memory_limit: int
    parts: int

    def table(self) -> LabelJoin:
        """An empty join. A part is small; should one not be, it spills to disk."""
        return LabelJoin(self.predictions, memory_limit=min(self.memory_limit, _MEMORY_LIMIT), threads=1)


def parts_of(rows: int, tasks_at_once: int, memory_limit: int) -> int:
    """How many parts for so many rows of both sides: enough for every core, each small enough for memory."""
    each = max(ROWS_PER_PART * min(memory_limit, _MEMORY_LIMIT) // _MEMORY_LIMIT, 1)
    return max(min(max(tasks_at_once, -(-rows // each)), MOST_PARTS), 1)


def prediction_parts(
    plan: Shared[JoinPlan], bundles: Iterable[Sequence[Split]]
) -> Iterator[tuple[int, RowsRecord]]:
    """The predictions of each bundle as Arrow streams, by part."""
    columns = len(plan.value.predictions.schema())
    for splits in (splits for bundle in bundles for splits in bundled(bundle, columns)):
        try:
            batches = prediction_rows(splits, plan.value.predictions)
        except TerminalError as error:
            yield 0, error
            return
        for part, rows in (parts for batch in batches for parts in parted(batch, plan.value.parts)):
            yield part, ("predictions", bytes(rows))


def label_parts(
    plan: Shared[JoinPlan], bundles: Iterable[Sequence[tuple[int, Split]]]
) -> Iterator[tuple[int, RowsRecord]]:
    """The labels of each bundle as Arrow streams, by part."""
    labels = plan.value.labels
    if labels is None:
        return
    for number, split in (numbered for bundle in bundles for numbered in bundle):
        try:
            batch = label_rows(split, number, labels)
        except TerminalError as error:
            yield 0, error
            return
        for part, rows in parted(batch, plan.value.parts):
            yield part, ("labels", bytes(rows))


def joined(
    plan: Shared[JoinPlan], records: Iterable[tuple[int, RowsRecord]]
) -> Iterator[tuple[int, OutcomeRecord]]:
    """Outcomes of the rows of one part, placed by cell; what the join counted at 0."""
    try:
        outcomes, counts = _joined_part(plan.value, records)
    except TerminalError as error:
        yield 0, error
        return
    yield 0, counts
    for key, outcome in outcomes.items():
        yield place(key), (key, outcome)


def _joined_part(
    plan: JoinPlan, records: Iterable[tuple[int, RowsRecord]]
) -> tuple[OutcomesByCell, JoinCounts]:
    with _aside() as aside, plan.table() as table:
        sides = _Sides((record for _, record in records), aside)
        table.add_predictions(sides.predictions())
        if plan.labels is not None:
            table.add_labels(sides.labels())
        outcomes = collect(table.joined(), plan.predictions, plan.task)
        return outcomes, table.counts


def _aside() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(prefix="driftline-labels-")
    except OSError as error:
        raise spill_error(error) from error


def counted(
    plan: Shared[JoinPlan], bundles: Iterable[Sequence[Split]]
) -> Iterator[tuple[int, OutcomeRecord]]:
    """The same for a log that has its labels in itself and no ids: nothing needs to meet anything."""
    rows = ((0, record) for _, record in prediction_parts(plan, bundles))
    return joined(plan, rows)


@dataclass
class _Sides:
    """Rows of both sides as they arrive, mixed: predictions go on at once, labels wait on disk."""

    records: Iterable[RowsRecord]
    aside: IO[bytes]

    def predictions(self) -> Iterator[pa.RecordBatch]:
        for record in self.records:
            if isinstance(record, TerminalError):
                raise record
            side, rows = record
            if side == "predictions":
                yield from pa.ipc.open_stream(rows)
            else:
                self._put_aside(rows)

    def _put_aside(self, rows: bytes) -> None:
        try:
            self.aside.write(len(rows).to_bytes(_LENGTH_BYTES, "little"))
            self.aside.write(rows)
        except OSError as error:
            raise spill_error(error) from error

    def labels(self) -> Iterator[pa.RecordBatch]:
        try:
            self.aside.seek(0)  # what waits to be written is written now
        except OSError as error:
            raise spill_error(error) from error
        while head := self.aside.read(_LENGTH_BYTES):
            yield from pa.ipc.open_stream(self.aside.read(int.from_bytes(head, "little")))


@dataclass
class _Gathering:
    parts: dict[CellKey, list[Outcomes]] = field(default_factory=dict)
    counts: JoinCounts = field(default_factory=JoinCounts)

    def add(self, record: OutcomeRecord) -> None:
        """Raises the error that the record may be."""
        if isinstance(record, TerminalError):
            raise record
        if isinstance(record, JoinCounts):
            self.counts = JoinCounts.merged([self.counts, record])
            return
        key, outcome = record
        several = self.parts.setdefault(key, [])
        several.append(outcome)
        if len(several) == MERGE_EVERY:
            several[:] = [type(outcome).merged(several)]

    def outcomes(self) -> OutcomesByCell:
        return {key: type(several[0]).merged(several) for key, several in self.parts.items()}


def gathered(records: Iterable[tuple[int, OutcomeRecord]]) -> Iterator[OutcomeRecord]:
    """One outcome per cell and one of the counts."""
    gathering = _Gathering()
    try:
        for _, record in records:
            gathering.add(record)
    except TerminalError as error:
        yield error
        return
    yield gathering.counts
    yield from gathering.outcomes().items()


def all_outcomes(records: Iterable[OutcomeRecord]) -> tuple[OutcomesByCell, JoinCounts]:
    """The records of all places as one answer. Raises the error that one of them is."""
    gathering = _Gathering()
    for record in records:
        gathering.add(record)
    return gathering.outcomes(), gathering.counts
