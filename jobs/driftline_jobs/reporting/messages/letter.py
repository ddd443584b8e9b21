"""A message as a mail: of a window the page's own summary with the page attached, of a digest its lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import PurePosixPath

from driftline_jobs.reporting.report import gather
from driftline_jobs.stores.base import Store
from driftline_reports.digest import render_digest
from driftline_reports.inputs import page_name
from driftline_reports.mail import Mail, render_mail, to_message
from driftline_reports.muting import without_muted
from driftline_reports.page import lay_out
from driftline_reports.view import build_view
from driftline_schemas.errors import ConfigError
from driftline_schemas.messages import DigestMessage
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, and the page that comes with it, if one does."""

    mail: Mail
    page: str | None = None
    page_name: str = ""

    def message(self, sender: str, recipients: Sequence[str]) -> EmailMessage:
        """The same as it is handed in."""
        return to_message(
            self.mail,
            sender=sender,
            recipients=recipients,
            page=self.page,
            page_name=self.page_name or "report.html",
        )


def letter_of_window(
    store: Store, monitor: Monitor, window: Window, *, now: datetime, page_link: str | None
) -> Letter:
    """The mail about a published window. Raises ConfigError for a link that is no address."""
    inputs = gather(store, monitor, window, now)
    view, html = lay_out(inputs)
    unmuted, muted = without_muted(inputs)
    if muted:
        view = build_view(unmuted)
    name = PurePosixPath(page_name(monitor, window)).name
    try:
        mail = render_mail(view, page_link=page_link, attached=name, muted=muted)
    except ValueError as error:
        raise ConfigError(f"--page-link: {error}") from error
    return Letter(mail, html, name)


def letter_of_digest(message: DigestMessage) -> Letter:
    """The mail of a digest."""
    return Letter(render_digest(message))
