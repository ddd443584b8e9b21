"""``driftline report``: the page of one window, from the summary tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.answers import Answer, answer_each
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat

if TYPE_CHECKING:
    from driftline_jobs.pipeline.request import Progress


@dataclass(frozen=True, slots=True)
class ReportWords:
    """What is asked of each monitor; ``flags`` are settings by name, None where not given."""

    period: str
    mail_out: Path | None
    page_link: str | None
    index: bool
    flags: Mapping[str, object]


def report(  # noqa: PLR0913 - one parameter an option
    monitor_files: options.MonitorFiles,
    period: options.Period,
    *,
    out: Annotated[
        str | None,
        typer.Option(help="The folder of the pages. Default: DRIFTLINE_REPORTS.", metavar="DIR"),
    ] = None,
    mail_out: Annotated[
        Path | None,
        typer.Option(
            "--mail-out", help="Also write mail.json (subject, html, text) into this folder.", metavar="DIR"
        ),
    ] = None,
    page_link: Annotated[
        str | None,
        typer.Option("--page-link", help="Where the mail's readers find the page.", metavar="URL"),
    ] = None,
    index: Annotated[
        bool,
        typer.Option(
            "--index/--no-index",
            help="Rebuild the index of all reports. Without, the page stands alone, to be sent.",
        ),
    ] = True,
    drill_down: options.DrillDown = None,
    store: options.Store = None,
    workers: options.Workers = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Write the page of a window that was published: no log is read."""
    with open_reporter(log_format, debug=debug) as progress:
        flags = {"store": store, "reports": out, "drill_down": drill_down}
        words = ReportWords(period, mail_out, page_link, index, flags)
        finish = partial(_write_index, flags) if index else None
        command = partial(report_one, words=words)
        answer_each(progress, monitor_files, command, workers, debug=debug, finish=finish)


def report_one(monitor_file: Path, _: Progress, *, words: ReportWords, alone: bool = True) -> Answer:
    """Write the page of one monitor; the mail of one of several has a folder of its own."""
    from driftline_jobs.reporting.report import MailOut, write_report
    from driftline_schemas.monitor import load_monitor
    from driftline_schemas.settings import load_settings

    monitor = load_monitor(monitor_file)
    mail = None
    if words.mail_out is not None:
        folder = words.mail_out if alone else words.mail_out / monitor.monitor
        mail = MailOut(folder, words.page_link)
    written = write_report(
        monitor,
        monitor.calendar.parse(words.period),
        load_settings(words.flags),
        generated_at=datetime.now(UTC),
        mail=mail,
        index=words.index,
        index_page=alone,
        base=monitor_file.resolve().parent,
    )
    return Answer(
        written.page,
        "reported",
        {
            "monitor": monitor.monitor,
            "window_start": monitor.calendar.parse(words.period).start,
            "page": written.page,
            **asdict(written.summary),
            **written.standing.facts,
        },
    )


def _write_index(flags: Mapping[str, object]) -> None:
    from driftline_jobs.reporting.index import refresh_page
    from driftline_jobs.reporting.pages import Pages
    from driftline_schemas.settings import load_settings

    refresh_page(Pages.open(load_settings(flags)), datetime.now(UTC))
