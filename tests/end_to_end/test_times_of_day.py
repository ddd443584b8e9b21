"""Columns of times of day: on the page they are such, and not dates of 1970."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, day

from driftline_jobs.reporting.report import write_report
from driftline_reports.clock import DAY, are_times_of_day, clock, round_places
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

NOW = REFERENCE_DAYS


@pytest.mark.parametrize("seconds", [0, 1, 59, 3600, 47_109, 86_399])
def test_a_time_of_day_is_written_as_python_writes_it(seconds: int) -> None:
    assert clock(seconds + 0.9) == (day(0) + dt.timedelta(seconds=seconds)).time().isoformat()


def test_what_reaches_beyond_the_day_ends_with_it() -> None:
    assert (clock(-5.0), clock(DAY + 7)) == ("00:00:00", "24:00:00")


def test_round_places_are_round_times() -> None:
    assert [clock(place) for place in round_places(-3000.0, 90_000.0)] == [
        *("00:00:00", "06:00:00", "12:00:00", "18:00:00", "24:00:00"),
    ]
    assert [clock(place) for place in round_places(7 * 3600 + 60, 9 * 3600)] == [
        *("07:30:00", "08:00:00", "08:30:00", "09:00:00"),
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((10.0, 80_000.0), True), ((10.0, 1.7e9), False), ((0.0, 0.0), False), ((None, None), False)],
)
def test_dates_are_no_times_of_day(seconds: tuple[float | None, ...], expected: bool) -> None:  # noqa: FBT001
    assert are_times_of_day(seconds) is expected


def times(number: int, mean: float, unit: str) -> pa.Array:
    seconds = np.random.default_rng(number).normal(mean, 2000.0, ROWS).clip(0, 86_399)
    if unit == "s":
        return pa.array(seconds.astype(np.int32), pa.time32("s"))
    return pa.array((seconds * 1e6).astype(np.int64), pa.time64("us"))


@pytest.mark.parametrize("unit", ["s", "us"])
def test_the_page_shows_times_of_day(bench: Bench, tmp_path: Path, unit: str) -> None:
    """The reference's are about ten in the morning, those of the window about seven in the evening."""
    for number in range(NOW):
        bench.days(number, number, meal=times(number, 36_000.0, unit))
    bench.days(NOW, NOW, meal=times(NOW, 68_400.0, unit))
    bench.run(NOW)
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.containing(day(NOW))
    settings = Settings(store=bench.store_url, reports=str(tmp_path))
    page = Path(write_report(monitor, window, settings, generated_at=day(NOW + 1)).page).read_text("utf-8")
    assert not re.search(r"\b1970\b", page)
    assert "01 Jan" not in page
    assert bench.check(NOW, "maximum", "meal")["passed"] is False
    described = bench.described(NOW, "meal")
    for figure in ("min", "p50", "max"):
        whole = int(described[figure])
        assert f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}" in page, figure
    assert re.search(r"from \d\d:\d\d:\d\d:", page)  # of the bin that moved most
