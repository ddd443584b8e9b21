"""Cases of column types: what Arrow and Parquet can hold beside doubles, texts and times in microseconds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
from tests.cases.writing import CaseFolder, generator, model_rows

DAYS = 16


def null_then_double(case: CaseFolder) -> None:
    """Columns without a value in the reference, of Arrow's null type; from 2026-01-18 on they have some."""
    for number in range(19):
        rows, random = model_rows(number), generator(number)
        for name in ("late_num", "late_declared", "late_text"):
            rows[name] = None
        if number >= 17:
            rows["late_num"] = random.normal(size=len(rows))
            rows["late_declared"] = random.normal(size=len(rows))
            rows["late_text"] = random.choice(["a", "b"], len(rows))
        case.put(number, rows)
    case.monitor(features={"numeric": ["x1", "x2", "late_declared"]})


def int96_9999(case: CaseFolder) -> None:
    """Times as Parquet's INT96, half of them the end of time as databases write it: 9999-12-31."""
    for number in range(DAYS):
        rows, random = model_rows(number), generator(number)
        forever, after = random.random(len(rows)) < 0.5, random.integers(0, 300, len(rows))
        ends = [
            datetime(9999, 12, 31) if never else datetime(2027, 1, 1) + timedelta(days=int(days))  # noqa: DTZ001
            for never, days in zip(forever, after, strict=True)
        ]
        table = pa.Table.from_pandas(rows, preserve_index=False)
        table = table.append_column("valid_to", pa.array(ends, pa.timestamp("us")))
        case.put(number, table, use_deprecated_int96_timestamps=True)
    case.monitor()


def string_view(case: CaseFolder) -> None:
    """Texts as Arrow's string_view, among them the ids and a segment."""
    for number in range(DAYS):
        table = pa.Table.from_pandas(model_rows(number), preserve_index=False)
        fields = [
            field.with_type(pa.string_view())
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
            else field
            for field in table.schema
        ]
        case.put(number, table.cast(pa.schema(fields)))
    case.monitor(segments=["cat"])


def epoch_millis(case: CaseFolder) -> None:
    """Times as whole milliseconds since 1970, as a sink of a message broker writes them."""
    for number in range(DAYS):
        rows = model_rows(number)
        millis = rows.ts.astype("datetime64[ns]").astype("int64") // 10**6
        case.put(number, rows.assign(ts=millis), name="topic+0+0000000000.snappy.parquet")
    case.monitor()


def label_dates(case: CaseFolder) -> None:
    """Labels with the date on which they came instead of a time."""
    for number in range(DAYS):
        rows = model_rows(number)
        case.put(number, rows.drop(columns="y"))
        dates = (rows.ts + pd.Timedelta("1d")).dt.date
        case.put(number, pd.DataFrame({"id": rows.id, "outcome": rows.y, "at": dates}), below="labels")
    case.monitor(late_labels=True)
