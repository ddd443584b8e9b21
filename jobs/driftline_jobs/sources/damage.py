"""Objects that turn out to be damaged while they are read: left out whole, and the others read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from driftline_schemas.errors import UnreadableObjectError

Result = TypeVar("Result")
SetAside = Callable[[UnreadableObjectError], None]
"""Reports an object that is set aside, and why."""


class Objects(Protocol):
    """Objects that are read as one."""

    def without(self, uri: str, reason: str) -> tuple[Self, tuple[int, int] | None]:
        """The same without one of them, and the times that its rows may have."""


Read = TypeVar("Read", bound=Objects)


def around_damage(objects: Read, read: Callable[[Read], Result], set_aside: SetAside) -> tuple[Result, Read]:
    """What ``read`` makes of the objects, and these without those that turned out to be damaged.

    Whenever one does, all others are read again: never is half an object counted.
    """
    while True:
        try:
            return read(objects), objects
        except UnreadableObjectError as damaged:
            set_aside(damaged)
            objects, _ = objects.without(damaged.uri, damaged.reason)
