"""Names and values that came from somebody's data, made fit to be read.

Escaping for HTML is the templates' work. Here a text loses what could mislead a reader or a terminal: control
characters, direction marks, invisible characters, endless length. Values of sensitive columns pass only as
the salted hashes they arrive as.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from driftline_reports import formats
from driftline_schemas.table_names import ALL, NULL, OTHER, log_column, log_value, table_column

MISSING: Final = NULL
WITHHELD: Final = "(withheld)"
_LONGEST: Final = 60
# The joiners inside emoji and Indic words are harmless and wanted.
_HARMLESS: Final = {"\u200c", "\u200d"}
# What the profile puts in the place of a sensitive value: a keyed hash of 64 bits.
_HASH: Final = re.compile(r"h:[0-9a-f]{16}")


def visible(text: str, longest: int = _LONGEST) -> str:
    """``text`` with every control, direction and invisible character shown as a code, cut to ``longest``.

    A cut text keeps both ends and says its length, so that two long names stay apart more often than not.
    """
    if len(text) > longest:
        tail = longest // 4
        length = f"({formats.count(len(text))} characters)"
        return f"{_plain(text[: longest - tail])}…{_plain(text[-tail:])} {length}"
    if not text:
        return "(empty)"
    if text.isspace():
        return f"({formats.plural(len(text), 'blank')})"
    return _plain(text)


def is_hash(text: str) -> bool:
    """Whether ``text`` is what stands for a sensitive value."""
    return _HASH.fullmatch(text) is not None


def _plain(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character in _HARMLESS:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if unicodedata.category(character) == "Zs":
        return " "
    return f"⟨U+{code:04X}⟩"


class Names:
    """The names of one monitor: which columns are sensitive, and how a segment's cell is called."""

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        self._sensitive = frozenset(map(table_column, sensitive))

    def is_sensitive(self, column: str) -> bool:
        """Whether the values of ``column``, as the tables call it, may only be shown as hashes."""
        return column in self._sensitive

    def column(self, column: str) -> str:
        """A column's name; ``'*'`` is the row as a whole."""
        return "all columns together" if column == ALL else visible(log_column(column))

    def value(self, column: str, value: str) -> str:
        """One value of ``column``. The places of missing and rare values have words of their own.

        A value of a sensitive column that does not look like a salted hash is withheld: a page that is mailed
        must not depend on every step before it having been right.
        """
        if value == MISSING:
            return "missing"
        if value == OTHER:
            return "all other values"
        if value == ALL:
            return "all"
        value = log_value(value)
        if self.is_sensitive(column) and not is_hash(value):
            return WITHHELD
        return visible(value)

    def segment(self, segment: str, value: str) -> str:
        """A segment's cell: "origin = EWR", or "origin = EWR, carrier = UA" where two are crossed."""
        if segment == ALL:
            return "all rows"
        columns, values = self.segment_columns(segment), _crossed(value)
        if len(columns) > 1 and values is not None and len(values) == len(columns):
            pairs = zip(columns, values, strict=True)
            return ", ".join(f"{self.column(name)} = {self.value(name, part)}" for name, part in pairs)
        return f"{self.column(segment)} = {self.value(columns[0], value)}"

    def hides(self, segment: str, value: str) -> bool:
        """Whether any part of that cell's name is withheld."""
        return WITHHELD in self.segment(segment, value)

    def segment_columns(self, segment: str) -> list[str]:
        """The columns a segment is made of; a crossed one is a canonical JSON array of its columns."""
        columns = _crossed(segment)
        return columns if columns and len(columns) > 1 else [segment]


def _crossed(text: str) -> list[str] | None:
    """The parts of a canonical JSON array of texts, or None for anything else."""
    if not text.startswith("["):
        return None
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parts, list):
        return None
    return [MISSING if part is None else str(part) for part in parts]
