"""Whether a window's rows have come: by the listing where it tells, or else by the footers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.sources.conftest import ReadMonitor, WriteLog
from tests.sources.looking import DAY, log

from driftline_jobs.sources import logs
from driftline_jobs.sources.listing.arrivals import arrived
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window


def names(monitor: Monitor, root: Path) -> list[str]:
    window = Window(DAY, DAY + timedelta(days=1), monitor.granularity)
    return [found.path.rpartition("/")[2] for found in arrived(monitor, window, root)]


@pytest.fixture
def root(write_log: WriteLog, tmp_path: Path) -> Path:
    """A log that has a neighbour's object alone."""
    write_log("dt=2013-07-02/next.parquet", log(start=DAY + timedelta(days=1)))
    return tmp_path


def test_nothing_has_come_to_a_window_without_objects(root: Path, monitor: Monitor) -> None:
    assert names(monitor, root) == []
    assert names(monitor, root / "elsewhere") == []


def test_an_object_that_is_called_parquet_is_enough(
    root: Path, monitor: Monitor, write_log: WriteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log("dt=2013-07-01/a.PARQUET", log())
    write_log("dt=2013-07-01/b", log())

    def looked_into(*_: object) -> None:
        raise AssertionError("the listing has said it")

    monkeypatch.setattr(logs, "inspect", looked_into)
    assert names(monitor, root) == ["a.PARQUET"]


def test_objects_of_other_names_are_looked_into(root: Path, monitor: Monitor, write_log: WriteLog) -> None:
    folder = root / "logs" / "dt=2013-07-01"
    folder.mkdir()
    for name in ("manifest.json", "_SUCCESS", "empty"):
        (folder / name).write_text("" if name == "empty" else "{}")
    assert names(monitor, root) == []
    write_log("dt=2013-07-01/20130701_000000_00006_v74wa", log())
    assert names(monitor, root) == ["20130701_000000_00006_v74wa"]


def test_where_no_folder_is_dated_the_times_of_the_rows_decide(
    write_log: WriteLog, monitor_with: ReadMonitor, tmp_path: Path
) -> None:
    monitor = monitor_with()
    write_log("a", log(start=datetime(2013, 6, 1, tzinfo=UTC)))
    write_log("b.txt", log(rows=0))
    assert names(monitor, tmp_path) == []
    write_log("c", log())
    assert names(monitor, tmp_path) == ["c"]
