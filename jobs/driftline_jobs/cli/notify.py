"""``driftline notify``: tell people what has changed, once; ``driftline sent``: others did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.answers import Answer, answer_each
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.pipeline.request import Progress
    from driftline_jobs.reporting.messages.notify import Sent

_WEEK = timedelta(days=6)


class ChannelName(StrEnum):
    """By which way."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class NotifyWords:
    """What is asked of each monitor; ``flags`` are settings by name, None where not given."""

    period: str
    last: str | None
    channel: str | None
    page_link: str | None
    mail_out: Path | None
    flags: Mapping[str, object]


def notify(  # noqa: PLR0913 - one parameter an option
    monitor_files: options.MonitorFiles,
    period: options.Period,
    *,
    last: options.LastPeriod = None,
    digest: Annotated[
        bool,
        typer.Option(
            "--digest",
            help="One message per reader about seven days (or those to --to) instead of one per window: "
            "what was not told at once, what is under way, what ended.",
        ),
    ] = False,
    channel: Annotated[
        ChannelName | None, typer.Option(help="By this way alone. Default: all that the monitor asks for.")
    ] = None,
    page_link: Annotated[
        str | None,
        typer.Option("--page-link", help="Where readers find the page of the window.", metavar="URL"),
    ] = None,
    mail_out: Annotated[
        Path | None,
        typer.Option(
            "--mail-out",
            help="Write mails that are due into folders below this one, for others to send; `driftline sent` "
            "notes them when they are sent.",
            metavar="DIR",
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(
            help="Where mail is handed in: smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps://.",
            metavar="URL",
            rich_help_panel="Settings (each wins over its DRIFTLINE_ variable)",
        ),
    ] = None,
    store: options.Store = None,
    workers: options.Workers = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Tell people what has changed in a window, by mail and webhook as the monitor file asks for; once."""
    with open_reporter(log_format, debug=debug) as progress:
        if mail_out is not None and channel is ChannelName.WEBHOOK:
            raise ConfigError("--mail-out is for mails: leave --channel webhook out")
        only = ChannelName.EMAIL if mail_out is not None else channel
        flags = {"store": store, "smtp": smtp}
        words = NotifyWords(period, last, only, page_link, mail_out, flags)
        if digest:
            answer = digest_all(monitor_files, words)
            progress.answer(answer.text, answer.event, **answer.fields)
        else:
            answer_each(progress, monitor_files, partial(notify_one, words=words), workers, debug=debug)


def notify_one(monitor_file: Path, _: Progress, *, words: NotifyWords, alone: bool = True) -> Answer:
    """Tell of one monitor."""
    del alone
    from driftline_jobs.pipeline.identity import check_calendar
    from driftline_jobs.reporting.messages.notify import Notifier, published_windows
    from driftline_jobs.stores import store_of
    from driftline_schemas.monitor import load_monitor
    from driftline_schemas.settings import load_settings

    monitor, settings = load_monitor(monitor_file), load_settings(words.flags)
    first = monitor.calendar.parse(words.period)
    last = first if words.last is None else monitor.calendar.parse(words.last)
    if words.page_link is not None and last != first:
        raise ConfigError("--page-link is the page of one window: leave --to out")
    with closing(store_of(settings)) as store:
        check_calendar(store, monitor)
        windows = published_windows(store, monitor, first, last)
        notifier = Notifier(store, monitor, settings, words.page_link)
        about = {"monitor": monitor.monitor, "window_start": first.start}
        if words.mail_out is not None:
            return _answer(about, mails=notifier.write_mails(windows, words.mail_out))
        return _answer(about, sent=list(notifier.windows(windows, words.channel)))


def digest_all(given: Sequence[Path], words: NotifyWords) -> Answer:
    """Send the digests of all monitors together, since one reader may have several."""
    from driftline_jobs.cli.fleet.files import monitor_files
    from driftline_jobs.reporting.messages.digest import Days, send_digests, write_digests
    from driftline_jobs.stores import store_of
    from driftline_schemas.monitor import load_monitor
    from driftline_schemas.settings import load_settings

    settings = load_settings(words.flags)
    since = _day(words.period, "--period")
    until = since + _WEEK if words.last is None else _day(words.last, "--to")
    if until < since:
        raise ConfigError(f"--to {until} is before --period {since}: name the first day first")
    monitors = [load_monitor(path) for path in monitor_files(given)]
    about = {"since": since, "until": until, "monitors": [monitor.monitor for monitor in monitors]}
    days = Days(since, until)
    with closing(store_of(settings)) as store:
        if words.mail_out is not None:
            return _answer(about, mails=write_digests(store, monitors, settings, days, words.mail_out))
        return _answer(about, sent=list(send_digests(store, monitors, settings, days, only=words.channel)))


def sent(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Folders that `notify --mail-out` has answered.")
    ],
    *,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Note that mails which `driftline notify --mail-out` wrote were sent by other means."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_jobs.reporting.messages.written import rows_in
        from driftline_jobs.stores import store_of
        from driftline_jobs.tables.messages import note
        from driftline_schemas.settings import load_settings

        found = [rows_in(folder) for folder in folders]
        with closing(store_of(load_settings({"store": store}))) as opened:
            for rows in found:
                note(opened, rows, datetime.now(UTC))
        progress.answer(f"{len(found)} noted as sent", "noted", mails=[str(folder) for folder in folders])


def _answer(about: Mapping[str, object], *, sent: Sequence[Sent] = (), mails: Sequence[Path] = ()) -> Answer:
    lines = [f"{one.channel}: {one.message.title}" for one in sent]
    lines += [f"{one.channel}: {remark}" for one in sent for remark in one.remarks]
    lines += [f"written, to be sent: {mail}" for mail in mails]
    return Answer(
        "\n".join(lines) or "nothing to tell",
        "notified",
        {
            **about,
            "sent": [
                {"channel": one.channel, "message_id": one.message.message_id, "title": one.message.title}
                for one in sent
            ],
            "remarks": [remark for one in sent for remark in one.remarks],
            "mails": [str(mail) for mail in mails],
        },
    )


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is no day: write 2013-07-01") from None
