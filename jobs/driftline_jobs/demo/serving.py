"""Write what a serving system would have left behind: a folder of requests and one of labels per day."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from driftline_jobs.demo.features import CATEGORICAL, NUMERIC

if TYPE_CHECKING:
    import pandas as pd

    from driftline_jobs.pipeline.request import Progress

_TIME = pa.timestamp("us", tz="UTC")
_NUMBERS = {
    "distance": pa.int32(),
    "departures_in_hour": pa.int32(),
    "aircraft_age": pa.int16(),
    "seats": pa.int16(),
    "wind_direction": pa.int16(),
}
LOG_SCHEMA = pa.schema(
    [
        ("requested_at", _TIME),
        ("request_id", pa.string()),
        ("model_version", pa.string()),
        *((name, pa.string()) for name in (*CATEGORICAL, "tail_number")),
        *((name, _NUMBERS.get(name, pa.float64())) for name in NUMERIC),
        ("late_probability", pa.float64()),
        ("late", pa.int8()),
    ]
)
LABEL_SCHEMA = pa.schema([("labelled_at", _TIME), ("request_id", pa.string()), ("arrived_late", pa.int8())])


def write_serving_logs(answered: pd.DataFrame, logs: Path, labels: Path, progress: Progress) -> None:
    """Write ``logs/dt=…/part-0.parquet`` by day of request and ``labels/dt=…/…`` by day of labelling.

    A file that already has the same content is left alone, so that its modification time tells no untruth.
    """
    labelled = answered[answered["labelled_at"].notna()].sort_values(["labelled_at", "request_id"])
    written = (
        (answered, "requested_at", LOG_SCHEMA, logs),
        (labelled, "labelled_at", LABEL_SCHEMA, labels),
    )
    progress.stage(
        "writing serving logs and labels", sum(_days(rows, at).nunique() for rows, at, _, _ in written)
    )
    for rows, at, schema, folder in written:
        for day, of_day in rows.groupby(_days(rows, at)):
            table = pa.Table.from_pandas(of_day, schema=schema, preserve_index=False)
            _write_if_changed(
                table.replace_schema_metadata(), folder / f"dt={day:%Y-%m-%d}" / "part-0.parquet"
            )
            progress.advance()


def _days(rows: pd.DataFrame, at: str) -> pd.Series[pd.Timestamp]:
    days: pd.Series[pd.Timestamp] = rows[at].dt.floor("D")
    return days


def _write_if_changed(table: pa.Table, path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Hidden until it is whole: a demo that is interrupted leaves no truncated object behind.
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
