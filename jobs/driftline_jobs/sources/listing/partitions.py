"""Columns that stand in the path of an object: ``region=eu/model_version=v2/part-0.parquet``.

They are columns where the object has none of that name. Folders that only repeat when rows are from
(``dt=2013-07-01``) would be columns with one value a window, and drift by nature: they are columns only where
the monitor file names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from driftline_jobs.sources.listing.folders import names_time
from driftline_jobs.sources.listing.path_values import PathValues
from driftline_jobs.sources.parquet.object_schema import ObjectSchema
from driftline_schemas.serving_log import LogColumn, Storage

REPEATS_TIME = "a time in the folders' names, not watched unless the monitor file names it"
Value = str | float | None
Served = tuple[tuple[str, Value], ...]
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PathColumns:
    """Which columns in the path count: ``named`` are those that the monitor file names, and ``numeric`` those
    of them that have to be numbers."""

    named: frozenset[str]
    numeric: frozenset[str]

    def missing_in(self, schema: ObjectSchema, values: PathValues) -> tuple[Served, frozenset[str]]:
        """The columns that the object does not hold itself, with their values, and those that are left out
        because they repeat when its rows are from."""
        served: list[tuple[str, Value]] = []
        repeats: set[str] = set()
        for name, value in values:
            if name in schema.columns or name in schema.left_out:
                continue
            if name not in self.named and value is not None and names_time(name, value):
                repeats.add(name)
            else:
                served.append((name, _number(value) if name in self.numeric else value))
        return tuple(served), frozenset(repeats)

    def added(self, schema: ObjectSchema, served: Iterable[str], repeats: Iterable[str]) -> ObjectSchema:
        """The schema of an object together with the columns in its path."""
        columns = {
            name: LogColumn(name, (name,), pa.float64(), Storage.NUMBER)
            if name in self.numeric
            else LogColumn(name, (name,), pa.string(), Storage.TEXT)
            for name in served
        }
        return ObjectSchema(
            {**schema.columns, **columns},
            {**schema.left_out, **dict.fromkeys(repeats, REPEATS_TIME)},
            frozenset(columns),
        )


def _number(value: str | None) -> float | None:
    return float(value) if value is not None and _NUMBER.fullmatch(value) else None


def constant(value: Value, rows: int) -> pa.Array:
    """A column of one value, (rows,). Text takes four bytes a row, whatever its length."""
    if value is None:
        return pa.nulls(rows, pa.string())
    if isinstance(value, str):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))
    return pa.array(np.full(rows, value))
