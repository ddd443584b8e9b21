"""Cells: the rows of a window in one model version or segment value, or all of them."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_schemas.table_names import ALL


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """The rows of one base window (its start, UTC microseconds) in one version or segment value."""

    base_start_us: int
    model_version: str
    segment: str
    segment_value: str


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """The rows of a window in one version or segment value; ``WHOLE`` is all of them."""

    model_version: str
    segment: str
    segment_value: str


WHOLE = Cell(ALL, ALL, ALL)
