"""The index and the monitors' own pages: levels that agree with every window's page, links to what exists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pytest
from tests.reports.readback import read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample, monitor

from driftline_reports.index import (
    MOST_BYTES,
    TREND,
    IndexEntry,
    Stretch,
    build_entry,
    build_index,
    entry_from_json,
    entry_to_json,
    render_entries,
    render_index,
)
from driftline_reports.inputs import IndexInputs, MonitorHistory, ReportInputs, check_link, page_name
from driftline_reports.level_words import word
from driftline_reports.monitor_page import MOST_CELLS, build_monitor_page, render_monitor_page
from driftline_reports.view import build_view
from driftline_schemas.levels import Level

NOW = datetime(2013, 10, 1, tzinfo=UTC)


def history(inputs: ReportInputs, **tables: pa.Table) -> MonitorHistory:
    starts: list[datetime] = inputs.tables["runs"]["window_start"].to_pylist()
    windows = {start: inputs.monitor.calendar.containing(start) for start in starts}
    pages = {start: page_name(inputs.monitor, window) for start, window in windows.items()}
    return MonitorHistory(inputs.monitor, {**inputs.tables, **tables}, pages)


def entry(name: str, level: Level | None = Level.CALM, **changes: Any) -> IndexEntry:
    whole: dict[str, Any] = {
        "name": name, "owner": "", "level": level, "window": "Sat 28 Sep 2013", "link": "", "headline": "",
        "severity": "", "since": "", "incidents": 0, "rank": 9, "trend": (), "summary": "",
    }  # fmt: skip
    return IndexEntry(**(whole | changes))


def levels(inputs: ReportInputs, stands: list[Level]) -> pa.Table:
    """Rows of ``window_levels`` for the last windows of ``inputs``."""
    starts = sorted(inputs.tables["runs"]["window_start"].unique().to_pylist())[-len(stands) :]
    same = {"monitor": inputs.monitor.monitor, "granularity": inputs.monitor.granularity.value}
    return pa.Table.from_pylist(
        [
            same | {"window_start": start, "level": level.value}
            for start, level in zip(starts, stands, strict=True)
        ]
    )


def incidents(inputs: ReportInputs, *rows: dict[str, Any]) -> pa.Table:
    """Rows of ``incidents`` in the newest window."""
    start = inputs.window.start
    common = {
        "monitor": inputs.monitor.monitor, "granularity": "day", "window_start": start, "incident_id": "a",
        "state": "new", "severity": "medium", "topic": "drift", "headline": "carrier changed",
        "first_window": start, "last_window": start, "columns": json.dumps(["carrier"]),
    }  # fmt: skip
    return pa.Table.from_pylist([common | row for row in rows])


def test_the_calendar_stands_at_the_same_level_as_each_page() -> None:
    inputs = make(Sample(windows=20, days_off=3, final=False))
    calendar = build_monitor_page(history(inputs), NOW)
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
    assert sum(count for _, count in calendar.tally) == 20
    assert calendar.cells[-1][1].level is page.verdict.level
    assert build_entry(history(inputs), NOW).level is page.verdict.level


def test_what_the_view_of_levels_says_counts() -> None:
    inputs = make(Sample(windows=5))
    stands = [Level.CALM, Level.BROKEN, Level.ONGOING, Level.ONGOING, Level.FAULTY]
    made = history(inputs, window_levels=levels(inputs, stands))
    assert [cell.level for _, cell in build_monitor_page(made, NOW).cells] == stands
    assert build_entry(made, NOW).level is Level.FAULTY


def test_a_line_shows_thirty_windows_alike_ones_as_one_stretch() -> None:
    inputs = make(Sample(windows=5))
    stands = [Level.CALM, Level.CALM, Level.BROKEN, Level.ONGOING, Level.ONGOING]
    line = build_entry(history(inputs, window_levels=levels(inputs, stands)), NOW)
    assert [(one.level, one.count) for one in line.trend] == [
        ("none", TREND - 5),
        ("calm", 2),
        ("broken", 1),
        ("ongoing", 2),
    ]
    assert line.trend[2].title == "Thu 26\xa0Sep\xa02013: broken"
    assert line.trend[3].title == "Fri 27\xa0Sep\xa02013 – Sat 28\xa0Sep\xa02013: ongoing"
    assert line.summary == "1 broken, 2 ongoing, 2 calm, 25 not run"


def test_of_hourly_windows_a_line_shows_the_worst_of_each_day() -> None:
    given = {"granularity": "hour", "timezone": "UTC"}
    inputs = make(Sample(windows=30, start=datetime(2013, 9, 28, 5, tzinfo=UTC), monitor=given))
    stands = [Level.CALM] * 29 + [Level.ONGOING]
    stands[3] = Level.SUSPECT  # 2 o'clock on the 27th
    line = build_entry(history(inputs, window_levels=levels(inputs, stands)), NOW)
    assert [(one.level, one.count) for one in line.trend] == [("none", 28), ("suspect", 1), ("ongoing", 1)]


def test_the_worst_comes_first_then_the_worst_incident_then_the_name() -> None:
    entries = [
        entry("never", None),
        entry("calm"),
        entry("slight", Level.CHANGED, rank=2),
        entry("bad", Level.CHANGED, rank=0),
        entry("also_bad", Level.CHANGED, rank=0),
        entry("broken", Level.BROKEN),
    ]
    view = build_index(entries, NOW)
    assert [group.level for group in view.groups] == [Level.BROKEN, Level.CHANGED, Level.CALM, None]
    assert [one.name for group in view.groups for one in group.entries] == [
        "broken", "also_bad", "bad", "slight", "calm", "never",
    ]  # fmt: skip
    text = read(render_entries(entries, NOW)).text
    assert "3 data changed" in text
    assert "1 not run yet" in text


def test_the_newest_incident_under_way_is_the_headline() -> None:
    inputs = make(Sample(windows=9))
    before = inputs.window.start - timedelta(days=4)
    made = history(
        inputs,
        incidents=incidents(
            inputs,
            {"incident_id": "old", "headline": "older", "first_window": before, "severity": "high"},
            {"incident_id": "now", "headline": "AUC fell to .62"},
            {"incident_id": "over", "headline": "is over", "state": "resolved"},
            # The window of its newest row is not the last that was judged: it has ended.
            {"incident_id": "gone", "headline": "ended", "first_window": before, "window_start": before},
        ),
    )
    line = build_entry(made, NOW)
    assert (line.headline, line.severity, line.incidents, line.rank) == ("AUC fell to .62", "medium", 2, 1)
    assert line.since == "Sat 28\xa0Sep\xa02013"
    page = build_monitor_page(made, NOW)
    assert [one.headline for one in page.incidents] == ["AUC fell to .62", "older", "is over", "ended"]
    assert page.incidents[0].link == "day/2013-09-28.html"
    assert "AUC fell to .62" in read(render_monitor_page(page)).text


def test_an_incident_of_a_sensitive_column_shows_no_value() -> None:
    inputs = make(Sample(windows=2, monitor={"features": {"sensitive": ["carrier"]}}))
    made = history(inputs, incidents=incidents(inputs, {"headline": "carrier: UA is gone"}))
    assert build_entry(made, NOW).headline == "drift: carrier"


def test_days_stand_under_their_weekday() -> None:
    inputs = make(Sample(windows=40, start=datetime(2013, 9, 28, tzinfo=UTC)))
    september, august = build_monitor_page(history(inputs), NOW).grids
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
    assert days["20"].link == "day/2013-08-20.html"
    assert len(days) == 31


def test_the_hour_that_comes_twice_has_two_places() -> None:
    given = {"granularity": "hour", "timezone": "America/New_York"}
    inputs = make(Sample(windows=34, start=datetime(2013, 11, 3, 12, tzinfo=UTC), monitor=given))
    (grid,) = build_monitor_page(history(inputs), NOW).grids
    assert grid.heads[:4] == ("00", "01", "01", "02")
    day, cells = grid.rows[0]
    assert day == "2013-11-03"
    links = [cell.link for cell in cells[:4] if cell]
    assert links == [f"hour/2013-11-03T{hour}.html" for hour in ("00", "01-0400", "01-0500", "02")]
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
    owner = f"#{inputs.monitor.monitor}"
    links = links_of(render_index(IndexInputs([made], inputs.generated_at)))
    own = "flight_delay/index.html"
    assert {link for link in links if "#is-" not in link} == {own, "flight_delay/day/2013-09-28.html", owner}
    of_monitor = links_of(render_monitor_page(build_monitor_page(made, NOW)))
    assert of_monitor == {"../index.html#flight_delay", "day/2013-09-28.html"}
    assert PurePosixPath("flight_delay/day/2013-09-28.html") == PurePosixPath(made.pages[only])


def links_of(html: str) -> set[str]:
    return {attributes["href"] or "" for tag, attributes in read(html).tags if tag == "a"}


def test_alerts_that_are_open_stand_before_those_that_are_resolved_newest_first() -> None:
    inputs = make(Sample(windows=8, drifted=3, days_off=4))
    rows = inputs.tables["alerts"].to_pylist()
    last = max(row["window_start"] for row in rows)
    for row in rows:
        if row["column_name"] == "humidity" and row["window_start"] == last:
            row["state"] = "resolved"
    rows = [row for row in rows if row["column_name"] != "carrier" or row["window_start"] < last]
    table = pa.Table.from_pylist(rows, schema=inputs.tables["alerts"].schema)
    alerts = build_monitor_page(history(inputs, alerts=table), NOW).alerts
    assert [(alert.subject, alert.state) for _, alert in alerts] == [
        ("precip", "open"),
        ("carrier", "open"),
        ("humidity", "resolved"),
    ]


def test_a_monitor_without_anything_says_so() -> None:
    nothing = MonitorHistory(monitor(monitor="abandoned"), {})
    assert build_entry(nothing, NOW).level is None
    text = read(render_index(IndexInputs([history(make(Sample(windows=2))), nothing], NOW))).text
    assert "Nothing has been published yet." in text
    assert (
        "Nothing has been published yet." in read(render_monitor_page(build_monitor_page(nothing, NOW))).text
    )
    assert "No monitor has published anything yet." in read(render_index(IndexInputs([], NOW))).text


def test_the_oldest_windows_make_room() -> None:
    from tests.reports.sample_inputs import Maker
    from tests.reports.sample_tables import to_tables

    maker = Maker(Sample(windows=MOST_CELLS + 5, monitor={"granularity": "hour"}))
    maker.runs()
    runs: pa.Table = to_tables({"runs": maker.rows["runs"]})["runs"]
    calendar = build_monitor_page(MonitorHistory(maker.monitor, {"runs": runs}), NOW)
    assert calendar.left_out == 5
    assert sum(count for _, count in calendar.tally) == MOST_CELLS


@pytest.mark.parametrize("alike", [5, 1], ids=["stretches", "no two days alike"])
def test_a_hundred_monitors_in_a_hundred_and_fifty_kilobytes(alike: int) -> None:
    several = list(Level)[:6]
    trend = tuple(
        Stretch(several[at % 6], alike, "Sat 28\xa0Sep\xa02013 – Sun 29\xa0Sep\xa02013: probably broken")
        for at in range(TREND // alike)
    )
    entries = [
        entry(
            f"recommendations_of_shop_{number:03}",
            several[number % 6],
            owner=f"team-{number % 12}@example.com",
            link=f"recommendations_of_shop_{number:03}/day/2013-09-28.html",
            headline="The weather feed is missing: temperature, humidity and 6 more are empty in all rows.",
            severity="critical",
            since="Sat 28\xa0Sep\xa02013",
            incidents=3,
            trend=trend,
            summary="3 broken, 27 calm",
        )
        for number in range(100)
    ]
    html = render_entries(entries, NOW)
    assert len(html.encode()) <= MOST_BYTES
    assert html.count("<i class=") >= 100 * len(trend)
    assert ("title=" in html) == (alike > 1)


def test_an_entry_reads_back() -> None:
    inputs = make(Sample(windows=3))
    made = build_entry(history(inputs), NOW)
    assert entry_from_json(entry_to_json(made)) == made
    with pytest.raises(ValueError, match="not an address"):
        entry_from_json(entry_to_json(replace(made, link="javascript:alert(1)")))
    with pytest.raises(ValueError, match="format 1"):
        entry_from_json(entry_to_json(replace(made, format=1)))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "a\nb", " x", "JaVaScRiPt:x", "file:///etc"]
)
def test_addresses_that_could_run_something_are_refused(link: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        check_link(link)


@pytest.mark.parametrize("link", ["../index.html", "day/2013-07-01.html", "https://example.com/x?y=1", None])
def test_other_addresses_are_fine(link: str | None) -> None:
    check_link(link)
