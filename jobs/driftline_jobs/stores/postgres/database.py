"""Summary tables in the schema ``driftline`` of a Postgres database.

One ADBC connection does everything, so that the bulk writes, which it makes by binary COPY, lie in the same
transaction as the statements around them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from driftline_jobs.stores.arrow import from_store, parameter
from driftline_jobs.stores.base import QueryError
from driftline_jobs.stores.patience import SilentPeerError, within
from driftline_jobs.stores.urls import postgres_name, secrets_of, with_limits, without_secrets
from driftline_schemas.ddl import POSTGRES_SCHEMA, Dialect, quote_name
from driftline_schemas.errors import ConfigError, DriftlineError, StoreBusyError, TransientError
from driftline_schemas.table_definitions import load_tables

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection, Cursor

Answer = TypeVar("Answer")

_LOCK_TIMEOUT = "55P03"
_OF_THE_MOMENT = ("08", "53", "57", "58", "40001", "40P01", "25P03")
"""SQLSTATE classes of failures that pass: connection, resources, shutdown, system, and lost races."""
_BAD_COPY = "08P01"
"""The one of class 08 that is no failing connection: what was sent does not fit the table."""
_READ_ONLY = "25006"
_OF_THE_SETTING = ("28", "42501", _READ_ONLY, "3D", "3F")
"""Those of a wrong login, a missing permission, a read-only server, a missing database or schema."""
_TOO_LONG = "timeout expired"
"""How libpq says that it has waited as long as it may, where it is the first to say so."""
_WRONG_SETTING = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "permission denied",
    "invalid URI",
    "invalid connection option",
    "invalid port",
    "invalid integer value",
    "unexpected spaces",
    "is not permitted to log in",
    "does not support SSL",
    "certificate",
)
"""How libpq says that connecting will fail again; it has no code for it."""
_SHARE_OF_SILENCE = 0.8
_STAGED_TYPES = {pa.string(): "text", pa.int64(): "bigint", pa.timestamp("us", "UTC"): "timestamptz"}


class PostgresSession:
    """One transaction on the connection."""

    def __init__(self, cursor: Cursor, *, read_only: bool, silence_seconds: float) -> None:
        self._cursor = cursor
        self._read_only = read_only
        self._silence_seconds = silence_seconds

    def _within(self, call: Callable[[], Answer]) -> Answer:
        return within(self._silence_seconds, call, lambda: close_all(self._cursor, self._cursor.connection))

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """See ``Session.run``."""
        with self._refusals(sql):
            self._within(lambda: self._execute(sql, parameters))

    def script(self, sql: str) -> None:
        """See ``Session.script``."""

        # execute() prepares, which takes one statement; executescript() would commit what was done before.
        def execute() -> None:
            self._cursor.adbc_statement.set_sql_query(sql)
            self._cursor.adbc_statement.execute_update()

        with self._refusals(sql):
            self._within(execute)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """See ``Session.query``."""

        def answer() -> pa.Table:
            self._execute(sql, parameters)
            return self._cursor.fetch_arrow_table()

        with self._refusals(sql):
            return from_store(self._within(answer))

    def insert(self, table: str, rows: pa.Table) -> None:
        """See ``Session.insert``."""

        def copy() -> None:
            self._cursor.adbc_ingest(table, rows, mode="append", db_schema_name=POSTGRES_SCHEMA)

        with self._refusals(f"COPY {table}"):
            self._within(copy)

    def stage(self, name: str, rows: pa.Table) -> None:
        """See ``Session.stage``."""
        columns = ", ".join(f"{quote_name(field.name)} {_STAGED_TYPES[field.type]}" for field in rows.schema)
        self.run(f"CREATE TEMPORARY TABLE {quote_name(name)} ({columns}) ON COMMIT DROP")

        def copy() -> None:
            self._cursor.adbc_ingest(name, rows, mode="append", temporary=True)

        with self._refusals(f"COPY {name}"):
            self._within(copy)

    def lock(self, names: Sequence[str]) -> None:
        """See ``Session.lock``."""
        # In one order for all, so that two who need the same two do not wait for one another.
        for name in sorted(set(names)):
            self.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", [f"driftline {name}"])

    def now(self) -> datetime:
        """See ``Session.now``."""
        moment = self.query("SELECT clock_timestamp() AS now").column("now")[0].as_py()
        if not isinstance(moment, datetime):
            raise TypeError(f"the store's clock says {moment!r}")
        return moment.astimezone(UTC)

    def _execute(self, sql: str, parameters: Sequence[object]) -> None:
        self._cursor.execute(sql, tuple(parameter(value) for value in parameters) or None)

    def _refusals(self, sql: str) -> AbstractContextManager[None]:
        return _refusals(sql, read_only=self._read_only)


class PostgresDatabase:
    """The database behind ``url``. One connection, made when it is first needed, and again when it broke.

    ``silence_seconds`` bounds how long the server may take to answer a statement.
    """

    dialect = Dialect.POSTGRES

    def __init__(self, url: str, *, silence_seconds: float = 60.0) -> None:
        self.name = postgres_name(url)
        self._url = url
        self._silence_seconds = silence_seconds
        self._connection: Connection | None = None
        self._turn = threading.RLock()

    def __repr__(self) -> str:
        return f"PostgresDatabase({self.name!r})"

    @contextmanager
    def reading(self, wait_seconds: float) -> Iterator[PostgresSession]:
        """See ``Database.reading``."""
        with self._transaction(wait_seconds, read_only=True) as session:
            yield session

    @contextmanager
    def writing(self, wait_seconds: float) -> Iterator[PostgresSession]:
        """See ``Database.writing``."""
        with self._transaction(wait_seconds, read_only=False) as session:
            yield session

    def stay_connected(self, wait_seconds: float, **_: bool) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing to do: the connection is kept anyway, and nobody waits for it."""
        return nullcontext()

    @contextmanager
    def turn(self, name: str, wait_seconds: float) -> Iterator[None]:
        """See ``Database.turn``: a lock of a transaction of its own, on a connection of its own."""
        apart = PostgresDatabase(self._url, silence_seconds=self._silence_seconds)
        held = ExitStack()
        try:
            held.enter_context(apart.reading(wait_seconds)).lock([f"turn {name}"])
            yield
        finally:
            with suppress(DriftlineError):  # what was done in it is done, whatever became of the connection
                held.close()
            apart.close()

    def create(self) -> None:
        """Nothing to do: whoever runs the server makes databases, the first migration makes the schema."""

    def published(self, wait_seconds: float) -> None:
        """Nothing to do: whoever reads sees it."""

    def rewrite(self, wait_seconds: float) -> None:
        """Nothing to do: a table that is truncated gets a new file. Backups and the log are the server's."""

    def give_back(self, wait_seconds: float) -> None:  # noqa: ARG002 - it waits for nobody
        """See ``Database.give_back``: the server uses the room for other rows, and shortens what it can."""
        with self._turn:
            self._drop()
            # VACUUM takes no transaction, and ADBC else begins one with every statement.
            connection = self._connect(autocommit=True)
            try:
                with connection.cursor() as cursor:
                    for table in load_tables():
                        sql = f"VACUUM (ANALYZE) {POSTGRES_SCHEMA}.{table}"
                        with _refusals(sql):
                            within(
                                self._silence_seconds,
                                partial(cursor.execute, sql),
                                lambda: close_all(cursor, connection),
                            )
            except SilentPeerError as error:
                self._connection = None
                raise self._silent() from error
            finally:
                self._drop()

    def close(self) -> None:
        """See ``Database.close``."""
        with self._turn:
            self._drop()

    @contextmanager
    def _transaction(self, wait_seconds: float, *, read_only: bool) -> Iterator[PostgresSession]:
        with self._turn:
            connection = self._connect()
            opened = connection.cursor()
            cursor: Cursor | None = opened
            try:
                session = PostgresSession(opened, read_only=read_only, silence_seconds=self._silence_seconds)
                session.run(f"SET TRANSACTION {'READ ONLY' if read_only else 'READ WRITE'}")
                # Whoever waits for a lock is answered by the server before it is taken for a silent one.
                wait_seconds = min(wait_seconds, _SHARE_OF_SILENCE * self._silence_seconds)
                session.run(f"SET LOCAL lock_timeout TO {max(1, int(wait_seconds * 1000))}")
                session.run("SET LOCAL TimeZone TO 'UTC'")
                session.run(f"SET LOCAL search_path TO {POSTGRES_SCHEMA}")
                yield session
                with _refusals("COMMIT"):
                    within(self._silence_seconds, connection.commit, lambda: close_all(opened, connection))
            except SilentPeerError as error:
                # Neither is to be closed: a call is under way on them, and would never end.
                cursor, self._connection = None, None
                raise self._silent() from error
            except StoreBusyError as error:
                self._rollback(connection, cursor)
                raise StoreBusyError(
                    f"the store {self.name} is being written by another run and did not become free within "
                    f"{wait_seconds:g} s: run again later"
                ) from error
            except TransientError:
                # The connection may be gone, or in a state nobody knows: the next attempt makes a new one.
                self._drop(cursor)
                raise
            except BaseException:
                self._rollback(connection, cursor)
                raise
            finally:
                if cursor is not None:
                    with suppress(Exception):
                        cursor.close()

    def _connect(self, *, autocommit: bool = False) -> Connection:
        if self._connection is None:
            dbapi = _driver()
            url = with_limits(self._url, self._silence_seconds)
            made: list[Connection] = []
            try:
                within(
                    self._silence_seconds,
                    lambda: made.append(dbapi.connect(url, autocommit=autocommit)),
                    lambda: close_all(*made),
                )
                self._connection = made[0]
            except SilentPeerError:
                raise self._silent() from None
            except dbapi.Error as error:
                # Not chained: what the driver says may hold the password.
                raise self._unreachable(str(error)) from None
        return self._connection

    def _silent(self) -> TransientError:
        return TransientError(
            f"the store {self.name} has not answered for {self._silence_seconds:g} s: run again when it "
            "does, or set DRIFTLINE_TIMEOUT to wait longer"
        )

    def _unreachable(self, message: str) -> DriftlineError:
        said = without_secrets(message, secrets_of(self._url)).strip()
        if any(words in said for words in _WRONG_SETTING):
            return ConfigError(f"the store {self.name} lets nobody in with these settings: {said}")
        if _TOO_LONG in said:
            return TransientError(
                f"the store {self.name} has not answered in time ({said}): run again when it does, or set "
                "DRIFTLINE_TIMEOUT, and connect_timeout where its address has one, to wait longer"
            )
        return TransientError(f"the store {self.name} cannot be reached: {said}")

    def _rollback(self, connection: Connection, cursor: Cursor | None) -> None:
        try:
            within(self._silence_seconds, connection.rollback, lambda: close_all(cursor, connection))
        except SilentPeerError:
            self._connection = None
        except Exception:  # noqa: BLE001 - whatever it is, this connection is of no use any more
            self._drop(cursor)

    def _drop(self, cursor: Cursor | None = None) -> None:
        connection, self._connection = self._connection, None
        close_all(cursor, connection)


def close_all(*several: Cursor | Connection | None) -> None:
    """Close what there is; it may be broken, which is why it goes."""
    for each in several:
        if each is not None:
            with suppress(Exception):
                each.close()


def _driver() -> Any:  # noqa: ANN401 - the driver has no types, and may not be installed
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise ConfigError(
            "a postgresql:// store needs the extra 'postgres': pip install 'driftline[postgres]'"
        ) from error
    return dbapi


@contextmanager
def _refusals(sql: str, *, read_only: bool = False) -> Iterator[None]:
    """Turn the driver's errors into Driftline's, by their SQLSTATE."""
    from adbc_driver_manager import AdbcStatusCode, Error

    try:
        yield
    except Error as error:
        said = without_secrets(str(error)).strip()
        state = error.sqlstate or ""
        if state == _LOCK_TIMEOUT:
            raise StoreBusyError(said) from error
        # A connection that broke has no state, only the driver's word for it.
        broken = not state and error.status_code in {AdbcStatusCode.IO, AdbcStatusCode.TIMEOUT}
        if broken or (state.startswith(_OF_THE_MOMENT) and state != _BAD_COPY):
            raise TransientError(f"the store broke off: {said}") from error
        if state.startswith(_OF_THE_SETTING) and not (read_only and state == _READ_ONLY):
            raise ConfigError(f"the store does not allow it: {said}\n{sql:.2000}") from error
        raise QueryError(f"the store refused a statement: {said}\n{sql:.2000}") from error
