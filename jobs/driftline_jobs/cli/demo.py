"""``driftline demo``: a year of real flights, watched from the first request to the report."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat
from driftline_jobs.cli.run import published

if TYPE_CHECKING:
    from driftline_jobs.demo.prepare import DemoFolder
    from driftline_schemas.settings import Settings

FIRST, LAST = "2013-03-01", "2013-12-31"
# By then the last day's labels are in and mature. A fixed moment gives the same tables every time.
AS_OF = datetime(2014, 1, 3, tzinfo=UTC)


def demo(
    directory: Annotated[
        Path, typer.Option("--dir", help="A new or empty folder, or an earlier demo's.", metavar="DIR")
    ] = Path("demo"),
    *,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Watch a real model on the New York flights of 2013: logs, tables and a report, in one folder."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_jobs.demo.prepare import prepare
        from driftline_jobs.pipeline.request import RunRequest
        from driftline_jobs.reporting.report import write_report
        from driftline_jobs.run import run as publish
        from driftline_schemas.monitor import load_monitor
        from driftline_schemas.settings import load_settings

        folder = prepare(directory, progress)
        monitor = load_monitor(folder.monitor)
        # Whatever the environment says, a demo stays in its folder.
        settings = load_settings(
            {"store": f"duckdb:///{folder.store}", "reports": str(folder.reports), "engine": "local"}
        )
        last = monitor.calendar.parse(LAST)
        request = RunRequest(monitor, folder.monitor, monitor.calendar.parse(FIRST), last, settings, AS_OF)
        outcome = publish(request, progress)
        progress.stage("writing the report")
        page = write_report(monitor, last, settings, generated_at=datetime.now(UTC)).page
        answer = published(monitor, outcome)
        progress.answer(answer.text, answer.event, **answer.fields)
        if log_format is LogFormat.TEXT:
            _show(folder, settings, page)


def _show(folder: DemoFolder, settings: Settings, page: str) -> None:
    """Print what was found, and where to look further."""
    from rich.console import Console

    from driftline_jobs.demo.findings import findings
    from driftline_jobs.stores import store_of

    console = Console(file=sys.stdout)
    with closing(store_of(settings)) as store:
        console.print(findings(store))
    for what, where in (("tables", folder.store), ("report", page), ("monitor", folder.monitor)):
        # A path is for copying: neither wrapped, nor coloured by what it looks like.
        console.print(f"{what + ':':9}{where}", markup=False, highlight=False, soft_wrap=True)
