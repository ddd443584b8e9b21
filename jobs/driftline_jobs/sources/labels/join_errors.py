"""What it means that a join could not go on: what a retry may cure, and what somebody has to change first."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from driftline_schemas.errors import ConfigError, DataError, TransientError, disk_error

_FULL = ("No space left on device", "Disk quota exceeded", "max_temp_directory_size")
_NO_MEMORY = "Out of Memory Error"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def join_failures(memory_limit: int, folder: Path) -> Iterator[None]:
    """Turn what DuckDB says while it joins within ``memory_limit`` bytes and spills to ``folder``.

    Raises:
        DataError: the labels of a part cannot be joined within the limit.
        TransientError: there is no room, for now, in the folder, or it does not answer.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:  # of rows that are handed on, Arrow tells
        said = str(error)
        if any(words in said for words in _FULL):
            raise _full(folder) from error
        if isinstance(error, duckdb.OutOfMemoryException) or _NO_MEMORY in said:
            raise DataError(
                f"the labels cannot be joined within DRIFTLINE_MEMORY_LIMIT, {memory_limit >> 20} MiB: "
                f"set it (or --memory-limit) higher ({_first_line(said)})"
            ) from error
        if isinstance(error, duckdb.IOException):
            raise TransientError(f"the label join cannot spill to {folder}: {_first_line(said)}") from error
        raise


def spill_error(error: OSError, folder: Path | None = None) -> ConfigError | TransientError:
    """What it means that the file system refused what the join wanted to put aside; by default where Python
    puts what is temporary."""
    folder = folder or Path(tempfile.tempdir or os.environ.get("TMPDIR", "/tmp"))  # noqa: S108  to be named
    if error.errno in _NO_ROOM:
        return _full(folder)
    return disk_error(error, f"the label join cannot spill to {folder}", "name another folder in TMPDIR")


def _full(folder: Path) -> TransientError:
    return TransientError(
        f"{folder}, to which the label join spills, is full: make room there, name another folder in "
        "TMPDIR, or set DRIFTLINE_MEMORY_LIMIT (--memory-limit) higher"
    )


def _first_line(said: str) -> str:
    return (said.splitlines() or [""])[0][:300]
