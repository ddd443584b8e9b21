"""The demo's monitor with some days of logs, moved so that the last of them was yesterday."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

LAST = date(2013, 7, 10)
DAYS = 5
REFERENCE_DAYS = 28
MONITOR = "flight_delay"


def load(folder: Path, monitors: Path, client: Any, *, today: date | None = None) -> date:  # noqa: ANN401 - boto3
    """Put logs and labels from ``folder`` (a demo's) into S3, and the monitor's file into ``monitors``.

    Returns the first of the ``DAYS`` that Airflow is to run. The days before it are the reference.
    """
    shift = (today or datetime.now(UTC).date()) - timedelta(days=1) - LAST
    first = LAST - timedelta(days=DAYS - 1)
    reference = first - timedelta(days=REFERENCE_DAYS)
    for offset in range((LAST - reference).days + 1):
        day = reference + timedelta(days=offset)
        _move(folder / "logs", "serving-logs", day, "requested_at", shift, client)
        # Labels come a day later; those of the last day are not in yet.
        _move(folder / "labels", "labels", day, "labelled_at", shift, client)
    _write_monitor(folder, monitors, reference + shift, first + shift)
    return first + shift


def _move(source: Path, bucket: str, day: date, column: str, shift: timedelta, client: Any) -> None:  # noqa: ANN401
    for path in sorted((source / f"dt={day}").glob("*.parquet")):
        table = pq.read_table(path)
        at = table.schema.get_field_index(column)
        moved = pc.add(table.column(at), pa.scalar(shift, pa.duration("us")))
        buffer = io.BytesIO()
        pq.write_table(table.set_column(at, table.schema.field(at), moved), buffer, compression="zstd")
        key = f"{MONITOR}/dt={day + shift}/{path.name}"
        client.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())


def _write_monitor(folder: Path, monitors: Path, reference: date, first: date) -> None:
    monitor = yaml.safe_load((folder / "monitors" / f"{MONITOR}.yaml").read_text(encoding="utf-8"))
    monitor["logs"]["uri"] = f"s3://serving-logs/{MONITOR}/"
    monitor["labels"]["uri"] = f"s3://labels/{MONITOR}/"
    monitor["reference"] = {"window": [str(reference), str(first)]}
    monitor["notify"] = {"email": ["team@example.com"], "when": "always"}
    (monitors / f"{MONITOR}.yaml").write_text(yaml.safe_dump(monitor, sort_keys=False), encoding="utf-8")
    scheduling = {
        # Told to spark-submit for a monitor with `engine: spark`.
        "defaults": {"pool": "driftline", "spark_conf": {"spark.executor.memory": "1g"}},
        "monitors": {MONITOR: {"start": str(first)}},
    }
    (monitors / "_airflow.yaml").write_text(yaml.safe_dump(scheduling, sort_keys=False), encoding="utf-8")
