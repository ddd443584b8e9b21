"""How the names and values of a log are written in the summary tables, and read back: the only place of it.

Some words mean something there: ``*`` all rows, or the row as a whole, and whatever begins with it what is
about the row as a whole; ``__null__`` and ``__other__`` the places of missing and of rare values. A name or
value of a log that looks like one of them has a backslash in front, and so has one that looks like that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

ALL: Final = "*"
NULL: Final = "__null__"
OTHER: Final = "__other__"
_RESERVED_VALUE = re.compile(r"\\*(\*|__null__|__other__)")
_RESERVED_COLUMN = re.compile(r"\\*\*.*", re.DOTALL)


def table_value(value: str) -> str:
    """A real value, told apart from the words that stand for all, null and other."""
    return "\\" + value if _RESERVED_VALUE.fullmatch(value) else value


def log_value(text: str) -> str:
    """The real value that ``table_value`` has written as ``text``."""
    return text[1:] if text.startswith("\\") and _RESERVED_VALUE.fullmatch(text) else text


def table_column(name: str) -> str:
    """How a column of the log is called in the tables; no text there holds NUL."""
    return ("\\" + name if _RESERVED_COLUMN.fullmatch(name) else name).replace("\0", "\u2400")


def log_column(text: str) -> str:
    """The column that ``table_column`` has written as ``text``, but for NUL, which stays U+2400."""
    return text[1:] if text.startswith("\\") and _RESERVED_COLUMN.fullmatch(text) else text


def table_segment(columns: Sequence[str]) -> str:
    """A segment of one column by its name, of crossed ones as a canonical JSON array."""
    if len(columns) == 1:
        return table_column(columns[0])
    return json.dumps(list(columns), ensure_ascii=False, separators=(",", ":"))
