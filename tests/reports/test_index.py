"""The index: a calendar of verdicts that agrees with every page, newest alerts, links to what exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from tests.reports.readback import read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample, monitor

from driftline_reports.index import MOST_CELLS, build_index, render_index
from driftline_reports.inputs import IndexInputs, MonitorHistory, ReportInputs, check_link, page_name
from driftline_reports.level_words import word
from driftline_reports.view import build_view
from driftline_schemas.levels import Level


def history(inputs: ReportInputs) -> MonitorHistory:
    starts: list[datetime] = inputs.tables["runs"]["window_start"].to_pylist()
    windows = {start: inputs.monitor.calendar.containing(start) for start in starts}
    pages = {start: page_name(inputs.monitor, window) for start, window in windows.items()}
    return MonitorHistory(inputs.monitor, inputs.tables, pages)


def test_the_calendar_stands_at_the_same_level_as_each_page() -> None:
    inputs = make(Sample(windows=20, days_off=3, final=False))
    calendar = build_index(IndexInputs([history(inputs)], inputs.generated_at)).monitors[0]
    shown = {
        cell.title: cell.level
        for grid in calendar.grids
        for _, cells in grid.rows
        for cell in cells
        if cell and cell.level
    }
    page = build_view(inputs)
    assert len(page.history) == 20
    assert shown == {f"{past.text}: {word(past.level)}": past.level for past in page.history}
    assert calendar.tally == ((Level.BROKEN, 1), (Level.ONGOING, 2), (Level.CALM, 17))
    assert calendar.newest is not None
    assert calendar.newest.level is page.verdict.level


def test_days_stand_under_their_weekday() -> None:
    inputs = make(Sample(windows=40, start=datetime(2013, 9, 28, tzinfo=UTC)))
    september, august = build_index(IndexInputs([history(inputs)], inputs.generated_at)).monitors[0].grids
    assert (september.title, august.title) == ("Sep 2013", "Aug 2013")
    # 1 September 2013 was a Sunday.
    first = september.rows[0][1]
    assert first[:6] == (None,) * 6
    assert first[6] is not None
    assert first[6].text == "1"
    assert september.heads[6] == "Su"
    # The 40 days begin on 20 August: days before it have no level and no link.
    days = {cell.text: cell for _, cells in august.rows for cell in cells if cell}
    assert days["19"].level is None
    assert days["20"].level is Level.CALM
    assert days["20"].link == "flight_delay/day/2013-08-20.html"
    assert len(days) == 31


def test_the_hour_that_comes_twice_has_two_places() -> None:
    given = {"granularity": "hour", "timezone": "America/New_York"}
    inputs = make(Sample(windows=34, start=datetime(2013, 11, 3, 12, tzinfo=UTC), monitor=given))
    (grid,) = build_index(IndexInputs([history(inputs)], inputs.generated_at)).monitors[0].grids
    assert grid.heads[:4] == ("00", "01", "01", "02")
    day, cells = grid.rows[0]
    assert day == "2013-11-03"
    links = [cell.link for cell in cells[:4] if cell]
    assert links == [
        f"flight_delay/hour/2013-11-03T{hour}.html" for hour in ("00", "01-0400", "01-0500", "02")
    ]
    assert grid.rows[1][1][1] is not None
    assert grid.rows[1][1][2] is None


@pytest.mark.parametrize(
    ("granularity", "name"),
    [("day", "2013-09-28"), ("week", "2013-09-23"), ("month", "2013-09-01"), ("hour", "2013-09-28T00")],
)
def test_where_a_page_lies(granularity: str, name: str) -> None:
    watched = monitor(granularity=granularity)
    window = watched.calendar.containing(datetime(2013, 9, 28, tzinfo=UTC))
    assert page_name(watched, window) == f"flight_delay/{granularity}/{name}.html"


def test_links_lead_to_pages_that_exist_and_to_no_others() -> None:
    inputs = make(Sample(windows=5))
    only = inputs.window.start
    made = history(inputs)
    made = replace(made, pages={only: made.pages[only]})
    page = read(render_index(IndexInputs([made], inputs.generated_at)))
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert links == {"#flight_delay", "flight_delay/day/2013-09-28.html"}
    assert PurePosixPath("flight_delay/day/2013-09-28.html") == PurePosixPath(made.pages[only])


def test_alerts_that_are_open_stand_before_those_that_are_resolved_newest_first() -> None:
    import pyarrow as pa

    inputs = make(Sample(windows=8, drifted=3, days_off=4))
    rows = inputs.tables["alerts"].to_pylist()
    last = max(row["window_start"] for row in rows)
    for row in rows:
        if row["column_name"] == "humidity" and row["window_start"] == last:
            row["state"] = "resolved"
    rows = [row for row in rows if row["column_name"] != "carrier" or row["window_start"] < last]
    table = pa.Table.from_pylist(rows, schema=inputs.tables["alerts"].schema)
    made = history(replace(inputs, tables={**inputs.tables, "alerts": table}))
    alerts = build_index(IndexInputs([made], inputs.generated_at)).alerts
    assert [(alert.subject, alert.state) for _, _, alert in alerts] == [
        ("precip", "open"),
        ("carrier", "open"),
        ("humidity", "resolved"),
    ]


def test_monitors_stand_by_name_and_one_without_anything_says_so() -> None:
    nothing = MonitorHistory(monitor(monitor="abandoned"), {})
    made = IndexInputs([history(make(Sample(windows=2))), nothing], datetime(2013, 10, 1, tzinfo=UTC))
    view = build_index(made)
    assert [one.name for one in view.monitors] == ["abandoned", "flight_delay"]
    assert view.monitors[0].newest is None
    text = read(render_index(made)).text
    assert "Nothing has been published yet." in text
    assert (
        "No monitor has published anything yet."
        in read(render_index(IndexInputs([], datetime(2013, 10, 1, tzinfo=UTC)))).text
    )


def test_the_oldest_windows_make_room() -> None:
    import pyarrow as pa
    from tests.reports.sample_inputs import Maker
    from tests.reports.sample_tables import to_tables

    maker = Maker(Sample(windows=MOST_CELLS + 5, monitor={"granularity": "hour"}))
    maker.runs()
    runs: pa.Table = to_tables({"runs": maker.rows["runs"]})["runs"]
    made = MonitorHistory(maker.monitor, {"runs": runs})
    calendar = build_index(IndexInputs([made], maker.last.end + timedelta(days=1))).monitors[0]
    assert calendar.left_out == 5
    assert sum(count for _, count in calendar.tally) == MOST_CELLS


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "a\nb", " x", "JaVaScRiPt:x", "file:///etc"]
)
def test_addresses_that_could_run_something_are_refused(link: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        check_link(link)


@pytest.mark.parametrize("link", ["../index.html", "day/2013-07-01.html", "https://example.com/x?y=1", None])
def test_other_addresses_are_fine(link: str | None) -> None:
    check_link(link)
