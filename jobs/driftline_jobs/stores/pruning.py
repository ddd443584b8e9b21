"""Deleting what nobody will ask for again."""

# ruff: noqa: S608 - the names in these statements are our own, the values are parameters

from __future__ import annotations

from datetime import timedelta

from driftline_jobs.stores.database import Session
from driftline_schemas.table_definitions import load_tables

_LEAST_AGE_OF_A_REFERENCE = timedelta(days=1)
"""A reference is written before the first run that rests on it is published."""
_OLD_RUNS = (
    "(r.status = 'published' AND r.superseded_at <= $1) "
    "OR (r.status <> 'published' AND COALESCE(r.finished_at, r.started_at, r.as_of) <= $1)"
)
_UNUSED = (
    "s.created_at <= $1 AND s.effective_from IS NULL AND NOT EXISTS "  # a rebase is for windows to come
    "(SELECT 1 FROM runs r WHERE r.monitor = s.monitor AND r.{column} = s.{column})"
)


def prune(session: Session, keep: timedelta) -> int:
    """Delete runs neither the newest of their window nor younger than ``keep``, and all their rows."""
    if keep < timedelta(0):
        raise ValueError(f"cannot keep what is younger than {keep}")
    moment = session.now()
    doomed = session.query(
        f"SELECT r.run_id, r.monitor, r.window_start FROM runs r WHERE {_OLD_RUNS}", [moment - keep]
    )
    if doomed.num_rows:
        session.stage("doomed", doomed)
        for table in load_tables().values():
            if table.parts:
                # The window follows from the run: it is there for the index.
                window = (
                    " AND t.monitor = d.monitor AND t.window_start = d.window_start" if table.windowed else ""
                )
                session.run(
                    f"DELETE FROM {table.name} AS t USING doomed AS d WHERE t.run_id = d.run_id{window}"
                )
    before = moment - max(keep, _LEAST_AGE_OF_A_REFERENCE)
    unused = _UNUSED.format(column="reference_id")
    session.run(
        "DELETE FROM calibrations AS c USING reference_sets AS s "
        f"WHERE c.reference_id = s.reference_id AND {unused}",
        [before],
    )
    session.run(
        "DELETE FROM run_inputs AS t USING reference_sets AS s "
        f"WHERE t.role = 'reference' AND t.run_id = s.reference_id AND {unused}",
        [before],
    )
    session.run(f"DELETE FROM reference_sets AS s WHERE {unused}", [before])
    return int(doomed.num_rows)
