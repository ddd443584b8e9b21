"""Numbers, times and names as they read. Expected texts are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from driftline_reports import formats
from driftline_reports.names import Names, visible


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0, "0"),
        (1.0, "1.00"),
        (0.012345, "0.0123"),
        (-0.5, "−0.500"),
        (12.345, "12.3"),
        (99.96, "100"),
        (1234.5, "1\u202f234"),
        (10_312, "10\u202f312"),
        (1_234_567.0, "1\u202f234\u202f567"),
        (0.00001234, "1.23×10⁻⁵"),
        (-1e20, "−1.00×10²⁰"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50.0%"),
        (0.99999, ">99.9%"),
        (0.00001, "<0.01%"),
        (0.0042, "0.42%"),
        (-0.031, "−3.1%"),
        (12.5, "1250%"),
    ],
)
def test_percent_never_rounds_to_all_or_nothing(value: float | None, text: str) -> None:
    assert formats.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "<0.001"), (0.00099, "<0.001"), (0.0123, "0.012"), (0.456, "0.46"), (None, "–")]
)
def test_probability(value: float | None, text: str) -> None:
    assert formats.probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.266, "0.27\u202fs"),
        (12.0, "12.0\u202fs"),
        (59.94, "59.9\u202fs"),
        (200, "3\u202fmin 20\u202fs"),
        (3600, "1\u202fh"),
        (18_120, "5\u202fh 2\u202fmin"),
        (273_600, "3\u202fd 4\u202fh"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert formats.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0\u202fbytes"),
        (999, "999\u202fbytes"),
        (1500, "1.50\u202fkB"),
        (999_600, "1.00\u202fMB"),
        (312_000_000, "312\u202fMB"),
    ],
)
def test_size(value: float, text: str) -> None:
    assert formats.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.012, "+1.2 pp"), (-0.0042, "−0.42 pp"), (0.0, "+0.00 pp"), (None, "–")]
)
def test_points(value: float | None, text: str) -> None:
    assert formats.points(value) == text


def test_windows_as_people_say_them() -> None:
    zone = ZoneInfo("America/New_York")

    def name(start: datetime, end: datetime, granularity: str) -> str:
        return formats.window(start, end, granularity, zone).replace("\xa0", " ")

    day = datetime(2013, 7, 1, 4, tzinfo=UTC)
    assert name(day, datetime(2013, 7, 2, 4, tzinfo=UTC), "day") == "Mon 1 Jul 2013"
    assert name(day, datetime(2013, 7, 8, 4, tzinfo=UTC), "week") == "week of 1 Jul 2013"
    assert name(day, datetime(2013, 8, 1, 4, tzinfo=UTC), "month") == "July 2013"
    assert name(day, datetime(2013, 7, 1, 5, tzinfo=UTC), "hour") == "1 Jul 2013, 00:00–01:00"
    # 01:00 comes twice on 3 November 2013: first in summer time, then in winter time.
    first = name(datetime(2013, 11, 3, 5, tzinfo=UTC), datetime(2013, 11, 3, 6, tzinfo=UTC), "hour")
    second = name(datetime(2013, 11, 3, 6, tzinfo=UTC), datetime(2013, 11, 3, 7, tzinfo=UTC), "hour")
    assert first == "3 Nov 2013, 01:00–01:00 (EDT)"
    assert second == "3 Nov 2013, 01:00–02:00 (EST)"


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c", "d", "e"], "a, b, c and 2 more")],
)
def test_listing(items: list[str], text: str) -> None:
    assert formats.listing(items) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("", "(empty)"),
        (" ", "(1 blank)"),
        ("a\x00b\nc\x7f", "a␀b␊c⟨U+007F⟩"),
        ("\u202eevil\u2066", "⟨U+202E⟩evil⟨U+2066⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("a\u00a0b", "a b"),
        ("line\u2028end", "line⟨U+2028⟩end"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("مرحبا", "مرحبا"),
        ("\ud800", "⟨U+D800⟩"),
        ("x" * 61, "x" * 45 + "…" + "x" * 15 + " (61 characters)"),
    ],
)
def test_visible(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_cells_by_name() -> None:
    names = Names(["home_zip"])
    assert names.segment("*", "*") == "all rows"
    assert names.segment("origin", "EWR") == "origin = EWR"
    assert names.segment("origin", "__null__") == "origin = missing"
    assert names.segment("origin", "__other__") == "origin = all other values"
    assert names.segment("origin", "\\__other__") == "origin = __other__"
    assert names.segment("origin", "\\x") == "origin = \\x"
    assert names.segment('["origin","carrier"]', '["EWR","UA"]') == "origin = EWR, carrier = UA"
    # A column may be called like an array; its values need not be arrays.
    assert names.segment("[1]", "[1]") == "[1] = [1]"
    assert names.segment('["a","b"]', "not an array") == '["a","b"] = not an array'
    assert names.segment("home_zip", "10115") == "home_zip = (withheld)"
    assert names.segment("home_zip", "__null__") == "home_zip = missing"
    assert names.segment('["home_zip","origin"]', '["10115","EWR"]') == "home_zip = (withheld), origin = EWR"
    assert names.segment("home_zip", "h:0123456789abcdef") == "home_zip = h:0123456789abcdef"
