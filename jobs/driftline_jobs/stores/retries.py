"""Trying again for a while, with pauses at random: of many who wait, nobody is always the one who is late."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def patiently(
    work: Callable[[], Answer],
    seconds: float,
    *,
    again: Callable[[BaseException], bool],
    pauses: tuple[float, float, float],
) -> Answer:
    """``work()``, and once more after an error of which ``again`` says so; after ``seconds`` it is raised.

    ``pauses`` are how long the first one is, by how much each is longer than the one before, and the longest.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_exponential

    first, factor, longest = pauses
    growing = wait_exponential(multiplier=first, exp_base=factor, max=longest)

    def pause(state: RetryCallState) -> float:
        left = max(0.0, seconds - (state.seconds_since_start or 0.0))
        return min(random.uniform(0.5, 1.5) * growing(state), left)  # noqa: S311

    patient = Retrying(
        retry=retry_if_exception(again), stop=stop_after_delay(seconds), wait=pause, reraise=True
    )
    return patient(work)
