"""What people are told of windows: what, by which way, and once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.messages.telling import (
    MailBox,
    alert,
    hook,
    incident,
    judge,
    mail_box,
    monitor,
    monitor_text,
    new_store,
    publish,
    told,
)
from tests.stores.makers import day

from driftline_jobs.reporting.messages.notify import Notifier, Sent, published_windows
from driftline_jobs.reporting.messages.written import rows_in
from driftline_jobs.stores import Store, open_store
from driftline_jobs.tables.alert_actions import act
from driftline_jobs.tables.messages import note
from driftline_schemas.errors import ConfigError, TransientError
from driftline_schemas.messages import WindowMessage
from driftline_schemas.monitor import Monitor, parse_monitor
from driftline_schemas.settings import Settings


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[str, Store]]:
    with new_store(tmp_path) as made:
        yield made


@pytest.fixture
def store(opened: tuple[str, Store]) -> Store:
    return opened[1]


def tell(store: Store, watched: Monitor, number: int = 1, **settings: Any) -> list[Sent]:
    given = Settings(**{"timeout": 5.0, **settings})
    window = watched.calendar.containing(day(number))
    return list(Notifier(store, watched, given).windows([window]))


def test_a_change_is_told_once_however_often_it_is_asked(store: Store) -> None:
    publish(store, 1, [incident(1), incident(1, "i2", severity="low")], [alert(1, "a-i1", q_value=1 / 40)])
    with hook() as server:
        watched = monitor(webhook=server.address)
        (sent,) = tell(store, watched)
        assert tell(store, watched) == []
    (request,) = server.requests
    message = WindowMessage.model_validate(request.json)
    assert message == sent.message
    assert (message.monitor, message.period, message.level.value) == ("flights", "2013-01-02", "changed")
    (about,) = message.incidents
    assert (about.incident_id, about.change, about.how_sure) == (
        "i1",
        "opened",
        "once in about 40 days by chance",
    )
    assert message.ongoing == 1
    assert message.title == "flights, 2013-01-02: data changed: carrier changed (i1)"
    assert "driftline incidents show i1" in message.text
    assert told(store) == [(day(1), "i1", "opened", "webhook")]


def test_a_quiet_window_is_told_only_where_every_window_is(store: Store) -> None:
    publish(store, 1)
    with hook() as server:
        assert tell(store, monitor(webhook=server.address)) == []
        (sent,) = tell(store, monitor(webhook=server.address, when="always"))
        assert tell(store, monitor(webhook=server.address, when="always")) == []
    assert isinstance(sent.message, WindowMessage)
    assert (sent.message.incidents, sent.message.level.value) == ((), "calm")
    assert told(store) == [(day(1), "*", "always", "webhook")]


def test_every_channel_is_told_and_one_that_fails_keeps_no_other(store: Store) -> None:
    publish(store, 1, [incident(1)])
    with hook() as server, mail_box(MailBox(refuse="451 later")) as box:
        watched = monitor(webhook=server.address, email=["a@example.com"])
        smtp = f"smtp://127.0.0.1:{box.port}?from=d@example.com"
        with pytest.raises(TransientError):
            tell(store, watched, smtp=smtp, timeout=0.5)
        assert told(store) == [(day(1), "i1", "opened", "webhook")]
        box.refuse = ""
        (sent,) = tell(store, watched, smtp=smtp)
    assert sent.channel == "email"
    assert len(server.requests) == len(box.mails) == 1
    assert {row[3] for row in told(store)} == {"email", "webhook"}
    (mail,) = box.mails
    assert mail["To"] == "a@example.com"
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "2013-01-02.html"


def test_what_could_not_be_sent_is_not_noted(store: Store) -> None:
    publish(store, 1, [incident(1)])
    with hook(*[500] * 99) as server:
        with pytest.raises(TransientError) as caught:
            tell(store, monitor(webhook=server.address), timeout=0.5)
        assert "s3cret" not in str(caught.value)
        assert told(store) == []
        server.answers.clear()
        assert len(tell(store, monitor(webhook=server.address))) == 1
    assert len({request.json["message_id"] for request in server.requests}) == 1


def test_of_two_that_race_one_tells(opened: tuple[str, Store]) -> None:
    url, store = opened
    publish(store, 1, [incident(1)])
    together = threading.Barrier(4)
    sent: list[Sent] = []
    with hook(pause=0.2) as server:
        watched = monitor(webhook=server.address)

        def work() -> None:
            with open_store(url, wait_seconds=30) as own:
                together.wait(20)
                sent.extend(tell(own, watched))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(server.requests) == len(sent) == 1


def test_a_loss_that_late_labels_make_sure_is_told_after_the_windows_message(store: Store) -> None:
    publish(store, 1, [incident(1)])
    with hook() as server:
        watched = monitor(webhook=server.address)
        assert len(tell(store, watched)) == 1
        lost = incident(1, "i9", severity="critical", topic="performance", certain=True, headline="AUC fell")
        judge(store, 1, [incident(1), incident(1, "i8", severity="high"), lost])
        (sent,) = tell(store, watched)
        assert tell(store, watched) == []
    assert isinstance(sent.message, WindowMessage)
    assert [one.incident_id for one in sent.message.incidents] == ["i9"]
    assert (sent.message.level.value, sent.message.incidents[0].how_sure) == ("broken", "certain, by labels")


def test_a_critical_column_is_told_of_whatever_at_least_says(store: Store) -> None:
    publish(store, 1, [incident(1, severity="low"), incident(1, "i2", severity="low", columns=["origin"])])
    with hook() as server:
        text = monitor_text(webhook=server.address, at_least="critical")
        assert tell(store, parse_monitor(text, "m.yaml")) == []
        text = text.replace("sensitive:", "critical: [carrier]\n  sensitive:")
        (sent,) = tell(store, parse_monitor(text, "m.yaml"))
    assert isinstance(sent.message, WindowMessage)
    assert [one.incident_id for one in sent.message.incidents] == ["i1"]


def test_an_incident_whose_alerts_are_all_muted_is_not_told_of(store: Store) -> None:
    several = incident(1, "i2", alerts=["a-i1", "a-i2"])
    publish(store, 1, [incident(1), several])
    later, now = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC)
    for name in ("a-i1", "a-i1", "a-i3"):
        act(store, monitor="flights", alert_id=name, action="mute", until=later, actor="me", acted_at=now)
    with hook() as server:
        (sent,) = tell(store, monitor(webhook=server.address))
    assert isinstance(sent.message, WindowMessage)
    assert [one.incident_id for one in sent.message.incidents] == ["i2"]


def test_a_muted_incident_is_not_told_of(store: Store) -> None:
    publish(store, 1, [incident(1), incident(1, "i2")])
    act(
        store,
        monitor="flights",
        incident_id="i1",
        action="mute",
        until=datetime.now(UTC) + timedelta(days=1),
        actor="me",
        acted_at=datetime.now(UTC),
    )
    with hook() as server:
        (sent,) = tell(store, monitor(webhook=server.address))
    assert isinstance(sent.message, WindowMessage)
    assert [one.incident_id for one in sent.message.incidents] == ["i2"]
    assert sent.message.ongoing == 0


@pytest.mark.parametrize(
    "values",
    [
        {"columns": ["home_zip"], "headline": "10115 is new", "cause": "10115"},
        {"columns": ["carrier"], "headline": "the segment home_zip=10115 is gone"},
        {"columns": ["carrier"], "cause": "no rows where home_zip is 10115"},
    ],
)
def test_a_value_that_is_private_is_in_no_message(store: Store, values: dict[str, Any]) -> None:
    publish(store, 1, [incident(1, topic="data", **values)])
    with hook() as server:
        tell(store, monitor(webhook=server.address))
        tell(store, monitor(webhook=server.address, webhook_form="slack", when="always"))
    for request in server.requests:
        assert b"10115" not in request.body
        assert b"The data is damaged or missing" in request.body


def test_an_address_may_come_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, 1, [incident(1)])
    publish(store, 2, [incident(2, "i2")])
    watched = monitor(webhook="env:TEAM_HOOK")
    with pytest.raises(ConfigError, match="TEAM_HOOK, which is not set"):
        tell(store, watched)
    with hook() as server:
        monkeypatch.setenv("TEAM_HOOK", server.address)
        assert len(tell(store, watched)) == 1
        monkeypatch.setenv("TEAM_HOOK", "s3cret")
        with pytest.raises(ConfigError, match="TEAM_HOOK, which is no address") as caught:
            tell(store, watched, 2)
        assert "s3cret" not in str(caught.value)
        # the deployment's setting stands in for whatever the file says
        assert len(tell(store, watched, 2, webhook=server.address)) == 1
    assert len(server.requests) == 2


def test_slack_gets_its_form(store: Store) -> None:
    publish(store, 1, [incident(1)])
    with hook() as server:
        tell(store, monitor(webhook=server.address, webhook_form="slack"))
    assert set(server.requests[0].json) == {"text", "blocks"}


def test_mail_without_a_server_is_said(store: Store) -> None:
    publish(store, 1, [incident(1)])
    with pytest.raises(ConfigError, match="DRIFTLINE_SMTP"):
        tell(store, monitor(email=["a@example.com"]))


def test_a_mail_that_others_send_is_noted_when_it_is_sent(store: Store, tmp_path: Path) -> None:
    publish(store, 1, [incident(1)])
    watched = monitor(email=["a@example.com", "b@example.com"])
    notifier = Notifier(store, watched, Settings(), "https://airflow.example.com/page")
    windows = published_windows(store, watched, *[watched.calendar.containing(day(1))] * 2)
    (folder,) = notifier.write_mails(windows, tmp_path / "out")
    assert notifier.write_mails(windows, tmp_path / "out") == [folder]  # nobody has sent it
    mail = json.loads((folder / "mail.json").read_text())
    assert mail["to"] == ["a@example.com", "b@example.com"]
    assert (folder / mail["page"]).read_text().startswith("<!doctype html>")
    assert "https://airflow.example.com/page" in mail["html"]
    note(store, rows_in(folder), datetime.now(UTC))
    assert told(store) == [(day(1), "i1", "opened", "email")]
    assert notifier.write_mails(windows, tmp_path / "out") == []
    with pytest.raises(ConfigError, match="holds no mail"):
        rows_in(tmp_path)


def test_a_window_that_was_not_published_is_said(store: Store) -> None:
    watched = monitor()
    window = watched.calendar.containing(day(1))
    with pytest.raises(ConfigError, match="2013-01-02 was not published"):
        published_windows(store, watched, window, window)
