"""Summary tables in a DuckDB file.

DuckDB lets one process write a file at a time and none read it meanwhile. So a connection is not kept: each
transaction opens the file, waits its turn if it must, and closes it again, and between two transactions
everybody else gets in. Opening takes longer than most statements, so transactions that follow upon each other
may share one (``stay_connected``). Whoever keeps the file open all day (a notebook, a dashboard) would still
lock the jobs out; for them the store can keep a copy, which is swapped by rename and which nobody writes.

DuckDB's own lock is not enough between processes that come and go: it reads the file's header first and
takes the lock second (seen in 2.0), so that one who opens the file just as another ends a transaction goes on
from the state before it, and what was committed is lost. Hence turns, which begin before the opening and end
after the closing. Whoever opens the file with other programs should do so for reading.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline_jobs.stores.duckdb.refusals import holder, refusals, unusable
from driftline_jobs.stores.duckdb.session import DuckDbSession
from driftline_jobs.stores.retries import patiently
from driftline_jobs.stores.turns import named, turn
from driftline_schemas.ddl import Dialect, quote_name
from driftline_schemas.errors import (
    ConfigError,
    DriftlineError,
    StoreBusyError,
    TransientError,
    disk_error,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


_IDLE_SECONDS = 0.2
_MOST_SECONDS = 0.5
"""How long others wait at most for one who is at other things, or at many that follow upon each other."""


@dataclass
class _Session:
    """Transactions that share a connection, once one of them has made it.

    Attributes:
        reading: whether all of them only read.
        pins: how many there are within whom nobody else may come in between.
        published: whether any has changed what readers see.
        since, used: when the connection was made and last used.
    """

    reading: bool
    pins: int
    opened: ExitStack = field(default_factory=ExitStack)
    connection: DuckDBPyConnection | None = None
    published: bool = False
    since: float = 0.0
    used: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        """Close the connection, if there is one; the next transaction makes another."""
        self.connection = None
        self.opened.pop_all().close()


class DuckDbDatabase:
    """The file at ``path``; ``copy`` is where readers find the last published state, if they are to."""

    dialect = Dialect.DUCKDB

    def __init__(self, path: Path, copy: Path | None = None) -> None:
        self.path = path
        self.copy = copy
        self.name = str(path)
        self._turn = threading.RLock()
        self._session: _Session | None = None

    def __repr__(self) -> str:
        return f"DuckDbDatabase({self.name!r})"

    def reading(self, wait_seconds: float) -> AbstractContextManager[DuckDbSession]:
        """See ``Database.reading``."""
        return self._transaction("BEGIN TRANSACTION READ ONLY", wait_seconds, read_only=True)

    def writing(self, wait_seconds: float) -> AbstractContextManager[DuckDbSession]:
        """See ``Database.writing``."""
        return self._transaction("BEGIN TRANSACTION", wait_seconds, read_only=False)

    @contextmanager
    def stay_connected(
        self, wait_seconds: float, *, reading: bool = False, alone: bool = True
    ) -> Iterator[None]:
        """See ``Database.stay_connected``. From the first transaction on all others wait; only who reads lets
        others read."""
        session = self._session
        if session is not None:
            session.pins += alone
            try:
                yield
            finally:
                session.pins -= alone
            return
        session = self._session = _Session(reading, pins=int(alone))
        if not alone:
            threading.Thread(target=self._let_others_in, args=(session, wait_seconds), daemon=True).start()
        try:
            yield
        except BaseException:
            with suppress(DriftlineError):  # a copy that cannot be made is not what went wrong
                self._let_go(wait_seconds)
            raise
        else:
            self._let_go(wait_seconds)
        finally:
            session.over.set()
            self._session = None

    @contextmanager
    def turn(self, name: str, wait_seconds: float) -> Iterator[None]:
        """See ``Database.turn``."""
        self._require_file()
        try:
            with turn(named(self.path, name), wait_seconds, shared=False):
                yield
        except TimeoutError as error:
            raise StoreBusyError(
                f"{name}: {error} is at work and was not done within {wait_seconds:g} s: run again later"
            ) from None

    def _let_others_in(self, session: _Session, wait_seconds: float) -> None:
        """Close what is not in use, for as long as the session lasts."""
        while not session.over.wait(_IDLE_SECONDS / 2):
            with self._turn:
                idle = time.monotonic() - session.used > _IDLE_SECONDS
                if session is self._session and session.connection is not None and idle and not session.pins:
                    with suppress(DriftlineError):  # whoever ends the session comes upon it again
                        self._let_go(wait_seconds)

    def _let_go(self, wait_seconds: float) -> None:
        with self._turn:
            session = self._session
            if session is None:
                return
            session.close()
            if session.published and self.copy is not None:  # what is published stays so, whatever comes next
                self._refresh_copy(self.copy, wait_seconds)
                session.published = False

    def create(self) -> None:
        """Make the file if it is not there, whole or not at all: a torn one could never be opened again."""
        if self.path.exists():
            return
        if not self.path.parent.is_dir():
            raise ConfigError(
                f"the folder {self.path.parent} of the store {self.name} does not exist: create it"
            )
        import duckdb

        try:
            with _scratch(self.path) as scratch:
                with refusals("CREATE"):
                    duckdb.connect(str(scratch)).close()
                with suppress(FileExistsError):  # somebody else was first
                    os.link(scratch, self.path)
        except OSError as error:
            what = f"the store {self.name} cannot be made"
            raise disk_error(error, what, "DRIFTLINE_STORE names another place") from error

    def published(self, wait_seconds: float) -> None:
        """See ``Database.published``: the copy for readers is made anew, once the file is closed."""
        if self.copy is not None:
            with self._turn:
                if self._session is not None:
                    self._session.published = True
                else:
                    self._refresh_copy(self.copy, wait_seconds)

    def give_back(self, wait_seconds: float) -> None:
        """See ``Database.give_back``: DuckDB's file only ever grows, so one without holes takes its place."""
        self.rewrite(wait_seconds)

    def rewrite(self, wait_seconds: float) -> None:
        """See ``Database.rewrite``: blocks that are free again keep their content until they are needed."""
        self._let_go(wait_seconds)
        deadline = time.monotonic() + wait_seconds
        with self._turn, _scratch(self.path) as scratch:
            try:
                with turn(self.path, wait_seconds, shared=False):
                    with (
                        closing(self._connect(deadline, wait_seconds, read_only=False)) as connection,
                        refusals("COPY FROM DATABASE"),
                    ):
                        connection.execute("ATTACH $1 AS anew", [str(scratch)])
                        (name,) = connection.sql("SELECT current_database()").fetchall()[0]
                        connection.execute(f"COPY FROM DATABASE {quote_name(name)} TO anew")
                        connection.execute("DETACH anew")
                    shutil.copymode(self.path, scratch)
                    scratch.replace(self.path)
            except TimeoutError as error:
                raise self._busy(str(error), wait_seconds) from None
            except OSError as error:
                what = f"the store {self.name} cannot be written anew"
                raise disk_error(error, what, "make its folder writable") from error

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _transaction(self, begin: str, wait_seconds: float, *, read_only: bool) -> Iterator[DuckDbSession]:
        with self._turn:
            session = self._session
            if session is None:
                with (
                    self._open(wait_seconds, read_only=read_only) as connection,
                    committed(connection, begin),
                ):
                    yield DuckDbSession(connection)
                return
            if session.connection is None:
                session.connection = session.opened.enter_context(
                    self._open(wait_seconds, read_only=session.reading)
                )
                session.since = time.monotonic()
            try:
                with committed(session.connection, begin):
                    yield DuckDbSession(session.connection)
            except BaseException:
                # DuckDB may refuse everything on it from now on: what follows opens the file anew
                session.close()
                raise
            session.used = time.monotonic()
            if not session.pins and session.used - session.since > _MOST_SECONDS:
                session.close()

    @contextmanager
    def _open(self, wait_seconds: float, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        deadline = time.monotonic() + wait_seconds
        self._require_file()
        with ExitStack() as stack:
            try:
                stack.enter_context(turn(self.path, wait_seconds, shared=read_only))
            except TimeoutError as error:
                raise self._busy(str(error), wait_seconds) from None
            connection = stack.enter_context(
                closing(self._connect(deadline, wait_seconds, read_only=read_only))
            )
            connection.execute("SET TimeZone = 'UTC'")
            # A statement of ours takes a millisecond or two: of several threads most would wait for others.
            connection.execute("SET threads = 1")
            yield connection

    def _connect(self, deadline: float, wait_seconds: float, *, read_only: bool) -> DuckDBPyConnection:
        import duckdb

        def once() -> DuckDBPyConnection:
            self._require_file()
            if read_only:
                return duckdb.connect(str(self.path), read_only=True)
            # Within a process, connections of one configuration share the file, and two transactions
            # would both find a window unpublished. A name of its own makes the second one wait.
            alone: dict[str, Any] = {"custom_user_agent": f"driftline/{uuid.uuid4()}"}
            return duckdb.connect(str(self.path), config=alone)

        def is_held(error: BaseException) -> bool:
            return isinstance(error, duckdb.Error) and holder(str(error)) is not None

        try:
            left = deadline - time.monotonic()
            return patiently(once, left, again=is_held, pauses=(0.002, 1.5, 0.05))
        except duckdb.Error as error:
            owner = holder(str(error))
            if owner is None:
                raise unusable(self.name, error) from error
            raise self._busy(owner, wait_seconds) from error

    def _require_file(self) -> None:
        if not self.path.exists():  # DuckDB would make one that is not ours
            raise ConfigError(
                f"there is no store at {self.name}: `driftline run` or `driftline store migrate` makes one, "
                "or DRIFTLINE_STORE names another"
            )

    def _busy(self, holder: str, wait_seconds: float) -> StoreBusyError:
        return StoreBusyError(
            f"the store {self.name} is in use by {holder} and did not become free within {wait_seconds:g} s. "
            "DuckDB lets one process write, or many read, at a time: end the other, or run again later, or "
            "use a postgresql:// store"
        )

    def _refresh_copy(self, copy: Path, wait_seconds: float) -> None:
        # Open for reading, the file cannot change under the copying. And another process copies: the locks
        # are of a kind that this one would lose as soon as it closed any handle of the file.
        with self._open(wait_seconds, read_only=True), _scratch(copy) as scratch:
            try:
                subprocess.run(  # noqa: S603 - our own interpreter and our own paths
                    [sys.executable, "-I", "-c", _COPY, str(self.path), str(scratch)],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                scratch.replace(copy)
            except (OSError, subprocess.CalledProcessError) as error:
                raise TransientError(
                    f"the store {self.name} is published, but its copy for readers {copy} could not be made: "
                    f"{getattr(error, 'stderr', None) or error}"
                ) from error


@contextmanager
def committed(connection: DuckDBPyConnection, begin: str) -> Iterator[None]:
    """A transaction, rolled back when it ends with an exception."""
    import duckdb

    with refusals(begin):
        connection.execute(begin)
    try:
        yield
        with refusals("COMMIT"):
            connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has ended the transaction already
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A path in the folder of ``beside``, where nothing is, and nothing will be afterwards."""
    with tempfile.TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as folder:
        yield Path(folder) / beside.name
