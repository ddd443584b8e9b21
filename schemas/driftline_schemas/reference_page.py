"""The reference page of the summary tables, in Markdown: written from their definitions, never by hand.

``python -m driftline_schemas.reference_page schemas/TABLES.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from driftline_schemas.table_definitions import Column, Query, Table, load_tables
from driftline_schemas.view_definitions import View, ViewColumn, load_views

_OPENING = """\
# The summary tables

One row per fact, and rows are only ever added. In Postgres the tables live in the schema `driftline`
(`SET search_path TO driftline`), in DuckDB in `main`. Every query on this page runs unchanged on both.

**The present answer** is in the views `current_<table>`: the rows of the newest published run of each
(monitor, granularity, window_start, part). Start there. The tables themselves keep every run that was ever
published, so that yesterday's answer can be asked for again.

**The answer as of a moment** comes from the table functions `<table>_as_of(moment)`:

```sql
-- Postgres
SELECT * FROM drift_metrics_as_of('2013-07-16 09:00+00') WHERE monitor = 'flight_delay';
-- DuckDB: naive, in UTC
SELECT * FROM drift_metrics_as_of(TIMESTAMP '2013-07-16 09:00:00') WHERE monitor = 'flight_delay';
```

which is the same as filtering the runs a row belongs to, in either dialect:

```sql
SELECT d.*
FROM drift_metrics d
JOIN runs r ON r.run_id = d.run_id
WHERE r.published_at <= '2013-07-16 09:00'
  AND (r.superseded_at IS NULL OR r.superseded_at > '2013-07-16 09:00')
```

It is exact as far back as nothing was pruned (`driftline store prune` deletes superseded runs).

**Conventions.** Instants are UTC: `timestamptz` in Postgres, naive `TIMESTAMP` in DuckDB. Windows are
half-open. Types: *text*, *json* (canonical JSON in a text column: `column::jsonb` in Postgres, `column::JSON`
in DuckDB), *integer* (64 bits), *number* (64-bit float, never NaN or infinite), *boolean*, *timestamp*
(microseconds), *blob*. A NUL in a text is `␀` (U+2400). `'*'` in `model_version`, `segment` and
`segment_value` means all, in `column_name` the row as a whole; `__null__` and `__other__` are segment values
of their own, and a real value equal to one of these has a leading backslash. For crossed segments, segment
and value are canonical JSON arrays. A figure that cannot be had is a row with a null `value`, a `status` and
a `reason`.
"""


def reference_page() -> str:
    """The whole page."""
    tables, views = load_tables().values(), load_views().values()
    parts = [_OPENING]
    parts.append("## Contents\n\n" + "".join([*map(_entry, tables), *map(_entry, views)]))
    parts.append("## Tables\n")
    parts.extend(_table(table) for table in tables)
    parts.append("## Ready views\n")
    parts.extend(_view(view) for view in views)
    return "\n".join(parts)


def _entry(table: Table | View) -> str:
    return f"- [`{table.name}`](#{table.name}): {table.grain}\n"


def _table(table: Table) -> str:
    where = f"`current_{table.name}`, `{table.name}_as_of(moment)`" if table.parts else "no other view"
    facts = [
        f"- Grain: {table.grain}.",
        f"- Key: {', '.join(f'`{name}`' for name in table.key)}.",
        f"- Published with: {', '.join(table.parts) if table.parts else 'no run; rows are written once'}.",
        f"- See also: {where}.",
    ]
    if table.parts and not table.windowed:
        facts.append(
            f"- `current_{table.name}` and `{table.name}_as_of` begin with the monitor, window_start, "
            "window_end, granularity and part of the run."
        )
    return _section(table.name, table.title, table.about, facts, _columns(table.columns), table.queries)


def _view(view: View) -> str:
    return _section(
        view.name, view.title, view.about, [f"- Grain: {view.grain}."], _columns(view.columns), view.queries
    )


def _section(
    name: str, title: str, about: str, facts: Sequence[str], columns: str, queries: Sequence[Query]
) -> str:
    worked = "\n".join(f"{query.title}:\n\n```sql\n{query.sql}\n```\n" for query in queries)
    listed = "\n".join(facts)
    return f"### {name}\n\n**{title}.** {about}\n\n{listed}\n\n{columns}\n\n{worked}"


def _columns(columns: Iterable[Column | ViewColumn]) -> str:
    rows = ["| column | type | unit | null | meaning |", "| --- | --- | --- | --- | --- |"]
    for column in columns:
        nullable = "" if isinstance(column, Column) and not column.nullable else "yes"
        meaning = column.meaning
        if column.values:
            meaning += f" One of: {', '.join(column.values)}"
            meaning += "; or a kind that another distribution brings." if _may_grow(column) else "."
        cells = (f"`{column.name}`", str(column.type), column.unit or "", nullable, meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _may_grow(column: Column | ViewColumn) -> bool:
    return isinstance(column, Column) and column.kinds


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_page(), encoding="utf-8")
