"""Runs and rows to publish, told apart by a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from driftline_jobs.stores import RunRecord
from driftline_jobs.stores.database import Session
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables

DAY = timedelta(days=1)
_FIRST = datetime(2013, 1, 1, tzinfo=UTC)
_WHOLE = {"model_version": "*", "segment": "*", "segment_value": "*"}


def day(number: int) -> datetime:
    """The start of the ``number``-th day of 2013, from 0."""
    return _FIRST + number * DAY


def run(
    run_id: str, number: int = 0, part: str = "data", monitor: str = "flights", **more: object
) -> RunRecord:
    start = day(number)
    values: dict[str, object] = {
        "run_id": run_id,
        "monitor": monitor,
        "window_start": start,
        "window_end": start + DAY,
        "granularity": "day",
        "part": part,
        "as_of": datetime(2014, 1, 1, tzinfo=UTC),
        "started_at": datetime(2014, 1, 1, tzinfo=UTC),
        "rows_read": 1000,
        "cpu_seconds": 1.5,
        **more,
    }
    return RunRecord(**values)  # type: ignore[arg-type]


def drift(
    runs: Sequence[RunRecord],
    columns: Sequence[str] = ("carrier", "distance"),
    *,
    value: float = 0.1,
    metrics: Sequence[str] = ("psi", "ks"),
    drifted: bool | None = None,
) -> pa.Table:
    """One row per run, column and metric, all with ``value``."""
    builder = TableBuilder(load_tables()["drift_metrics"])
    for record in runs:
        for column in columns:
            builder.add(
                len(metrics),
                monitor=record.monitor,
                window_start=record.window_start,
                window_end=record.window_end,
                granularity=record.granularity,
                model_version="*",
                segment="*",
                segment_value="*",
                run_id=record.run_id,
                column_name=column,
                column_kind="numeric",
                comparison="reference",
                metric=list(metrics),
                value=value,
                threshold=0.2,
                drifted=drifted,
                n_current=1000,
                n_reference=5000,
                status="ok",
            )
    return builder.to_arrow()


def performance(runs: Sequence[RunRecord], value: float = 0.7, **more: object) -> pa.Table:
    builder = TableBuilder(load_tables()["performance_metrics"])
    for record in runs:
        fields: dict[str, object] = {
            "monitor": record.monitor,
            "window_start": record.window_start,
            "window_end": record.window_end,
            "granularity": record.granularity,
            "model_version": "*",
            "segment": "*",
            "segment_value": "*",
            "run_id": record.run_id,
            "metric": "roc_auc",
            "kind": "realized",
            "value": value,
            "is_final": True,
            "windows": 1,
            "status": "ok",
            **more,
        }
        builder.add(1, **fields)
    return builder.to_arrow()


def inputs(runs: Sequence[RunRecord], uris: Sequence[str] = ("s3://logs/a.parquet",)) -> pa.Table:
    builder = TableBuilder(load_tables()["run_inputs"])
    for record in runs:
        builder.add(
            len(uris),
            run_id=record.run_id,
            role="prediction",
            uri=list(uris),
            etag="abc",
            size_bytes=100,
            rows=10,
            rows_matched=10,
            min_timestamp=record.window_start,
            max_timestamp=record.window_end,
            state="read",
        )
    return builder.to_arrow()


def binning(binning_id: str, monitor: str = "flights", state: bytes = b"\x00\x01\xff") -> pa.Table:
    builder = TableBuilder(load_tables()["binnings"])
    builder.add(1, binning_id=binning_id, monitor=monitor, created_at=day(0), state=state)
    return builder.to_arrow()


def reference_set(reference_id: str, created_at: datetime = _FIRST, **more: object) -> pa.Table:
    builder = TableBuilder(load_tables()["reference_sets"])
    given = {"source": "{}", "binning_id": "b", "rows": 5, "state": [b""], **more}
    builder.add(1, reference_id=reference_id, monitor="flights", created_at=created_at, **given)
    return builder.to_arrow()


def one_row(table: str, record: RunRecord, **values: object) -> pa.Table:
    """One row about the whole log, with the columns that the run says itself."""
    builder = TableBuilder(load_tables()[table])
    common = {
        name: getattr(record, name)
        for name in ("monitor", "window_start", "window_end", "granularity", "run_id")
    }
    builder.add(1, **{**common, **_WHOLE, **values})
    return builder.to_arrow()


def put_then(session: Session, runs: Sequence[RunRecord], tables: Mapping[str, pa.Table]) -> None:
    """Rows as an older version has published them: without the columns that its tables did not have yet.

    Of several runs of a window and part the last is the current one.
    """
    newest = {(record.window_start, record.part): record.run_id for record in runs}
    builder = TableBuilder(load_tables()["runs"])
    moment = datetime(2014, 1, 1, tzinfo=UTC)
    for at, record in enumerate(runs):
        current = newest[record.window_start, record.part] == record.run_id
        published = moment + timedelta(minutes=at)
        made = replace(
            record,
            status="published",
            published_at=published,
            superseded_at=None if current else published + timedelta(minutes=1),
        )
        builder.add(1, **asdict(made))
    for name, rows in {"runs": builder.to_arrow(), **tables}.items():
        known = session.query(f"SELECT * FROM {name} LIMIT 0").column_names
        session.insert(name, rows.select([column for column in rows.column_names if column in known]))
