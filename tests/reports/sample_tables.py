"""Rows made by hand as Arrow tables of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window


def run_id(window: Window, part: str) -> str:
    """A run's id, by its window and part."""
    return f"01J{window.start:%Y%m%d%H}{part[:4].upper()}"


def to_tables(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, pa.Table]:
    """Rows as Arrow tables of the contract's schemas."""
    made = {}
    for name, table in load_tables().items():
        schema = table.arrow_schema()
        made[name] = pa.Table.from_pylist([dict(row) for row in rows.get(name, ())], schema=schema)
    return made


def drift_table(common: Mapping[str, Any], figures: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Figures that have some columns in common."""
    schema = load_tables()["drift_metrics"].arrow_schema()
    columns = [
        pa.repeat(pa.scalar(common[field.name], field.type), len(figures))
        if field.name in common
        else pa.array([figure[field.name] for figure in figures], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
