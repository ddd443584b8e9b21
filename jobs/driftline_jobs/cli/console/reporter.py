"""How a command tells what it does: bars on a terminal, plain lines elsewhere, JSON lines for machines.

All of it goes to standard error; standard output is left to the command's answer.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TextIO

import typer

from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import DriftlineError

UNEXPECTED = 1


def open_reporter(log_format: LogFormat, *, debug: bool) -> Reporter:
    """What ``--log-format`` asks for, fit for what standard error is."""
    if log_format is LogFormat.JSON:
        return JsonLines(sys.stderr, debug=debug)
    if sys.stderr.isatty():
        from driftline_jobs.cli.console.bars import Bars

        return Bars(debug=debug)
    return PlainLines(sys.stderr, debug=debug)


class Reporter(ABC):
    """A ``Progress`` around a whole command; leaving it turns an error into a status.

    A failure that is Driftline's to report ends the command with its own exit status; any other is a defect,
    said to be one, and ends it with ``UNEXPECTED``.
    """

    def __init__(self, *, debug: bool) -> None:
        self._debug = debug
        # Threads report too: one line, or one move of a bar, at a time.
        self._lock = threading.Lock()
        self._stage: str | None = None
        self._steps = 0
        self._since = 0.0

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin the stage ``name`` and end the one before."""
        with self._lock:
            self._end_stage()
            self._stage, self._steps, self._since = name, 0, time.monotonic()
            self._begin(name, total)

    def advance(self, steps: int = 1) -> None:
        """Count ``steps`` of the present stage as done."""
        with self._lock:
            self._steps += steps
            self._advance(steps)

    def event(self, name: str, **fields: object) -> None:
        """Report that something happened."""
        with self._lock:
            self._say(name, fields)

    def answer(self, text: str, name: str, **fields: object) -> None:
        """End the command well: ``text`` on standard output, unless machines read, who get it as an event."""
        with self._lock:
            self._end_stage()
            self._close()
            self._answer(text, name, fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if error is None:
                self._end_stage()
            self._close()
            if not isinstance(error, Exception) or isinstance(
                error, (typer.Exit, typer.Abort, typer.TyperException)
            ):
                return
            known = isinstance(error, DriftlineError)
            status = error.exit_code if isinstance(error, DriftlineError) else UNEXPECTED
            message = str(error) if known else defect(error)
            origin = "".join(traceback.format_exception(error)) if self._debug else None
            self._fail(message, {"error_kind": type(error).__name__, "exit_status": status}, origin)
        raise typer.Exit(status) from error

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._end(self._stage, self._steps, time.monotonic() - self._since)
            self._stage = None

    @abstractmethod
    def _begin(self, stage: str, total: int | None) -> None: ...

    @abstractmethod
    def _advance(self, steps: int) -> None: ...

    @abstractmethod
    def _end(self, stage: str, steps: int, seconds: float) -> None: ...

    @abstractmethod
    def _say(self, event: str, fields: dict[str, object]) -> None: ...

    @abstractmethod
    def _close(self) -> None:
        """Leave the terminal as it was; may be called twice."""

    def _answer(self, text: str, name: str, fields: dict[str, object]) -> None:
        del name, fields
        sys.stdout.write(printable(text) + "\n")

    def _fail(self, message: str, fields: dict[str, object], origin: str | None) -> None:
        del fields
        sys.stderr.write(f"error: {printable(message)}\n{origin or ''}")


class PlainLines(Reporter):
    """A line when a stage ends or something happens: for a terminal that is a file."""

    def __init__(self, stream: TextIO, *, debug: bool) -> None:
        super().__init__(debug=debug)
        self._stream = stream

    def _begin(self, stage: str, total: int | None) -> None:
        del total
        self._line(f"{stage} …")

    def _advance(self, steps: int) -> None:
        """A line per step would drown the others."""

    def _end(self, stage: str, steps: int, seconds: float) -> None:
        self._line(f"{stage}: {f'{steps:,} in ' if steps else ''}{seconds:.1f} s")

    def _say(self, event: str, fields: dict[str, object]) -> None:
        self._line(in_words(event, fields))

    def _close(self) -> None:
        """Every line is out already."""

    def _line(self, text: str) -> None:
        self._stream.write(printable(text) + "\n")
        self._stream.flush()


class JsonLines(Reporter):
    """One JSON object per line and event, each with ``time`` (UTC) and ``event``."""

    def __init__(self, stream: TextIO, *, debug: bool) -> None:
        super().__init__(debug=debug)
        self._stream = stream

    def _begin(self, stage: str, total: int | None) -> None:
        self._say("stage_started", {"stage": stage, "total": total})

    def _advance(self, steps: int) -> None:
        """An event per step would drown the others."""

    def _end(self, stage: str, steps: int, seconds: float) -> None:
        self._say("stage_finished", {"stage": stage, "steps": steps, "seconds": round(seconds, 3)})

    def _say(self, event: str, fields: dict[str, object]) -> None:
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
        self._stream.write(json.dumps(line, default=_json_value) + "\n")
        self._stream.flush()

    def _close(self) -> None:
        """Every line is out already."""

    def _answer(self, text: str, name: str, fields: dict[str, object]) -> None:
        del text
        self._say(name, fields)

    def _fail(self, message: str, fields: dict[str, object], origin: str | None) -> None:
        self._say("failed", {"error": message, **fields} | ({"traceback": origin} if origin else {}))


def _json_value(value: object) -> str:
    """What JSON has no form of: times as ISO 8601, paths and the like as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def in_words(event: str, fields: dict[str, object]) -> str:
    """An event as a line for people: its name, then what is known of it."""
    known = ", ".join(
        f"{name.replace('_', ' ')} {in_a_line(str(value))}"
        for name, value in fields.items()
        if value is not None
    )
    name = event.replace("_", " ")
    return f"{name}: {known}" if known else name


def printable(text: str) -> str:
    """``text`` with what would steer a terminal written out: names and values in logs are anybody's."""
    return "\n".join(in_a_line(line) for line in text.split("\n"))


def in_a_line(text: str) -> str:
    """The same, line breaks included."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def defect(error: Exception) -> str:
    """What is said of a failure that is nobody's fault but ours."""
    return (
        f"{type(error).__name__}: {error}\n"
        "This is a defect in Driftline. Please report it in the project's issue tracker, with this message "
        "and what the same command prints with --debug."
    )
