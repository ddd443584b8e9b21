"""Every failure Driftline reports, in two families: terminal (a retry will not help) and transient.

The command line turns the family into its exit code; nothing else may decide between stop and retry.
A message names the value, what was expected, and the next step.
"""

from __future__ import annotations

from typing import ClassVar


class DriftlineError(Exception):
    """Base of all failures that are Driftline's to report. ``exit_code`` is the process's exit status."""

    exit_code: ClassVar[int]


class TerminalError(DriftlineError):
    """The same call will fail again until somebody changes something."""


class ConfigError(TerminalError):
    """The command, the settings or the monitor file is wrong."""

    exit_code = 2


class DataError(TerminalError):
    """The data is wrong: no retry will mend it."""

    exit_code = 3


class UnreadableObjectError(DataError):
    """An object of the log turned out to be damaged while it was read.

    The run goes on without it: ``uri`` says which, the message why.
    """

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(f"{uri} cannot be read: {reason}")
        self.uri = uri
        self.reason = reason

    def __reduce__(self) -> tuple[type[UnreadableObjectError], tuple[str, str]]:
        return type(self), (self.uri, self.reason)


class TransientError(DriftlineError):
    """Something was out of reach: the same call may succeed later."""

    exit_code = 4


class StoreBusyError(TransientError):
    """Another process holds the store's write lock for longer than we may wait."""
