"""``driftline store``: look after the summary tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.options import LogFormat
from driftline_jobs.cli.telling import telling
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.stores import Store


def store_commands() -> typer.Typer:
    """The commands below ``driftline store``."""
    commands = typer.Typer(help="Look after the summary tables.", no_args_is_help=True)
    commands.command()(migrate)
    commands.command()(prune)
    commands.command()(export)
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
    with telling(log_format, debug=debug) as progress, _opened(store) as opened:
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
    with telling(log_format, debug=debug) as progress:
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
    with telling(log_format, debug=debug) as progress, _opened(store) as opened:
        files = opened.export(to)
        progress.answer(f"wrote {files:,} files to {to}", "exported", files=files, to=to)
