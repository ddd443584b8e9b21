"""By which ways a message goes: a small registry. A new one is a class with a name, a question and a deed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from driftline_jobs.reporting.messages import mailing
from driftline_jobs.reporting.messages.forms import form_of
from driftline_jobs.reporting.messages.letter import Letter
from driftline_jobs.reporting.messages.posting import post
from driftline_schemas.errors import ConfigError
from driftline_schemas.messages import Message
from driftline_schemas.monitor import Monitor
from driftline_schemas.monitor_values import FROM_ENVIRONMENT
from driftline_schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is due; its mail is made only where one is sent."""

    message: Message
    letter: Callable[[], Letter]
    now: datetime


class Channel(Protocol):
    """A way to people."""

    name: str
    """As ``messages.channel`` has it."""

    def reaches(self, monitor: Monitor, settings: Settings) -> str:
        """Who is reached by it, told apart from others; empty where the monitor asks for nobody. To be
        compared, never shown: it may be an address that is a secret."""

    def send(self, outgoing: Outgoing, monitor: Monitor, settings: Settings) -> list[str]:
        """Send it, within ``settings.timeout``; what people should know of it in words.

        Raises TransientError where a retry may help, ConfigError where somebody has to change something.
        """


class Email:
    """Through ``DRIFTLINE_SMTP`` to ``notify.email``."""

    name = "email"

    def reaches(self, monitor: Monitor, settings: Settings) -> str:
        """See ``Channel.reaches``."""
        del settings
        return " ".join(sorted(monitor.notify.email))

    def send(self, outgoing: Outgoing, monitor: Monitor, settings: Settings) -> list[str]:
        """See ``Channel.send``."""
        if settings.smtp is None:
            raise ConfigError(
                f"{monitor.monitor}: there is notify.email, and no mail server: set DRIFTLINE_SMTP, or --smtp"
            )
        server = mailing.MailServer.parse(settings.smtp.get_secret_value())
        recipients = monitor.notify.email
        message = outgoing.letter().message(server.sender, recipients)
        message = mailing.stamped(message, outgoing.message.message_id, outgoing.now, server)
        refused = mailing.send(server, message, recipients, settings.timeout)
        return [f"the mail server takes no mail for {address}" for address in refused]


class Webhook:
    """A POST to ``notify.webhook``, or to ``DRIFTLINE_WEBHOOK`` in its place."""

    name = "webhook"

    def reaches(self, monitor: Monitor, settings: Settings) -> str:
        """See ``Channel.reaches``. An address that its variable does not have is told when it is sent to."""
        if settings.webhook is not None:
            return settings.webhook.get_secret_value()
        return "" if monitor.notify.webhook is None else monitor.notify.webhook.get_secret_value()

    def send(self, outgoing: Outgoing, monitor: Monitor, settings: Settings) -> list[str]:
        """See ``Channel.send``."""
        address = self._address(monitor, settings)
        body = form_of(address, monitor.notify.webhook_form)(outgoing.message)
        who = f"the webhook of {monitor.monitor}"
        post(address, body, outgoing.message.message_id, who=who, seconds=settings.timeout)
        return []

    def _address(self, monitor: Monitor, settings: Settings) -> str:
        given = self.reaches(monitor, settings)
        if not given.startswith(FROM_ENVIRONMENT):
            return given
        variable = given.removeprefix(FROM_ENVIRONMENT)
        address = os.environ.get(variable, "")
        if not address.startswith(("http://", "https://")):
            raise ConfigError(
                f"{monitor.monitor}: notify.webhook is in {variable}, which is "
                f"{'no address' if address else 'not set'}: set it to https://host/path"
            )
        return address


CHANNELS: Final[Mapping[str, Channel]] = {channel.name: channel for channel in (Email(), Webhook())}


def asked(monitor: Monitor, settings: Settings, only: str | None = None) -> list[Channel]:
    """Those by which the monitor asks to be told, or ``only`` one of them."""
    return [
        channel
        for channel in CHANNELS.values()
        if only in {None, channel.name} and channel.reaches(monitor, settings)
    ]
