"""Logs in other formats than Parquet, whose objects are read as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from driftline_jobs.sources.logs import PredictionLog
from driftline_jobs.storage.location import open_location
from driftline_schemas.monitor import Monitor


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A source whose objects are tables: a member of ``SOURCES`` of this name.

    ``read`` makes a table of the bytes of one object; what it raises sets that object aside, with the message
    as the reason. Tables are then read as Parquet is (see ``parquet.conversion``), in memory, so an object
    should be of a million rows or less.
    """

    name: str
    read: Callable[[pa.BufferReader], pa.Table]

    def __call__(self, monitor: Monitor, relative_to: Path, *, must_exist: bool = True) -> PredictionLog:
        """The log at ``logs.uri``, where the name of this format may stand for the scheme of a folder."""
        uri = monitor.logs.uri.removeprefix(f"{self.name}://")
        return PredictionLog(monitor, open_location(uri, relative_to, must_exist=must_exist), self.name)
