"""Members that other distributions add by entry points, and those of ours that are loaded when asked for.

Metrics, column kinds and tasks say what they are in a ``spec``, which is why all of them are loaded at once
(``members``). Of sources, stores and engines the name is enough, that of the entry point (``Registry``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar

from driftline_schemas.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Named(Protocol):
    """What there is to say of a member; more in each registry."""

    @property
    def name(self) -> str:
        """As in tables and monitor files."""


Spec = TypeVar("Spec", bound=Named)


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of all distributions: looked for once, since that takes milliseconds."""
    return tuple(sorted(entry_points(group=group), key=lambda point: (point.name, point.value)))


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
    for point in installed(group):
        member = loaded(point, noun)
        spec = getattr(member, "spec", None)
        if not isinstance(spec, kind):
            raise ConfigError(f"{_about(point, noun)} has no spec: expected {expected}")
        if not _NAME.fullmatch(spec.name):
            raise ConfigError(
                f"{_about(point, noun)} is called {spec.name!r}: expected small letters, digits and _"
            )
        if spec.name in taken or spec.name in found:
            raise _taken(point, noun, spec.name)
        found[spec.name] = spec, member
    return dict(found[name] for name in sorted(found))


def unknown(noun: str, group: str, name: str, names: Iterable[str]) -> str:
    """What to say of a name that no member has: which there are, and how there come to be others."""
    near = difflib.get_close_matches(name.lower(), names := tuple(names), n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"no {noun} is called {name}{hint} {known(group, names)}"


def known(group: str, names: Iterable[str]) -> str:
    """Which names there are, and how there come to be others."""
    return (
        f"Known: {', '.join(names)}; another one is there once the distribution that has it is installed "
        f"(an entry point of {group})"
    )


def loaded(point: EntryPoint, noun: str) -> Any:  # noqa: ANN401 - whatever it names
    """What an entry point names. Raises ConfigError where it cannot be had."""
    try:
        return point.load()
    except Exception as error:
        raise ConfigError(
            f"{_about(point, noun)} cannot be loaded: {error}. Mend it, or uninstall its distribution"
        ) from error


def _taken(point: EntryPoint, noun: str, name: str) -> ConfigError:
    return ConfigError(
        f"{_about(point, noun)} has the name {name!r}, which is taken: give it another, or uninstall its "
        "distribution"
    )


def _about(point: EntryPoint, noun: str) -> str:
    where = "" if point.dist is None else f" of {point.dist.name}"
    return f"the {noun} {point.value!r}{where}"


@dataclass(frozen=True, slots=True)
class Registry:
    """Members by name, loaded when they are asked for; that no two have one name is made sure of whenever
    names are looked at.

    Attributes:
        group: of the entry points of other distributions.
        noun: what a message calls a member: ``store``.
        built_in: ours, each as an entry point writes it: ``module:function``.
    """

    group: str
    noun: str
    built_in: Mapping[str, str]

    def names(self) -> tuple[str, ...]:
        """Every name that is known, ours first. Raises ConfigError for one that two members have."""
        return tuple(self._members())

    def unknown(self, name: str) -> str:
        """What to say of a name that nobody has."""
        return unknown(self.noun, self.group, name, self.names())

    def known(self) -> str:
        """Which there are, and how there come to be others."""
        return known(self.group, self.names())

    def load(self, name: str) -> Callable[..., Any]:
        """The member of this name. Raises ConfigError if there is none, or it cannot be loaded."""
        point = self._members().get(name)
        if point is None:
            raise ConfigError(self.unknown(name))
        member: Callable[..., Any] = loaded(point, self.noun)
        if not callable(member):
            raise ConfigError(f"{_about(point, self.noun)} cannot be called: see the docs on extending")
        return member

    def _members(self) -> dict[str, EntryPoint]:
        found = {name: EntryPoint(name, value, self.group) for name, value in self.built_in.items()}
        for point in installed(self.group):
            if point.name in found:
                raise _taken(point, self.noun, point.name)
            found[point.name] = point
        return found


STORES = Registry(
    "driftline.stores",
    "store",
    {
        "duckdb": "driftline_jobs.stores.duckdb:open_duckdb",
        "postgresql": "driftline_jobs.stores.postgres:open_postgres",
        "postgres": "driftline_jobs.stores.postgres:open_postgres",
    },
)
"""By the scheme of a URL: ``(url, *, wait_seconds, silence_seconds)`` to a
``driftline_jobs.stores.base.Store``."""
ENGINES = Registry(
    "driftline.engines",
    "engine",
    {
        "local": "driftline_jobs.engines.local:open_local",
        "spark": "driftline_jobs.engines.spark.engine:open_spark",
    },
)
"""By name: ``(settings)`` to a ``driftline_jobs.engines.base.Engine``."""
PARQUET = "parquet"
"""The source of logs whose monitor file names none."""
SOURCES = Registry("driftline.sources", "source", {PARQUET: "driftline_jobs.sources.logs:PredictionLog.open"})
"""By ``logs.format``, or the scheme of ``logs.uri``: ``(monitor, relative_to, *, must_exist)`` to a
``driftline_jobs.sources.base.ProfileSource``."""
