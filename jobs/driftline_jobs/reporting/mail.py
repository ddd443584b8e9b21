"""What a report tells besides its page: the mail, and the few facts that schedulers act on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from driftline_reports.inputs import ReportInputs
from driftline_reports.mail import render_mail
from driftline_reports.view import View
from driftline_reports.view_model import plain
from driftline_schemas.errors import ConfigError, disk_error

MAIL_FILE = "mail.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """A window's verdict in short, as those who are told of it are told: without what they have muted.

    ``verdict`` is a ``Level``'s value, ``worst_column`` the one that changed most among those that drifted,
    ``alerts`` how many are open in the window and not muted, ``muted`` how many are muted.
    """

    verdict: str
    headline: str
    worst_column: str | None
    alerts: int
    muted: int


def summary(inputs: ReportInputs, view: View, muted: int) -> Summary:
    """The facts of a page, from the inputs and the view without what is muted."""
    changed = (*view.changes.shown, *view.changes.folded, *view.changes.listed)
    return Summary(
        verdict=view.verdict.level.value,
        headline=plain(view.verdict.headline).strip(),
        worst_column=next((change.name for change in changed if change.drifted), None),
        alerts=_open_alerts(inputs),
        muted=muted,
    )


def write_mail(view: View, folder: Path, *, page_link: str | None, attached: str, muted: int) -> None:
    """Write subject, HTML and text of the mail as ``mail.json`` into ``folder``.

    Raises ConfigError for a link that is no address, and for a folder that is not ours to write.
    """
    try:
        mail = render_mail(view, page_link=page_link, attached=attached, muted=muted)
    except ValueError as error:
        raise ConfigError(f"--page-link: {error}") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MAIL_FILE).write_text(json.dumps(asdict(mail)), encoding="utf-8")
    except OSError as error:
        raise disk_error(error, f"the mail cannot be written to {folder}", "name another folder") from error


def _open_alerts(inputs: ReportInputs) -> int:
    alerts = inputs.tables.get("alerts")
    if alerts is None or not alerts.num_rows:
        return 0
    start = inputs.window.start
    # DuckDB's timestamps come naive and mean UTC.
    naive = start.replace(tzinfo=None)
    rows = alerts.select(["alert_id", "window_start", "state"]).to_pylist()
    return len(
        {row["alert_id"] for row in rows if row["state"] == "open" and row["window_start"] in {start, naive}}
    )
