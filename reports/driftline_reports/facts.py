"""What a column looks like in facts, and what changed between two of them in a sentence.

    facts_of        a row of ``profile_metrics``, or a reference's profile in its columns -> ColumnFacts
    what_changed    now and usually -> "income fell to a twelfth: median 2 736, usually about 33 000"

No statistics: shares, medians and the range of nine rows in ten.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from driftline_reports import formats
from driftline_reports.clock import are_times_of_day, clock
from driftline_reports.context import Cited
from driftline_reports.describe import date
from driftline_reports.names import Names
from driftline_reports.ratios import ratio
from driftline_reports.view_model import Figure, Name, Part, Sentence
from driftline_schemas.column_kinds import Form, kind_spec

Row = Mapping[str, Any]

LISTED: Final = 10
"""How many of the most frequent values a profile lists: of more, one that is not listed may be there."""
MISSING_SHARE: Final = "missing_share"
"""What a statement has to call the share of rows without a value, for it to be cited."""
MISSING_SQL: Final = (
    f"cast(nulls + coalesce(nans, 0) as double precision) / nullif(count, 0) as {MISSING_SHARE}"
)
# Smaller shifts of a share, or of the median against the usual range, are not worth a sentence of their own.
# A median this many times the other is said to be; of a column whose lowest values are so small a part of the
# median, less is.
_FAR: Final = 3.0
_NEAR_ZERO: Final = 4.0
_LEAST_SHARE: Final = 0.005
_LEAST_SHIFT: Final = 0.02


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column over some rows.

    Attributes:
        name: as a person reads it.
        kind: as in ``column_kind``.
        rows: all of them.
        missing: share of rows without a value; None without rows.
        median, low, high: of the values, with ``low`` and ``high`` the 5 % and 95 % quantiles.
        least, greatest: the extremes.
        top: the most frequent values and their shares of the rows with a value, at most ``LISTED``.
        sensitive: its values are not to be said.
        cite: finds the figures in the tables, if they stand there.
    """

    name: str
    kind: str
    rows: int
    missing: float | None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    least: float | None = None
    greatest: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    sensitive: bool = False
    cite: Cited | None = field(default=None, compare=False)

    @property
    def ordered(self) -> bool:
        """Whether it has a median rather than values one by one."""
        return self.median is not None

    @property
    def empty(self) -> bool:
        """Whether there are rows, and none has a value."""
        return self.rows > 0 and self.missing == 1.0

    def figure(self, column: str, write: Callable[[Any], str]) -> Figure:
        """The figure in this column of ``profile_metrics``, cited if it can be."""
        if self.cite is not None:
            return self.cite(column, write)
        value = {
            "count": self.rows,
            MISSING_SHARE: self.missing,
            "p50": self.median,
            "p05": self.low,
            "p95": self.high,
        }[column]
        return Figure(write(value), value)


def facts_of(row: Row, names: Names | None = None, cite: Cited | None = None) -> ColumnFacts:
    """The facts in a row with the columns of ``profile_metrics``; of sensitive columns without values."""
    names = names or Names()
    name, rows = row["column_name"], row["count"] or 0
    gone = _gone(row)
    sensitive = names.is_sensitive(name)
    ordered = not sensitive and kind_spec(row["column_kind"]).form is not Form.CATEGORIES
    figures = {
        ours: row.get(theirs) if ordered else None
        for ours, theirs in (
            *(("median", "p50"), ("low", "p05"), ("high", "p95"), ("least", "min"), ("greatest", "max")),
        )
    }
    return ColumnFacts(
        names.column(name),
        row["column_kind"],
        rows,
        missing_share(row),
        **figures,
        top=_top(row, names, rows - gone),
        sensitive=sensitive,
        cite=cite,
    )


def missing_share(row: Row) -> float | None:
    """The share of rows without a value, as ``MISSING_SQL`` has it."""
    return _gone(row) / row["count"] if row["count"] else None


def _gone(row: Row) -> int:
    return (row.get("nulls") or 0) + (row.get("nans") or 0)


def _top(row: Row, names: Names, known: int) -> tuple[tuple[str, float], ...]:
    found = row.get("top_values")
    if not found or known <= 0:
        return ()
    name = row["column_name"]
    try:
        pairs = [(str(pair["value"]), int(pair["count"])) for pair in json.loads(found)]
    except (ValueError, TypeError, KeyError):
        return ()  # written by something else
    return tuple((names.value(name, value), count / known) for value, count in pairs)


@dataclass(frozen=True, slots=True)
class _Said:
    """One fact and how much it tells, from 0 to 1."""

    weight: float
    sentence: Sentence


def what_changed(now: ColumnFacts, usual: ColumnFacts, *, at_rest: bool = True) -> Sentence:
    """The one fact that tells most of how ``now`` differs from ``usual``, as a sentence without its stop.

    Where no fact differs much it says both medians, or the shares of the most frequent value, unless it is
    not to say what is ``at_rest``.
    """
    if not now.rows:
        return (Name(now.name), " has no rows")
    said = [fact for fact in (missing(now, usual), *_of_values(now, usual)) if fact is not None]
    best = max(said, key=lambda fact: fact.weight, default=None)
    if best is None:
        return _at_rest(now, usual) if at_rest else ()
    return best.sentence


def missing(now: ColumnFacts, usual: ColumnFacts) -> _Said | None:
    """What there is to say of values that are missing, or no longer."""
    if now.missing is None or (usual.missing is None and not now.empty):
        return None
    before = usual.missing or 0.0
    shift = abs(now.missing - before)
    if shift < _LEAST_SHARE and not (now.empty and before < 1.0):
        return None
    usually = ("usually none",) if not before else ("usually ", share(usual))
    if now.empty:
        rows = now.figure("count", formats.count)
        every: Sentence = (" in its only row",) if now.rows == 1 else (" in all ", rows, " rows")
        ending: Sentence = () if before == 0 else (": 100% missing, ", *usually)
        # Nothing else can be said of a column without values.
        return _Said(2.0, (Name(now.name), " is empty", *every, *ending))
    if now.missing == 0:
        return _Said(shift, (Name(now.name), " has no missing values, ", *usually))
    return _Said(shift, (Name(now.name), ": ", share(now), " missing, ", *usually))


def share(facts: ColumnFacts) -> Figure:
    """The share of missing values as percent."""
    return facts.figure(MISSING_SHARE, formats.percent)


def _of_values(now: ColumnFacts, usual: ColumnFacts) -> list[_Said | None]:
    if now.sensitive:
        return [_of_hidden(now, usual)]
    if now.ordered and usual.ordered:
        return [_of_median(now, usual), _of_spread(now, usual)]
    if now.top and usual.top:
        return [_of_categories(now, usual)]
    return []


def _of_hidden(now: ColumnFacts, usual: ColumnFacts) -> _Said | None:
    """Of a sensitive column no value is said, only how many rows are concerned."""
    if not now.top or not usual.top:
        return None
    value, by = most_shifted(now, usual)
    if by < _LEAST_SHARE:
        return None
    here, then = (_known(dict(one.top), value, _unlisted_words(one)) for one in (now, usual))
    return _Said(by, (Name(now.name), f": one value has {here} of rows, usually {then}"))


def _of_median(now: ColumnFacts, usual: ColumnFacts) -> _Said | None:
    here, then = now.median, usual.median
    if here is None or then is None or here == then:
        return None
    width = (usual.high or 0.0) - (usual.low or 0.0)
    shift = min(abs(here - then) / width, 1.0) if width > 0 else 1.0
    if shift < _LEAST_SHIFT:
        return None
    if _are_amounts(now, usual) and here and then:
        # Another unit changes median and spread alike: the median says it.
        shift = max(shift, min(abs(math.log2(here / then)) / 4 + _LEAST_SHIFT, 1.0))
    median = now.figure("p50", writer(now))
    if median.text == writer(usual)(then):
        return None
    both: Sentence = (median, ", usually ", *about(usual, then, rough=shift >= 0.5))
    verb = _verb(now, usual)
    return _Said(shift, (*_subject(now), f" {verb}: median ", *both))


def _subject(facts: ColumnFacts) -> Sentence:
    """What the figures are of: of a text its length."""
    of_what = kind_spec(facts.kind).measured
    return (f"{of_what} of ", Name(facts.name)) if of_what else (Name(facts.name),)


def _unlisted(facts: ColumnFacts) -> float:
    """The largest share that a value may have which is not among the most frequent ones."""
    return min(facts.top[-1][1], 1.0) if len(facts.top) >= LISTED else 0.0


def _unlisted_words(facts: ColumnFacts) -> str:
    most = _unlisted(facts)
    return f"under {formats.percent(most)}" if most else "none"


def _verb(now: ColumnFacts, usual: ColumnFacts) -> str:
    here, then = now.median or 0.0, usual.median or 0.0
    up = here > then
    if kind_spec(now.kind).times:
        apart = formats.seconds(abs(here - then))
        return f"is {apart} {'later' if up else 'earlier'}"
    if here == 0:
        return "fell to 0" if then > 0 else "rose to 0"
    if here * then < 0:
        return "changed sign"
    words = ratio(here / then) if _are_amounts(now, usual) and then else ""
    if words:
        return f"{'rose' if up else 'fell'} to {words}" if words != "double" else "doubled"
    return "rose" if up else "fell"


def _are_amounts(now: ColumnFacts, usual: ColumnFacts) -> bool:
    """Only of amounts is one a multiple of the other: they begin near zero, as temperatures in Fahrenheit do
    not, or the median is several times the other, as after a change of the unit."""
    least = (now.least, now.low, usual.least, usual.low)
    if min(value for value in (*least, 0.0) if value is not None) < 0:
        return False
    here, then = now.median or 0.0, usual.median or 0.0
    far = min(here, then) * _FAR <= max(here, then)
    return far or (usual.low is not None and usual.low <= then / _NEAR_ZERO)


def _of_spread(now: ColumnFacts, usual: ColumnFacts) -> _Said | None:
    if now.low is None or now.high is None or usual.low is None or usual.high is None:
        return None
    here, then = now.high - now.low, usual.high - usual.low
    if here == then:
        return None
    usually = f"usually {span(usual)}"
    if here == 0:
        many = "every row with a value" if now.least == now.greatest else "nearly every row"
        return _Said(1.0, (*_subject(now), " is ", now.figure("p50", writer(now)), f" in {many}, {usually}"))
    change = abs(math.log2(here / then)) / 4 if then > 0 else 1.0
    if change < 0.05:
        return None
    verb = "varies more" if here > then else "varies less"
    nine = (now.figure("p05", writer(now)), " to ", now.figure("p95", writer(now)))
    return _Said(min(change, 0.99), (*_subject(now), f" {verb}: ", *nine, f", {usually}"))


def span(facts: ColumnFacts) -> str:
    """From where to where nine rows in ten lie."""
    write = writer(facts)
    return f"{write(facts.low)} to {write(facts.high)}"


def _of_categories(now: ColumnFacts, usual: ColumnFacts) -> _Said | None:
    value, by = most_shifted(now, usual)
    if by < _LEAST_SHARE:
        return None
    before, here = dict(usual.top), dict(now.top)
    lost, found = _only_in(usual, now), _only_in(now, usual)
    if lost and found and abs(before[lost] - here[found]) <= 0.25 * before[lost] and before[lost] > 0.01:
        renamed = f" is gone and {found} is new: {formats.percent(here[found])} of rows"
        return _Said(here[found], (Name(now.name), f" {lost}{renamed}"))
    subject: Sentence = (Name(now.name), f" {value}")
    if value == found:
        return _Said(by, (*subject, f" is new: {formats.percent(here[value])} of rows"))
    if value == lost:
        return _Said(by, (*subject, f" is gone: usually {formats.percent(before[value])} of rows"))
    if value not in before or value not in here:
        below = _unlisted_words(usual if value in here else now)
        shares = f"{_known(here, value, below)} of rows, usually {_known(before, value, below)}"
    else:
        shares = f"{formats.percent(here[value])} of rows, usually {formats.percent(before[value])}"
    return _Said(by, (*subject, f": {shares}"))


def _known(shares: Mapping[str, float], value: str, otherwise: str) -> str:
    return formats.percent(shares[value]) if value in shares else otherwise


def most_shifted(now: ColumnFacts, usual: ColumnFacts) -> tuple[str, float]:
    """The value whose share of the rows moved most, and by how much; of truth values the true one."""
    here, before = dict(now.top), dict(usual.top)
    values = [*here, *(value for value in before if value not in here)]
    # what is not listed may have as many rows as the last that is
    other, rest = _unlisted(now), _unlisted(usual)
    moved = {value: abs(here.get(value, other) - before.get(value, rest)) for value in values}
    for no, yes in (("false", "true"), ("0", "1")):
        if set(values) <= {no, yes} and yes in moved:
            return yes, moved[yes]
    # A value that came or went says more than another that made room for it.
    most = max(moved.values())
    comes = [value for value in values if (value in here) != (value in before) and moved[value] > most / 2]
    value = max(comes or values, key=lambda one: moved[one])
    return value, moved[value]


def _only_in(one: ColumnFacts, other: ColumnFacts) -> str:
    """The most frequent value of ``one`` that ``other`` certainly has none of."""
    if len(other.top) >= LISTED:
        return ""
    there = {value for value, _ in other.top}
    return next((value for value, _ in one.top if value not in there), "")


def _at_rest(now: ColumnFacts, usual: ColumnFacts) -> Sentence:
    if now.ordered and usual.median is not None:
        median = now.figure("p50", writer(now))
        return (*_subject(now), ": median ", median, ", usually ", *about(usual, usual.median))
    if now.top and not now.sensitive:
        value, of_rows = now.top[0]
        before = dict(usual.top).get(value)
        usually = "" if before is None else f", usually {formats.percent(before)}"
        return (Name(now.name), f" {value}: {formats.percent(of_rows)} of rows{usually}")
    return (Name(now.name), " changed in how its values are spread")


def about(facts: ColumnFacts, value: float, *, rough: bool = False) -> Sequence[Part]:
    """A usual value; where ``rough`` is enough, rounded with a word that says so."""
    write = writer(facts)
    if kind_spec(facts.kind).times:
        return (Figure(write(value), value),)
    rounded = float(f"{value:.1e}")
    exact = not rough or rounded == value or abs(value) < 1000
    return (Figure(write(value), value),) if exact else ("about ", Figure(write(rounded), value))


def writer(facts: ColumnFacts) -> Callable[[Any], str]:
    """How values of the column are written."""
    if not kind_spec(facts.kind).times:
        return formats.number
    if are_times_of_day((facts.least, facts.greatest)):
        return _time_of_day
    return date


def _time_of_day(value: float | None) -> str:
    return formats.ABSENT if value is None else clock(value)
