"""The SQL that returns a figure, in words both DuckDB and Postgres understand.

Text without a type is compared with a timestamp by its offset in both, and ``md5`` of a text is the same in
both: a name too long or too strange to be printed is asked for by its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_LONGEST_LITERAL: Final = 120
_LONGEST_KEY: Final = 48


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. ``keys`` are the result's columns whose values name a row of it."""

    id: str
    sql: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a figure stands: the query that returns it, the row's key in its result, the column."""

    query: str
    row: str
    column: str


class QueryBook:
    """Collects the statements of one page and gives each a short id."""

    def __init__(self) -> None:
        self._queries: dict[str, Query] = {}

    def add(self, sql: str, keys: Sequence[str] = ()) -> Query:
        """Keep ``sql`` under a new id."""
        query = Query(f"q{len(self._queries) + 1}", sql, tuple(keys))
        self._queries[query.id] = query
        return query

    def query(self, identity: str) -> Query:
        """The statement with that id."""
        return self._queries[identity]


def literal(text: str) -> str:
    """``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def equals(column: str, text: str) -> str:
    """The condition that ``column`` holds exactly ``text``."""
    if len(text) <= _LONGEST_LITERAL and text.isprintable():
        return f"{column} = {literal(text)}"
    digest = hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return f"md5({column}) = '{digest}'"


def at(moment: datetime) -> str:
    """A moment as a literal that reads the same in whatever zone the session is."""
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}" if utc.microsecond else ""
    return f"'{utc:%Y-%m-%d %H:%M:%S}{fraction}+00'"


def select(table: str, columns: Sequence[str], conditions: Iterable[str], order: str = "") -> str:
    """A statement laid out to be read: one clause a line."""
    lines = [f"select {', '.join(columns)}", f"from {table}"]
    lines += [f"{'and' if n else 'where'} {condition}" for n, condition in enumerate(conditions)]
    if order:
        lines.append(f"order by {order}")
    return "\n".join(lines)


def row_key(*values: object) -> str:
    """The name of a result's row: its key columns joined, or their digest where that is long or strange."""
    text = "|".join("" if value is None else str(value) for value in values)
    if len(text) <= _LONGEST_KEY and text.isprintable():
        return text
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
