"""The mail: the page's verdict in a body that mail programs can show, and the same again as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from driftline_reports import formats
from driftline_reports.inputs import check_link
from driftline_reports.level_words import word
from driftline_reports.page import environment
from driftline_reports.view_model import Change, View, plain

_MOST: Final = 6
_SUBJECT: Final = 140
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_LINE: Final = 12


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's subject and its two bodies."""

    subject: str
    html: str
    text: str


def render_mail(
    view: View, *, page_link: str | None = None, attached: str | None = None, muted: int = 0
) -> Mail:
    """The mail for a page's view: no script, no image, no request, under 100 kB.

    ``page_link`` is where the page lies, if the readers can reach it; ``attached`` is its file name, if it
    comes with the mail; ``muted`` is how many alerts the view was made without. Raises ValueError for a link
    that is neither relative nor http(s).
    """
    check_link(page_link)
    subject = _subject(view)
    changed = (*view.changes.shown, *view.changes.folded, *view.changes.listed)
    html = (
        environment()
        .get_template("mail.html.j2")
        .render(
            view=view,
            subject=subject,
            changes=[(change, line(change.spark.values)) for change in changed[:_MOST]],
            more_changes=max(len(changed) + view.changes.more_listed - _MOST, 0),
            most=_MOST,
            link=page_link,
            attached=attached,
            muted=_muted(muted),
        )
    )
    return Mail(subject, html.lstrip(), _text(view, changed, page_link, attached, _muted(muted)))


def to_message(
    mail: Mail,
    *,
    sender: str,
    recipients: Sequence[str],
    page: str | None = None,
    page_name: str = "report.html",
) -> EmailMessage:
    """The mail as a message: text, HTML, and the whole page attached if it is given.

    Date and id are left to whoever sends it, so that the same report gives the same message.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = mail.subject
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if page is not None:
        message.add_attachment(page, subtype="html", filename=page_name, cte="base64")
    return message


def line(values: Sequence[float | None]) -> str:
    """The last windows as a row of block characters: the one drawing every mail program can show."""
    last = list(values[-_LINE:])
    known = [value for value in last if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = (high - low) / (len(_BLOCKS) - 1) or 1.0
    return "".join(" " if value is None else _BLOCKS[round((value - low) / step)] for value in last)


def _subject(view: View) -> str:
    text = f"[{view.head.monitor}] {plain(view.verdict.headline)} ({view.head.window})"
    text = " ".join(text.split())
    return text if len(text) <= _SUBJECT else f"{text[: _SUBJECT - 1]}…"


def _muted(alerts: int) -> str:
    """That this mail is not about everything: what it leaves out is counted, and not named."""
    if not alerts:
        return ""
    return f"{formats.plural(alerts, 'alert is', 'alerts are')} muted and left out here; the report has all."


def _text(
    view: View, changed: Sequence[Change], page_link: str | None, attached: str | None, muted: str
) -> str:
    verdict = view.verdict
    lines = [
        f"{view.head.monitor}, {view.head.window} ({view.head.zone}): {word(verdict.level)}",
        "",
        plain(verdict.headline),
        "",
        f"Where: {plain(verdict.where).strip()}",
        f"Since when: {plain(verdict.since).strip()}",
        f"How sure: {plain(verdict.sure).strip()}",
        "",
    ]
    lines += [f"{tile.title}: {tile.figure.text} ({plain(tile.detail)})" for tile in view.tiles]
    if changed:
        lines += ["", "What changed most:"]
        for change in changed[:_MOST]:
            said = f"  {change.name}"
            if change.lead is not None:
                said += f": {change.lead.title} {change.lead.value.text}, limit {change.lead.threshold.text}"
            lines.append(f"{said}; {change.since}" if change.since else said)
        more = len(changed) + view.changes.more_listed - _MOST
        if more > 0:
            lines.append(f"  and {more} more")
    if view.quality.failed:
        lines += ["", "Failed checks:"]
        for check in view.quality.failed[:_MOST]:
            expected = f", expected {check.expected}" if check.expected else ""
            lines.append(f"  {check.title} of {check.column}: {check.value.text}{expected}")
        more = len(view.quality.failed) + view.quality.more_failed - _MOST
        if more > 0:
            lines.append(f"  and {more} more")
    if muted:
        lines += ["", muted]
    where = f"The whole report: {page_link}" if page_link else ""
    if not where and attached:
        where = f"The whole report is attached: {attached}"
    lines += ["", where or "The whole report lies in the reports folder.", ""]
    return "\n".join(lines)
