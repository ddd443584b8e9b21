"""What a process of ours is told before it starts, and what it takes: here, and on Spark's workers."""

from __future__ import annotations

import os
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

BEFORE_IMPORTS = {
    # Arrow's allocator gives memory back after 10 ms, and asks for it again with the next column: that is a
    # tenth of a scan. In milliseconds.
    "MIMALLOC_PURGE_DELAY": "10000",
    # Threads of linear algebra spin while they wait for one another: beside threads of our own, and on a
    # machine that is busy, that takes more time than the work. The products here are small.
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Variables of the environment that are set unless somebody has set them: Arrow and linear algebra look at
them when they are first imported."""
UMASK = "DRIFTLINE_UMASK"
_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"


@dataclass(frozen=True, slots=True)
class Spent:
    """What processes have taken: processor seconds of all of them, and the most memory that one has held."""

    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cpu_seconds + other.cpu_seconds, max(self.peak_memory_bytes, other.peak_memory_bytes)
        )


def spare_pandas() -> None:
    """Keep Arrow from importing pandas for nothing, which takes it a third of a second.

    Arrow asks once whether there is one, when it first makes an array of a list, which might be a series.
    Told that there is none, it imports pandas all the same where something is converted to pandas. Not for a
    process of others, who may have series.
    """
    if "pandas" not in sys.modules:
        import pyarrow as pa

        sys.meta_path.insert(0, _NoPandas)
        try:
            pa.array([])
        finally:
            sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """Finds no pandas, and leaves every other module to those who are asked next."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def peak_memory_bytes() -> int:
    """The most memory that this process has held.

    Where the system tells it: what ``getrusage`` says of a process is at least what its parent held when it
    was started.
    """
    try:
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith(_PEAK):
                return int(line.removeprefix(_PEAK).removesuffix("kB")) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def set_before_imports() -> None:
    """Set ``BEFORE_IMPORTS`` for this process and those that it starts."""
    for name, value in BEFORE_IMPORTS.items():
        os.environ.setdefault(name, value)


@contextmanager
def private_files() -> Iterator[None]:
    """Within it, files are created for whom ``DRIFTLINE_UMASK`` says, or else for their owner alone.

    Raises ConfigError when it says nothing of the kind. It is the whole process's, so this is for a process
    that is ours: the command line's, and those that it starts.
    """
    said = os.environ.get(UMASK) or "077"
    if not re.fullmatch("0?[0-7]{1,3}", said):
        raise ConfigError(
            f"{UMASK} is {said!r}, which is no mask: write octal digits, such as 077 (files are their "
            "owner's alone) or 027 (its group may read them)"
        )
    before = os.umask(int(said, 8))
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def one_thread_of_linear_algebra() -> Iterator[None]:
    """The same for a process that has imported everything before it came to us, such as a notebook."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Looked for once: that takes milliseconds, and a process may run a thousand monitors."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
