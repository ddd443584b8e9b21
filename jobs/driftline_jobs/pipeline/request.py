"""What the main path is asked for, what it answers, and how it tells of its progress.

Plain data and one small protocol, so that the command line, the demo, a scheduler and the tests all call
the same function with the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from driftline_schemas.monitor import Monitor
    from driftline_schemas.settings import Settings
    from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One call of the main path: publish every window from ``first`` to ``last``, both included.

    ``monitor_path`` is where the monitor file was read from: relative folders in it are meant from there.
    ``as_of`` (aware) is the moment at which labels count as mature: further in, no clock is read for it.
    ``allow_missing`` lets a run publish fewer rows than the run it replaces did.
    """

    monitor: Monitor
    monitor_path: Path
    first: Window
    last: Window
    settings: Settings
    as_of: datetime
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run has published. Counts are rows of the log; times are seconds of this process.

    ``alerts`` counts the alerts that are open in one of ``windows``, whichever run was first to open them:
    the same command twice must end with the same exit status.
    """

    windows: tuple[Window, ...]
    run_ids: tuple[str, ...]
    alerts: int
    rows_read: int
    rows_quarantined: int
    wall_seconds: float


class Progress(Protocol):
    """Where a run says how far it is. May be called from several threads at once; must not raise."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin the stage ``name`` and end the one before; ``total`` steps, or unknown."""

    def advance(self, steps: int = 1) -> None:
        """Count ``steps`` of the present stage as done."""

    def event(self, name: str, **fields: object) -> None:
        """Report that something happened, for example a log object that was set aside."""


class SilentProgress:
    """A ``Progress`` that tells nobody."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1) -> None:
        """Say nothing."""

    def event(self, name: str, **fields: object) -> None:
        """Say nothing."""
