"""Every type of column is read for what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures
from tests.cases.running import Cases, remarks
from tests.cases.writing import ROWS

DAYS = (14, 15)


@pytest.mark.parametrize("number", DAYS)
def test_the_end_of_time_is_not_wrapped_around(cases: Cases, number: int) -> None:
    ran = cases.run("int96_9999")
    assert_calm(ran, number)
    row = ran.described(number, "valid_to")
    assert (row["column_kind"], row["nulls"]) == ("datetime", 0)
    assert row["max"] == datetime(9999, 12, 31, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(row["min"], UTC).year == 2027
    assert_figures(ran, number, oracles.binary(ran.raw(number)))


def test_whole_numbers_are_no_times_until_the_file_gives_their_unit(cases: Cases) -> None:
    said, ran = cases.validate("epoch_millis"), cases.run("epoch_millis")
    assert said.status in {2, 3}
    assert ran.said.status in {2, 3}
    for text in (remarks(said), ran.said.err):
        assert "timestamp_unit" in text
        assert "'ts'" in text


@pytest.mark.parametrize("number", DAYS)
def test_whole_numbers_are_times_with_their_unit(cases: Cases, number: int) -> None:
    variant = cases.edited("epoch_millis", "ms", lambda content: content["logs"].update(timestamp_unit="ms"))
    assert remarks(cases.validate("epoch_millis", variant)) == ""
    ran = cases.run("epoch_millis", variant)
    assert_calm(ran, number)
    assert_figures(ran, number, oracles.binary(ran.raw(number)))
    assert ran.described(number, "*")["count"] == ROWS


def test_dates_are_the_midnight_of_the_zone(cases: Cases) -> None:
    """A label's date is the day after its prediction's, so every label counts."""
    ran = cases.run("label_dates")
    assert_calm(ran, *DAYS)
    for number in DAYS:
        right = oracles.binary(ran.raw(number))
        assert_figures(ran, number, right)
        assert ran.performance(number, "accuracy")["label_coverage"] == 1.0
    assert right["accuracy"] == pytest.approx(0.718333, abs=5e-7)
