"""Figures of texts beside those of their lengths: how many are empty, and how many words are new."""

from __future__ import annotations

import numpy as np

from driftline_jobs.metrics.figures import Counts, Figure, Status, figure, statuses
from driftline_jobs.metrics.samples import TextSample

TEXT_METRICS = ("empty_fraction_delta", "new_words_delta")


def text_figures(current: TextSample, reference: TextSample) -> dict[str, Figure]:
    """``TEXT_METRICS`` of cells (...,): differences of shares of the texts, and of the words.

    Of the reference's words those count as new that one of its windows has alone: as many of a further
    window's are of words never seen (Good, Biometrika 1953, by windows in place of rows). Fewer new words
    than usual are no drift.
    """
    texts_n, texts_m = current.texts(), reference.texts()
    empty = _difference(current.blank, texts_n, reference.blank, texts_m)
    new = _difference(
        current.unseen_words,
        current.words,
        reference.unseen_words + reference.single_words,
        reference.words,
        Status.NO_WORDS,
    )
    return {
        "empty_fraction_delta": empty,
        # what is debiased is held against the floor: on one side alone
        "new_words_delta": figure(new.value, new.status, debiased=new.value),
    }


def _difference(
    part_n: Counts, n: Counts, part_m: Counts, m: Counts, none: Status = Status.NO_VALUES
) -> Figure:
    shape = np.broadcast_shapes(n.shape, m.shape)
    status = statuses(shape, (n == 0, none), (m == 0, Status.NO_REFERENCE_VALUES))
    return figure(part_n / np.maximum(n, 1) - part_m / np.maximum(m, 1), status)
