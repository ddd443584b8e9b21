"""``driftline rebase``: a new reference and new bins, from one window on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat

if TYPE_CHECKING:
    from driftline_jobs.pipeline.rebase import Rebased
    from driftline_schemas.monitor import Monitor
    from driftline_schemas.window import Window

FirstWindow = Annotated[
    str,
    typer.Option(
        help="Start of the first window that the new reference is for: a day, or an hour as 2013-07-01T05.",
        metavar="DAY",
    ),
]


def rebase(  # noqa: PLR0913 - one parameter an option
    monitor_file: options.MonitorFile,
    period: FirstWindow,
    *,
    store: options.Store = None,
    engine: options.Engine = None,
    spark_master: options.SparkMaster = None,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Make a new reference and new bins from the log as it is now, for the windows from one on.

    Windows before it keep theirs. What is published stays as it is until it is run again.
    """
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_schemas.monitor import load_monitor
        from driftline_schemas.settings import load_settings

        monitor = load_monitor(monitor_file)
        first = monitor.calendar.parse(period)
        settings = load_settings(
            {
                "store": store,
                "engine": engine,
                "spark_master": spark_master,
                "threads": threads,
                "memory_limit": memory_limit,
            }
        )

        # Only now the heavy ones: a wrong command is answered without waiting for an engine to load.
        from driftline_jobs.pipeline.rebase import rebase as make
        from driftline_jobs.pipeline.request import RunRequest

        made = make(RunRequest(monitor, monitor_file, first, first, settings, datetime.now(UTC)), progress)
        progress.answer(
            _in_words(monitor, first, made),
            "rebased",
            monitor=monitor.monitor,
            window_start=first.start,
            reference_id=made.reference_id,
            binning_id=made.binning_id,
            rows=made.rows,
            new_bins=made.new_bins,
        )


def _in_words(monitor: Monitor, first: Window, made: Rebased) -> str:
    calendar = monitor.calendar
    bins = "new bins" if made.new_bins else "the same bins"
    text = (
        f"{monitor.monitor}: from {calendar.label(first)} on the reference is {made.reference_id}, "
        f"{made.rows:,} rows, {bins}"
    )
    if made.published is None:
        return text
    start, end = (calendar.label(window) for window in made.published)
    return (
        f"{text}\n  published windows rest on an earlier one until they are run again: "
        f"--period {start} --to {end}"
    )
