"""``driftline store``: look after the summary tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.stores import Store


def store_commands() -> typer.Typer:
    """The commands below ``driftline store``."""
    commands = typer.Typer(help="Look after the summary tables.", no_args_is_help=True)
    commands.command()(migrate)
    commands.command()(prune)
    commands.command()(export)
    commands.command()(forget)
    return commands


@contextmanager
def _opened(url: str | None) -> Iterator[Store]:
    from driftline_jobs.stores import store_of
    from driftline_schemas.settings import load_settings

    with closing(store_of(load_settings({"store": url}))) as store:
        yield store


def migrate(
    *,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Set up the tables, or bring them up to date with this version."""
    with open_reporter(log_format, debug=debug) as progress, _opened(store) as opened:
        version = opened.migrate()
        progress.answer(f"the tables are at version {version}", "migrated", version=version)


def prune(
    keep: Annotated[str, typer.Option(help="How long superseded and failed runs are kept: 400d, 12h.")],
    *,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Delete runs that were superseded long ago; the newest of a window is never deleted."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_schemas.monitor_values import parse_duration

        try:
            length = parse_duration(keep)
        except ValueError as error:
            raise ConfigError(f"--keep {keep}: {error}") from error
        with _opened(store) as opened:
            deleted = opened.prune(length)
        runs = "1 run" if deleted == 1 else f"{deleted:,} runs"
        progress.answer(f"deleted {runs} superseded or failed more than {keep} ago", "pruned", runs=deleted)


def export(
    to: Annotated[str, typer.Option(help="A folder, or s3://bucket/prefix.", metavar="URI")],
    *,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Write the current tables as partitioned Parquet, for Athena, Trino, DuckDB and the like."""
    with open_reporter(log_format, debug=debug) as progress, _opened(store) as opened:
        files = opened.export(to)
        progress.answer(f"wrote {files:,} files to {to}", "exported", files=files, to=to)


def forget(
    monitor: Annotated[str, typer.Argument(help="The monitor's name.")],
    *,
    other_than: Annotated[
        Path | None,
        typer.Option(
            metavar="MONITOR_FILE",
            help="Only what another calendar or another log than this file's has left under the name.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    store: options.Store = None,
    reports: Annotated[
        str | None,
        typer.Option(help="The folder of the pages, whose index it leaves too.", metavar="DIR"),
    ] = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Delete everything that is stored about a monitor: runs, figures, alerts and references."""
    with open_reporter(log_format, debug=debug) as progress, _opened(store) as opened:
        from driftline_jobs.reporting.index import remove_entry
        from driftline_schemas.settings import load_settings

        references = None if other_than is None else _of_others(opened, monitor, other_than)
        removed = opened.forget(monitor, references, dry_run=dry_run)
        if not removed and references is None:
            raise ConfigError(f"nothing is stored about a monitor {monitor}: there is {_names(opened)}")
        if references is None and not dry_run:
            remove_entry(monitor, load_settings({"store": store, "reports": reports}), progress)
        done = "would delete" if dry_run else "deleted"
        lines = [
            f"{monitor}: {done} {sum(removed.values()):,} rows"
            if removed
            else f"{monitor}: nothing to delete"
        ]
        lines += [f"  {table}  {rows:,}" for table, rows in removed.items()]
        progress.answer("\n".join(lines), "forgotten", monitor=monitor, dry_run=dry_run, rows=removed)


def _of_others(store: Store, monitor: str, file: Path) -> list[str]:
    from driftline_jobs.pipeline.identity import references_of_others
    from driftline_schemas.monitor import load_monitor

    monitor_of_file = load_monitor(file)
    if monitor_of_file.monitor != monitor:
        raise ConfigError(
            f"{file} is the file of {monitor_of_file.monitor}, not of {monitor}: name the file of {monitor}"
        )
    return references_of_others(store, monitor_of_file)


def _names(store: Store) -> str:
    from driftline_jobs.tables import runs

    return ", ".join(runs.monitors(store)) or "none"
