"""What a name in a monitor file or in a setting stands for: a member of ours, or of another distribution.

A distribution adds a member by an entry point of the group, whose name is the member's. Members are loaded
when they are asked for; that no two have one name is made sure of whenever a group is looked at.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any

from driftline_schemas.errors import ConfigError


@cache
def installed(group: str) -> EntryPoints:
    """The entry points of all distributions: looked for once, since that takes milliseconds."""
    return entry_points(group=group)


@dataclass(frozen=True, slots=True)
class Registry:
    """Members by name.

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
        near = difflib.get_close_matches(name.lower(), self.names(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"no {self.noun} is called {name}{hint} {self.known()}"

    def known(self) -> str:
        """Which there are, and how there come to be others."""
        return (
            f"Known: {', '.join(self.names())}; another one is there once the distribution that has it is "
            f"installed (an entry point of {self.group})"
        )

    def load(self, name: str) -> Callable[..., Any]:
        """The member of this name. Raises ConfigError if there is none, or it cannot be loaded."""
        point = self._members().get(name)
        if point is None:
            raise ConfigError(self.unknown(name))
        try:
            member = point.load()
        except Exception as error:
            raise ConfigError(
                f"{self._about(point)} cannot be loaded: {error}. Mend it, or uninstall its distribution"
            ) from error
        if not callable(member):
            raise ConfigError(
                f"{self._about(point)} cannot be called: expected a function, see docs/extending.md"
            )
        function: Callable[..., Any] = member
        return function

    def _members(self) -> dict[str, EntryPoint]:
        found = {name: EntryPoint(name, value, self.group) for name, value in self.built_in.items()}
        for point in sorted(installed(self.group), key=lambda point: (point.name, point.value)):
            if point.name in found:
                raise ConfigError(
                    f"{self._about(point)} has the name {point.name!r}, which is taken: give it another, or "
                    "uninstall its distribution"
                )
            found[point.name] = point
        return found

    def _about(self, point: EntryPoint) -> str:
        where = "" if point.dist is None else f" of {point.dist.name}"
        return f"the {self.noun} {point.value!r}{where}"


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
