"""The ready views, read from ``views/*.yaml``: one query each, and what little differs between stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from string import Template
from types import MappingProxyType
from typing import Any

from driftline_schemas.table_definitions import Query


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """One column of a view. ``type`` is a ``ColumnType``, or ``struct``; any may be null."""

    name: str
    type: str
    meaning: str
    unit: str | None = None
    values: tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """The sentence that goes into the catalogue."""
        said = self.meaning if not self.unit else f"{self.meaning} Unit: {self.unit}."
        return f"{said} One of: {', '.join(self.values)}." if self.values else said


@dataclass(frozen=True)
class View:
    """A view for analysts; ``sql(dialect)`` is its query."""

    name: str
    title: str
    about: str
    grain: str
    columns: tuple[ViewColumn, ...]
    queries: tuple[Query, ...]
    template: str
    dialects: Mapping[str, Mapping[str, str]]

    @property
    def comment(self) -> str:
        """The text that goes into the catalogue, the grain first."""
        return f"{self.grain[0].upper()}{self.grain[1:]}. {self.about}"

    def sql(self, dialect: str) -> str:
        """The query in the dialect ``duckdb`` or ``postgres``."""
        return Template(self.template).substitute(self.dialects.get(dialect, {}))


@cache
def load_views() -> Mapping[str, View]:
    """Every ready view by name, in order of name. Cached; read-only.

    What a view reads of another is written into its own query: a database that is exported is imported in
    no certain order.
    """
    import yaml

    folder = resources.files("driftline_schemas") / "views"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    views = [_view(yaml.safe_load((folder / name).read_text(encoding="utf-8"))) for name in names]
    written = {view.name: view.template for view in views}
    return MappingProxyType(
        {
            view.name: replace(view, template=Template(view.template).safe_substitute(written))
            for view in views
        }
    )


def _view(definition: Mapping[str, Any]) -> View:
    return View(
        name=definition["name"],
        title=definition["title"],
        about=definition["about"],
        grain=definition["grain"],
        columns=tuple(
            ViewColumn(**{**column, "values": tuple(column.get("values", ()))})
            for column in definition["columns"]
        ),
        queries=tuple(Query(query["title"], query["sql"].rstrip()) for query in definition["queries"]),
        template=definition["sql"].rstrip(),
        dialects=definition.get("dialects", {}),
    )
