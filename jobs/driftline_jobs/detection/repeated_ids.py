"""Ids that come again in a later window: a label of such an id may be that of another prediction.

Windows are followed in their order, each against those before it that its labels' time reaches back to. What
is held against each other are sketches of ids, so counts are exact where a window has few ids, and estimates
with a relative error of about 1 / sqrt(ids in the sketch that repeat) where it has many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from driftline_jobs.profiles.id_sketch import SKETCH_SIZE, IdSketch

MOST_REPEATED = 0.01
"""Share of a window's ids that may have been there before: requests that are tried again at midnight, say."""
UNATTRIBUTABLE = 0.1
"""Share of repeated ids from which on no figure is made of the labels: nobody knows what they are about."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """How many of ``of`` predictions with an id have one that an earlier window had."""

    count: float = 0.0
    of: int = 0

    @property
    def share(self) -> float:
        """Of the predictions with an id."""
        return self.count / self.of if self.of else 0.0

    def __add__(self, other: Repeated) -> Repeated:
        return Repeated(self.count + other.count, self.of + other.of)


class Followed:
    """Windows in ascending order of their starts; ``reach_us`` is how far back each looks."""

    def __init__(self, reach_us: int) -> None:
        self._reach_us = reach_us
        self._last: dict[int, int] = {}
        self._limits: deque[tuple[int, np.uint64]] = deque()

    def add(self, start_us: int, sketch: IdSketch) -> Repeated:
        """Hold a window against those before it, and go on to the next."""
        since = start_us - self._reach_us
        while self._limits and self._limits[0][0] < since:
            self._limits.popleft()
        hashes = sketch.hashes
        if self._limits:
            # up to where the sketches of all of them hold every id
            hashes = hashes[hashes <= min(limit for _, limit in self._limits)]
        found = sum(self._last.get(one, since - 1) >= since for one in hashes.tolist())
        self._last.update(dict.fromkeys(sketch.hashes.tolist(), start_us))
        if len(self._last) > _SMALL_COUNT + 2 * SKETCH_SIZE * len(self._limits):
            self._last = {one: at for one, at in self._last.items() if at >= since}
        self._limits.append((start_us, sketch.limit))
        return Repeated(sketch.count * found / len(hashes) if len(hashes) else 0.0, sketch.count)


_SMALL_COUNT = 1 << 20


def repeated_among(sketches: Iterable[tuple[int, IdSketch]], reach_us: int) -> Repeated:
    """Of all predictions of windows, given by start in ascending order, those whose id an earlier one had."""
    followed = Followed(reach_us)
    total = Repeated()
    for start_us, sketch in sketches:
        total += followed.add(start_us, sketch)
    return total
