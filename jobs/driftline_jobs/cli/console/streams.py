"""Standard output and error that may fail: closed, full, broken, or of an encoding that lacks what is said.

What is published and the exit status never depend on whether somebody could read about it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO, cast


class ForgivingStream:
    """A text stream whose failures end what is written to it, and nothing else. ``None`` is a closed one."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._open = stream is not None

    def write(self, text: str) -> int:
        """Write ``text``, characters that the encoding lacks as escapes; nothing once writing has failed."""
        if self._stream is not None and self._open:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._write_escaped(self._stream, text)
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def _write_escaped(self, stream: TextIO, text: str) -> None:
        encoding = stream.encoding or "ascii"
        try:
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError):
            self._give_up()

    def flush(self) -> None:
        """Hand on what was written."""
        if self._stream is not None and self._open:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        """Whether somebody looks at it on a terminal."""
        try:
            return self._stream is not None and self._open and self._stream.isatty()
        except (OSError, ValueError):
            return False

    def _give_up(self) -> None:
        """Write no more, and give what is still buffered a place that takes everything."""
        self._open = False
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, cast("IO[str]", self._stream).fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        if self._stream is None:
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextmanager
def forgiving_streams() -> Iterator[None]:
    """Standard output and error as forgiving ones, for as long as a command runs."""
    before = sys.stdout, sys.stderr
    out, err = (ForgivingStream(stream) for stream in before)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    try:
        yield
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before
