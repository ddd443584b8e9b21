"""``driftline notify`` and ``driftline sent``, as whoever has no Airflow calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.messages.telling import (
    hook,
    incident,
    mail_box,
    monitor_text,
    new_store,
    publish,
    told,
)
from tests.stores.makers import day
from typer.testing import CliRunner

from driftline_jobs.cli.app import command_line
from driftline_jobs.stores import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as (_, made):
        yield made


def call(folder: Path, *words: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    settings = {
        "DRIFTLINE_STORE": f"duckdb:///{folder}/store.duckdb",
        "DRIFTLINE_TIMEOUT": "1",
        **environment,
    }
    done = CliRunner().invoke(command_line(), [*words, "--log-format", "json"], env=settings)
    lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
    return done.exit_code, json.loads(lines[-1]), done.stderr


def write(folder: Path, name: str = "flights", **notify: object) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(monitor_text(name, **notify))
    return str(path)


def test_a_window_is_told_once(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    with hook() as server, mail_box() as box:
        path = write(tmp_path, webhook=server.address, email=["a@example.com"])
        smtp = f"smtp://127.0.0.1:{box.port}?from=d@example.com"
        status, answer, said = call(tmp_path, "notify", path, "--period", "2013-01-02", DRIFTLINE_SMTP=smtp)
        assert status == 0, said
        assert {one["channel"] for one in answer["sent"]} == {"email", "webhook"}
        status, answer, _ = call(tmp_path, "notify", path, "--period", "2013-01-02", "--smtp", smtp)
        assert (status, answer["sent"]) == (0, [])
    assert len(server.requests) == len(box.mails) == 1
    assert "s3cret" not in said


def test_a_range_has_a_message_for_each_window_that_changed(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    publish(store, 2, [incident(2, state="ongoing")])
    publish(store, 3, [incident(3, state="resolved")])
    with hook() as server:
        path = write(tmp_path, webhook=server.address)
        words = ("notify", path, "--period", "2013-01-01", "--to", "2013-01-31")
        status, answer, _ = call(tmp_path, *words)
    assert (status, len(answer["sent"])) == (0, 2)
    assert [request.json["incidents"][0]["change"] for request in server.requests] == ["opened", "resolved"]


def test_what_fails_ends_with_4_and_is_sent_the_next_time(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    with hook(*[503] * 99) as server:
        path = write(tmp_path, webhook=server.address)
        status, answer, said = call(tmp_path, "notify", path, "--period", "2013-01-02")
        assert (status, answer["event"]) == (4, "failed")
        assert "s3cret" not in said
        assert told(store) == []
        server.answers.clear()
        assert call(tmp_path, "notify", path, "--period", "2013-01-02")[0] == 0
    assert len(told(store)) == 1


def test_a_refusal_and_a_window_that_is_not_there_end_with_2(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    with hook(404) as server:
        path = write(tmp_path, webhook=server.address)
        assert call(tmp_path, "notify", path, "--period", "2013-01-02")[0] == 2
        status, _, said = call(tmp_path, "notify", path, "--period", "2013-01-09")
        assert status == 2
        assert "was not published" in said
        words = ("notify", path, "--period", "2013-01-02", "--mail-out", "x", "--channel", "webhook")
        assert call(tmp_path, *words)[0] == 2


def test_several_monitors_each_with_their_own_outcome(store: Store, tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    monitors.mkdir()
    for name in ("flights", "trains"):
        publish(store, 1, [incident(1, monitor=name)], name=name)
    with hook() as server:
        write(monitors, "flights", webhook=server.address)
        write(monitors, "trains", webhook=server.address)
        write(monitors, "boats", webhook=server.address)
        # the processes that share the work may have been started before the environment was this one
        where = ("--store", f"duckdb:///{tmp_path}/store.duckdb")
        words = ("notify", str(monitors), "--period", "2013-01-02", "--workers", "1", *where)
        status, answer, said = call(tmp_path, *words)
    assert status == 2  # of boats nothing was published
    ends = {each["monitor_file"].rpartition("/")[2]: each["exit_status"] for each in answer["each"]}
    assert ends == {"flights.yaml": 0, "trains.yaml": 0, "boats.yaml": 2}, said
    assert {request.json["monitor"] for request in server.requests} == {"flights", "trains"}


def test_mails_that_others_send_are_noted_by_sent(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    path = write(tmp_path, email=["a@example.com"])
    words = ("notify", path, "--period", "2013-01-02", "--mail-out", str(tmp_path / "mails"))
    status, answer, said = call(tmp_path, *words)
    assert status == 0, said
    (folder,) = answer["mails"]
    assert json.loads((Path(folder) / "mail.json").read_text())["to"] == ["a@example.com"]
    assert call(tmp_path, "sent", folder)[0] == 0
    assert told(store) == [(day(1), "i1", "opened", "email")]
    assert call(tmp_path, *words)[1]["mails"] == []
    assert call(tmp_path, "sent", str(tmp_path))[0] == 2


def test_a_digest_of_a_week(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1, severity="low")])
    with hook() as server:
        path = write(tmp_path, webhook=server.address)
        words = ("notify", path, "--digest", "--period", "2013-01-01")
        status, answer, said = call(tmp_path, *words)
        assert (status, answer["until"]) == (0, "2013-01-07"), said
        assert call(tmp_path, *words)[1]["sent"] == []
        assert call(tmp_path, *words, "--to", "2012-12-01")[0] == 2
    assert [request.json["kind"] for request in server.requests] == ["digest"]
