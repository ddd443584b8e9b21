"""References in words, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from driftline_reports.reference_words import span
from driftline_schemas.window import Granularity


@pytest.mark.parametrize(
    ("start", "end", "granularity", "said"),
    [
        ((2013, 3, 1), (2013, 4, 1), "day", "1–31 Mar 2013"),
        ((2013, 2, 28), (2013, 3, 4), "day", "28 Feb – 3 Mar 2013"),
        ((2012, 12, 31), (2013, 1, 7), "week", "31 Dec 2012 – 6 Jan 2013"),
        ((2013, 3, 1), (2013, 3, 2), "day", "1 Mar 2013"),
        ((2013, 3, 1, 5), (2013, 3, 1, 9), "hour", "1 Mar 2013, 05:00–09:00"),
    ],
)
def test_dates_of_a_reference(
    start: tuple[int, ...], end: tuple[int, ...], granularity: str, said: str
) -> None:
    """The end is not included."""
    first, until = (datetime(*at, tzinfo=UTC) for at in (start, end))  # type: ignore[misc, arg-type]
    found = span(first, until, ZoneInfo("UTC"), Granularity(granularity))
    assert found.replace("\xa0", " ") == said
