"""``driftline report``: the page of one window, from the summary tables."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.options import LogFormat
from driftline_jobs.cli.telling import telling


def report(
    monitor_file: options.MonitorFile,
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
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Write the page of a window that was published: no log is read."""
    with telling(log_format, debug=debug) as progress:
        from driftline_jobs.report import write_report
        from driftline_schemas.monitor import load_monitor
        from driftline_schemas.settings import load_settings

        monitor = load_monitor(monitor_file)
        window = monitor.calendar.parse(period)
        settings = load_settings({"store": store, "reports": out, "drill_down": drill_down})
        written = write_report(
            monitor,
            window,
            settings,
            generated_at=datetime.now(UTC),
            mail_out=mail_out,
            page_link=page_link,
            index=index,
            base=monitor_file.resolve().parent,
        )
        progress.answer(
            written.page,
            "reported",
            monitor=monitor.monitor,
            window_start=window.start,
            page=written.page,
            **asdict(written.summary),
        )
