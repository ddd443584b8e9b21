"""``driftline incidents``: list and show them, acknowledge, accept, mute them until a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from driftline_jobs.cli import options
from driftline_jobs.cli.acting import actor, known_monitor, opened
from driftline_jobs.cli.console.reporter import Reporter, open_reporter
from driftline_jobs.cli.options import LogFormat, Output
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.stores import Store

IncidentId = Annotated[
    str, typer.Argument(metavar="INCIDENT", help="The incident's id, as `incidents list` shows it.")
]
Comment = Annotated[str | None, typer.Option(help="Why.")]
_SILENT = {"acknowledge": "acknowledged", "accept": "accepted"}
_TOLD = ("incident_id", "monitor", "granularity", "severity", "state", "topic", "certain", "headline")
_COURSE = ("state", "severity", "headline")
_NAMED = 6
"""How many columns of an incident are named."""


def incident_commands() -> typer.Typer:
    """The commands below ``driftline incidents``."""
    commands = typer.Typer(help="List, show, acknowledge, accept and mute incidents.", no_args_is_help=True)
    commands.command("list")(list_incidents)
    commands.command()(show)
    commands.command()(acknowledge)
    commands.command()(accept)
    commands.command()(mute)
    return commands


def list_incidents(
    monitor: Annotated[str | None, typer.Argument(help="Name of a monitor. Default: all.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones and trifles too.")] = False,
    output: options.OutputOption = Output.TEXT,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Show the incidents under way, the worst first, each with what happened."""
    with open_reporter(log_format, debug=debug) as progress:
        with opened(store) as tables:
            shown = [_told(row) for row in listed(tables, monitor, every=every)]
        text = "\n".join(map(_line, shown)) or "no incidents"
        options.answer(progress, output, text, "incidents", incidents=shown)


def listed(store: Store, monitor: str | None, *, every: bool) -> list[dict[str, Any]]:
    """The incidents of a monitor or of all, each once as it stands, with what was said of it since.

    Unless ``every``, those that are under way and of more than low severity. Raises ConfigError for a monitor
    that was never run.
    """
    from driftline_jobs.tables import incidents

    known_monitor(store, monitor)
    said = _said_since(store)
    rows = [
        {**row, "state": _state(row, said)}
        for row in incidents.latest(store)
        if monitor in {None, row["monitor"]}
    ]
    return [row for row in rows if every or (row["state"] != "resolved" and row["severity"] != "low")]


def show(
    incident_id: IncidentId,
    *,
    output: options.OutputOption = Output.TEXT,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Show one incident: what happened, its columns and alerts, how it went on, what people did."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_jobs.tables import alert_actions, incidents

        with opened(store) as tables:
            course = incidents.course(tables, incident_id)
            if not course:
                raise _unknown(incident_id)
            row = {**course[-1], "state": _state(course[-1], _said_since(tables))}
            actions = alert_actions.of_incident(tables, incident_id)
        told = _told(row) | {
            "cause": row["cause"],
            "alerts": json.loads(row["alerts"]),
            "course": [
                {"window_start": _moment(one["window_start"])} | {name: one[name] for name in _COURSE}
                for one in course
                if one["state"] in {"new", "escalated", "resolved"}
            ],
            "actions": [
                {**one, **{name: _moment(one[name]) for name in ("acted_at", "until", "window_start")}}
                for one in actions
            ],
        }
        options.answer(progress, output, "\n".join(_lines(told)), "incident", **told)


def acknowledge(
    incident_id: IncidentId,
    *,
    comment: Comment = None,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Say that somebody looks after it: it is silent from the next window on, until it escalates."""
    with open_reporter(log_format, debug=debug) as progress:
        _act(progress, "acknowledge", incident_id, None, comment, store)


def accept(
    incident_id: IncidentId,
    *,
    comment: Comment = None,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Say that this is the norm: it is silent from the next window on, until it goes as far again."""
    with open_reporter(log_format, debug=debug) as progress:
        _act(progress, "accept", incident_id, None, comment, store)


def mute(
    incident_id: IncidentId,
    *,
    until: Annotated[str, typer.Option(help="A time: 2013-08-01, or 2013-08-01T12:00Z.", metavar="TIME")],
    comment: Comment = None,
    store: options.Store = None,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Send no messages about it until a time; the tables and the page go on showing it."""
    with open_reporter(log_format, debug=debug) as progress:
        end = options.parse_moment(until, "--until")
        _act(progress, "mute", incident_id, end, comment, store)


def _act(
    progress: Reporter,
    action: str,
    incident_id: str,
    until: datetime | None,
    comment: str | None,
    store: str | None,
) -> None:
    from driftline_jobs.tables import alert_actions, incidents

    with opened(store) as tables:
        course = incidents.course(tables, incident_id)
        if not course:
            raise _unknown(incident_id)
        last = course[-1]
        alert_actions.act(
            tables,
            monitor=last["monitor"],
            incident_id=incident_id,
            window_start=last["window_start"],
            action=action,
            until=until,
            actor=actor(),
            acted_at=datetime.now(UTC),
            comment=comment,
        )
    done = _SILENT.get(action) or f"muted until {until:%Y-%m-%d %H:%M} UTC"
    monitor = last["monitor"]
    progress.answer(f"{monitor}: {incident_id} {done}", action, monitor=monitor, incident_id=incident_id)


def _unknown(incident_id: str) -> ConfigError:
    return ConfigError(
        f"there is no incident {incident_id}: `driftline incidents list --all` shows those there are"
    )


def _said_since(store: Store) -> dict[str, list[dict[str, Any]]]:
    """What people said of each incident, oldest first."""
    from driftline_jobs.tables import alert_actions

    found: dict[str, list[dict[str, Any]]] = {}
    for row in alert_actions.said(store):
        found.setdefault(row["incident_id"], []).append(row)
    return found


def _state(row: dict[str, Any], said: dict[str, list[dict[str, Any]]]) -> str:
    """The state of the newest window, or what was said since: that shows in the next window."""
    here = [one for one in said.get(row["incident_id"], ()) if one["window_start"] >= row["window_start"]]
    return _SILENT[here[-1]["action"]] if here and row["state"] != "resolved" else str(row["state"])


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """An incident as machines get it."""
    return {
        **{name: row[name] for name in _TOLD},
        "first_window": _moment(row["first_window"]),
        "last_window": _moment(row["last_window"]),
        "columns": json.loads(row["columns"]),
        "impact": row["impact"],
        "owner": row["owner"],
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _line(told: dict[str, Any]) -> str:
    since = f"{told['first_window'][:16].replace('T', ' ')} UTC"
    return (
        f"{told['incident_id']}  {told['severity']:<8}  {told['state']:<12}  "
        f"{told['monitor']}: {told['headline']}; since {since}"
    )


def _lines(told: dict[str, Any]) -> list[str]:
    columns = told["columns"]
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    lines = [
        _line(told),
        f"topic    {told['topic']}, {'certain' if told['certain'] else 'not certain'}",
        f"cause    {told['cause'] or 'nothing that explains all of it is known'}",
        f"columns  {', '.join(columns[:_NAMED]) + more or 'the rows as a whole'}",
        f"alerts   {', '.join(told['alerts'])}",
        f"last     {told['last_window'][:16]}",
    ]
    if told["impact"] is not None:
        lines.append(f"impact   {told['impact']:.2g} of the spread of the score")
    lines += [f"{one['window_start'][:16]}  {one['state']} ({one['severity']})" for one in told["course"]]
    for one in told["actions"]:
        comment = f": {one['comment']}" if one["comment"] else ""
        lines.append(f"{one['acted_at'][:16]}  {one['action']} by {one['actor']}{comment}")
    return lines
