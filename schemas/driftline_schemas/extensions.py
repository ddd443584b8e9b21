"""Members that other distributions add to a registry, each by an entry point that names an object."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

from driftline_schemas.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Named(Protocol):
    """What there is to say of a member; more in each registry."""

    @property
    def name(self) -> str:
        """As in tables and monitor files."""


Spec = TypeVar("Spec", bound=Named)


def members(
    group: str, noun: str, kind: type[Spec], expected: str, taken: Collection[str]
) -> dict[Spec, object]:
    """The installed members of a group by their ``spec``, in the order of names.

    Args:
        group: of entry points.
        noun: what a message calls a member: ``metric``.
        kind: what the ``spec`` of each has to be; ``expected``: what has such a one.
        taken: names that are no longer to be had.

    Raises ConfigError for one that cannot be loaded, or whose name is taken or is none.
    """
    found: dict[str, tuple[Spec, object]] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        where = "" if point.dist is None else f" of {point.dist.name}"
        about = f"the {noun} {point.value!r}{where}"
        member, spec = _loaded(point, about)
        if not isinstance(spec, kind):
            raise ConfigError(f"{about} has no spec: expected {expected}")
        if not _NAME.fullmatch(spec.name):
            raise ConfigError(f"{about} is called {spec.name!r}: expected small letters, digits and _")
        if spec.name in taken or spec.name in found:
            raise ConfigError(f"{about} has the name {spec.name!r}, which is taken: give it another")
        found[spec.name] = spec, member
    return dict(found[name] for name in sorted(found))


def _loaded(point: EntryPoint, about: str) -> tuple[object, object]:
    try:
        member = point.load()
        spec: object = member.spec
    except Exception as error:
        raise ConfigError(
            f"{about} cannot be loaded: {error}. Mend it, or uninstall its distribution"
        ) from error
    return member, spec
