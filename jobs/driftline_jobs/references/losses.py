"""What a reference lacks of what it was to be made of: kept with it, and known to every window beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from driftline_schemas.window import from_us, to_us


@dataclass(frozen=True, slots=True)
class AbsentWindow:
    """A window that a reference was to be made of, and that has no rows. ``is_lost``: something that was set
    aside may have held them."""

    start: datetime
    is_lost: bool


@dataclass(frozen=True, slots=True)
class ReferenceLosses:
    """What a reference lacks.

    Attributes:
        windows: of how many windows it was to be made; 0 for rows without times.
        absent: those without rows, ascending.
        objects_set_aside, rows_set_aside: what could not be read of it.
    """

    windows: int
    absent: tuple[AbsentWindow, ...] = ()
    objects_set_aside: int = 0
    rows_set_aside: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether a window is absent that need not be."""
        return any(window.is_lost for window in self.absent)

    def written(self) -> list[Any]:
        """As JSON can hold it."""
        absent = [[to_us(window.start), window.is_lost] for window in self.absent]
        return [self.windows, absent, self.objects_set_aside, self.rows_set_aside]

    @classmethod
    def read(cls, written: Sequence[Any]) -> Self:
        """What ``written`` has made."""
        windows, absent, *counts = written
        return cls(windows, tuple(AbsentWindow(from_us(at), lost) for at, lost in absent), *counts)
