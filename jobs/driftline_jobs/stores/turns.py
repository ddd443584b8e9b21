"""Taking turns at a file, between processes: many may read it together, one may write it alone."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from driftline_jobs.stores.retries import patiently

_PAUSE = 0.004
_LOCKS = Path("/proc/locks")


@contextmanager
def turn(path: Path, wait_seconds: float, *, shared: bool) -> Iterator[None]:
    """Be in a turn at ``path``, once all others are over; ``TimeoutError``, saying whose, if it takes longer.

    The lock is on a hidden file beside ``path``, which stays: on the file itself, closing our handle would
    free the locks that others in this process have on it. It is between threads as well, and ends with the
    process, however that ends. Where the folder cannot be written, or the system has no such locks, there are
    no turns.
    """
    handle = _lock_file(path)
    if handle is None:
        yield
        return
    import fcntl

    try:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            patiently(
                lambda: fcntl.flock(handle, how | fcntl.LOCK_NB),
                wait_seconds,
                again=lambda error: isinstance(error, BlockingIOError),
                pauses=(_PAUSE, 1.0, _PAUSE),
            )
        except BlockingIOError:
            raise TimeoutError(_holders(handle)) from None
        try:
            yield
        finally:
            # Closing is not enough: a process forked meanwhile would have the lock as long as it lives.
            fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)


_NAMES: Final = 16


def named(path: Path, name: str) -> Path:
    """A path beside ``path`` to take turns at for ``name``, which shares it with some others: a hidden file
    for every name there ever was would be many."""
    return path.with_name(f"{path.name}.{zlib.crc32(name.encode()) % _NAMES}")


def _lock_file(path: Path) -> int | None:
    """A handle of the file to lock, or None if there can be none."""
    try:
        import fcntl  # noqa: F401 - asked only whether it is there
    except ImportError:
        return None
    lock = path.with_name(f".{path.name}.lock")
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):  # another user's can be locked, though not written
        try:
            return os.open(lock, flags | os.O_CLOEXEC, 0o666)
        except OSError:
            continue
    return None


def _holders(handle: int) -> str:
    """Who has the lock, as far as the system tells."""
    status = os.fstat(handle)
    try:
        lines = [line.split() for line in _LOCKS.read_text(encoding="ascii").splitlines()]
    except OSError:
        lines = []
    # "1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF"; who waits has "->" after the number.
    pids = [
        line[4]
        for line in lines
        if line[1] == "FLOCK" and line[5].rpartition(":")[2] == str(status.st_ino) and line[4].isdigit()
    ]
    return f"process {', '.join(pids)}" if pids else "another process"
