"""Which labels, and which predictions, may meet at all: by the ids that their footers give."""

from __future__ import annotations

from collections.abc import Sequence

from driftline_jobs.sources.parquet.id_range import joined_range
from driftline_jobs.sources.parquet.splits import Split


def near_and_beside(labels: Sequence[Split], predictions: Sequence[Split]) -> tuple[list[Split], list[Split]]:
    """Labels to read for these predictions, and those whose ids lie beside all of theirs.

    Where a folder names a date, that has decided already. By their times none are left out: a label whose
    clock is wrong is to be counted as early, and not as missing.
    """
    asked = joined_range(split.ids for split in predictions)

    def is_near(split: Split) -> bool:
        if split.object.folder is not None or split.ids is None or asked is None:
            return True
        return split.ids.meets(asked)

    near = [split for split in labels if is_near(split)]
    return near, [split for split in labels if not is_near(split)]


def predictions_about(labels: Sequence[Split], predictions: Sequence[Split]) -> list[Split]:
    """The predictions that some of these labels may be about."""
    ranges = [split.ids for split in labels]
    return [
        split
        for split in predictions
        if split.ids is None or any(each is None or each.meets(split.ids) for each in ranges)
    ]
