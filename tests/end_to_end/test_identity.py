"""A monitor's name stands for one calendar and one log: what would mix them is refused, and can be mended."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, assert_same_tables, normalised

from driftline_jobs import run as run_module
from driftline_jobs.pipeline.catch_up import catch_up
from driftline_jobs.pipeline.identity import references_of_others
from driftline_jobs.pipeline.rebase import rebase
from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.reporting.report import write_report
from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

FIRST = REFERENCE_DAYS


@pytest.fixture
def published(bench: Bench) -> Bench:
    """Two windows beyond the reference, published."""
    bench.days(0, FIRST + 2)
    bench.run(FIRST, FIRST + 1)
    return bench


def _request(bench: Bench, first: int | str, last: int | str | None = None) -> RunRequest:
    path = bench.monitor_file()
    monitor = load_monitor(path)
    start, end = (
        monitor.calendar.parse(text if isinstance(text, str) else f"2024-01-{1 + text:02}")
        for text in (first, first if last is None else last)
    )
    settings = Settings(store=bench.store_url, reports=str(bench.root / "reports"))
    return RunRequest(monitor, path, start, end, settings, datetime(2030, 1, 1, tzinfo=UTC))


def _report(bench: Bench, number: int) -> str:
    request = _request(bench, number)
    written = write_report(request.monitor, request.first, request.settings, generated_at=request.as_of)
    return written.page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timezone": "Asia/Tokyo"}, "by the day in Asia/Tokyo"),
        ({"granularity": "hour", "base": "hour"}, "by the hour in UTC"),
        ({"base": "hour"}, "by the day in UTC, base hour"),
    ],
)
def test_another_calendar_is_refused_and_the_file_put_back_goes_on(
    published: Bench, change: dict[str, Any], said: str
) -> None:
    with open_store(published.store_url) as store:
        before = normalised(store)
    published.overrides = change
    with pytest.raises(ConfigError, match="store forget bench --other-than") as refused:
        published.run("2024-01-07")
    assert said in str(refused.value)
    assert "2 windows (2024-01-05 00:00 to 2024-01-06 00:00 UTC)" in str(refused.value)
    with pytest.raises(ConfigError, match="would overlap"):
        catch_up(_request(published, "2024-01-05", "2024-01-07"))
    with pytest.raises(ConfigError, match="would overlap"):
        rebase(_request(published, "2024-01-07"))
    with pytest.raises(ConfigError, match="would overlap"):
        _report(published, FIRST)
    published.overrides = {}
    with open_store(published.store_url) as store:
        assert_same_tables(normalised(store), before)
    published.run(FIRST + 2)
    assert _report(published, FIRST + 2)


def test_a_second_file_of_the_same_name_replaces_nothing(published: Bench) -> None:
    shutil.copytree(published.root / "logs", published.root / "others")
    with open_store(published.store_url) as store:
        before = normalised(store)
    published.overrides = {"logs": {"uri": "others"}}
    for call in (
        lambda: published.run(FIRST),
        lambda: published.run(FIRST + 2),
        lambda: catch_up(_request(published, FIRST, FIRST + 1)),
    ):
        with pytest.raises(ConfigError, match="rebase FILE --period 2024-01-07"):
            call()
    with open_store(published.store_url) as store:
        assert_same_tables(normalised(store), before)


def test_a_log_that_has_moved_goes_on_from_a_rebase(published: Bench) -> None:
    shutil.copytree(published.root / "logs", published.root / "moved")
    published.overrides = {"logs": {"uri": "moved"}}
    rebase(_request(published, FIRST + 2))
    published.run(FIRST + 2)
    with pytest.raises(ConfigError, match="rebased to another log"):
        published.run(FIRST + 1)
    assert catch_up(_request(published, FIRST, FIRST + 2)) == []
    assert sorted(published.current("runs")["window_start"].unique()) == [
        datetime(2024, 1, day, tzinfo=UTC) for day in (5, 6, 7)
    ]


def test_what_changes_no_window_is_no_other_monitor(published: Bench) -> None:
    published.overrides = {
        "description": "Another one",
        "alerts": {"false_alarm_rate": 0.05},
        "segments": ["city"],
        "features": {"ignore": ["amount"]},
    }
    published.run(FIRST + 2)


def test_a_store_with_a_mixture_is_repaired(published: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(published.store_url) as store:
        before = normalised(store)
    shutil.copytree(published.root / "logs", published.root / "others")
    published.overrides = {"logs": {"uri": "others"}, "timezone": "Europe/Oslo"}
    with monkeypatch.context() as earlier:  # as versions before this one did
        earlier.setattr(run_module, "check_identity", lambda _: None)
        published.run(FIRST, FIRST + 1)
        published.overrides = {"logs": {"uri": "others"}}
        published.run(FIRST, FIRST + 1)
    published.overrides = {}
    with pytest.raises(ConfigError, match="store forget bench --other-than"):
        published.run(FIRST)
    monitor = load_monitor(published.monitor_file())
    with open_store(published.store_url) as store:
        others = references_of_others(store, monitor)
        assert len(others) == 2
        told = store.forget("bench", others, dry_run=True)
        assert store.forget("bench", others) == told
        assert told["runs"] == 12
        assert told["reference_sets"] == 2
        assert_same_tables(normalised(store), before)
    published.run(FIRST + 2)
