"""What is checked before anything is published: whatever passes here is one row per fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from driftline_jobs.stores.base import RunRecord
from driftline_schemas.rows import TableBuilder, conform
from driftline_schemas.table_definitions import Table, load_tables

WINDOW_KEY = ("monitor", "granularity", "window_start", "part")
"""What a run replaces the earlier run of."""
_RUN_COLUMNS = ("run_id", "monitor", "window_start", "window_end", "granularity")


def run_rows(runs: Sequence[RunRecord], **changes: object) -> pa.Table:
    """``runs`` as rows of the table ``runs``, each with ``changes`` made to it."""
    table = load_tables()["runs"]
    records = [replace(run, **changes) for run in runs]  # type: ignore[arg-type]
    builder = TableBuilder(table)
    builder.add(
        len(records), **{name: [getattr(record, name) for record in records] for name in table.column_names}
    )
    return builder.to_arrow()


def check_runs(runs: Sequence[RunRecord]) -> None:
    """Raise ``ValueError`` for two runs of one id or of one window and part, naive times, an empty window."""
    for run in runs:
        for name in ("window_start", "window_end", "as_of", "started_at", "finished_at"):
            moment = getattr(run, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"run {run.run_id}: {name} has no time zone")
        if run.window_start >= run.window_end:
            raise ValueError(f"run {run.run_id}: its window ends before it starts")
    for names in (("run_id",), WINDOW_KEY):
        keys = [tuple(getattr(run, name) for name in names) for run in runs]
        if len(set(keys)) < len(keys):
            raise ValueError(f"two runs to be published together have the same {', '.join(names)}")


def checked(
    runs: Sequence[RunRecord], tables: Mapping[str, pa.Table], inputs: pa.Table | None
) -> dict[str, pa.Table]:
    """The rows to insert, by table, in each table's own schema.

    Raises ``ValueError`` if a table is unknown or not one that runs publish, rows do not fit it (``conform``)
    or name a run that is not in ``runs``, a part the table does not have, or another window than their run's,
    or if two rows have the same key.
    """
    check_runs(runs)
    definitions = load_tables()
    given = dict(tables)
    if inputs is not None:
        if "run_inputs" in given:
            raise ValueError("run_inputs was given twice")
        given["run_inputs"] = inputs
    result = {}
    for name, rows in given.items():
        table = definitions.get(name)
        if table is None or not table.published:
            raise ValueError(f"{name!r} is not a table that runs publish")
        conformed = conform(table, rows)
        if conformed.num_rows:
            _check_rows(table, conformed, runs)
            result[name] = conformed
    return result


def _check_rows(table: Table, rows: pa.Table, runs: Sequence[RunRecord]) -> None:
    names = [name for name in _RUN_COLUMNS if name in table.column_names]
    # Compared as rows with rows: a text or an instant may be written differently in the record.
    own = run_rows([run for run in runs if run.part in set(table.parts)]).select(names).to_pylist()
    allowed = {tuple(row.values()) for row in own}
    for row in rows.select(names).group_by(names).aggregate([]).to_pylist():
        if tuple(row.values()) not in allowed:
            raise ValueError(
                f"rows of {table.name} belong to none of the runs to be published, or to a part that "
                f"{table.name} does not have: {row}"
            )
    distinct = rows.group_by(list(table.key)).aggregate([]).num_rows
    if distinct < rows.num_rows:
        counted = rows.group_by(list(table.key)).aggregate([([], "count_all")])
        worst = max(counted.to_pylist(), key=lambda row: int(row["count_all"]))
        raise ValueError(f"rows of {table.name} have the same key: {worst}")
