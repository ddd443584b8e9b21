"""Removing a monitor, or what was published under its name from somewhere else."""

# ruff: noqa: S608 - the names in these statements are our own, the values are parameters

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import pyarrow as pa

from driftline_jobs.stores.database import Session
from driftline_jobs.stores.publication import WINDOW_KEY
from driftline_schemas.table_definitions import Table, load_tables

_KEY = ", ".join(WINDOW_KEY)
_OF_RUNS = "t.run_id IN (SELECT run_id FROM forgotten_runs)"
_LEFT_WITHOUT = (
    "SELECT r.run_id FROM runs AS r JOIN ("
    f"SELECT {_KEY}, MAX(published_at) AS newest, "
    "SUM(CASE WHEN superseded_at IS NULL THEN 1 ELSE 0 END) AS visible "
    f"FROM runs WHERE monitor = $1 AND status = 'published' GROUP BY {_KEY}"
    ") AS n ON " + " AND ".join(f"r.{name} = n.{name}" for name in WINDOW_KEY) + " "
    "WHERE r.status = 'published' AND r.published_at = n.newest AND n.visible = 0"
)
"""Runs that were replaced by what has just been removed, and by nothing since."""


def forget(
    session: Session, monitor: str, reference_ids: Collection[str] | None, *, dry_run: bool
) -> dict[str, int]:
    """Delete every row about ``monitor``, or those that rest on these references; returns how many, by table.

    With ``reference_ids``, runs that the deleted ones had replaced are the present answer again, and what
    people did about alerts stays. With ``dry_run`` rows are counted and stay.
    """
    removed = {}
    _stage(session, monitor, reference_ids)
    for table in _of_runs_first(load_tables()):
        condition, parameters = _condition(table, monitor, reference_ids)
        if condition is None:
            continue
        counted = session.query(f"SELECT COUNT(*) AS n FROM {table.name} AS t WHERE {condition}", parameters)
        if found := int(counted.column("n")[0].as_py()):
            removed[table.name] = found
            if not dry_run:
                session.run(f"DELETE FROM {table.name} AS t WHERE {condition}", parameters)
    if reference_ids is not None and not dry_run:
        _bring_back(session, monitor)
    return dict(sorted(removed.items()))


def _stage(session: Session, monitor: str, reference_ids: Collection[str] | None) -> None:
    references = session.query(
        "SELECT reference_id, binning_id FROM reference_sets WHERE monitor = $1", [monitor]
    )
    doomed = [
        row for row in references.to_pylist() if reference_ids is None or row["reference_id"] in reference_ids
    ]
    left = {row["binning_id"] for row in references.to_pylist() if row not in doomed}
    session.stage("forgotten", _texts("reference_id", (row["reference_id"] for row in doomed)))
    session.stage("forgotten_bins", _texts("binning_id", {row["binning_id"] for row in doomed} - left))
    runs = session.query(
        "SELECT run_id FROM runs WHERE monitor = $1"
        + ("" if reference_ids is None else " AND reference_id IN (SELECT reference_id FROM forgotten)"),
        [monitor],
    )
    session.stage("forgotten_runs", _texts("run_id", runs.column("run_id").to_pylist()))


def _texts(name: str, values: Iterable[str]) -> pa.Table:
    return pa.table({name: pa.array(sorted(values), pa.string())})


def _of_runs_first(tables: Mapping[str, Table]) -> Iterator[Table]:
    """Rows of runs before the runs, and these before what they rest on."""
    yield from (table for table in tables.values() if table.published)
    yield from (table for table in tables.values() if table.name == "runs")
    yield from (table for table in tables.values() if not table.parts)


def _condition(
    table: Table, monitor: str, reference_ids: Collection[str] | None
) -> tuple[str | None, list[object]]:
    """Which rows of a table go, and the parameters of that condition; None for a table that keeps all."""
    if table.name == "run_inputs":
        return f"{_OF_RUNS} OR t.run_id IN (SELECT reference_id FROM forgotten)", []
    if table.parts:
        return _OF_RUNS, []
    if reference_ids is None:
        return "t.monitor = $1", [monitor]
    if "reference_id" in table.column_names:
        return "t.reference_id IN (SELECT reference_id FROM forgotten)", []
    if "binning_id" in table.column_names:
        return "t.binning_id IN (SELECT binning_id FROM forgotten_bins)", []
    return None, []


def _bring_back(session: Session, monitor: str) -> None:
    again = session.query(_LEFT_WITHOUT, [monitor])
    if again.num_rows:
        session.stage("again", again)
        session.run("UPDATE runs AS r SET superseded_at = NULL FROM again AS a WHERE r.run_id = a.run_id")
