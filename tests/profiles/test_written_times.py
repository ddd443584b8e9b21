"""How a time is written does not depend on which others lie beside it."""

from __future__ import annotations

import pyarrow as pa

from driftline_jobs.profiles.columns.temporal import written

NOON = 12 * 3_600_000_000_000


def test_a_time_of_a_nanosecond_changes_none_beside_it() -> None:
    whole = pa.array([NOON, None], pa.time64("ns"))
    finer = pa.array([NOON, None, NOON + 1], pa.time64("ns"))
    assert written(finer)[:2] == written(whole)
    assert written(finer)[2] == "12:00:00.000000001"
