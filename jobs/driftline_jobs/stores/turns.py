"""Taking turns at a file, between processes, without asking again and again what it costs much to ask."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE = 0.004


@contextmanager
def turn(path: Path, wait_seconds: float, *, shared: bool) -> Iterator[None]:
    """Wait at most ``wait_seconds`` until no other process is in a turn at ``path``, then be in one.

    A courtesy, not a guarantee: whoever has waited that long goes on regardless, as does everybody where
    files cannot be locked or the folder not be written. What must not happen twice at once is prevented
    elsewhere. The lock is on a hidden file beside ``path``: on the file itself, closing ours would free the
    locks that others in this process have on it.
    """
    deadline = time.monotonic() + wait_seconds
    if not path.exists():
        yield
        return
    try:
        import fcntl

        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except (ImportError, OSError):
        yield
        return
    try:
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(handle, how)
                break
            if time.monotonic() >= deadline:
                break
            time.sleep(random.uniform(0.5, 1.5) * _PAUSE)  # noqa: S311 - so that nobody is always too late
        yield
    finally:
        os.close(handle)
