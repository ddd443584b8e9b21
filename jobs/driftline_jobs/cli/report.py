"""``driftline report``: the page of one window, from the summary tables."""

from __future__ import annotations

from datetime import UTC, datetime
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
        settings = load_settings({"store": store, "reports": out})
        page = write_report(monitor, window, settings, generated_at=datetime.now(UTC))
        progress.answer(page, "reported", monitor=monitor.monitor, window_start=window.start, page=page)
