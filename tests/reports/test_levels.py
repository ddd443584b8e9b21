"""The level of a window: as its incidents give it, else by its rows; in words that differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample

from driftline_reports.level_words import mark, word
from driftline_reports.levels import Facts, level
from driftline_reports.view import build_view
from driftline_schemas.levels import Level

INCIDENT = {
    "incident_id": "3f2a",
    "state": "new",
    "severity": "high",
    "topic": "data",
    "certain": True,
    "headline": "humidity is empty in all 924 rows",
    "first_window": datetime(2013, 9, 28, tzinfo=UTC),
    "columns": '["humidity"]',
}


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        (Facts(rows=0), Level.EMPTY),
        (Facts(rows=9, realized=("roc_auc",), failed=1, faults=1), Level.BROKEN),
        (Facts(rows=9, estimated=("roc_auc",), failed=1, faults=1), Level.FAULTY),
        (Facts(rows=9, estimated=("roc_auc",)), Level.SUSPECT),
        (Facts(rows=9, estimated=("roc_auc",), judged=True, confirmed=True), Level.CHANGED),
        (Facts(rows=9, drifted=2, columns=2, watched=3), Level.CHANGED),
        (Facts(rows=9, drifted=2, columns=2, watched=3, alerts=2), Level.ONGOING),
        (Facts(rows=9, drifted=2, columns=2, watched=3, alerts=2, news=1), Level.CHANGED),
        (Facts(rows=9, failed=1), Level.CHANGED),
        (Facts(rows=9, watched=3), Level.CALM),
        (Facts(rows=9), Level.UNJUDGED),
        (Facts(rows=9, realized=("roc_auc",), stands=Level.ONGOING), Level.ONGOING),
    ],
)
def test_the_first_that_is_true_counts(facts: Facts, stands: Level) -> None:
    assert level(facts) is stands


def test_what_incidents_give_stands_before_the_rows() -> None:
    inputs = make(Sample(windows=3, days_off=1))
    starts = sorted(inputs.tables["runs"]["window_start"].unique().to_pylist())
    given = ["calm", "empty", "faulty"]
    rows = [
        {"monitor": "flight_delay", "granularity": "day", "window_start": start, "level": one}
        for start, one in zip(starts, given, strict=True)
    ]
    levels = {"window_levels": pa.Table.from_pylist(rows)}
    incident = {"monitor": "flight_delay", "granularity": "day", "window_start": starts[-1], **INCIDENT}
    levels["incidents"] = pa.Table.from_pylist([incident])
    told = replace(inputs, tables={**inputs.tables, **levels})
    found = build_view(told)
    assert [past.level.value for past in found.history] == given
    assert found.verdict.level is Level.FAULTY


def test_every_level_reads_by_itself() -> None:
    """Without colour, and no two alike."""
    assert len({word(one) for one in Level}) == len({mark(one) for one in Level}) == len(Level)
