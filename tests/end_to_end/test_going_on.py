"""The judgement goes on from what is kept of the window before, and ends where one over all windows would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, assert_same_tables, day, normalised

from driftline_jobs.pipeline.steps import alerts, judged, judgement, judgement_fixed
from driftline_jobs.stores import open_store
from driftline_jobs.tables import alert_actions

FIRST, LAST = REFERENCE_DAYS, REFERENCE_DAYS + 8


@pytest.fixture
def days(bench: Bench) -> Bench:
    """Nine days, of which the third to the fifth are thrice what they were."""
    bench.overrides = {"labels": None}
    for number in range(LAST + 1):
        made = bench.rows(number)
        if FIRST + 2 <= number <= FIRST + 4:
            made["amount"] = pa.array(made["amount"].to_numpy() * 3.0)
        bench.write(number, made)
    return bench


def test_a_run_reads_nothing_older_than_its_window(days: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    days.run(FIRST, LAST - 1)
    asked: list[datetime] = []
    read = alerts.published_findings

    def noting(job: Any, repeats: Any, start: datetime, end: datetime) -> Any:
        asked.append(start)
        return read(job, repeats, start, end)

    monkeypatch.setattr(judgement_fixed, "published_findings", noting)
    days.run(LAST)
    assert asked == [day(LAST)]


def test_what_a_run_that_was_ended_had_left_is_judged_by_the_next(
    days: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late object changes the third day, and with it what is known after all later ones; the run ends after
    the first of them was published. The next run is of the last day."""
    days.run(FIRST, LAST - 1)
    days.write(FIRST + 2, days.rows(FIRST + 2, 60), name="late.parquet")
    publish = judged.publish_attempts
    calls: list[Any] = []

    def once(*given: Any) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(given)
        publish(*given)

    with monkeypatch.context() as patched:
        patched.setattr(judgement_fixed.FixedSaying, "at_once", 1)
        patched.setattr(judgement, "publish_attempts", once)
        with pytest.raises(KeyboardInterrupt):
            days.run(FIRST + 2)
    days.run(LAST)
    with open_store(days.store_url) as store:
        resumed = normalised(store)
    days.store_name = "anew.duckdb"
    days.run(FIRST, LAST)
    with open_store(days.store_url) as store:
        anew = normalised(store)
    for tables in (resumed, anew):  # the late object lies within reach of the days beside: they read it, too
        for name in ("run_inputs", "runs"):
            tables.pop(name)
    assert_same_tables(resumed, anew)


def test_an_acknowledged_alert_is_so_from_its_first_window_on(days: Bench) -> None:
    days.run(FIRST, FIRST + 3)
    (alert,) = days.current("alerts", FIRST + 3, column_name="amount").to_dict("records")[:1]
    with open_store(days.store_url) as store:
        alert_actions.act(
            store,
            alert_id=alert["alert_id"],
            monitor="bench",
            action="acknowledge",
            actor="someone",
            acted_at=datetime(2024, 1, 9, tzinfo=UTC),
        )
    days.run(FIRST + 4)
    rows = days.current("alerts", column_name="amount")
    assert set(rows[rows["alert_id"] == alert["alert_id"]]["state"]) == {"acknowledged"}
