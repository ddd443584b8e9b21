"""Tell people what has changed: by mail through Airflow's own connection, and by webhook.

What is told, and that it is told once, is for ``driftline notify``; a mail is sent here, since Airflow knows
the mail server, and ``driftline sent`` notes it afterwards.
"""

# ruff: noqa: ANN401 - what operators hand on to Airflow has no type of its own
from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import BaseHook, Context, conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from driftline_dags.command import DriftlineOperator
from driftline_dags.published import FRAME, page_path
from driftline_dags.tasks import WindowOperator, window_or_fail
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

WEBHOOK = "DRIFTLINE_WEBHOOK"
"""The setting that stands in for ``notify.webhook``: in the command's environment nobody sees it."""


class MailChanges(WindowOperator):
    """Mails what has changed in a window to those whom the monitor file names, the page attached; once."""

    def __init__(self, *, connection: str, backfills: bool, **kwargs: Any) -> None:
        # One at a time: between asking what is due and noting that it was sent, nobody else may ask.
        super().__init__(max_active_tis_per_dag=1, **kwargs)
        self.connection = connection
        self.backfills = backfills

    def execute(self, context: Context) -> int:
        """Send what is due, or skip where that is nothing; how many mails is the task's result."""
        skip_backfill(context, allowed=self.backfills)
        window = window_or_fail(context, self.monitor)
        with tempfile.TemporaryDirectory(prefix="driftline-mail-") as folder:
            words = ("--channel", "email", "--mail-out", folder, *page_link(self.monitor, window))
            answer = self.about_window("notify", window, *words)[1]
            return _some(send_written(self, answer, self.connection))


class PostChanges(WindowOperator):
    """Posts what has changed in a window to the monitor's webhook, or to that of a connection; once."""

    def __init__(self, *, connection: str | None, backfills: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.connection = connection
        self.backfills = backfills

    def execute(self, context: Context) -> int:
        """Post what is due, or skip where that is nothing."""
        skip_backfill(context, allowed=self.backfills)
        window = window_or_fail(context, self.monitor)
        self.secrets = webhook_of(self.connection)
        words = ("--channel", "webhook", *page_link(self.monitor, window))
        return _some(len(self.about_window("notify", window, *words)[1].get("sent", ())))


def send_written(operator: DriftlineOperator, answer: Mapping[str, Any], connection: str) -> int:
    """Send the mails that ``driftline notify --mail-out`` has written, and note each; how many there were."""
    folders: Sequence[str] = answer.get("mails", ())
    for folder in folders:
        mail = json.loads((Path(folder) / "mail.json").read_text(encoding="utf-8"))
        with SmtpHook(smtp_conn_id=connection) as smtp:
            smtp.send_email_smtp(
                to=mail["to"],
                subject=mail["subject"],
                html_content=mail["html"],
                files=[str(Path(folder) / mail["page"])] if mail["page"] else None,
            )
        operator.call("sent", folder)
    return len(folders)


def webhook_of(connection: str | None) -> dict[str, str]:
    """The environment by which the command learns a connection's address; nothing for no connection.

    The address is the connection's host, which may be a whole address, with its password as the rest of the
    path: as Airflow's Slack connections have it.
    """
    if connection is None:
        return {}
    found = BaseHook.get_connection(connection)
    host = (found.host or "").rstrip("/")
    if host and "://" not in host:
        port = f":{found.port}" if found.port else ""
        host = f"{found.schema or 'https'}://{host}{port}"
    if not host:
        raise AirflowFailException(
            f"the connection {connection!r} has no host.\nWhat to do: write the webhook's address there, or "
            "its beginning, with the rest as the password."
        )
    rest = (found.password or "").lstrip("/")
    return {WEBHOOK: f"{host}/{rest}" if rest else host}


def page_link(monitor: Monitor, window: Window) -> tuple[str, ...]:
    """The option that names the page as readers of a message reach it, if Airflow knows its address."""
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return ("--page-link", f"{base}{FRAME}{page_path(monitor, window)}") if base else ()


def skip_backfill(context: Context, *, allowed: bool) -> None:
    """Skip the task in a backfill, unless people want to be told."""
    if context["dag_run"].run_type == "backfill" and not allowed:
        raise AirflowSkipException("nobody is told of windows of a backfill (mail_backfills is off)")


def _some(count: int) -> int:
    if not count:
        raise AirflowSkipException("nothing has changed that was not told before, or waits for the digest")
    return count
