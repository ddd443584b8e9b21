"""``driftline incidents`` and ``driftline alerts``: what is shown, what is done, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day
from typer.testing import CliRunner, Result

from driftline_jobs.cli.app import command_line

FIRST = 10


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Amounts, which the model scores by, are thrice what they were, from the second window on."""
    window = [f"{day(0):%Y-%m-%d}", f"{day(FIRST):%Y-%m-%d}"]
    bench = Bench(tmp_path, {"labels": None, "reference": {"window": window}})
    for number in range(FIRST + 5):
        made = bench.rows(number)
        amount = made["amount"].to_numpy()
        made["score"] = pa.array(np.round(amount / (amount + 20.0), 3))
        if number > FIRST:
            made["amount"] = pa.array(amount * 3.0)
        bench.write(number, made)
    bench.run(FIRST, FIRST + 1)
    return bench


def call(bench: Bench, *words: str) -> Result:
    return CliRunner().invoke(command_line(), [*words, "--store", bench.store_url])


def shown(bench: Bench, *words: str) -> Any:
    result = call(bench, *words, "--output", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def the_one(bench: Bench) -> dict[str, Any]:
    (found,) = shown(bench, "incidents", "list", "bench")["incidents"]
    return dict(found)


def states(bench: Bench, number: int, incident_id: str) -> list[str]:
    rows = bench.current("incidents", number, incident_id=incident_id)
    return list(rows["state"])


def test_what_is_listed_is_what_happened(bench: Bench) -> None:
    found = the_one(bench)
    assert found["columns"][0] == "amount"
    assert found["headline"].startswith("amount rose to 3.2 times: median 52.2")
    assert (found["state"], found["topic"], found["severity"]) == ("new", "drift", "medium")
    text = call(bench, "incidents", "list").stdout
    assert found["incident_id"] in text
    assert found["headline"] in text
    told = shown(bench, "incidents", "show", found["incident_id"])
    assert [one["state"] for one in told["course"]] == ["new"]
    assert told["alerts"]
    assert "amount" in call(bench, "incidents", "show", found["incident_id"]).stdout


def test_an_acknowledged_incident_is_silent_from_the_next_window_on(bench: Bench) -> None:
    name = the_one(bench)["incident_id"]
    assert call(bench, "incidents", "acknowledge", name, "--comment", "known").exit_code == 0
    assert the_one(bench)["state"] == "acknowledged"
    bench.run(FIRST + 2)
    assert states(bench, FIRST + 1, name) == ["new"]
    assert states(bench, FIRST + 2, name) == ["acknowledged"]
    levels = bench.query("SELECT level FROM window_levels ORDER BY window_start")
    assert [row["level"] for row in levels] == ["calm", "changed", "calm"]
    told = shown(bench, "incidents", "show", name)
    assert [(one["action"], one["comment"]) for one in told["actions"]] == [("acknowledge", "known")]


def test_an_accepted_incident_is_silent_and_another_run_says_the_same(bench: Bench) -> None:
    name = the_one(bench)["incident_id"]
    assert call(bench, "incidents", "accept", name).exit_code == 0
    bench.run(FIRST + 2, FIRST + 4)
    assert [states(bench, FIRST + day, name) for day in range(1, 5)] == [["new"], *[["accepted"]] * 3]
    bench.run(FIRST, FIRST + 4)
    assert [states(bench, FIRST + day, name) for day in range(1, 5)] == [["new"], *[["accepted"]] * 3]


def test_a_muted_incident_goes_on_as_it_is(bench: Bench) -> None:
    name = the_one(bench)["incident_id"]
    assert call(bench, "incidents", "mute", name, "--until", "2030-01-01").exit_code == 0
    bench.run(FIRST + 2)
    assert states(bench, FIRST + 2, name) == ["ongoing"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("incidents", "show", "0123"), "there is no incident 0123"),
        (("incidents", "acknowledge", "0123"), "there is no incident 0123"),
        (("incidents", "accept", "0123"), "there is no incident 0123"),
        (("incidents", "mute", "0123", "--until", "2030-01-01"), "there is no incident 0123"),
        (("incidents", "list", "other"), "there is no monitor 'other' in this store: bench"),
        (("alerts", "list", "other"), "there is no monitor 'other' in this store: bench"),
    ],
)
def test_what_is_not_there_is_an_error(bench: Bench, words: tuple[str, ...], said: str) -> None:
    result = call(bench, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
