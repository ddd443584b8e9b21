"""Between which values the ids of some rows lie, by what footers say: what cannot meet is not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as kind

from driftline_jobs.sources.parquet.footer_layout import Layout

_LAST_ASCII = 127


@dataclass(frozen=True, slots=True)
class IdRange:
    """``low <= id <= high``, and how many rows have no id. Bounds are bytes in the order of the ids: of texts
    their UTF-8, of whole numbers eight bytes, big-endian."""

    low: bytes
    high: bytes
    nulls: int
    of_numbers: bool = False

    def meets(self, other: IdRange) -> bool:
        """Whether an id may lie in both. It may if the two sides write their ids in different ways (capitals,
        leading zeros, a prefix): that is only found out by reading them."""
        if self.of_numbers != other.of_numbers:
            return True
        if self.low <= other.high and other.low <= self.high:
            return True
        forms = {_form(bound) for ids in (self, other) for bound in (ids.low, ids.high)}
        return not self.of_numbers and len(forms) > 1


def _form(text: bytes) -> tuple[object, ...]:
    """How an id is written: its length, its marks beside letters and digits, and which letters it has."""
    marks = tuple((at, byte) for at, byte in enumerate(text) if not chr(byte).isalnum() or byte > _LAST_ASCII)
    return len(text), marks, text != text.lower(), text != text.upper()


def id_range(layout: Layout, row_group: int, leaf: int, arrow_type: pa.DataType) -> IdRange | None:
    """The ids of one row group; None where its footer says nothing that can be relied on."""
    found = layout.statistics(row_group, leaf)
    if found.nulls is None:
        return None
    if kind.is_signed_integer(arrow_type):
        if isinstance(found.minimum, int) and isinstance(found.maximum, int):
            return IdRange(_octets(found.minimum), _octets(found.maximum), found.nulls, of_numbers=True)
        return None
    if kind.is_string(arrow_type) or kind.is_large_string(arrow_type):
        bounds = layout.octets(row_group, leaf)
        return None if bounds is None else IdRange(*bounds, found.nulls)
    return None


def _octets(number: int) -> bytes:
    return (number + (1 << 63)).to_bytes(8)


def joined_range(ranges: Iterable[IdRange | None]) -> IdRange | None:
    """One range around several; None where one of them is unknown, or numbers and texts are among them."""
    known: list[IdRange] = []
    for each in ranges:
        if each is None or (known and each.of_numbers != known[0].of_numbers):
            return None
        known.append(each)
    if not known:
        return None
    return IdRange(
        min(each.low for each in known),
        max(each.high for each in known),
        sum(each.nulls for each in known),
        known[0].of_numbers,
    )
