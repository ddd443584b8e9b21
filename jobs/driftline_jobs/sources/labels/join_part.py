"""One part of a join, or all of it, in DuckDB: within a memory limit, spilling to disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.distinct import UIntArray
from driftline_jobs.sources.labels.counts import Flaw, JoinCounts
from driftline_jobs.sources.labels.join_errors import join_failures
from driftline_jobs.sources.labels.rows import PredictionPlan
from driftline_schemas.errors import DriftlineError

COUNTED_ASIDE = ("loose", "flaw")
"""Of a prediction what is counted or sampled as it passes: the join itself needs it not."""
ROWS_AT_ONCE = 1 << 18
_TABLES = ("predictions", "matches", "suspects", "repeated", "first_of", "several", "settled")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BYTES_OF_A_THREAD = 32 << 20
"""What a thread of DuckDB holds of its own, whatever the limit says, before anything can be spilled."""


class PartJoin:
    """Predictions and labels whose ids are in this part; use as a context manager, like ``LabelJoin``.

    Rows come as ``prediction_rows`` and ``label_rows`` make them, without what is counted as they pass.

    Attributes:
        counts: what is only known once they are joined.
        with_id: predictions with an id by base window, of equal ones the first; known with the first rows of
            ``joined``.
    """

    def __init__(self, plan: PredictionPlan, folder: Path, *, memory_limit: int, threads: int) -> None:
        self._plan = plan
        self._failures = partial(join_failures, memory_limit, folder.parent)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_limit // 1024}KiB",
                "threads": max(min(threads, memory_limit // _BYTES_OF_A_THREAD), 1),
                "temp_directory": str(folder),
                "preserve_insertion_order": False,
            },
        )
        self.counts = JoinCounts()
        self.with_id: dict[int, int] = {}
        self._rows = 0
        self._has_labels = self._unique = self._may_repeat = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def clear(self) -> None:
        """Forget all rows and counts, for the next part: cheaper than another connection."""
        for table in _TABLES:
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        self.counts, self.with_id = JoinCounts(), {}
        self._rows = 0
        self._has_labels = self._unique = self._may_repeat = False

    def add_predictions(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows of the given schema, ``loose`` among it."""
        columns = pa.schema([item for item in schema if item.name not in COUNTED_ASIDE])
        numbered = columns.append(pa.field("place", pa.int64()))
        self._read(
            numbered, self._numbered(batches, numbered), "CREATE TABLE predictions AS SELECT * FROM incoming"
        )

    def _numbered(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows with a number each, by which the join finds them again: cheaper than by their id."""
        hashes = []
        for batch in batches:
            if self._plan.prediction_id is not None:
                hashes.append(_hashes_in_window(batch))
            place = pa.array(np.arange(self._rows, self._rows + batch.num_rows))
            self._rows += batch.num_rows
            columns = [batch.column(name) for name in schema.names[:-1]]
            yield pa.record_batch([*columns, place], schema=schema)
        if hashes:
            ordered = np.sort(np.concatenate(hashes))
            self._may_repeat = bool((ordered[1:] == ordered[:-1]).any())

    def add_labels(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows of the given schema with ids, once all predictions are there.

        Only those that meet a prediction are kept, and only which one: labels are joined as they are read.
        By prediction, not by id: a label may come in time for one window, and too late for another.
        """
        with self._failures():
            self._keep_first_of_equal_ids()
            self._has_labels = True
            # What is held in memory is the right side: DuckDB cannot know how many labels there will be.
            self._connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        self._read(
            schema,
            batches,
            "CREATE TABLE matches AS SELECT p.place, p.base, l.label, l.object, l.ts AS told, "  # noqa: S608
            f"CASE WHEN l.flaw > 0 THEN l.flaw WHEN l.until <= p.ts THEN {Flaw.EARLY:d} ELSE 0 END AS flaw "
            "FROM incoming l JOIN predictions p "
            "ON l.id = p.id AND p.base BETWEEN l.first_base AND l.last_base",
        )
        with self._failures():
            self._connection.execute("RESET disabled_optimizers")
            self._leave_out_flawed()
            self._settle_several()

    def _read(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], statement: str) -> None:
        failures: list[BaseException] = []

        def watched() -> Iterator[pa.RecordBatch]:
            try:
                yield from batches
            except GeneratorExit:
                raise
            except BaseException as failure:
                failures.append(failure)
                raise

        self._connection.register("incoming", pa.RecordBatchReader.from_batches(schema, watched()))
        try:
            with self._failures():
                self._connection.execute(statement)
        except (duckdb.Error, DriftlineError):
            # DuckDB has turned what failed while the rows were read into text: raise the failure itself
            if failures:
                raise failures[0] from None
            raise
        self._connection.unregister("incoming")

    def joined(self) -> Iterator[pa.Table]:
        """Unique predictions with their labels (null where there is none), in no particular order."""
        with self._failures():
            self._keep_first_of_equal_ids()
            self.with_id = self._per_window(
                "SELECT base, count(*) FROM predictions WHERE id IS NOT NULL GROUP BY base"
            )
            if self._has_labels:
                query = (
                    "SELECT p.* EXCLUDE (id, ts, label, place), m.label, m.object "
                    "FROM predictions p LEFT JOIN matches m ON p.place = m.place"
                )
            else:
                query = "SELECT * EXCLUDE (id, ts, place) FROM predictions"
            batches = self._connection.sql(query).to_arrow_reader(ROWS_AT_ONCE)
        while (batch := self._next(batches)) is not None:
            if "object" in batch.schema.names:
                self._count_matched(batch)
            yield pa.Table.from_batches([batch])

    def _next(self, batches: pa.RecordBatchReader) -> pa.RecordBatch | None:
        with self._failures():
            return next(batches, None)

    def _count_matched(self, batch: pa.RecordBatch) -> None:
        found = batch.column("object").is_valid()
        pairs = pa.table({name: batch.column(name).filter(found) for name in ("object", "base")})
        counted = pairs.group_by(["object", "base"]).aggregate([([], "count_all")]).to_pydict()
        for number, base, count in zip(counted["object"], counted["base"], counted["count_all"], strict=True):
            self.counts.matched[number, base] = self.counts.matched.get((number, base), 0) + count

    def _per_window(self, query: str) -> dict[int, int]:
        return {int(key): int(count) for key, count in self._connection.execute(query).fetchall()}

    def _size(self, table: str) -> int:
        (found,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608  a fixed name
        return int(found[0])

    def _keep_first_of_equal_ids(self) -> None:
        if self._unique or not self._may_repeat:
            return
        self._unique = True
        execute = self._connection.execute
        # Grouping numbers takes a third of the time of grouping texts, and hardly any hash comes twice.
        execute(
            "CREATE TABLE suspects AS SELECT hash(base, id) AS hashed FROM predictions WHERE id IS NOT NULL "
            "GROUP BY hashed HAVING count(*) > 1"
        )
        if not self._size("suspects"):
            return
        execute(
            "CREATE TABLE repeated AS SELECT base, id, count(*) AS times FROM predictions "
            "WHERE id IS NOT NULL AND hash(base, id) IN (SELECT hashed FROM suspects) "
            "GROUP BY base, id HAVING count(*) > 1"
        )
        self.counts.duplicated = self._per_window("SELECT base, sum(times - 1) FROM repeated GROUP BY base")
        if not self.counts.duplicated:
            return
        rest = ("base", "id", "ts", *COUNTED_ASIDE)
        values = ["ts", *(name for name in self._plan.schema().names if name not in rest)]
        # An aggregate, not a window: of one id that all rows have, a window would hold every row. Within a
        # struct a null is greater than any value.
        execute(
            f"CREATE TABLE first_of AS SELECT base, id, min(struct_pack({', '.join(values)})) AS first, "  # noqa: S608
            "min(place) AS place FROM predictions SEMI JOIN repeated USING (base, id) GROUP BY base, id"
        )
        execute("DELETE FROM predictions WHERE (base, id) IN (SELECT (base, id) FROM repeated)")
        execute("INSERT INTO predictions BY NAME SELECT base, id, unnest(first), place FROM first_of")

    def _leave_out_flawed(self) -> None:
        """Count what was matched and is no label, and go on without it."""
        rows = self._connection.execute(
            "SELECT flaw, base, count(*) FROM matches GROUP BY flaw, base"
        ).fetchall()
        counts = {
            Flaw.EARLY: self.counts.early,
            Flaw.NULL_LABEL: self.counts.null_labels,
            Flaw.UNREADABLE_LABEL: self.counts.unreadable_labels,
            Flaw.UNREADABLE_TIME: self.counts.unreadable_times,
        }
        for flaw, base, count in rows:
            self.counts.met[base] = self.counts.met.get(base, 0) + count
            if flaw:
                counts[Flaw(flaw)][base] = count
        if any(flaw for flaw, _, _ in rows):
            self._connection.execute("DELETE FROM matches WHERE flaw > 0")

    def _settle_several(self) -> None:
        """Of several labels of a prediction the one that counts, or none."""
        execute = self._connection.execute
        # Numbers are dense: marking them is a twentieth of what grouping them takes.
        has_label, labels = np.zeros(self._rows, np.bool_), 0
        for batch in self._connection.sql("SELECT place FROM matches").to_arrow_reader(ROWS_AT_ONCE):
            has_label[np.asarray(batch.column("place").to_numpy())] = True
            labels += batch.num_rows
        if np.count_nonzero(has_label) == labels:
            return
        execute("CREATE TABLE several AS SELECT place FROM matches GROUP BY place HAVING count(*) > 1")
        execute(
            "CREATE TABLE settled AS SELECT place, any_value(base) AS base, "
            "min(label) <> max(label) AS disagree, "
            "min(label) FILTER (last) AS label, "
            "CASE WHEN disagree THEN min(object) FILTER (last) ELSE min(object) END AS object, "
            "min(label) FILTER (last) <> max(label) FILTER (last) AS differ "
            "FROM (SELECT place, base, label, object, "
            "told IS NOT DISTINCT FROM max(told) OVER (PARTITION BY place) AS last "
            "FROM matches SEMI JOIN several USING (place)) GROUP BY place"
        )
        self.counts.conflicting = self._per_window(
            "SELECT base, count(*) FROM settled WHERE differ GROUP BY base"
        )
        execute("DELETE FROM matches WHERE place IN (SELECT place FROM several)")
        execute(
            "INSERT INTO matches SELECT place, base, label, object, NULL, 0 FROM settled WHERE NOT differ"
        )


def _hashes_in_window(batch: pa.RecordBatch) -> UIntArray:
    """Hashes of the ids that there are, another for each window: few are equal but those of equal ids."""
    loose = np.asarray(batch.column("loose").to_numpy(), np.uint64)
    base = np.asarray(batch.column("base").to_numpy()).astype(np.uint64)
    hashes: UIntArray = loose ^ (base * _GOLDEN)
    valid = batch.column("id").is_valid()
    return hashes if valid.true_count == len(hashes) else hashes[valid.to_numpy(zero_copy_only=False)]
