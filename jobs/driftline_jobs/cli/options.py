"""The arguments and options that commands share, each once, and how a time among them is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.cli.console.reporter import Reporter
    from driftline_jobs.pipeline.request import Progress


class Output(StrEnum):
    """How a command shows what was asked for, on standard output."""

    TEXT = "text"
    JSON = "json"


class LogFormat(StrEnum):
    """How a command tells what it does, on standard error."""

    TEXT = "text"
    JSON = "json"


_WHERE = "Settings (each wins over its DRIFTLINE_ variable)"

MonitorFile = Annotated[Path, typer.Argument(metavar="MONITOR.yaml", help="The monitor file.")]
MonitorFiles = Annotated[
    list[Path],
    typer.Argument(metavar="MONITOR.yaml…", help="The monitor file; or several, or a folder of them."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="For several monitors: how many at a time. Default: one per core.",
        rich_help_panel=_WHERE,
    ),
]
Period = Annotated[
    str, typer.Option(help="Start of the first window: a day, or an hour as 2013-07-01T05.", metavar="DAY")
]
LastPeriod = Annotated[
    str | None,
    typer.Option(
        "--to", help="Start of the last window, itself included. Default: the first.", metavar="DAY"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="The moment at which labels are old enough to be final. Default: now.", metavar="TIME"
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        help="Where the summary tables are: duckdb:///FILE, postgresql://…, or a store that is installed.",
        metavar="URL",
        rich_help_panel=_WHERE,
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="What reads the log: local (threads of this machine), spark, or an engine that is installed.",
        metavar="NAME",
        rich_help_panel=_WHERE,
    ),
]
SparkMaster = Annotated[
    str | None,
    typer.Option(
        "--spark-master",
        help="For the engine spark: local[N], spark://HOST:7077 or any other master.",
        metavar="URL",
        rich_help_panel=_WHERE,
    ),
]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: one per core.", rich_help_panel=_WHERE)]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        help="What the label join may use before it spills to disk.", metavar="SIZE", rich_help_panel=_WHERE
    ),
]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="Publish even if rows that were published are gone.")
]
DrillDown = Annotated[
    bool | None,
    typer.Option(
        "--drill-down/--no-drill-down",
        help="Keep a sample of rows, and show it beside the page.",
        rich_help_panel=_WHERE,
    ),
]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option("--log-format", help="Progress, or one JSON line per event.", case_sensitive=False),
]
OutputOption = Annotated[
    Output, typer.Option("--output", help="For a person, or the same as JSON.", case_sensitive=False)
]
Debug = Annotated[
    bool, typer.Option("--debug", envvar="DRIFTLINE_DEBUG", help="Show where an error came from.")
]


def answer(progress: Reporter, output: Output, text: str, name: str, **fields: object) -> None:
    """End a command that shows something: with ``text``, or with ``fields`` as JSON."""
    shown = json.dumps(fields, indent=2, ensure_ascii=False) if output is Output.JSON else text
    progress.answer(shown, name, **fields)


def parse_moment(text: str | None, option: str) -> datetime | None:
    """An ISO 8601 time, aware; without an offset it is UTC, as a naive timestamp in a log is."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r} is not a time: write it as 2013-07-08 or 2013-07-08T06:00+02:00"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def refresh_index(flags: Mapping[str, object], progress: Progress) -> None:
    """Write the index of all reports anew where there is one; ``flags`` as for ``load_settings``."""
    from driftline_jobs.reporting.index import refresh_page_where_there_is_one
    from driftline_schemas.settings import load_settings

    refresh_page_where_there_is_one(load_settings(flags), progress)
