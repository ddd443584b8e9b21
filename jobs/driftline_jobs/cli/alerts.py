"""``driftline alerts``: list alerts, acknowledge them, mute them until a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.acting import actor, known_monitor, opened
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat, Output
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.stores import Store

AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id, as `alerts list` shows it.")]
Comment = Annotated[str | None, typer.Option(help="Why.")]


def alert_commands() -> typer.Typer:
    """The commands below ``driftline alerts``."""
    commands = typer.Typer(help="List, acknowledge and mute alerts.", no_args_is_help=True)
    commands.command("list")(list_alerts)
    commands.command()(acknowledge)
    commands.command()(mute)
    return commands


def list_alerts(
    monitor: Annotated[str | None, typer.Argument(help="Name of a monitor. Default: all.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    output: options.OutputOption = Output.TEXT,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Show the alerts under way, each with what it says."""
    with open_reporter(log_format, debug=debug) as progress:
        import json

        with opened(store) as tables:
            shown = listed(tables, monitor, every=every)
        lines = [
            f"{row['alert_id']}  {row['severity']:<6}  {row['state']:<12}  "
            f"{row['monitor']}: {json.loads(row['evidence'])['sentence']}"
            for row in shown
        ]
        options.answer(
            progress,
            output,
            "\n".join(lines) or "no alerts",
            "alerts",
            alerts=[
                {
                    "alert_id": row["alert_id"],
                    "monitor": row["monitor"],
                    "column_name": row["column_name"],
                    "metric": row["metric"],
                    "severity": row["severity"],
                    "state": row["state"],
                }
                for row in shown
            ],
        )


def listed(store: Store, monitor: str | None, *, every: bool) -> list[dict[str, Any]]:
    """The alerts of a monitor or of all, each once as it stands; unless ``every``, those under way.

    Raises ConfigError for a monitor that was never run.
    """
    from driftline_jobs.tables import alerts

    known_monitor(store, monitor)
    return [
        row
        for row in alerts.latest(store)
        if monitor in {None, row["monitor"]} and (every or row["state"] != "resolved")
    ]


def acknowledge(
    alert_id: AlertId,
    *,
    comment: Comment = None,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Say that somebody has seen an alert; it goes on under that state from the next run."""
    _act("acknowledge", alert_id, None, comment, store, log_format, debug=debug)


def mute(
    alert_id: AlertId,
    *,
    until: Annotated[str, typer.Option(help="A time: 2013-08-01, or 2013-08-01T12:00Z.", metavar="TIME")],
    comment: Comment = None,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Keep an alert out of the mail until a time; the tables and the report go on showing it."""
    _act("mute", alert_id, until, comment, store, log_format, debug=debug)


def _act(
    action: str,
    alert_id: str,
    until: str | None,
    comment: str | None,
    store: str | None,
    log_format: LogFormat,
    *,
    debug: bool,
) -> None:
    with open_reporter(log_format, debug=debug) as progress:
        end = options.parse_moment(until, "--until")

        from driftline_jobs.tables.alert_actions import act

        with opened(store) as tables:
            monitor = _monitor_of(tables, alert_id)
            act(
                tables,
                monitor=monitor,
                alert_id=alert_id,
                action=action,
                until=end,
                actor=actor(),
                acted_at=datetime.now(UTC),
                comment=comment,
            )
        done = "acknowledged" if action == "acknowledge" else f"muted until {until}"
        progress.answer(f"{monitor}: {alert_id} {done}", action, monitor=monitor, alert_id=alert_id)


def _monitor_of(store: Store, alert_id: str) -> str:
    from driftline_jobs.tables import alerts

    monitor = alerts.monitor_of(store, alert_id)
    if monitor is None:
        raise ConfigError(f"there is no alert {alert_id}: `driftline alerts list` shows those there are")
    return monitor
