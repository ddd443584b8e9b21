"""A mail by SMTP, with the standard library: encrypted where the server can, and always with a password."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from driftline_jobs.stores.retries import patiently
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

_FORM: Final = "write smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps://…"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in.

    Attributes:
        host, port: the server.
        encrypted: whether it speaks TLS from the first byte (``smtps://``).
        sender: whose mails they are.
        plain: whether encryption is given up where it is offered (``?tls=off``).
    """

    host: str
    port: int
    encrypted: bool
    sender: str
    plain: bool
    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """A server from ``DRIFTLINE_SMTP``; raises ConfigError, which does not repeat it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError(f"DRIFTLINE_SMTP (or --smtp) is no address: {_FORM}") from None
        asked = parse_qs(parts.query)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or set(asked) - {"from", "tls"}:
            raise ConfigError(f"DRIFTLINE_SMTP (or --smtp) names no mail server: {_FORM}")
        user = unquote(parts.username) if parts.username else None
        given = asked.get("from", [user if user and "@" in user else f"driftline@{socket.getfqdn()}"])[0]
        return cls(
            host=parts.hostname,
            port=port or (465 if parts.scheme == "smtps" else 587 if user else 25),
            encrypted=parts.scheme == "smtps",
            sender=given,
            plain=asked.get("tls") == ["off"],
            user=user,
            password=unquote(parts.password) if parts.password else None,
        )


def send(server: MailServer, message: EmailMessage, recipients: Sequence[str], seconds: float) -> list[str]:
    """Hand a mail in, for ``seconds`` at most. Returns the addresses that the server does not take, if it
    takes others: these have the mail, so it is sent.

    Raises TransientError when the server does not answer, or not now, ConfigError when it refuses.
    """

    def once() -> list[str]:
        try:
            return _hand_in(server, message, recipients, seconds)
        except (smtplib.SMTPException, OSError) as error:
            raise _refusal(server, error) from None

    return patiently(
        once, seconds, again=lambda error: isinstance(error, TransientError), pauses=(0.2, 2.0, 10.0)
    )


def stamped(message: EmailMessage, message_id: str, now: datetime, server: MailServer) -> EmailMessage:
    """The message with its date and an id that is the same when it is sent again."""
    message["Date"] = format_datetime(now)
    domain = server.sender.rpartition("@")[2]
    message["Message-ID"] = f"<driftline.{message_id}@{domain}>" if domain else make_msgid()
    return message


def _hand_in(
    server: MailServer, message: EmailMessage, recipients: Sequence[str], seconds: float
) -> list[str]:
    trusted = ssl.create_default_context()
    if server.encrypted:
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=trusted)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        session.ehlo_or_helo_if_needed()
        if not server.encrypted and not server.plain and session.has_extn("starttls"):
            session.starttls(context=trusted)
            session.ehlo()
        elif not server.encrypted and server.user is not None and not server.plain:
            raise ConfigError(
                f"the mail server {server.host} offers no encryption, and the password was not sent: "
                "write smtps://, or ?tls=off to send it all the same"
            )
        if server.user is not None:
            session.login(server.user, server.password or "")
        refused = session.send_message(message, from_addr=server.sender, to_addrs=list(recipients))
        return sorted(refused)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            session.quit()


def _refusal(server: MailServer, error: Exception) -> DriftlineError:
    name = f"the mail server {server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
        if all(code >= 500 for code in codes):
            return ConfigError(f"{name} takes no mail for any of the addresses: correct notify.email")
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500:
        what = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the mail"
        return ConfigError(f"{name} refuses {what} ({error.smtp_code}): see DRIFTLINE_SMTP")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ConfigError(f"{name} takes no login: write DRIFTLINE_SMTP without user and password")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigError(f"{name} has a certificate that is not trusted: SSL_CERT_FILE names others")
    return TransientError(f"{name} does not take the mail now ({type(error).__name__}): run again later")
