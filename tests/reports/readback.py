"""Reads a finished page back: its figures, the statements it shows, and what the database answers to them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import duckdb
import pyarrow as pa

from driftline_reports.inputs import ReportInputs

Rows = dict[str, dict[str, Any]]


@dataclass
class ReadFigure:
    """A figure as it stands on the page."""

    value: str
    query: str
    row: str
    column: str
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The figures and statements of a page, and its visible text."""

    figures: list[ReadFigure] = field(default_factory=list)
    queries: dict[str, str] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._query = ""
        self._figure: ReadFigure | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag in {"style", "title"}:
            self._silent += 1
        if tag == "data":
            self._figure = ReadFigure(
                *(found[name] or "" for name in ("value", "data-q", "data-r", "data-c"))
            )
        if tag == "code" and (found.get("id") or "").startswith("q"):
            self._query = found["id"] or ""
            self.queries[self._query] = ""
            self.keys[self._query] = (found.get("data-keys") or "").split()

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title"}:
            self._silent -= 1
        if tag == "data" and self._figure is not None:
            self.figures.append(self._figure)
            self._figure = None
        if tag == "code":
            self._query = ""

    def handle_data(self, data: str) -> None:
        if self._query:
            self.queries[self._query] += data
        elif not self._silent:
            self.text += data
        if self._figure is not None:
            self._figure.text += data


def read(html: str) -> Page:
    """The page as figures, statements and text."""
    page = Page()
    page.feed(html)
    page.close()
    return page


@dataclass
class Database:
    """The summary tables of one page in DuckDB."""

    connection: duckdb.DuckDBPyConnection

    def answer(self, sql: str, keys: Sequence[str]) -> Rows:
        """The rows of a statement by their keys; a row that comes twice is an error."""
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        rows: Rows = {}
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            key = key_of([row[name] for name in keys])
            assert key not in rows, f"{key!r} is there twice in\n{sql}"
            rows[key] = row
        return rows


def key_of(values: Sequence[object]) -> str:
    """A row's name on the page: its key's values, or their digest where they are long or strange."""
    text = "|".join("" if value is None else str(value) for value in values)
    if len(text) <= 48 and text.isprintable():
        return text
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def exact(value: object) -> str:
    """A value of the database as it must stand on the page."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    return str(value)


def database_of(connection: duckdb.DuckDBPyConnection, inputs: ReportInputs) -> Database:
    """The inputs' tables as ``current_`` views: naive UTC, as DuckDB stores them."""
    for name, table in inputs.tables.items():
        for position, column in enumerate(table.schema):
            if pa.types.is_timestamp(column.type):
                naive = table.column(position).cast(pa.timestamp("us"))
                table = table.set_column(position, column.name, naive)  # noqa: PLW2901
        connection.register("arriving", table)
        connection.execute(f"CREATE OR REPLACE TABLE current_{name} AS SELECT * FROM arriving")
        connection.unregister("arriving")
    return Database(connection)
