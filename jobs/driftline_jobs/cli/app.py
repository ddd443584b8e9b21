"""Every command by its name."""

from __future__ import annotations

from typing import Annotated

import typer

from driftline_jobs.cli.alerts import alert_commands
from driftline_jobs.cli.arrived import arrived
from driftline_jobs.cli.catch_up import catch_up
from driftline_jobs.cli.demo import demo
from driftline_jobs.cli.incidents import incident_commands
from driftline_jobs.cli.notify import notify, sent
from driftline_jobs.cli.rebase import rebase
from driftline_jobs.cli.report import report
from driftline_jobs.cli.run import run
from driftline_jobs.cli.store import store_commands
from driftline_jobs.cli.validate import validate

_ABOUT = "Watch models in production: drift, data quality and performance from serving logs."
_STATUSES = (
    "Exit status: 0 published; 2 the command or the monitor file is wrong; 3 the data is wrong; 4 something "
    "was out of reach, try again; 10 published, and there are alerts (with --fail-on-alert); 1 a defect in "
    "Driftline; 130, 143 interrupted, terminated."
)


def command_line() -> typer.Typer:
    """The whole command line, ready to be called with arguments."""
    commands = typer.Typer(
        name="driftline",
        help=_ABOUT,
        epilog=_STATUSES,
        no_args_is_help=True,
        add_completion=False,
        # Defects are told by cli.telling, without the values of local variables, which may be secret.
        pretty_exceptions_enable=False,
    )
    commands.callback()(driftline)
    commands.command()(run)
    commands.command()(report)
    commands.command()(validate)
    commands.command("catch-up")(catch_up)
    commands.command()(arrived)
    commands.command()(notify)
    commands.command()(sent)
    commands.command()(rebase)
    commands.add_typer(incident_commands(), name="incidents")
    commands.add_typer(alert_commands(), name="alerts")
    commands.add_typer(store_commands(), name="store")
    commands.command()(demo)
    return commands


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        from importlib.metadata import version

        typer.echo(f"driftline {version('driftline')}")
        raise typer.Exit


def driftline(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what is asked of the program as a whole; a command follows."""
    del version
