"""Cases of what moves from day to day: categories, labels that stop, ids that repeat, columns that grow."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.cases.writing import CaseFolder, day, generator, model_rows


def renamed_category(case: CaseFolder) -> None:
    """A category of a tenth of the rows is spelled otherwise from 2026-01-30 on; before, in three rows."""
    for number in range(33):
        rows = model_rows(number)
        if number in {3, 8, 20}:
            rows.loc[rows.index[rows["cat"] == "grey"][0], "cat"] = "Grey"
        if number >= 29:
            rows.loc[rows["cat"] == "grey", "cat"] = "Grey"
        case.put(number, rows)
    case.monitor(reference_days=28)


def labels_stop(case: CaseFolder) -> None:
    """Labels for the reference, for a tenth of one day after it, and none since."""
    for number in range(18):
        rows = model_rows(number)
        case.put(number, rows.drop(columns="y"))
        if number < 14 or number == 16:
            labelled = rows if number < 14 else rows.iloc[:60]
            case.put_labels(number, labelled.id, labelled.y)
    case.monitor(late_labels=True)


def ids_repeat(case: CaseFolder) -> None:
    """The prediction's id is a customer's, the same every day."""
    for number in range(18):
        rows = model_rows(number).assign(id=[f"cust-{row:05d}" for row in range(600)])
        case.put(number, rows.drop(columns="y"))
        case.put_labels(number, rows.id, rows.y)
    case.monitor(late_labels=True)


def moving_columns(case: CaseFolder) -> None:
    """Columns that are never as they were: times of ingestion, batches, days, sequence numbers, traces."""
    for number in range(24):
        rows, random = model_rows(number), generator(number)
        after = pd.to_timedelta(random.uniform(1, 60, len(rows)), unit="s")
        case.put(
            number,
            rows.assign(
                ingested_at=rows.ts + after,
                batch_id=f"batch-{day(number)}",
                dt=str(day(number)),
                seq=np.arange(len(rows)) + number * 600,
                trace_id=[f"{trace:016x}" for trace in random.integers(0, 2**62, len(rows))],
                dayofmonth=day(number).day,
            ),
            folder=f"day={day(number)}",
        )
    case.monitor()
