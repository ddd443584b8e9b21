"""The digest: what nobody was told of at once, what is under way, what ended; one message per reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.messages.telling import (
    MailBox,
    hook,
    incident,
    mail_box,
    monitor,
    new_store,
    publish,
    told,
)
from tests.stores.makers import day

from driftline_jobs.reporting.messages.digest import Days, send_digests, write_digests
from driftline_jobs.reporting.messages.notify import Notifier, Sent
from driftline_jobs.stores import Store
from driftline_schemas.errors import TransientError
from driftline_schemas.messages import DigestMessage
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings

WEEK = Days(date(2013, 1, 1), date(2013, 1, 7))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as (_, made):
        yield made


def send(store: Store, *monitors: Monitor, days: Days = WEEK, **settings: Any) -> list[Sent]:
    return list(send_digests(store, monitors, Settings(**{"timeout": 5.0, **settings}), days))


def week(store: Store, name: str = "flights") -> None:
    """Of day 1 a medium one is told at once, a low one goes on and another ends, a third comes at the end."""
    went_on: dict[str, Any] = {"state": "ongoing", "severity": "low", "first_window": day(1), "monitor": name}
    ended: dict[str, Any] = {"state": "resolved", "severity": "low", "first_window": day(1), "monitor": name}
    low = [incident(1, one, name, severity="low") for one in ("on", "end")]
    publish(store, 1, [incident(1, "told", name), *low], name=name)
    on = incident(2, "on", last_window=day(2), **went_on)
    publish(store, 2, [on, incident(2, "end", last_window=day(1), **ended)], name=name)
    both = [
        incident(3, "told", name, state="ongoing", first_window=day(1)),
        incident(3, "on", last_window=day(3), **went_on),
    ]
    publish(store, 3, [*both, incident(3, "late", name, severity="low")], name=name)


def ids(part: Any) -> list[str]:
    return [one.incident_id for one in part]


def test_what_was_told_at_once_is_not_new(store: Store) -> None:
    week(store)
    with hook() as server:
        watched = monitor(webhook=server.address)
        windows = [watched.calendar.containing(day(number)) for number in (1, 2, 3)]
        assert len(list(Notifier(store, watched, Settings()).windows(windows))) == 1
        (sent,) = send(store, watched)
        assert send(store, watched) == []
    digest = DigestMessage.model_validate(server.requests[1].json)
    assert digest == sent.message
    (part,) = digest.monitors
    assert {level.value: count for level, count in part.windows.items()} == {
        "changed": 1,
        "ongoing": 1,
        "calm": 1,
    }
    assert part.level.value == "ongoing"
    assert sorted(ids(part.new)) == ["late", "on"]
    assert ids(part.ongoing) == ["told"]
    assert ids(part.resolved) == ["end"]
    assert digest.title == "flights, 2013-01-01 to 2013-01-07: 2 new, 1 ongoing, 1 ended"
    assert {row[:3] for row in told(store) if row[2] == "digest"} == {
        (day(0), name, "digest") for name in ("*", "on", "late", "told", "end")
    }


def test_without_a_message_before_everything_is_in_it(store: Store) -> None:
    week(store)
    with hook() as server:
        send(store, monitor(webhook=server.address))
    (part,) = server.requests[0].json["monitors"]
    assert sorted(one["incident_id"] for one in part["new"]) == ["late", "on", "told"]
    assert part["ongoing"] == []


def test_a_quiet_week_is_no_message(store: Store) -> None:
    publish(store, 1)
    publish(store, 2, [incident(2, state="accepted"), incident(2, "i2", state="acknowledged")])
    with hook() as server:
        assert send(store, monitor(webhook=server.address)) == []
    assert (server.requests, told(store)) == ([], [])


def test_monitors_of_the_same_readers_are_in_one_message(store: Store) -> None:
    for name in ("flights", "trains", "boats"):
        week(store, name)
    publish(
        store,
        4,
        [incident(4, "bad", "trains", severity="critical", topic="data", certain=True)],
        name="trains",
    )
    with mail_box() as box:
        smtp = f"smtp://127.0.0.1:{box.port}?from=d@example.com"
        team = [monitor(name, email=["a@example.com", "b@example.com"]) for name in ("flights", "trains")]
        assert len(send(store, *team, monitor("boats", email=["c@example.com"]), smtp=smtp)) == 2
    assert [mail["To"] for mail in box.mails] == ["a@example.com, b@example.com", "c@example.com"]
    first = box.mails[0]
    assert first["Subject"].startswith("2 monitors, 2013-01-01 to 2013-01-07: ")
    html = first.get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert content.index("trains") < content.index("flights")  # the worst first
    assert "boats" not in content
    assert "<script" not in content
    assert "carrier changed (late)" in content


def test_a_reader_who_cannot_be_told_keeps_no_other_from_it(store: Store) -> None:
    for name in ("flights", "trains"):
        week(store, name)
    with hook(*[503] * 99) as dead, hook() as server:
        watched = [monitor(webhook=dead.address), monitor("trains", webhook=server.address)]
        with pytest.raises(TransientError):
            send(store, *watched, timeout=0.5)
        assert len(server.requests) == 1
        assert told(store) == []
        dead.answers.clear()
        assert len(send(store, *watched)) == 1
        assert len(server.requests) == 1


def test_mails_that_others_send(store: Store, tmp_path: Path) -> None:
    week(store)
    watched = [monitor(email=["a@example.com"])]
    (folder,) = write_digests(store, watched, Settings(), WEEK, tmp_path / "out")
    assert (folder / "mail.json").exists()
    assert told(store) == []


def test_hostile_names_stay_text(store: Store) -> None:
    odd = "<img src=x onerror=alert(1)>"
    publish(store, 1, [incident(1, severity="low", headline=odd, columns=[odd])])
    with mail_box(MailBox()) as box:
        smtp = f"smtp://127.0.0.1:{box.port}?from=d@example.com"
        send(store, monitor(email=["a@example.com"]), smtp=smtp)
    html = box.mails[0].get_body(("html",))
    assert html is not None
    assert "<img" not in html.get_content()
