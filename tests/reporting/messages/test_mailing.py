"""A mail by SMTP, held against a real server."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.reporting.messages.telling import MailBox, mail_box

from driftline_jobs.reporting.messages.mailing import MailServer, send, stamped
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

NOW = datetime(2013, 7, 2, 6, 0, tzinfo=UTC)


def server(box: MailBox, login: str = "", query: str = "?from=driftline@example.com") -> MailServer:
    return MailServer.parse(f"smtp://{login}127.0.0.1:{box.port}{query}")


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "AUC fell ∎"
    message.set_content("It did.")
    return message


def failing(box: MailBox, kind: type[DriftlineError], login: str = "", query: str = "") -> str:
    with pytest.raises(kind) as caught:
        send(server(box, login, query), mail(), ["a@example.com", "b@example.com"], 0.8)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "encrypted", "sender"),
    [
        ("smtp://mail.example.com?from=d@example.com", "mail.example.com", 25, False, "d@example.com"),
        ("smtp://u:p@mail.example.com?from=d@example.com", "mail.example.com", 587, False, "d@example.com"),
        ("smtps://me%40example.com:p%2Fw@mail.example.com", "mail.example.com", 465, True, "me@example.com"),
        ("smtp://h:2525?from=d@e.f&tls=off", "h", 2525, False, "d@e.f"),
    ],
)
def test_the_address_of_a_server(url: str, host: str, port: int, encrypted: bool, sender: str) -> None:  # noqa: FBT001
    found = MailServer.parse(url)
    assert (found.host, found.port, found.encrypted, found.sender) == (host, port, encrypted, sender)
    if ":p%2F" in url:
        assert (found.user, found.password) == ("me@example.com", "p/w")
        assert "p/w" not in repr(found)


@pytest.mark.parametrize(
    "url",
    ["http://u:s3cret@h", "s3cret", "smtp://", "smtp://h:s3cret", "smtp://h?form=s3cret", "smtp://[s3cret"],
)
def test_what_is_no_server_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="DRIFTLINE_SMTP") as caught:
        MailServer.parse(url)
    assert "s3cret" not in str(caught.value)


def test_a_mail_is_handed_in() -> None:
    with mail_box() as box:
        message = stamped(mail(), "0123456789abcdef", NOW, server(box))
        assert send(server(box), message, ["a@example.com", "b@example.com"], 10) == []
    (kept,) = box.mails
    assert kept["Subject"] == "AUC fell ∎"
    assert kept["Message-ID"] == "<driftline.0123456789abcdef@example.com>"
    assert kept["Date"] == "Tue, 02 Jul 2013 06:00:00 +0000"
    assert box.recipients == [["a@example.com", "b@example.com"]]


def test_who_is_not_known_is_said_and_the_others_have_it() -> None:
    with mail_box(MailBox(unknown=frozenset({"b@example.com"}))) as box:
        assert send(server(box), mail(), ["a@example.com", "b@example.com"], 10) == ["b@example.com"]
        assert box.recipients == [["a@example.com"]]
    with mail_box(MailBox(unknown=frozenset({"a@example.com", "b@example.com"}))) as box:
        assert "notify.email" in failing(box, ConfigError)


@pytest.mark.parametrize(("answer", "kind"), [("451 later", TransientError), ("554 never", ConfigError)])
def test_what_the_server_says_decides_whether_to_try_again(answer: str, kind: type[DriftlineError]) -> None:
    with mail_box(MailBox(refuse=answer)) as box:
        failing(box, kind)
    assert box.mails == []


def test_nobody_there_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        box = MailBox(port=free.getsockname()[1])
    assert "ConnectionRefusedError" in failing(box, TransientError)


def test_a_password_goes_over_no_open_line_unless_it_is_said() -> None:
    given: list[Any] = []

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)

    with mail_box(authenticator=check, auth_require_tls=False) as box:
        assert "smtps://" in failing(box, ConfigError, "me:s3cret@")
        assert given == []
        assert "login" in failing(box, ConfigError, "me:s3cret@", "?tls=off")
        send(server(box, "me:right@", "?tls=off&from=d@e.f"), mail(), ["a@example.com"], 10)
    assert len(box.mails) == 1
