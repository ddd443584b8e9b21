"""What a process must know before Arrow and linear algebra are imported: here, and on Spark's workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

BEFORE_IMPORTS = {
    # Arrow's allocator gives memory back after 10 ms, and asks for it again with the next column: that is a
    # tenth of a scan. In milliseconds.
    "MIMALLOC_PURGE_DELAY": "10000",
    # Threads of linear algebra spin while they wait for one another: beside threads of our own, and on a
    # machine that is busy, that takes more time than the work. The products here are small.
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Variables of the environment that are set unless somebody has set them."""


def set_before_imports() -> None:
    """Set ``BEFORE_IMPORTS`` for this process and those that it starts."""
    for name, value in BEFORE_IMPORTS.items():
        os.environ.setdefault(name, value)


@contextmanager
def one_thread_of_linear_algebra() -> Iterator[None]:
    """The same for a process that has imported everything before it came to us, such as a notebook."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
