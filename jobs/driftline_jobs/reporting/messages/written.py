"""Mails that others send (Airflow's connection): written into folders, and noted when they are sent.

DIR/<message_id>/mail.json      message_id, to, subject, html, text, page (a file beside it, or null)
                                    and rows, those of ``messages``
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from driftline_jobs.reporting.mail import MAIL_FILE
from driftline_jobs.reporting.messages.letter import Letter
from driftline_jobs.tables.messages import MessageRow
from driftline_schemas.errors import ConfigError, disk_error


def write_letter(
    folder: Path, letter: Letter, message_id: str, recipients: Sequence[str], rows: Sequence[MessageRow]
) -> Path:
    """Write a mail into a folder of its own below ``folder``, and return that. Raises ConfigError or
    TransientError when it cannot be written."""
    own = folder / message_id
    content = {
        **asdict(letter.mail),
        "message_id": message_id,
        "to": list(recipients),
        "page": letter.page_name or None,
        "rows": [{**asdict(row), "window_start": row.window_start.isoformat()} for row in rows],
    }
    try:
        own.mkdir(parents=True, exist_ok=True)
        if letter.page is not None:
            (own / letter.page_name).write_text(letter.page, encoding="utf-8")
        (own / MAIL_FILE).write_text(json.dumps(content), encoding="utf-8")
    except OSError as error:
        raise disk_error(error, f"the mail cannot be written to {own}", "name another --mail-out") from error
    return own


def rows_in(folder: Path) -> list[MessageRow]:
    """The rows that note the mail in ``folder`` as sent. Raises ConfigError where there is none."""
    try:
        content = json.loads((folder / MAIL_FILE).read_text(encoding="utf-8"))
        return [
            MessageRow(**{**row, "window_start": datetime.fromisoformat(row["window_start"])})
            for row in content["rows"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder} holds no mail that `driftline notify --mail-out` wrote ({type(error).__name__}): name "
            "one of the folders that it has answered"
        ) from error
