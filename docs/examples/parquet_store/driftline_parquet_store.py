"""A store in a folder of Parquet files, one per table: ``parquet:///tables`` or ``parquet:////data/tables``.

Any program reads ``<folder>/current/<table>.parquet``, and nobody keeps another one out. A transaction works
on a copy in memory (DuckDB's); one that ends well is written whole beside the state before it, and a link is
moved. So writing takes as long as there are rows: a store for small monitors.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import duckdb

from driftline_jobs.stores.duckdb.database import committed
from driftline_jobs.stores.duckdb.refusals import refusals
from driftline_jobs.stores.duckdb.session import DuckDbSession
from driftline_jobs.stores.sql_store import SqlStore
from driftline_jobs.stores.turns import named, turn
from driftline_schemas.ddl import Dialect
from driftline_schemas.errors import ConfigError, StoreBusyError

SCHEME = "parquet:///"


def open_parquet(url: str, *, wait_seconds: float, silence_seconds: float) -> SqlStore:
    """The entry point: all that stores promise is kept by ``SqlStore``, on a ``Database`` with sessions."""
    del silence_seconds  # a folder does not keep silent
    folder = url.removeprefix(SCHEME)
    if not url.startswith(SCHEME) or not folder.strip("/"):
        raise ConfigError(f"{url} names no folder: write {SCHEME}relative or {SCHEME}/absolute")
    return SqlStore(ParquetFolder(Path(folder)), wait_seconds=wait_seconds)


class ParquetFolder:
    """See ``driftline_jobs.stores.database.Database``."""

    dialect = Dialect.DUCKDB

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._current = folder / "current"
        self._alone = threading.RLock()
        self._loaded: tuple[str, duckdb.DuckDBPyConnection] | None = None

    def reading(self, wait_seconds: float) -> AbstractContextManager[DuckDbSession]:
        """A transaction that cannot change anything."""
        return self._transaction("BEGIN TRANSACTION READ ONLY", wait_seconds, writes=False)

    def writing(self, wait_seconds: float) -> AbstractContextManager[DuckDbSession]:
        """A transaction that is written to the folder once it has ended well."""
        return self._transaction("BEGIN TRANSACTION", wait_seconds, writes=True)

    @contextmanager
    def _transaction(self, begin: str, wait_seconds: float, *, writes: bool) -> Iterator[DuckDbSession]:
        if not self._current.exists():
            raise ConfigError(f"there is no store in {self.name}: `driftline store migrate` makes one")
        try:
            with self._alone, turn(self._current, wait_seconds, shared=not writes):
                connection = self._newest()
                with committed(connection, begin):
                    yield DuckDbSession(connection)
                if writes:
                    self._loaded = None  # until it is written, the copy is not what the folder holds
                    self._loaded = self._write(connection), connection
        except TimeoutError as error:
            raise StoreBusyError(f"the store {self.name} is in use by {error}: run again later") from None

    def _newest(self) -> duckdb.DuckDBPyConnection:
        """The state of the folder, in memory."""
        state = self._current.readlink().name
        if self._loaded is None or self._loaded[0] != state:
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'")
            with refusals("IMPORT DATABASE"):
                connection.execute(f"IMPORT DATABASE '{_quoted(self._current.parent / state)}'")
            self._loaded = state, connection
        return self._loaded[1]

    def _write(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The copy as the folder's next state, in place of the one before; what it is called."""
        before = self._current.readlink().name if self._current.is_symlink() else "00000000"
        state = f"{int(before) + 1:08}"
        folder = self._current.parent
        shutil.rmtree(folder / state, ignore_errors=True)  # of one who was ended while writing
        with refusals("EXPORT DATABASE"):
            connection.execute(f"EXPORT DATABASE '{_quoted(folder / state)}' (FORMAT parquet)")
        link = folder / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(state)
        link.replace(self._current)
        shutil.rmtree(folder / before, ignore_errors=True)
        return state

    def create(self) -> None:
        """Make the folder of an empty store where there is none."""
        self._current.parent.mkdir(parents=True, exist_ok=True)
        with self._alone, turn(self._current, 60.0, shared=False):
            if not self._current.exists():
                self._write(duckdb.connect())

    def stay_connected(
        self, wait_seconds: float, *, reading: bool = False, alone: bool = True
    ) -> AbstractContextManager[None]:
        """The copy in memory stays anyway."""
        del wait_seconds, reading, alone
        return nullcontext()

    @contextmanager
    def turn(self, name: str, wait_seconds: float) -> Iterator[None]:
        """Be alone with ``name``; others use the store meanwhile."""
        try:
            with turn(named(self._current, name), wait_seconds, shared=False):
                yield
        except TimeoutError as error:
            raise StoreBusyError(f"{name}: {error} is at work on them: run again later") from None

    def published(self, wait_seconds: float) -> None:
        """Readers see it already."""

    def rewrite(self, wait_seconds: float) -> None:
        """Every state is written anew."""

    def give_back(self, wait_seconds: float) -> None:
        """See ``rewrite``."""

    def close(self) -> None:
        """Let go of the copy."""
        self._loaded = None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
