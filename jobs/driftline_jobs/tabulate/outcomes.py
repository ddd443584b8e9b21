"""Outcomes of many cells as the arrays that the performance formulas take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.labels.collect import OutcomesByCell
from driftline_jobs.labels.outcomes import LOSS_BITS, SCORE_BITS, SQUARE_BITS, BinaryOutcomes
from driftline_jobs.measure.binary import BinaryCounts, ConfusionCounts, LossSums
from driftline_jobs.measure.ranking import ScoreLabelCounts
from driftline_jobs.profile.binning import OrderedBins
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import Window, from_us


def stack_binary(outcomes: Sequence[BinaryOutcomes], bins: OrderedBins | None) -> BinaryCounts:
    """(cells, …) counts and sums; integers become floats here, each rounded once."""
    confusion = np.array([outcome.confusion for outcome in outcomes], np.int64).reshape(-1, 4)
    true_neg, false_pos, false_neg, true_pos = (confusion[:, at] for at in range(4))
    decisions = ConfusionCounts(true_pos, false_pos, false_neg, true_neg)
    if bins is None:
        return BinaryCounts(confusion=decisions)
    shape = (len(outcomes), bins.bins)
    scores = ScoreLabelCounts(
        pos=np.array([outcome.positives for outcome in outcomes], np.int64).reshape(shape),
        neg=np.array([outcome.negatives for outcome in outcomes], np.int64).reshape(shape),
        score_sums=np.array(
            [[total / 2**SCORE_BITS for total in outcome.score_sums] for outcome in outcomes], np.float64
        ).reshape(shape),
    )
    losses = LossSums(
        n=np.array([outcome.labelled - outcome.unscored for outcome in outcomes], np.int64),
        log_loss=_scaled([outcome.log_loss for outcome in outcomes], LOSS_BITS),
        log_loss_squares=_scaled([outcome.log_loss_squares for outcome in outcomes], SQUARE_BITS),
        brier=_scaled([outcome.brier for outcome in outcomes], LOSS_BITS),
        brier_squares=_scaled([outcome.brier_squares for outcome in outcomes], LOSS_BITS),
    )
    return BinaryCounts(scores=scores, confusion=decisions, losses=losses)


def _scaled(totals: Sequence[int], bits: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    # Python divides integers of any length correctly rounded
    return np.array([total / 2**bits for total in totals], np.float64)


def add_outcome_profiles(
    table: TableBuilder, monitor: str, window: Window, run_id: str, base: OutcomesByCell
) -> None:
    """The mergeable outcomes of every base window and cell: rows of ``profiles`` with column ``*``."""
    keys = sorted(base)
    table.add(
        len(keys),
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=[key.model_version for key in keys],
        segment=[key.segment for key in keys],
        segment_value=[key.segment_value for key in keys],
        run_id=run_id,
        column_name="*",
        base_start=[from_us(key.base_start_us) for key in keys],
        state=[base[key].to_bytes() for key in keys],
    )
