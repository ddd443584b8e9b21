"""How a figure reads: every number, date and size on a page is turned into text here and nowhere else.

Digits follow what a figure can support: three significant ones for statistics, four decimals at most for
shares, counts whole. The exact value always stands beside the text (see ``Figure`` in ``view``).
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

ABSENT: Final = "–"
MINUS: Final = "\N{MINUS SIGN}"
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_SIZES: Final = ("bytes", "kB", "MB", "GB", "TB", "PB")


def count(value: float | None) -> str:
    """Whole numbers with grouped thousands: 12 345."""
    if value is None:
        return ABSENT
    return f"{value:,.0f}".replace(",", _THIN).replace("-", MINUS)


def number(value: float | None, digits: int = 3) -> str:
    """``digits`` significant digits, grouped when large, with a power of ten when very large or small."""
    if value is None:
        return ABSENT
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞" if value < 0 else ABSENT
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    magnitude = math.floor(math.log10(abs(rounded)))
    if magnitude >= 15 or magnitude < -4:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        return f"{mantissa}×10{_superscript(int(exponent))}".replace("-", MINUS)
    if magnitude >= digits - 1:
        # An integer that is known exactly is not rounded to its leading digits: 10 312, not 10 300.
        return count(value) if value == int(value) or magnitude >= digits else f"{rounded:.0f}"
    return f"{rounded:.{digits - 1 - magnitude}f}".replace("-", MINUS)


def tick(value: float) -> str:
    """A round number on an axis, without digits that say nothing."""
    text = f"{value:.6g}"
    return number(value) if "e" in text else text.replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """A difference: the sign always shows."""
    if value is None:
        return ABSENT
    text = number(value, digits)
    return f"+{text}" if value > 0 else text


def decimals(value: float | None, places: int = 3) -> str:
    """A fixed number of decimals, for figures that are read against each other, such as AUC.

    Never "0.000" for what is not exactly that.
    """
    if value is None:
        return ABSENT
    text = f"{value:.{places}f}"
    if float(text) == 0 and value != 0:
        least = f"0.{'0' * (places - 1)}1"
        return f"<{least}" if value > 0 else f">{MINUS}{least}"
    return f"0.{'0' * places}" if value == 0 else text.replace("-", MINUS)


def percent(value: float | None) -> str:
    """A share as percent: three significant digits, never "0 %" or "100 %" for what is not exactly that."""
    if value is None:
        return ABSENT
    scaled = value * 100
    if scaled == 0:
        return "0%"
    if abs(scaled) < 0.01:
        return "<0.01%" if scaled > 0 else f">{MINUS}0.01%"
    if 99.9 < scaled < 100:
        return ">99.9%"
    places = 2 if abs(scaled) < 1 else 1 if abs(scaled) < 99.95 else 0
    return f"{scaled:.{places}f}%".replace("-", MINUS)


def points(value: float | None) -> str:
    """A difference between two shares, in percentage points."""
    if value is None:
        return ABSENT
    scaled = value * 100
    text = f"{scaled:+.2f}" if abs(scaled) < 1 else f"{scaled:+.1f}"
    return f"{text.replace('-', MINUS)} pp"


def probability(value: float | None) -> str:
    """A p- or q-value."""
    if value is None:
        return ABSENT
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def size(value: float | None) -> str:
    """Bytes in decimal units, three significant digits."""
    if value is None:
        return ABSENT
    step, scaled = 0, float(value)
    while scaled >= 999.5 and step < len(_SIZES) - 1:
        scaled /= 1000
        step += 1
    return f"{number(scaled) if step else count(scaled)}{_THIN}{_SIZES[step]}"


def seconds(value: float | None) -> str:
    """A length of time: 0.42 s, 12 s, 3 min 20 s, 5 h 2 min, 3 d 4 h."""
    if value is None:
        return ABSENT
    if value < 60:
        return f"{number(value, 2 if value < 10 else 3)}{_THIN}s"
    whole = round(value)
    for large, small, length in (("d", "h", 86_400), ("h", "min", 3600), ("min", "s", 60)):
        if whole >= length:
            parts = {"h": 3600, "min": 60, "s": 1}
            rest = (whole % length) // parts[small]
            head = f"{count(whole // length)}{_THIN}{large}"
            return f"{head} {rest}{_THIN}{small}" if rest else head
    return f"{whole}{_THIN}s"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A moment in the monitor's zone: 1 Jul 2013, 05:30:12."""
    if value is None:
        return ABSENT
    local = value.astimezone(zone)
    return f"{day(local)}, {local:%H:%M:%S}"


def day(local: datetime) -> str:
    """A calendar day of a moment that is already in the monitor's zone: 1 Jul 2013."""
    return f"{local.day}\N{NO-BREAK SPACE}{local:%b}\N{NO-BREAK SPACE}{local.year}"


def window(start: datetime, end: datetime, granularity: str, zone: ZoneInfo) -> str:
    """A window's name as people say it: "Mon 1 Jul 2013", "week of 1 Jul 2013", "July 2013"."""
    local, until = start.astimezone(zone), end.astimezone(zone)
    if granularity == "hour":
        # At the autumn change of clocks the same hour comes twice: only its offset tells them apart.
        offset = f" ({local:%Z})" if local.utcoffset() != until.utcoffset() or local.fold else ""
        return f"{day(local)}, {local:%H:%M}–{until:%H:%M}{offset}"
    if granularity == "week":
        return f"week of {day(local)}"
    if granularity == "month":
        return f"{local:%B}\N{NO-BREAK SPACE}{local.year}"
    return f"{local:%a} {day(local)}"


def plural(value: int, one: str, many: str | None = None) -> str:
    """A counted noun: "1 column", "12 columns"."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def listing(items: list[str], most: int = 3) -> str:
    """Words in a row: "a, b and c", "a, b, c and 4 more"."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {count(len(items) - most)} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _superscript(value: int) -> str:
    return str(value).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
