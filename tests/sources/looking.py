"""Logs of a few rows, and what an inspection says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from driftline_jobs.sources.listing.objects import LogObject, listing
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.splits import InputState, Inspection
from driftline_jobs.storage.location import Location, open_location
from driftline_schemas.monitor import Monitor

DAY = datetime(2013, 7, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


def log(
    rows: int = 4, start: datetime = DAY, step: timedelta = timedelta(hours=1), **columns: object
) -> pa.Table:
    times = [start + step * row for row in range(rows)]
    base = {"at": pa.array(times, pa.timestamp("us", "UTC")), "p": pa.array([0.5] * rows)}
    return pa.table({**base, **columns})


def list_objects(location: Location, zone: str, **within: Any) -> list[LogObject]:
    return list(listing(location, zone, **within).objects)


def look(
    folder: Path, monitor: Monitor, start: datetime | None = None, end: datetime | None = None
) -> Inspection:
    location = open_location(str(folder))
    span = None if start is None or end is None else (start, end)
    return inspect(list_objects(location, "UTC"), location, monitor, span)


def by_name(inspected: Inspection) -> dict[str, InputState]:
    return {state.object.path.rpartition("/")[2]: state for state in inspected.inputs}


def findings(inspected: Inspection) -> list[tuple[str, str, str]]:
    return [(f.object_uri.rpartition("/")[2], f.column, f.check) for f in inspected.schema_findings]
