"""What ``driftline report`` answers of a window for those who act on it by program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_notify import call, write
from tests.reporting.messages.telling import incident, new_store, publish
from tests.stores.makers import day

from driftline_jobs.stores import Store
from driftline_jobs.tables.alert_actions import act


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as (_, made):
        yield made


def test_the_worst_incident_and_how_long_it_has_stood(store: Store, tmp_path: Path) -> None:
    lost: dict[str, Any] = {
        "severity": "critical",
        "topic": "performance",
        "certain": True,
        "headline": "AUC fell",
    }
    publish(store, 1, [incident(1, "lost", **lost)])
    publish(store, 2, [incident(2, "lost", state="ongoing", first_window=day(1), **lost)])
    publish(
        store,
        3,
        [
            incident(3, "drift", impact=-0.25, severity="high"),
            incident(3, "gone", topic="data", severity="critical", certain=True),
            incident(3, "lost", state="ongoing", first_window=day(1), **lost),
            incident(3, "known", state="acknowledged", severity="critical", impact=0.9),
            incident(3, "quiet", severity="critical", impact=0.8),
        ],
    )
    publish(store, 4, [incident(4, "lost", state="ongoing", first_window=day(1), **lost)])
    act(
        store,
        monitor="flights",
        incident_id="quiet",
        action="mute",
        until=datetime.now(UTC) + timedelta(days=1),
        actor="me",
        acted_at=datetime.now(UTC),
    )
    path = write(tmp_path)
    words = ("report", path, "--period", "2013-01-04", "--out", str(tmp_path / "pages"))
    status, answer, said = call(tmp_path, *words)
    assert status == 0, said
    assert answer["level"] == "faulty"
    assert answer["severity"] == "critical"
    assert answer["impact"] == 0.25
    assert answer["incident"] == {
        "id": "lost",
        "headline": "AUC fell",
        "severity": "critical",
        "topic": "performance",
        "certain": True,
        "state": "ongoing",
        "first_window": "2013-01-02T00:00:00+00:00",
        "windows": 3,
    }
    assert [one["id"] for one in answer["incidents"]] == ["lost", "gone", "drift"]
    assert answer["run_id"].startswith("flights-d3-")
    assert {"verdict", "headline", "worst_column", "alerts"} <= answer.keys()


def test_a_calm_window_has_no_incident(store: Store, tmp_path: Path) -> None:
    publish(store, 1)
    words = ("report", write(tmp_path), "--period", "2013-01-02", "--out", str(tmp_path / "pages"))
    answer = call(tmp_path, *words)[1]
    assert (answer["level"], answer["incident"], answer["severity"]) == ("calm", None, None)
    assert (answer["impact"], answer["incidents"], answer["reference_id"]) == (None, [], None)
