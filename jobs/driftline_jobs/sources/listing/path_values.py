"""The ``key=value`` folders above an object, as Hive and Spark write them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

NULL = "__HIVE_DEFAULT_PARTITION__"
PathValues = tuple[tuple[str, str | None], ...]


def values_of(folders: Sequence[str]) -> PathValues:
    """The columns that ``folders`` (outermost first) name, and their values; of equal names the last."""
    found: dict[str, str | None] = {}
    for folder in folders:
        key, equals, value = folder.partition("=")
        if equals and key:
            found[_text(key)] = None if value == NULL else _text(value)
    return tuple(found.items())


def _text(escaped: str) -> str:
    """As it was before Hive escaped it; what is no UTF-8 becomes the sign that stands for that."""
    return unquote(escaped).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
