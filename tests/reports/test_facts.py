"""A column's facts and what changed in them, by cases worked out by hand."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from driftline_reports.facts import facts_of, what_changed
from driftline_reports.names import Names
from driftline_reports.ratios import ratio
from driftline_reports.view_model import plain

Row = dict[str, Any]
THIN = "\N{NARROW NO-BREAK SPACE}"


def row(
    name: str = "income",
    kind: str = "numeric",
    count: int = 1000,
    nulls: int = 0,
    nans: int = 0,
    top: Mapping[str, int] | None = None,
    **figures: float,
) -> Row:
    """A row of profile_metrics; ``top`` maps values to counts, the others are quantiles and extremes."""
    values = None if top is None else json.dumps([{"value": v, "count": n} for v, n in top.items()])
    return {
        "column_name": name,
        "column_kind": kind,
        "count": count,
        "nulls": nulls,
        "nans": nans,
        "top_values": values,
        **figures,
    }


def amounts(median: float, low: float, high: float, **more: Any) -> Row:
    """A row of a column of amounts."""
    return row(p50=median, p05=low, p95=high, min=more.pop("min", low), max=more.pop("max", high), **more)


def said(now: Row, usual: Row, sensitive: Iterable[str] = ()) -> str:
    """What changed, as plain text with blanks of one width."""
    names = Names(sensitive)
    return plain(what_changed(facts_of(now, names), facts_of(usual, names))).replace(THIN, " ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "half"),
        (0.48, "half"),
        (1 / 3, "a third"),
        (0.25, "a quarter"),
        (1 / 12, "a twelfth"),
        (2736 / 33_000, "a twelfth"),
        (0.01, "a hundredth"),
        (0.001, "a thousandth"),
        (0.45, "45.0%"),
        (1 / 37, "one part in 37"),
        (2 / 3 - 0.001, "two thirds"),
        (0.9, ""),
        (1.2, ""),
        (2.0, "double"),
        (3.1, "3 times"),
        (2.4, "2.4 times"),
        (12.0, "12 times"),
        (987.0, "990 times"),
        (1e9, "more than a million times"),
        (1e-9, "less than a millionth"),
        (0.0, ""),
        (-2.0, ""),
        (float("inf"), ""),
    ],
)
def test_a_ratio_in_words(value: float, words: str) -> None:
    """Simple parts and multiples have words, what is nearly the same has none."""
    assert ratio(value).replace(THIN, " ") == words


def test_a_unit_that_changed() -> None:
    """Monthly instead of yearly income: both medians, the usual one rounded and said to be."""
    now, usual = amounts(2736.0, 900.0, 9000.0), amounts(33_120.0, 11_000.0, 108_000.0)
    assert said(now, usual) == "income fell to a twelfth: median 2 736, usually about 33 000"


def test_amounts_that_rise_have_multiples_and_small_shifts_have_none() -> None:
    """Up by 3, double, and up a little."""
    usual = amounts(10.0, 2.0, 40.0)
    assert said(amounts(30.0, 6.0, 120.0), usual) == "income rose to 3 times: median 30.0, usually 10.0"
    assert said(amounts(20.0, 4.0, 80.0), usual) == "income doubled: median 20.0, usually 10.0"
    assert said(amounts(12.0, 2.0, 41.0), usual) == "income rose: median 12.0, usually 10.0"


def test_no_multiples_of_what_may_be_negative() -> None:
    """Twice a temperature means nothing."""
    now, usual = amounts(20.0, 5.0, 30.0, name="temperature"), amounts(10.0, -5.0, 20.0, name="temperature")
    assert said(now, usual) == "temperature rose: median 20.0, usually 10.0"
    fahrenheit = amounts(40.0, 31.0, 52.0, name="temperature")
    warmer = amounts(82.0, 70.0, 90.0, name="temperature")
    assert said(warmer, fahrenheit) == "temperature rose: median 82.0, usually 40.0"
    pressure = amounts(1012.4, 1004.0, 1027.0, name="pressure")
    assert said(pressure | {"p50": 1018.7}, pressure) == "pressure rose: median 1 019, usually 1 012"
    flipped = amounts(-10.0, -40.0, -2.0)
    assert said(flipped, amounts(10.0, 2.0, 40.0)) == "income changed sign: median −10.0, usually 10.0"


def test_a_column_that_stands_still() -> None:
    """All values alike, or nearly."""
    usual = amounts(990.0, 214.0, 2475.0, name="distance")
    frozen = amounts(1029.0, 1029.0, 1029.0, name="distance")
    assert said(frozen, usual) == "distance is 1 029 in every row with a value, usually 214 to 2 475"
    nearly = amounts(1029.0, 1029.0, 1029.0, name="distance", min=80.0)
    assert said(nearly, usual) == "distance is 1 029 in nearly every row, usually 214 to 2 475"


def test_the_same_median_and_another_spread() -> None:
    """The range of nine rows in ten says it."""
    now, usual = amounts(50.0, 0.0, 100.0), amounts(50.0, 40.0, 60.0)
    assert said(now, usual) == "income varies more: 0 to 100, usually 40.0 to 60.0"


def test_missing_values() -> None:
    """More of them, all, none any more; and they come before a small shift of the median."""
    usual = amounts(10.0, 2.0, 40.0, nulls=1)
    assert said(amounts(10.2, 2.0, 40.0, nulls=82), usual) == "income: 8.2% missing, usually 0.10%"
    empty = row(name="distance", count=799, nulls=700, nans=99)
    full = amounts(990.0, 214.0, 2475.0, name="distance")
    assert said(empty, full) == "distance is empty in all 799 rows"
    assert said(empty, full | {"nulls": 50}) == (
        "distance is empty in all 799 rows: 100% missing, usually 5.0%"
    )
    assert said(amounts(10.0, 2.0, 40.0), usual | {"nulls": 100}) == (
        "income has no missing values, usually 10.0%"
    )


def test_values_that_come_and_go() -> None:
    """New, gone, renamed, and another share."""
    usual = row("carrier", "categorical", top={"UA": 500, "AA": 400, "DL": 100})
    new = row("carrier", "categorical", top={"UA": 480, "AA": 385, "DL": 95, "ZZ": 40})
    assert said(new, usual) == "carrier ZZ is new: 4.0% of rows"
    gone = row("carrier", "categorical", count=600, top={"UA": 500, "DL": 100})
    assert said(gone, usual) == "carrier AA is gone: usually 40.0% of rows"
    renamed = row("carrier", "categorical", top={"United": 500, "AA": 400, "DL": 100})
    assert said(renamed, usual) == "carrier UA is gone and United is new: 50.0% of rows"
    shifted = row("carrier", "categorical", top={"UA": 700, "AA": 250, "DL": 50})
    assert said(shifted, usual) == "carrier UA: 70.0% of rows, usually 50.0%"


def test_a_value_beyond_those_that_are_listed_may_have_been_there() -> None:
    """Of ten values the profile lists, an eleventh is not certainly new."""
    usual = row("carrier", "categorical", top={f"v{n}": 100 for n in range(10)})
    now = row("carrier", "categorical", top={"w": 500} | {f"v{n}": 50 for n in range(9)})
    assert said(now, usual) == "carrier w: 50.0% of rows, usually under 10.0%"


def test_truth_values_are_said_by_the_true_ones() -> None:
    """Whichever of the two moved: they move together."""
    usual = row("late", "boolean", top={"false": 800, "true": 200})
    now = row("late", "boolean", top={"false": 880, "true": 120})
    assert said(now, usual) == "late true: 12.0% of rows, usually 20.0%"


def test_times_have_differences() -> None:
    """Of dates and of times of day."""
    hour = 3600.0
    usual = amounts(10.5 * hour, 6 * hour, 20 * hour, name="departure", kind="datetime")
    now = amounts(13 * hour, 7 * hour, 21 * hour, name="departure", kind="datetime")
    assert said(now, usual) == "departure is 2 h 30 min later: median 13:00:00, usually 10:30:00"
    day = 86_400.0
    dates = amounts(15_706 * day, 15_700 * day, 15_712 * day, name="bought", kind="datetime")
    earlier = amounts(15_703 * day, 15_697 * day, 15_709 * day, name="bought", kind="datetime")
    assert said(earlier, dates) == (
        "bought is 3 d earlier: median 2012-12-29 00:00, usually 2013-01-01 00:00"
    )


def test_texts_are_said_by_their_lengths() -> None:
    """A text has no median."""
    now, usual = (
        amounts(6.0, 1.0, 20.0, name="comment", kind="text"),
        amounts(24.0, 4.0, 80.0, name="comment", kind="text"),
    )
    assert said(now, usual) == "length of comment fell to a quarter: median 6.00, usually 24.0"


def test_no_value_of_a_sensitive_column_is_said() -> None:
    """Neither moments nor values; how many rows are concerned is no value."""
    now, usual = amounts(2736.0, 900.0, 9000.0), amounts(33_120.0, 11_000.0, 108_000.0)
    assert said(now, usual, ["income"]) == "income changed in how its values are spread"
    now = row("zip", "categorical", top={"h:0123456789abcdef": 700, "h:0000000000000001": 300})
    usual = row("zip", "categorical", top={"h:0123456789abcdef": 300, "h:0000000000000001": 700})
    assert said(now, usual, ["zip"]) == "zip: one value has 70.0% of rows, usually 30.0%"
    assert said(amounts(1.0, 0.0, 2.0, nulls=500), usual | {"column_name": "income"}, ["income"]) == (
        "income: 50.0% missing, usually none"
    )


def test_nothing_that_differs_and_nothing_at_all() -> None:
    """Still a sentence."""
    same = amounts(10.0, 2.0, 40.0)
    assert said(same, same) == "income: median 10.0, usually 10.0"
    assert said(row(count=0), same) == "income has no rows"
    carrier = row("carrier", "categorical", top={"UA": 500, "AA": 500})
    assert said(carrier, carrier) == "carrier UA: 50.0% of rows, usually 50.0%"
