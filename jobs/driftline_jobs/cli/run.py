"""``driftline run``: publish one window, or every window of a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    from driftline_jobs.pipeline.request import Progress, RunOutcome
    from driftline_schemas.monitor import Monitor
    from driftline_schemas.window import Window

ALERTS = 10


@dataclass(frozen=True, slots=True)
class RunWords:
    """What is asked of each monitor; the last ``flags`` are settings by name, None where not given."""

    period: str
    to: str | None
    as_of: datetime
    allow_missing: bool
    fail_on_alert: bool
    flags: Mapping[str, object]


def run(  # noqa: PLR0913 - one parameter an option
    monitor_files: options.MonitorFiles,
    period: options.Period,
    to: options.LastPeriod = None,
    *,
    as_of: options.AsOf = None,
    allow_missing: options.AllowMissing = False,
    fail_on_alert: Annotated[
        bool, typer.Option("--fail-on-alert", help=f"Exit with {ALERTS} if there are alerts.")
    ] = False,
    drill_down: options.DrillDown = None,
    store: options.Store = None,
    engine: options.Engine = None,
    spark_master: options.SparkMaster = None,
    threads: options.Threads = None,
    workers: options.Workers = None,
    memory_limit: options.MemoryLimit = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Read a window's log once and publish its figures; with --to, every window of a range."""
    with open_reporter(log_format, debug=debug) as progress:
        words = RunWords(
            period,
            to,
            options.parse_moment(as_of, "--as-of") or datetime.now(UTC),
            allow_missing,
            fail_on_alert,
            {
                "store": store,
                "engine": engine,
                "spark_master": spark_master,
                "threads": threads,
                "memory_limit": memory_limit,
                "drill_down": drill_down,
            },
        )
        command = partial(publish_one, words=words)
        finish = partial(options.refresh_index, words.flags, progress)
        answer_each(progress, monitor_files, command, workers, debug=debug, finish=finish)


def publish_one(monitor_file: Path, progress: Progress, *, words: RunWords, alone: bool = True) -> Answer:
    """Publish the windows of one monitor. Unless it is ``alone``, one thread reads the log, and the page of
    the index is for whoever asked for several to write."""
    from driftline_schemas.monitor import load_monitor
    from driftline_schemas.settings import load_settings

    monitor = load_monitor(monitor_file)
    first, last = windows_asked(monitor, words.period, words.to)
    settings = load_settings(words.flags)
    if not alone:
        settings = settings.one_of_several()

    # Only now the heavy ones: a wrong command is answered without waiting for an engine to load.
    from driftline_jobs.pipeline.request import RunRequest
    from driftline_jobs.reporting.index import refresh_where_there_is_one
    from driftline_jobs.run import run as publish

    request = RunRequest(
        monitor=monitor,
        monitor_path=monitor_file,
        first=first,
        last=last,
        settings=settings,
        as_of=words.as_of,
        allow_missing=words.allow_missing,
    )
    outcome = publish(request, progress)
    if settings.drill_down:
        from driftline_jobs.reporting.drilldown import store_samples

        store_samples(monitor, monitor_file.resolve().parent, outcome.windows, settings, progress)
    refresh_where_there_is_one(monitor, settings, progress, page=alone)
    return published(monitor, outcome, ALERTS if words.fail_on_alert and outcome.alerts else 0)


def windows_asked(monitor: Monitor, period: str, to: str | None) -> tuple[Window, Window]:
    """The first and the last window that ``--period`` and ``--to`` name; ConfigError if they name none."""
    calendar = monitor.calendar
    first = calendar.parse(period)
    last = first if to is None else calendar.parse(to)
    if last < first:
        raise ConfigError(
            f"--to {to} comes before --period {period}: the last window cannot precede the first"
        )
    return first, last


def published(monitor: Monitor, outcome: RunOutcome, status: int = 0) -> Answer:
    """What was published, in words and in figures."""
    windows = len(outcome.windows)
    what = "1 window" if windows == 1 else f"{windows:,} windows"
    alerts = {0: "no alerts", 1: "1 alert"}.get(outcome.alerts, f"{outcome.alerts:,} alerts")
    aside = f", {outcome.rows_quarantined:,} set aside" if outcome.rows_quarantined else ""
    return Answer(
        f"{monitor.monitor}: published {what}, {alerts}; "
        f"{outcome.rows_read:,} rows read{aside}, {outcome.wall_seconds:.1f} s",
        "published",
        {
            "monitor": monitor.monitor,
            "windows": windows,
            "run_ids": outcome.run_ids,
            "alerts": outcome.alerts,
            "rows_read": outcome.rows_read,
            "rows_quarantined": outcome.rows_quarantined,
            "wall_seconds": outcome.wall_seconds,
        },
        status,
    )
