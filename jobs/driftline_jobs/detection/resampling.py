"""How a reference is held against itself: its windows, or windows put together from it, against the rest.

A split is a set of weights on the pieces of the reference (its windows or base windows). Counts and sums
per piece, times the weights, are the profiles that are compared; so one matrix product splits anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftline_jobs.detection.cycles import NO_LABEL, finest_level
from driftline_jobs.detection.verdicts import BLOCKS, CALIBRATED
from driftline_jobs.metrics.figures import Counts, FloatArray, IntArray
from driftline_jobs.metrics.samples import CategorySample, OrderedSample, TextSample

MIN_WINDOWS = 8
"""With fewer windows their spread says too little about itself."""
_DRAWS = 200
_MOST_WINDOWS, _STRETCH = 1008, 24


@dataclass(frozen=True, slots=True)
class Splits:
    """K comparisons within a reference of N pieces.

    Attributes:
        window: (K, N) how often each piece is in the window that is judged.
        rest: (K, N) how often it is in what that window is compared with.
        labels: (K,) calendar label of each window; empty strings where windows are not told apart.
        level: which of the pieces' labels these are, for the windows judged later; None for none.
        source: ``calibrated`` or ``calibrated_blocks``.
        inflation: what the statistics of these windows are multiplied by to be those of windows from
            outside the reference.
        degrees: how many independent pieces of information the spread of the statistics rests on; None
            where that is the windows themselves.
    """

    window: FloatArray
    rest: FloatArray
    labels: tuple[str, ...]
    level: int | None
    source: str
    inflation: float = 1.0
    degrees: int | None = None

    def at(self, places: IntArray) -> Splits:
        """Some of the comparisons; their labels only where these still group them."""
        names = tuple(self.labels[place] for place in places.tolist())
        grouped = self.level is not None and finest_level([(name,) for name in names]) is not None
        return replace(
            self,
            window=self.window[places],
            rest=self.rest[places],
            labels=names if grouped else (NO_LABEL,) * len(names),
            level=self.level if grouped else None,
        )

    def apply(self, pieces: Counts) -> tuple[FloatArray, FloatArray]:
        """Counts or sums (N, ...) of the pieces as those of window and rest, (K, ...) each."""
        flat = pieces.reshape(len(pieces), -1).astype(np.float64)
        shape = (-1, *pieces.shape[1:])
        return (self.window @ flat).reshape(shape), (self.rest @ flat).reshape(shape)

    def ordered(self, pieces: OrderedSample) -> tuple[OrderedSample, OrderedSample]:
        """A sample (N, ...) of the pieces as two samples (K, ...): the windows, and what they leave."""
        window = pieces.combined(lambda counts: self.apply(counts)[0])
        rest = pieces.combined(lambda counts: self.apply(counts)[1])
        return window.among_others() if isinstance(window, TextSample) else window, rest

    def categories(self, pieces: CategorySample) -> tuple[CategorySample, CategorySample]:
        """Likewise; values of a window that the rest has never seen count as unseen, as they would have."""
        counts, others, unseen, missing = (
            self.apply(array) for array in (pieces.counts, pieces.other, pieces.unseen, pieces.missing)
        )
        known = counts[1] > 0
        window = CategorySample(
            counts=np.where(known, counts[0], 0.0),
            other=others[0],
            unseen=unseen[0] + np.where(known, 0.0, counts[0]).sum(-1),
            missing=missing[0],
        )
        return window, CategorySample(counts[1], others[1], unseen[1], missing[1])


def leave_one_out(labels: Sequence[Sequence[str]]) -> Splits | None:
    """Each window of the reference against the others; None with fewer than ``MIN_WINDOWS``.

    Where the calendar groups the windows, the place of the one left out is taken by the mean of the others
    of its group. Else the rest of a reference of eight days would hold fewer Sundays than the reference
    does, and a Sunday would seem further from it than one from outside will.

    Args:
        labels: for each window its ``cycle_labels``; may be empty.
    """
    count = len(labels)
    if count < MIN_WINDOWS:
        return None
    level = finest_level(labels)
    names = tuple(NO_LABEL if level is None else several[level] for several in labels)
    rest = 1.0 - np.eye(count)
    if level is not None:
        same = np.equal.outer(np.array(names), np.array(names)) & ~np.eye(count, dtype=bool)
        rest = rest + same / same.sum(1, keepdims=True)
    return Splits(np.eye(count), rest, names, level, CALIBRATED)


def leave_one_out_of_its_season(labels: Sequence[Sequence[str]], near: FloatArray) -> Splits | None:
    """Each window against the others of its season, which is what it would be compared with.

    As ``leave_one_out``; of more than ``_MOST_WINDOWS`` windows some stretches are judged.

    Args:
        near: (N, N) 1.0 where the window of the column is of the season of that of the row, or the same.
    """
    count = len(labels)
    if count < MIN_WINDOWS:
        return None
    level = finest_level(labels)
    names = np.array([NO_LABEL if level is None else several[level] for several in labels], dtype=np.str_)
    judged = np.arange(count)
    if count > _MOST_WINDOWS:
        starts = np.linspace(0, count - _STRETCH, _MOST_WINDOWS // _STRETCH).astype(np.intp)
        judged = (starts[:, None] + np.arange(_STRETCH)).ravel()
    window = np.eye(count)[judged]
    rest = near[judged] * (1.0 - window)
    if level is not None:
        same = rest * np.equal.outer(names[judged], names)
        rest = rest + same / np.maximum(same.sum(1, keepdims=True), 1.0)
    usable = rest.sum(1) > 0.0
    splits = Splits(window, rest, tuple(names[judged].tolist()), level, CALIBRATED)
    return splits.at(np.flatnonzero(usable)) if int(usable.sum()) >= MIN_WINDOWS else None


def leave_one_out_of_its_group(labels: Sequence[Sequence[str]]) -> Splits | None:
    """Each window against the others of its first label, which is what it would be compared with.

    None with fewer than ``MIN_WINDOWS`` that have such others. Those without are left out.
    """
    names = np.array([several[0] for several in labels], dtype=np.str_)
    others = np.equal.outer(names, names) & ~np.eye(len(names), dtype=bool)
    usable = np.flatnonzero(others.any(1))
    if len(usable) < MIN_WINDOWS:
        return None
    return Splits(
        np.eye(len(names))[usable],
        others[usable].astype(np.float64),
        (NO_LABEL,) * len(usable),
        None,
        CALIBRATED,
    )


def resample_blocks(
    labels: Sequence[Sequence[str]], length: int, *, block: int = 1, draws: int = _DRAWS, seed: int = 0
) -> Splits | None:
    """Windows of ``length`` base windows put together from those of the reference, against all of it.

    For references of too few windows: weeks, months. Blocks of ``block`` base windows in a row are drawn
    with replacement, each in the place of one of the same label, so that every window has its Sundays.
    A window from outside differs from the reference by its own share of the variation and the reference's,
    a drawn one by the first alone, and by less, since the means of the labels are taken from what is drawn:
    ``inflation`` makes up for both. The spread rests on the base windows, however many are drawn.

    Args:
        labels: for each base window its ``cycle_labels``, ascending in time.
        length: base windows that a monitored window has.
        block: base windows that stay together; what is alike within it (the hours of a day) stays so.
        seed: equal seeds give equal windows.

    Returns:
        None where the reference has too few base windows to tell how much they vary.
    """
    count = len(labels)
    level = finest_level(labels)
    names = [NO_LABEL if level is None else several[level] for several in labels]
    starts: dict[str, list[int]] = {}
    for at in range(count - block + 1):
        starts.setdefault(names[at], []).append(at)
    groups = Counter(names)
    degrees = count // block - max(1, len(groups) // block)
    if degrees < MIN_WINDOWS - 1 or length < 1:
        return None
    rng = np.random.default_rng(seed)
    window = np.zeros((draws, count))
    for draw in range(draws):
        offset = int(rng.integers(count))
        for place in range(0, length, block):
            candidates = starts.get(names[(offset + place) % count])
            if not candidates:  # a label that only the last, incomplete block has
                candidates = list(range(count - block + 1))
            chosen = candidates[int(rng.integers(len(candidates)))]
            np.add.at(window[draw], np.arange(chosen, chosen + min(block, length - place)), 1.0)
    per_group = np.array([max(size // block, 2) for size in groups.values()], np.float64)
    weight = np.array(list(groups.values()), np.float64) / count
    within = float((weight * per_group / (per_group - 1.0)).sum())
    return Splits(
        window,
        np.ones((draws, count)),
        (NO_LABEL,) * draws,
        None,
        BLOCKS,
        inflation=(1.0 + length / count) * within,
        degrees=degrees,
    )
