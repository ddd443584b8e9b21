"""Where the work runs: each engine hands splits to the same tasks and the profiles back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from driftline_schemas.extensions import ENGINES

if TYPE_CHECKING:
    from driftline_jobs.engines.base import Engine
    from driftline_schemas.settings import Settings


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """The engine that the settings name, closed at the end.

    Raises ConfigError when it is not installed, TransientError when its cluster does not answer.
    """
    engine: Engine = ENGINES.load(settings.engine)(settings)
    try:
        yield engine
    finally:
        engine.close()
