"""SIGTERM and SIGINT as exceptions, so that what is open is closed on the way out."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Stopped(BaseException):
    """The process was asked to end. ``status`` is what it ends with: 128 and the signal's number.

    Ends as: exit status 130 (SIGINT) or 143 (SIGTERM); runs under way are noted as failed.
    """

    def __init__(self, number: int) -> None:
        name = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}.get(signal.Signals(number))
        super().__init__(name or signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise ``Stopped`` in the main thread at the first SIGTERM or SIGINT; the second ends the process.

    Within another thread nothing changes: Python lets only the main one handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(number)

    # A shell starts what it runs in the background with SIGINT ignored: that stays so.
    wanted = [each for each in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Worker:
    """A process that does what another one tells it to; that one decides when both end."""

    busy = False

    @classmethod
    def begin(cls) -> None:
        """Leave SIGINT, which a terminal sends to both, to the other one; end at SIGTERM."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, cls._stop)

    @classmethod
    def do(cls, task: Callable[[Item], Result], item: Item) -> Result:
        """``task`` of the item; SIGTERM meanwhile raises ``Stopped`` in it, and ends the process after it."""
        cls.busy = True
        try:
            return task(item)
        except Stopped as stopped:
            # Everything is tidied up. Whoever waits for this process's end would else wait for ever.
            os._exit(stopped.status)
        finally:
            cls.busy = False

    @classmethod
    def _stop(cls, number: int, _: FrameType | None) -> None:
        if not cls.busy:
            os._exit(128 + number)
        cls.busy = False
        raise Stopped(number)
