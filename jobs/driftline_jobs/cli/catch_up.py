"""``driftline catch-up``: run again what late data has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.options import LogFormat
from driftline_jobs.cli.telling import telling

_SHOWN = 40


def catch_up(
    monitor_file: options.MonitorFile,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be run.")] = False,
    as_of: options.AsOf = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Publish even if rows that were published are gone.")
    ] = False,
    store: options.Store = None,
    engine: options.Engine = None,
    spark_master: options.SparkMaster = None,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Run exactly the published windows whose log objects or labels have changed since."""
    with telling(log_format, debug=debug) as progress:
        moment = options.parse_moment(as_of, "--as-of") or datetime.now(UTC)

        from driftline_jobs.catch_up import catch_up as run_again
        from driftline_jobs.index import refresh_where_there_is_one
        from driftline_jobs.published import published_range
        from driftline_jobs.request import RunRequest
        from driftline_schemas.monitor import load_monitor
        from driftline_schemas.settings import load_settings

        monitor = load_monitor(monitor_file)
        settings = load_settings(
            {
                "store": store,
                "engine": engine,
                "spark_master": spark_master,
                "threads": threads,
                "memory_limit": memory_limit,
            }
        )
        known = published_range(monitor, settings)
        changed = []
        if known is not None:
            request = RunRequest(monitor, monitor_file, *known, settings, moment, allow_missing=allow_missing)
            changed = run_again(request, progress, dry_run=dry_run)
            if changed and not dry_run:
                refresh_where_there_is_one(monitor, settings, progress)
        said = "would run" if dry_run else "ran"
        windows = "1 window" if len(changed) == 1 else f"{len(changed):,} windows"
        lines = [
            f"{monitor.monitor}: {said} {windows} again" if changed else f"{monitor.monitor}: nothing new"
        ]
        lines += [
            f"  {monitor.calendar.label(one.window)}  {', '.join(one.causes)}" for one in changed[:_SHOWN]
        ]
        if len(changed) > _SHOWN:
            lines.append(f"  and {len(changed) - _SHOWN:,} more")
        progress.answer(
            "\n".join(lines),
            "caught_up",
            monitor=monitor.monitor,
            dry_run=dry_run,
            windows=len(changed),
            periods=[monitor.calendar.label(one.window) for one in changed],
            causes=[list(one.causes) for one in changed],
        )
