"""Calls that are given up when no answer comes.

A peer can accept a connection, acknowledge every byte and never answer: no limit of the network notices that,
and a driver's call has none of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

Answer = TypeVar("Answer")


class SilentPeerError(Exception):
    """No answer came in time. The call is still under way: what it uses must neither be used nor closed.

    Ends as: a `TransientError`.
    """


def within(seconds: float, call: Callable[[], Answer], too_late: Callable[[], None] | None = None) -> Answer:
    """The answer of ``call``, or its exception, if it comes within ``seconds``.

    Raises SilentPeerError otherwise. The call then goes on in a thread that ends with the process, and which
    holds on to all that ``call`` refers to; should it still end, ``too_late`` is called.
    """
    answer: Future[Answer] = Future()
    end = threading.Lock()
    given_up = False

    def work() -> None:
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            with end:
                answer.set_exception(error)
        else:
            with end:
                answer.set_result(found)
        if given_up and too_late is not None:
            too_late()

    threading.Thread(target=work, name="driftline-store", daemon=True).start()
    with suppress(TimeoutError):
        answer.exception(timeout=seconds)
    with end:
        given_up = not answer.done()
    if given_up:
        raise SilentPeerError
    return answer.result()
