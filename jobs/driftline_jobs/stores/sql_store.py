"""A store on any database that has sessions: the promises of ``Store``, kept once for all of them."""

# ruff: noqa: S608 - the names in these statements are our own, the values are parameters

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.stores import exporting, forgetting, pruning
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.stores.database import Database, Session
from driftline_jobs.stores.migrate import migrate, migrations, require_version
from driftline_jobs.stores.publication import WINDOW_KEY, check_runs, checked, run_rows
from driftline_jobs.stores.retries import patiently
from driftline_jobs.stores.urls import without_secrets
from driftline_schemas.ddl import quote_name
from driftline_schemas.errors import StoreBusyError, TransientError
from driftline_schemas.rows import conform
from driftline_schemas.table_definitions import Table, load_tables

Answer = TypeVar("Answer")

_SAME_WINDOW = " AND ".join(f"r.{name} = a.{name}" for name in WINDOW_KEY)
_ABANDONED = (
    "UPDATE runs AS r SET status = 'failed', error_kind = 'abandoned', "
    "error = 'ended without a word: a later attempt at the same window found it still running' "
    f"FROM attempted AS a WHERE {_SAME_WINDOW} AND r.status = 'running' AND r.run_id <> a.run_id"
)
_FORGET = "DELETE FROM runs AS r USING attempted AS a WHERE r.run_id = a.run_id AND r.status <> 'published'"
_PUBLISHED = (
    "SELECT r.run_id FROM runs AS r JOIN attempted AS a ON a.run_id = r.run_id WHERE r.status = 'published'"
)
_REPLACED = f"{_SAME_WINDOW} AND r.status = 'published' AND r.superseded_at IS NULL"
_NEWEST = f"SELECT MAX(r.published_at) AS newest FROM runs AS r JOIN attempted AS a ON {_REPLACED}"
_SUPERSEDE = f"UPDATE runs AS r SET superseded_at = $1 FROM attempted AS a WHERE {_REPLACED}"


class SqlStore:
    """See ``driftline_jobs.stores.base.Store``.

    ``wait_seconds`` bounds how long a call waits for others to be done with the store, and for a server that
    was there to come back.
    """

    def __init__(self, database: Database, *, wait_seconds: float) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._steps = migrations(database.dialect)
        self._was_there = False
        self._checked = False

    def __repr__(self) -> str:
        return f"SqlStore({self._database!r})"

    def migrate(self) -> int:
        """See ``Store.migrate``."""
        version = migrate(self._database, self._steps, self._wait_seconds)
        self._was_there = True
        return version

    def begin(self, runs: Sequence[RunRecord]) -> None:
        """See ``Store.begin``."""
        check_runs(runs)
        if not runs:
            return
        rows = run_rows(runs, status="running", published_at=None, superseded_at=None)

        def work(session: Session) -> None:
            _stage_attempted(session, rows)
            known = _published(session)
            session.run(_ABANDONED)
            session.run(_FORGET)
            session.insert("runs", _without(rows, known))

        self._write({run.monitor for run in runs}, work)

    def publish(
        self, runs: Sequence[RunRecord], tables: Mapping[str, pa.Table], inputs: pa.Table | None = None
    ) -> None:
        """See ``Store.publish``."""
        contents = checked(runs, tables, inputs)
        if not runs:
            return
        attempted = run_rows(runs)

        def work(session: Session) -> None:
            _stage_attempted(session, attempted)
            known = _published(session)
            if known:
                if len(known) < len(runs):
                    raise ValueError(
                        f"runs {sorted(known)[:3]} are published already, others with them are not"
                    )
                return  # by an earlier call whose answer was lost
            for name, rows in contents.items():
                session.insert(name, rows)
            # The clock is read last, and after whoever published these windows before: no moment between two
            # publications, and as little as can be between this one's moment and its being seen.
            moment = session.now()
            newest = session.query(_NEWEST).column("newest")[0].as_py()
            if newest is not None and newest >= moment:
                moment = newest + timedelta(microseconds=1)
            session.run(_SUPERSEDE, [moment])
            session.run(_FORGET)
            session.insert(
                "runs", run_rows(runs, status="published", published_at=moment, superseded_at=None)
            )

        self._write({run.monitor for run in runs}, work)
        self._database.published(self._wait_seconds)

    def fail(self, runs: Sequence[RunRecord], error_kind: str, error: str) -> None:
        """See ``Store.fail``."""
        check_runs(runs)
        if not runs:
            return
        rows = run_rows(
            runs,
            status="failed",
            published_at=None,
            superseded_at=None,
            error_kind=error_kind,
            error=without_secrets(error),
        )

        def work(session: Session) -> None:
            _stage_attempted(session, rows)
            known = _published(session)
            session.run(_FORGET)
            session.insert("runs", _without(rows, known))

        self._write({run.monitor for run in runs}, work)

    def current(
        self,
        table: str,
        monitor: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        granularity: str | None = None,
        columns: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pa.Table:
        """See ``Store.current``."""
        definition = load_tables()[table]
        parameters: list[object] = []

        def given(value: object) -> str:
            parameters.append(value)
            return f"${len(parameters)}"

        if not definition.parts:
            source = table
        elif as_of is None:
            source = f"current_{table}"
        else:
            source = f"{table}_as_of({given(as_of)})"
        conditions = [f"monitor = {given(monitor)}"]
        if start is not None:
            conditions.append(f"window_start >= {given(start)}")
        if end is not None:
            conditions.append(f"window_start < {given(end)}")
        if granularity is not None:
            conditions.append(f"granularity = {given(granularity)}")
        order = _order(definition)
        wanted = None if columns is None else list(dict.fromkeys([*columns, *order]))
        select = "*" if wanted is None else ", ".join(quote_name(name) for name in wanted)
        rows = self.execute_read(
            f"SELECT {select} FROM {source} WHERE {' AND '.join(conditions)}",
            parameters,
        )
        rows = rows.sort_by([(name, "ascending") for name in order])
        return rows if columns is None else rows.select(list(columns))

    def current_runs(
        self, monitor: str, part: str, start: datetime | None = None, end: datetime | None = None
    ) -> pa.Table:
        """See ``Store.current_runs``."""
        rows = self.current("runs", monitor, start=start, end=end)
        return rows.filter(pc.equal(rows.column("part"), pa.scalar(part, pa.string())))

    def put_once(self, table: str, rows: pa.Table, monitor: str | None = None) -> int:
        """See ``Store.put_once``."""
        definition = load_tables()[table]
        if definition.parts and not _is_of_references(table, rows):
            raise ValueError(f"rows of {table} belong to runs: they are published, not put")
        conformed = conform(definition, rows)
        key = list(definition.key)
        # Of rows with the same key in one call the first counts, as it does between calls.
        numbered = conformed.append_column("row", pa.array(range(conformed.num_rows), pa.int64()))
        firsts = numbered.group_by(key, use_threads=False).aggregate([("row", "min")]).column("row_min")
        conformed = conformed.take(firsts.sort())
        same = " AND ".join(f"t.{quote_name(name)} = a.{quote_name(name)}" for name in key)

        def work(session: Session) -> int:
            keys = conformed.select(key).append_column("row", pa.array(range(conformed.num_rows), pa.int64()))
            session.stage("attempted", keys)
            there = session.query(f'SELECT a."row" FROM attempted a JOIN {table} t ON {same}')
            fresh = conformed.filter(
                pc.invert(pc.is_in(keys.column("row"), value_set=there.column("row").combine_chunks()))
            )
            if fresh.num_rows:
                session.insert(table, fresh)
            return int(fresh.num_rows)

        if not conformed.num_rows:
            return 0
        monitors = set(conformed.column("monitor").to_pylist()) if monitor is None else {monitor}
        return self._write(monitors, work)

    def execute_read(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """See ``Store.execute_read``."""

        def work(session: Session) -> pa.Table:
            if not self._checked:  # once is enough to read: whoever brings a store up to date adds to it
                require_version(session, self._database, len(self._steps))
                self._checked = True
            return session.query(sql, parameters)

        return self._retry(lambda: self._database.reading(self._wait_seconds), work)

    def stay_connected(self, *, reading: bool = False, alone: bool = True) -> AbstractContextManager[None]:
        """See ``Store.stay_connected``."""
        return self._database.stay_connected(self._wait_seconds, reading=reading, alone=alone)

    def turn(self, name: str) -> AbstractContextManager[None]:
        """See ``Store.turn``."""
        return self._database.turn(name, self._wait_seconds)

    def prune(self, keep: timedelta) -> int:
        """See ``Store.prune``."""
        deleted = self._change(lambda session: pruning.prune(session, keep))
        if deleted:
            self._database.give_back(self._wait_seconds)
        self._database.published(self._wait_seconds)
        return deleted

    def forget(
        self, monitor: str, reference_ids: Collection[str] | None = None, *, dry_run: bool = False
    ) -> dict[str, int]:
        """See ``Store.forget``."""
        removed = self._write(
            {monitor}, lambda session: forgetting.forget(session, monitor, reference_ids, dry_run=dry_run)
        )
        if removed and not dry_run:
            self._database.give_back(self._wait_seconds)
            self._database.published(self._wait_seconds)
        return removed

    def export(self, to: str) -> int:
        """See ``Store.export``."""
        return exporting.export(self, to)

    def close(self) -> None:
        """See ``Store.close``."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, monitors: set[str], work: Callable[[Session], Answer]) -> Answer:
        """``work`` while nobody else writes about ``monitors``."""

        def locked(session: Session) -> Answer:
            session.lock(sorted(monitors))
            return work(session)

        return self._change(locked)

    def _change(self, work: Callable[[Session], Answer]) -> Answer:
        """``work`` in a transaction that may write, on a store of the version we know."""

        def checked_first(session: Session) -> Answer:
            require_version(session, self._database, len(self._steps), is_ours=self._checked)
            self._checked = True
            return work(session)

        return self._retry(lambda: self._database.writing(self._wait_seconds), checked_first)

    def _retry(
        self, transaction: Callable[[], AbstractContextManager[Session]], work: Callable[[Session], Answer]
    ) -> Answer:
        """``work`` in a transaction of its own; again in another if a server that was there broke off."""

        def once() -> Answer:
            with transaction() as session:
                self._was_there = True
                return work(session)

        def broke_off(error: BaseException) -> bool:
            is_busy = isinstance(error, StoreBusyError)
            return isinstance(error, TransientError) and self._was_there and not is_busy

        return patiently(once, self._wait_seconds, again=broke_off, pauses=(0.1, 2.0, 2.0))


def _is_of_references(table: str, rows: pa.Table) -> bool:
    return table == "run_inputs" and set(rows.column("role").to_pylist()) <= {"reference"}


def _stage_attempted(session: Session, rows: pa.Table) -> None:
    session.stage("attempted", rows.select(["run_id", *WINDOW_KEY]))


def _published(session: Session) -> set[str]:
    """Those of the attempted runs that are published."""
    return set(session.query(_PUBLISHED).column("run_id").to_pylist())


def _without(rows: pa.Table, run_ids: set[str]) -> pa.Table:
    known = pc.is_in(rows.column("run_id"), value_set=pa.array(sorted(run_ids), pa.string()))
    return rows.filter(pc.invert(known))


def _order(table: Table) -> list[str]:
    """Columns to sort by: the key, in which a run's id says nothing once its window is there."""
    if table.windowed:
        return [name for name in table.key if name != "run_id"] if table.name != "runs" else _RUN_ORDER
    return (
        ["monitor", "window_start", "granularity", "part", "role", "uri"] if table.parts else list(table.key)
    )


_RUN_ORDER = ["monitor", "window_start", "granularity", "part"]
