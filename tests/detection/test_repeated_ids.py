"""Ids that come again: sketches of windows followed in their order, against sets of the ids themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.detection.repeated_ids import Followed, Repeated, repeated_among
from driftline_jobs.profiles.id_sketch import SKETCH_SIZE, IdSketch
from driftline_jobs.sources.labels.loose_ids import loose_hashes

DAY = 86_400_000_000


def sketch(ids: list[str]) -> IdSketch:
    return IdSketch.of(len(ids), loose_hashes(pa.array(ids)))


def test_what_few_ids_repeat_is_counted_exactly() -> None:
    days = [
        [f"a{k}" for k in range(300)],
        [f"a{k}" for k in range(200, 500)],
        [f"b{k}" for k in range(100)],
        ["a0", "a499", "b7", "new"],
    ]
    followed = Followed(10 * DAY)
    found = [followed.add(at * DAY, sketch(ids)) for at, ids in enumerate(days)]
    assert found == [Repeated(0.0, 300), Repeated(100.0, 300), Repeated(0.0, 100), Repeated(3.0, 4)]
    assert repeated_among([(at * DAY, sketch(ids)) for at, ids in enumerate(days)], 10 * DAY) == Repeated(
        103.0, 704
    )


def test_only_windows_within_reach_count() -> None:
    ids = [f"a{k}" for k in range(50)]
    for days, expected in ((5, 50.0), (6, 0.0)):
        followed = Followed(5 * DAY)
        followed.add(0, sketch(ids))
        assert followed.add(days * DAY, sketch(ids)).count == expected


@pytest.mark.parametrize("larger", [1, 20])
def test_of_many_ids_the_share_is_estimated(larger: int) -> None:
    n = 20_000
    before = [f"a{k}" for k in range(n * larger)]
    now = [f"a{k}" for k in range(n // 4)] + [f"b{k}" for k in range(n - n // 4)]
    followed = Followed(DAY)
    followed.add(0, sketch(before))
    found = followed.add(DAY, sketch(now))
    looked_at = SKETCH_SIZE / larger
    assert found.of == n
    assert found.share == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / looked_at))


def test_windows_without_ids_repeat_nothing() -> None:
    followed = Followed(DAY)
    assert followed.add(0, IdSketch()) == Repeated()
    assert followed.add(1, sketch(["a"])) == Repeated(0.0, 1)
    assert Repeated().share == 0.0
