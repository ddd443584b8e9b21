"""Which labels, and which predictions, may meet at all: by the ids and the times that their footers give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from driftline_jobs.sources.parquet.id_range import joined_range
from driftline_jobs.sources.parquet.splits import Split

_A_DAY_US = timedelta(days=1) // timedelta(microseconds=1)


def parted(
    labels: Sequence[Split], predictions: Sequence[Split], start_us: int, reach_us: int
) -> tuple[list[Split], list[Split]]:
    """Labels to read for predictions made from ``start_us`` on, and those that can be about none of them.

    Where a folder names a date, that has decided already. Of others those are not read whose ids lie beside
    those of all predictions, or that are older than any prediction by more than ``reach_us``: those that are
    but somewhat older are counted as such, since a clock may be wrong. Where nothing would be left, all is
    read: ids that are written in another form on either side are to be found out.
    """
    asked = joined_range(split.ids for split in predictions)
    oldest_us = start_us - reach_us - _A_DAY_US

    def is_near(split: Split) -> bool:
        if split.object.folder is not None or split.ids is None:
            return True
        if split.max_us is not None and split.max_us < oldest_us:
            return False
        return asked is None or split.ids.meets(asked)

    near = [split for split in labels if is_near(split)]
    if not near:
        return list(labels), []
    return near, [split for split in labels if not is_near(split)]


def predictions_about(labels: Sequence[Split], predictions: Sequence[Split]) -> list[Split]:
    """The predictions that some of these labels may be about."""
    ranges = [split.ids for split in labels]
    return [
        split
        for split in predictions
        if split.ids is None or any(each is None or each.meets(split.ids) for each in ranges)
    ]
