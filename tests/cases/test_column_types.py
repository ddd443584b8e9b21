"""Every type of column is read for what it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures
from tests.cases.running import Cases, remarks
from tests.cases.writing import ROWS

DAYS = (14, 15)


@pytest.mark.parametrize("column", ["late_num", "late_declared"])
def test_numbers_that_come_after_nulls_are_profiled_as_numbers(cases: Cases, column: str) -> None:
    ran = cases.run("null_then_double")
    assert ran.said.status == 0
    for number in (14, 15, 16):
        row = ran.described(number, column)
        assert (row["count"], row["nulls"]) == (ROWS, ROWS)
    for number in (17, 18):
        row, values = ran.described(number, column), ran.raw(number)[column].astype(float)
        assert (row["count"], row["nulls"]) == (ROWS, 0)
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-6)
        assert (row["min"], row["max"]) == (values.min(), values.max())
        assert row["stddev"] == pytest.approx(values.std(), rel=2e-3)


def test_values_of_any_type_that_come_after_nulls_are_no_nulls(cases: Cases) -> None:
    ran = cases.run("null_then_double")
    for number in (17, 18):
        for column in ("late_text", "late_num"):
            row, values = ran.described(number, column), ran.raw(number)[column]
            assert (row["count"], row["nulls"]) == (ROWS, 0)
            assert row["distinct_count"] == pytest.approx(values.nunique(), rel=0.05)


def test_values_after_nulls_are_reported(cases: Cases) -> None:
    """From the window in which they come, by a check or as drift, and by ``validate``."""
    ran = cases.run("null_then_double")
    late = {"late_num", "late_declared", "late_text"}
    said = remarks(cases.validate("null_then_double"))
    assert late <= {name for name in late if name in said}
    for number in (14, 15, 16, 17, 18):
        named = {name for name, _ in ran.failed(number)} | {
            each["column_name"] for each in ran.alerts(number)
        }
        assert late & named == (late if number >= 17 else set())
    assert ran.failed(17)["late_num", "changed_type"] == 1


@pytest.mark.parametrize("number", DAYS)
def test_the_end_of_time_is_not_wrapped_around(cases: Cases, number: int) -> None:
    ran = cases.run("int96_9999")
    assert_calm(ran, number)
    row = ran.described(number, "valid_to")
    assert (row["column_kind"], row["nulls"]) == ("datetime", 0)
    assert row["max"] == datetime(9999, 12, 31, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(row["min"], UTC).year == 2027
    assert_figures(ran, number, oracles.binary(ran.raw(number)))


def _measure_small_cells(content: dict[str, Any]) -> None:
    content["alerts"] = {"min_rows": 20}


@pytest.mark.parametrize("number", DAYS)
def test_views_are_read_as_texts(cases: Cases, number: int) -> None:
    ran = cases.run("string_view")
    assert_calm(ran, number)
    rows = ran.raw(number)
    assert_figures(ran, number, oracles.binary(rows))
    assert ran.described(number, "cat")["distinct_count"] == 4
    small = cases.run("string_view", cases.edited("string_view", "small", _measure_small_cells))
    for name, group in rows.groupby("cat"):
        row = small.described(number, "x1", segment="cat", segment_value=name)
        assert row["count"] == len(group)
        assert row["mean"] == pytest.approx(group.x1.mean(), rel=1e-6)


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
