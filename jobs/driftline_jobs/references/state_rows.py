"""The rows of a reference's table: the profiles of its cells as bytes, of all of it and window by window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

import pyarrow as pa

from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import encode
from driftline_jobs.profiles.id_sketch import IDS, IdSketch
from driftline_jobs.profiles.moments import MOMENTS, MomentSums
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.table_names import table_column

TOTAL, WINDOW, BASE = "total", "window", "base"
"""Levels of the rows of its table: all of it, a window, a base window."""
OUTCOMES = "*"
"""Stands for the outcomes in ``column_name``."""
SCHEMA = pa.schema(
    [
        ("level", pa.string()),
        ("start_us", pa.int64()),
        ("model_version", pa.string()),
        ("segment", pa.string()),
        ("segment_value", pa.string()),
        ("column_name", pa.string()),
        ("state", pa.binary()),
    ]
)
StateRow = tuple[str, int, str, str, str, str, bytes]


def merged_cells(pieces: Sequence[Mapping[Cell, dict[str, Profile]]]) -> dict[Cell, dict[str, Profile]]:
    """The cells of several windows, as those of all of their rows."""
    parts: dict[Cell, dict[str, list[Profile]]] = {}
    for cells in pieces:
        for cell, columns in cells.items():
            gathered = parts.setdefault(cell, {})
            for name, profile in columns.items():
                gathered.setdefault(name, []).append(profile)
    return {
        cell: {name: merge(several) for name, several in gathered.items()} for cell, gathered in parts.items()
    }


def state_rows(level: str, start_us: int, cells: Mapping[Cell, Mapping[str, Profile]]) -> Iterator[StateRow]:
    """Rows of a reference's table: the profiles of some cells, of all of it, of a window or a base window."""
    for cell in sorted(cells):
        for name in sorted(cells[cell]):
            yield level, start_us, *_texts(cell), table_column(name), encode(cells[cell][name])


def outcome_rows(level: str, start_us: int, outcomes: Mapping[Cell, Outcomes]) -> Iterator[StateRow]:
    """The same of the outcomes of some cells."""
    for cell in sorted(outcomes):
        yield level, start_us, *_texts(cell), OUTCOMES, outcomes[cell].to_bytes()


def moment_row(level: str, start_us: int, moments: MomentSums) -> StateRow:
    """The same of the columns together."""
    return level, start_us, *_texts(WHOLE), MOMENTS, moments.to_bytes()


def id_row(level: str, start_us: int, ids: IdSketch) -> StateRow:
    """The same of the ids of its predictions."""
    return level, start_us, *_texts(WHOLE), IDS, ids.to_bytes()


def state_table(rows: Sequence[StateRow]) -> pa.Table:
    """The table of a reference."""
    columns = zip(*rows, strict=True) if rows else repeat((), len(SCHEMA))
    arrays = [pa.array(list(values), of.type) for values, of in zip(columns, SCHEMA, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


def totals_table(cells: Mapping[Cell, Mapping[str, Profile]]) -> pa.Table:
    """The table of a reference of which only these profiles over all of it are kept."""
    return state_table(list(state_rows(TOTAL, 0, cells)))


def _texts(cell: Cell) -> tuple[str, str, str]:
    return cell.model_version, cell.segment, cell.segment_value
