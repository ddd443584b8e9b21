"""``driftline catch-up``: run again what late data has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

if TYPE_CHECKING:
    from driftline_jobs.pipeline.catch_up import ChangedWindow
    from driftline_jobs.pipeline.request import Progress
    from driftline_schemas.monitor import Monitor

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class CatchUpWords:
    """What is asked of each monitor; ``flags`` are settings by name, None where not given."""

    dry_run: bool
    as_of: datetime
    allow_missing: bool
    flags: Mapping[str, object]


def catch_up(  # noqa: PLR0913 - one parameter an option
    monitor_files: options.MonitorFiles,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be run.")] = False,
    as_of: options.AsOf = None,
    allow_missing: options.AllowMissing = False,
    store: options.Store = None,
    engine: options.Engine = None,
    spark_master: options.SparkMaster = None,
    threads: options.Threads = None,
    workers: options.Workers = None,
    memory_limit: options.MemoryLimit = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Run exactly the published windows whose log objects or labels have changed since."""
    with open_reporter(log_format, debug=debug) as progress:
        words = CatchUpWords(
            dry_run,
            options.parse_moment(as_of, "--as-of") or datetime.now(UTC),
            allow_missing,
            {
                "store": store,
                "engine": engine,
                "spark_master": spark_master,
                "threads": threads,
                "memory_limit": memory_limit,
            },
        )
        command = partial(catch_up_one, words=words)
        finish = None if dry_run else partial(options.refresh_index, words.flags, progress)
        answer_each(progress, monitor_files, command, workers, debug=debug, finish=finish)


def catch_up_one(
    monitor_file: Path, progress: Progress, *, words: CatchUpWords, alone: bool = True
) -> Answer:
    """Run again what has changed of one monitor."""
    from driftline_jobs.pipeline.catch_up import catch_up as run_again
    from driftline_jobs.pipeline.published_range import published_range
    from driftline_jobs.pipeline.request import RunRequest
    from driftline_schemas.monitor import load_monitor
    from driftline_schemas.settings import load_settings

    monitor = load_monitor(monitor_file)
    settings = load_settings(words.flags)
    if not alone:
        settings = settings.one_of_several()
    known = published_range(monitor, settings)
    changed = []
    if known is not None:
        request = RunRequest(
            monitor, monitor_file, *known, settings, words.as_of, allow_missing=words.allow_missing
        )
        changed = run_again(request, progress, dry_run=words.dry_run)
        if changed and not words.dry_run:
            from driftline_jobs.reporting.index import refresh_where_there_is_one

            refresh_where_there_is_one(monitor, settings, progress, page=alone)
    return _answer(monitor, changed, dry_run=words.dry_run)


def _answer(monitor: Monitor, changed: Sequence[ChangedWindow], *, dry_run: bool) -> Answer:
    ran = "would run" if dry_run else "ran"
    windows = "1 window" if len(changed) == 1 else f"{len(changed):,} windows"
    lines = [f"{monitor.monitor}: {ran} {windows} again" if changed else f"{monitor.monitor}: nothing new"]
    lines += [f"  {monitor.calendar.label(one.window)}  {', '.join(one.causes)}" for one in changed[:_SHOWN]]
    if len(changed) > _SHOWN:
        lines.append(f"  and {len(changed) - _SHOWN:,} more")
    return Answer(
        "\n".join(lines),
        "caught_up",
        {
            "monitor": monitor.monitor,
            "dry_run": dry_run,
            "windows": len(changed),
            "periods": [monitor.calendar.label(one.window) for one in changed],
            "causes": [list(one.causes) for one in changed],
        },
    )
