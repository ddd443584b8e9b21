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
from driftline_reports.view import View
from driftline_reports.view_model import Change, plain

_MOST: Final = 6
_SUBJECT: Final = 140
_STRIP: Final = 30


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
            changes=changed[:_MOST],
            strip=view.history[-_STRIP:] if len(view.history) > 1 else (),
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


def _subject(view: View) -> str:
    """Level and headline: what is seen of a mail before it is opened."""
    verdict = view.verdict
    news = f", {verdict.news}" if verdict.news else ""
    said = f"[{view.head.monitor}] {word(verdict.level)}{news}: {plain(verdict.headline)}"
    text, when = " ".join(said.split()), " ".join(view.head.window.split())
    room = max(_SUBJECT - len(when) - 3, _SUBJECT // 2)
    return f"{text if len(text) <= room else f'{text[: room - 1]}…'} ({when})"


def _muted(alerts: int) -> str:
    """That this mail is not about everything: what it leaves out is counted, and not named."""
    if not alerts:
        return ""
    return f"{formats.plural(alerts, 'alert is', 'alerts are')} muted and left out here; the report has all."


def _text(
    view: View, changed: Sequence[Change], page_link: str | None, attached: str | None, muted: str
) -> str:
    lines = _opening(view)
    if changed:
        lines += ["", "Columns, usually and now:"]
        for change in changed[:_MOST]:
            usual, now = plain(change.usual).strip(), plain(change.today).strip()
            said = f"  {change.name}: {usual} -> {now}" if usual or now else f"  {change.name}"
            lines.append(f"{said}; {change.since}" if change.since else said)
        more = len(changed) + view.changes.more_listed - _MOST
        if more > 0:
            lines.append(f"  and {more} more")
    if view.quality.failed:
        lines += ["", "Failed checks:"]
        for check, columns in view.quality.together[:_MOST]:
            expected = f", expected {check.expected}" if check.expected else ""
            named = formats.listing(list(columns), _MOST)
            lines.append(f"  {check.title} of {named}: {check.value.text}{expected}")
        more = len(view.quality.together) + view.quality.more_failed - _MOST
        if more > 0:
            lines.append(f"  and {more} more")
    if muted:
        lines += ["", muted]
    where = f"The whole report: {page_link}" if page_link else ""
    if not where and attached:
        where = f"The whole report is attached: {attached}"
    lines += ["", where or "The whole report lies in the reports folder.", ""]
    return "\n".join(lines)


def _opening(view: View) -> list[str]:
    """The first screen, a line each."""
    head, verdict = view.head, view.verdict
    news = f", {verdict.news}" if verdict.news else ""
    rows = f"{plain(head.rows)}, " if head.rows else ""
    lines = [
        f"{head.monitor}, {head.window} ({head.zone}): {word(verdict.level)}{news}",
        f"{rows}{plain(head.compared)}",
        "",
        plain(verdict.headline),
        *(f"- {plain(other)}" for other in verdict.others),
        *([f"- and {verdict.more} more"] if verdict.more else []),
        "",
    ]
    answers = (
        *(("Model", verdict.model), ("Where", verdict.where), ("Since", verdict.since)),
        ("How sure", verdict.sure),
    )
    lines += [f"{title}: {plain(sentence).strip()}" for title, sentence in answers if sentence]
    steps = [f"{plain(step).strip()} {command}".strip() for step, command in verdict.steps]
    return [*lines, *(f"Do next: {step}" if not n else f"  {step}" for n, step in enumerate(steps))]
