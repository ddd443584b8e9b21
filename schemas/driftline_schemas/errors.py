"""Every failure Driftline reports, in two families: terminal (a retry will not help) and transient.

The command line turns the family into its exit code; nothing else may decide between stop and retry.
A message names the value, what was expected, and the next step. What docstrings say after "When:" goes into
the page of errors (``driftline_jobs.cli.errors_page``).
"""

from __future__ import annotations

import errno
from typing import ClassVar


class DriftlineError(Exception):
    """Base of all failures that are Driftline's to report. ``exit_code`` is the process's exit status."""

    exit_code: ClassVar[int]


class TerminalError(DriftlineError):
    """The same call will fail again until somebody changes something."""


class ConfigError(TerminalError):
    """The command, the settings or the monitor file is wrong.

    When: an option, a setting or a key is unknown or out of range; a name in the monitor file matches nothing
    in the data; a place (log, store, pages) is not there, or not this user's to read or write; a package or
    Java is missing; what is stored does not fit the monitor file, which `driftline rebase` mends.
    """

    exit_code = 2


class DataError(TerminalError):
    """The data is wrong: no retry will mend it.

    When: a column lacks or changed its type; a reference has no rows; rows that were published would be lost;
    a folder is a table of Delta, Iceberg or Hudi; the store's file is damaged or was cut off.
    """

    exit_code = 3


class UnreadableObjectError(DataError):
    """An object of the log turned out to be damaged while it was read.

    The run goes on without it: ``uri`` says which, the message why.

    When: an object is damaged, gone, or replaced since it was listed. It is set aside and counted, and ends a
    command only where nothing else is left to read.
    """

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(f"{uri} cannot be read: {reason}")
        self.uri = uri
        self.reason = reason

    def __reduce__(self) -> tuple[type[UnreadableObjectError], tuple[str, str]]:
        return type(self), (self.uri, self.reason)


class TransientError(DriftlineError):
    """Something was out of reach: the same call may succeed later.

    When: S3, Postgres or Spark does not answer, or is silent for `DRIFTLINE_TIMEOUT` seconds; a disk is full
    or failing; memory, or file handles, have run out.
    """

    exit_code = 4


class StoreBusyError(TransientError):
    """Another process holds the store's write lock for longer than we may wait.

    When: somebody writes the same DuckDB file, or keeps it open, for longer than
    `DRIFTLINE_TIMEOUT` seconds.
    """


_NOT_OURS = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EROFS", "EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ELOOP", "ENOENT")
)
"""Refusals that stay until somebody names another place or changes who may write there."""


def disk_error(error: OSError, what: str, next_step: str) -> ConfigError | TransientError:
    """What it means that the file system refused: a wrong place (2), or one that is full or failing (4).

    ``what`` could not be done, as in "the page cannot be written to /reports"; ``next_step`` says what to do
    about a wrong place.
    """
    reason = error.strerror or str(error)
    if error.errno in _NOT_OURS:
        return ConfigError(f"{what}: {reason}; {next_step}")
    return TransientError(f"{what} for now: {reason}")
