"""Labels to their predictions on one machine: DuckDB joins, within a memory limit, spilling to disk.

Of equal prediction ids in a window the first by timestamp, then by row values, counts. Of the labels of
an id the latest by label timestamp; different labels that no timestamp tells apart are left out. All of
it is counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa

from driftline_jobs.labels.rows import PredictionPlan, label_schema
from driftline_schemas.errors import DriftlineError

_BATCH = 1 << 18


@dataclass
class JoinCounts:
    """What the join met, per base window (its index in the plan's bounds).

    Attributes:
        duplicated: rows whose id an earlier row of the window had.
        conflicting: predictions whose labels contradict each other.
        matched: labels that counted, per number of their object and base window.
    """

    duplicated: dict[int, int] = field(default_factory=dict)
    conflicting: dict[int, int] = field(default_factory=dict)
    matched: dict[tuple[int, int], int] = field(default_factory=dict)


class LabelJoin:
    """One join; use as a context manager. Add predictions, then labels, then read ``joined``."""

    def __init__(self, plan: PredictionPlan, *, memory_limit: int, threads: int) -> None:
        self._plan = plan
        self._spill = tempfile.TemporaryDirectory(prefix="driftline-join-")
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_limit // 1024}KiB",
                "threads": threads,
                "temp_directory": self._spill.name,
                "preserve_insertion_order": False,
            },
        )
        self.counts = JoinCounts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()
        self._spill.cleanup()

    def add_predictions(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows as ``prediction_rows`` makes them."""
        schema = self._plan.schema().append(pa.field("place", pa.int64()))
        self._read(schema, _numbered(batches, schema), "CREATE TABLE predictions AS SELECT * FROM incoming")

    def add_labels(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Rows as ``label_rows`` makes them, once all predictions are there.

        Only those that meet a prediction are kept, and only which one: labels are joined as they are read.
        By prediction, not by id: a label may come in time for one window, and too late for another.
        """
        self._keep_first_of_equal_ids()
        # What is held in memory is the right side: DuckDB cannot know how many labels there will be.
        self._connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        self._read(
            label_schema(numeric=self._plan.numeric),
            batches,
            "CREATE TABLE matches AS SELECT p.place, p.base, l.label, l.object, l.ts AS told "
            "FROM incoming l JOIN predictions p "
            "ON l.id = p.id AND p.base BETWEEN l.first_base AND l.last_base",
        )
        self._connection.execute("RESET disabled_optimizers")
        self._settle_several()

    def _read(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], statement: str) -> None:
        failures: list[DriftlineError] = []

        def watched() -> Iterator[pa.RecordBatch]:
            try:
                yield from batches
            except DriftlineError as failure:
                failures.append(failure)
                raise

        self._connection.register("incoming", pa.RecordBatchReader.from_batches(schema, watched()))
        try:
            self._connection.execute(statement)
        except duckdb.Error as error:
            # DuckDB has turned what failed while the rows were read into text: raise the failure itself
            raise failures[0] if failures else error from None
        self._connection.unregister("incoming")

    def joined(self) -> Iterator[pa.Table]:
        """Unique predictions with their labels (null where there is none), in no particular order."""
        if self._plan.label is None:
            query = (
                "SELECT p.* EXCLUDE (id, ts, label, place), m.label, m.object "
                "FROM predictions p LEFT JOIN matches m ON p.place = m.place"
            )
        else:
            self._keep_first_of_equal_ids()
            query = "SELECT * EXCLUDE (id, ts, place) FROM predictions"
        for batch in self._connection.sql(query).to_arrow_reader(_BATCH):
            if "object" in batch.schema.names:
                self._count_matched(batch)
            yield pa.Table.from_batches([batch])

    def _count_matched(self, batch: pa.RecordBatch) -> None:
        found = batch.column("object").is_valid()
        pairs = pa.table({name: batch.column(name).filter(found) for name in ("object", "base")})
        counted = pairs.group_by(["object", "base"]).aggregate([([], "count_all")]).to_pydict()
        for number, base, count in zip(counted["object"], counted["base"], counted["count_all"], strict=True):
            self.counts.matched[number, base] = self.counts.matched.get((number, base), 0) + count

    def _per_window(self, query: str) -> dict[int, int]:
        return {int(key): int(count) for key, count in self._connection.execute(query).fetchall()}

    def _rows(self, table: str) -> int:
        (found,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608  a fixed name
        return int(found[0])

    def _keep_first_of_equal_ids(self) -> None:
        if self._plan.prediction_id is None:
            return
        execute = self._connection.execute
        # Grouping numbers takes a third of the time of grouping texts, and hardly any hash comes twice.
        execute(
            "CREATE TABLE suspects AS SELECT hash(base, id) AS hashed FROM predictions WHERE id IS NOT NULL "
            "GROUP BY hashed HAVING count(*) > 1"
        )
        if not self._rows("suspects"):
            return
        execute(
            "CREATE TABLE repeated AS SELECT base, id, count(*) AS times FROM predictions "
            "WHERE id IS NOT NULL AND hash(base, id) IN (SELECT hashed FROM suspects) "
            "GROUP BY base, id HAVING count(*) > 1"
        )
        self.counts.duplicated = self._per_window("SELECT base, sum(times - 1) FROM repeated GROUP BY base")
        if not self.counts.duplicated:
            return
        values = [name for name in self._plan.schema().names if name not in ("base", "id", "ts")]
        order = ", ".join(["ts", *(f"{name} NULLS LAST" for name in values)])
        execute(
            "CREATE TABLE first_of AS SELECT p.* FROM predictions p JOIN repeated r USING (base, id) "  # noqa: S608
            f"QUALIFY row_number() OVER (PARTITION BY p.base, p.id ORDER BY {order}) = 1"
        )
        execute("DELETE FROM predictions WHERE (base, id) IN (SELECT (base, id) FROM repeated)")
        execute("INSERT INTO predictions SELECT * FROM first_of")

    def _settle_several(self) -> None:
        """Of several labels of a prediction the one that counts, or none."""
        execute = self._connection.execute
        execute("CREATE TABLE several AS SELECT place FROM matches GROUP BY place HAVING count(*) > 1")
        if not self._rows("several"):
            return
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
        execute("INSERT INTO matches SELECT place, base, label, object, NULL FROM settled WHERE NOT differ")


def _numbered(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows with a number each, by which the join finds them again: cheaper than by their id."""
    before = 0
    for batch in batches:
        place = pa.array(np.arange(before, before + batch.num_rows))
        yield pa.record_batch([*batch.columns, place], schema=schema)
        before += batch.num_rows
