"""The command line: argv to a typed request to one function, and its outcome to an exit status.

One module per command. Only what a command's own signature needs is imported before the command runs, so that
help and mistakes are answered at once: engines, stores and formulas are imported where a command uses them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit status; ``arguments`` default to the process's."""
    from driftline_jobs.engines.process import set_before_imports

    if arguments is None:
        _start_again_in_utf8()
    set_before_imports()

    from driftline_jobs.cli.console.streams import forgiving_streams

    with forgiving_streams():
        status = _status_of(arguments)
    sys.exit(status)


def _start_again_in_utf8() -> None:
    """Names of files are UTF-8 to Arrow and DuckDB, whatever the locale says; so they must be to Python.

    Python does so by itself where the locale is C, unless it is told not to, and not in a locale such as
    Latin-1. It settles that as it starts, so it starts again.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.ignore_environment or sys.flags.utf8_mode:
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same words, no shell


def _status_of(arguments: Sequence[str] | None) -> int:
    import typer

    from driftline_jobs.cli.app import command_line
    from driftline_jobs.cli.signals import Stopped, stoppable
    from driftline_jobs.cli.usage import explain_usage_error
    from driftline_jobs.engines.process import private_files
    from driftline_schemas.errors import ConfigError

    try:
        with stoppable(), private_files():
            # Not standalone: usage errors then read like all others, and the exit status is ours to decide.
            return command_line()(args=arguments, prog_name="driftline", standalone_mode=False) or 0
    except ConfigError as error:  # commands tell of theirs themselves; this one comes before any
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except typer.TyperException as error:
        sys.stderr.write(explain_usage_error(error))
        return int(error.exit_code)
    except Stopped as stopped:
        sys.stderr.write(f"{stopped}\n")
        return stopped.status
