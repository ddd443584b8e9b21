"""What DuckDB's complaints mean: who has the file, whether another try may help, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driftline_jobs.stores.base import QueryError
from driftline_schemas.errors import ConfigError, DataError, TransientError

_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
_OF_THIS_PROCESS = ("different configuration", "already attached")
"""How DuckDB says that this process has the file open already: in another mode, or in another thread."""
_NO_SPACE = "No space left on device"
_TRUNCATED = "Could not read enough bytes"
_DAMAGED = ("orrupt", "checksum", "Serialization Error")
_WRONG_PLACE = ("Permission denied", "Is a directory", "Not a directory", "Read-only file system")


def holder(message: str) -> str | None:
    """Who has the file, if that is what ``message`` complains of."""
    match = _HOLDER.search(message)
    if match:
        return f"process {match['pid']} ({Path(match['program']).name})"
    if any(words in message for words in _OF_THIS_PROCESS):
        return "another connection of this very process"
    return None


def unusable(name: str, error: Exception) -> ConfigError | DataError | TransientError:
    """What it means that the file could not be opened."""
    message = str(error)
    if _TRUNCATED in message:
        return _damaged(name, message)
    if "not a valid DuckDB database" in message:
        return ConfigError(f"{name} is a file, but not a DuckDB database: DRIFTLINE_STORE must name another")
    if "version number" in message:
        return ConfigError(
            f"{name} was written by another version of DuckDB than this one can read: {message}"
        )
    if any(words in message for words in _WRONG_PLACE):
        return ConfigError(f"the store {name} cannot be opened: {message}")
    if "does not exist" in message or "No such file" in message:  # gone between the look and the opening
        return ConfigError(f"there is no store at {name}: {message}")
    if any(words in message for words in _DAMAGED):
        return _damaged(name, message)
    return TransientError(f"the store {name} cannot be opened: {message}")


def _damaged(name: str, message: str) -> DataError:
    return DataError(
        f"the store {name} is damaged or was cut off: {message}. Put back a copy of it, or name a new one in "
        "DRIFTLINE_STORE and run the windows again"
    )


@contextmanager
def refusals(sql: str) -> Iterator[None]:
    """Turn DuckDB's errors into Driftline's."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = f"{error}\n{sql:.2000}"
        # A full disk shows in errors of several kinds, whatever noticed it first.
        if _NO_SPACE in said:
            raise TransientError(f"the store's disk is full: {said}") from error
        if any(words in said for words in (_TRUNCATED, *_DAMAGED)):
            raise DataError(f"the store is damaged or was cut off: {said}") from error
        if isinstance(error, duckdb.IOException | duckdb.TransactionException) and any(
            words in str(error) for words in _WRONG_PLACE
        ):
            # The file may be ours and its folder not: there the log of a transaction is made.
            raise ConfigError(
                f"the store cannot be written: {error}; DRIFTLINE_STORE names another"
            ) from error
        if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
            raise TransientError(f"the store could not carry out a statement: {said}") from error
        raise QueryError(f"the store refused a statement: {said}") from error
