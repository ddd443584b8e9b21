"""The summary tables, read from ``tables/*.yaml``: each is defined there once, and nowhere else.

The Arrow schema, the DDL of both stores, the comments in their catalogues and the reference page all come
from what ``load_tables`` returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from driftline_schemas.column_kinds import BUILT_IN, kind_specs

if TYPE_CHECKING:
    import pyarrow as pa


class ColumnType(StrEnum):
    """Logical type of a column; ``ddl`` and ``Table.arrow_schema`` say what it becomes elsewhere."""

    TEXT = "text"
    JSON = "json"
    """Text with canonical JSON."""
    INTEGER = "integer"
    """64 bits."""
    NUMBER = "number"
    """A finite float64, or null."""
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    """An instant in microseconds, UTC."""
    BLOB = "blob"


class Part(StrEnum):
    """What a run publishes. Parts of one window are published and superseded apart from one another."""

    DATA = "data"
    PERFORMANCE = "performance"
    JUDGEMENT = "judgement"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``values`` lists what a text may hold where that is a closed set; empty if it is not.
    ``kinds``: these are the kinds of columns, and other distributions may bring further ones.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str | None = None
    nullable: bool = False
    values: tuple[str, ...] = ()
    kinds: bool = False

    @property
    def allowed(self) -> tuple[str, ...]:
        """What a text may hold with the distributions that are installed; empty for anything."""
        return tuple(kind_specs()) if self.kinds else self.values

    @property
    def comment(self) -> str:
        """The sentence that goes into the catalogue: meaning, unit, and the closed set if there is one."""
        said = self.meaning
        if self.unit:
            said += f" Unit: {self.unit}."
        if self.values:
            said += f" One of: {', '.join(self.values)}."
        return said


@dataclass(frozen=True, slots=True)
class Query:
    """A worked example, written so that it runs unchanged on both stores."""

    title: str
    sql: str


@dataclass(frozen=True)
class Table:
    """One summary table.

    Attributes:
        grain: what one row is, "one row per …".
        key: columns that tell its rows apart.
        parts: parts whose runs may add rows to it; empty for tables that are not published by a run.
    """

    name: str
    title: str
    about: str
    grain: str
    key: tuple[str, ...]
    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    queries: tuple[Query, ...]

    @property
    def comment(self) -> str:
        """The text that goes into the catalogue: the grain first, since that is what a reader needs most."""
        return f"{self.grain[0].upper()}{self.grain[1:]}. {self.about}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def published(self) -> bool:
        """Whether rows belong to a run, and are visible only while that run is."""
        return bool(self.parts) and self.name != "runs"

    @property
    def windowed(self) -> bool:
        """Whether the rows themselves say which window they belong to."""
        return bool(self.parts) and "granularity" in self.column_names

    def column(self, name: str) -> Column:
        """The column ``name``; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}")

    def arrow_schema(self) -> pa.Schema:
        """One Arrow field per column, in order; timestamps are microseconds in UTC."""
        import pyarrow as pa

        types = {
            ColumnType.TEXT: pa.string(),
            ColumnType.JSON: pa.string(),
            ColumnType.INTEGER: pa.int64(),
            ColumnType.NUMBER: pa.float64(),
            ColumnType.BOOLEAN: pa.bool_(),
            ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
            ColumnType.BLOB: pa.binary(),
        }
        return pa.schema(
            [pa.field(column.name, types[column.type], nullable=column.nullable) for column in self.columns]
        )


@cache
def load_tables() -> Mapping[str, Table]:
    """Every summary table by name, ``runs`` first and the others by name. Cached; read-only."""
    folder = resources.files("driftline_schemas") / "tables"
    common = _columns(_read(folder / "_common.yaml"))
    definitions = [
        _read(entry)
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml") and not entry.name.startswith("_")
    ]
    tables = [_table(definition, common) for definition in definitions]
    tables.sort(key=lambda table: (table.name != "runs", table.name))
    return MappingProxyType({table.name: table for table in tables})


def _read(entry: Traversable) -> Any:  # noqa: ANN401 - YAML can be anything
    import yaml

    # libyaml, where the wheel has it, reads the definitions in a tenth of the time: every run waits for it
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(entry.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  either of them is safe


def _columns(definitions: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    names = tuple(spec.name for spec in BUILT_IN)
    return tuple(
        Column(
            **{
                **definition,
                "type": ColumnType(definition["type"]),
                "values": names if definition.get("kinds") else tuple(definition.get("values", ())),
            }
        )
        for definition in definitions
    )


def _table(definition: Mapping[str, Any], common: tuple[Column, ...]) -> Table:
    own = _columns(definition["columns"])
    return Table(
        name=definition["name"],
        title=definition["title"],
        about=definition["about"],
        grain=definition["grain"],
        key=tuple(definition["key"]),
        parts=tuple(Part(part) for part in definition.get("parts", ())),
        columns=common + own if definition.get("common", False) else own,
        queries=tuple(Query(query["title"], query["sql"].rstrip()) for query in definition["queries"]),
    )
