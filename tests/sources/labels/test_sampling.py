"""The sample of ids that a join takes: the least hashes of each window, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.id_sketch import SKETCH_SIZE, IdSketch, SampledIds
from driftline_jobs.sources.labels.id_sampling import IdSampling
from driftline_jobs.sources.labels.loose_ids import loose_hashes
from driftline_schemas.errors import DataError


def predictions(ids: Sequence[str | None], bases: Sequence[int]) -> pa.RecordBatch:
    texts = pa.array(ids, pa.string())
    return pa.record_batch({"base": pa.array(bases, pa.int32()), "id": texts, "loose": loose_hashes(texts)})


def labels(ids: Sequence[str | None], first: int = 0, last: int = 9) -> pa.RecordBatch:
    texts = pa.array(ids, pa.string())
    reach = {"first_base": [first] * len(ids), "last_base": [last] * len(ids)}
    return pa.record_batch(
        {"id": texts, "loose": loose_hashes(texts), **{k: pa.array(v, pa.int32()) for k, v in reach.items()}}
    )


def least(ids: Sequence[str]) -> list[int]:
    return sorted(set(loose_hashes(pa.array(ids)).tolist()))[:SKETCH_SIZE]


def sampled(parts: Sequence[pa.RecordBatch], answers: Sequence[pa.RecordBatch] = ()) -> dict[int, SampledIds]:
    sampling = IdSampling(10)
    for part in parts:
        sampling.add_predictions(part)
    for answer in answers:
        sampling.add_labels(answer)
    return sampling.samples(dict.fromkeys(range(10), 100))


@pytest.mark.parametrize("repeats", [1, 30])
def test_the_least_hashes_of_each_window_are_kept_in_any_order(repeats: int) -> None:
    random = np.random.default_rng(3)
    many = [f"m-{k}" for k in range(60_000 // repeats)] * repeats
    few = [f"f-{k}" for k in range(200)]
    ids: list[str | None] = [*many, *few, *([None] * 50)]
    bases = [4] * len(many) + [7] * len(few) + [4] * 50
    for _ in range(3):
        order = random.permutation(len(ids))
        cuts = np.sort(random.integers(0, len(ids), 5))
        batches = [
            predictions([ids[at] for at in part], [bases[at] for at in part])
            for part in np.split(order, cuts)
        ]
        found = sampled(batches)
        assert sorted(found) == [4, 7]
        assert found[4].sketch.hashes.tolist() == least(many)
        assert found[7].sketch.hashes.tolist() == least(few)
        assert (int(found[4].sketch.limit), int(found[7].sketch.limit)) == (least(many)[-1], 2**64 - 1)


def test_samples_of_parts_of_the_ids_tell_together_what_one_of_all_does() -> None:
    ids = [f"Order-{k}" for k in range(9000)]
    told = [name.lower() if k % 3 == 0 else name for k, name in enumerate(ids)]
    whole = sampled([predictions(ids, [1] * len(ids))], [labels(told)])[1]
    part = loose_hashes(pa.array(ids)) % np.uint64(4)
    parts = []
    for number in range(4):
        mine = np.flatnonzero(part == number)
        batch = predictions([ids[at] for at in mine], [1] * len(mine))
        parts.append(sampled([batch], [labels([told[at] for at in mine])])[1])
    merged = SampledIds.merged(parts[::-1])
    assert merged.sketch.hashes.tolist() == whole.sketch.hashes.tolist() == least(ids)
    assert merged.unlike.tolist() == whole.unlike.tolist()
    assert merged.example == whole.example
    written_low = set(loose_hashes(pa.array(ids[::3])).tolist())
    assert whole.unlike.tolist() == [hashed for hashed in least(ids) if hashed in written_low]
    assert whole.count_unlike == pytest.approx(100 / 3, abs=5)
    assert (merged.sketch.count, merged.count_unlike) == (400, 4 * whole.count_unlike)


def test_what_meets_its_like_is_not_unlike() -> None:
    ids = ["a1", "A1", "007", "x", "y", "z"]
    told = ["a1", "7", "X ", "y", "Y", None, "w"]
    found = sampled([predictions(ids, [0] * len(ids))], [labels(told, 0, 0), labels(["Z"], 1, 9)])[0]
    # A1 has no label, but a1 is that of another prediction; y has its label, whatever else there is
    expected = {"007": "7", "x": "X "}
    assert found.unlike.tolist() == sorted(loose_hashes(pa.array(list(expected))).tolist())
    assert found.example is not None
    assert expected[found.example.prediction] == found.example.label
    assert found.example.hash == min(found.unlike)
    assert found.count_unlike == pytest.approx(100 * 2 / 5)


def test_sketches_travel_as_bytes_and_merge() -> None:
    one, other = (
        IdSketch.of(900, loose_hashes(pa.array([f"{side}{k}" for k in range(900)]))) for side in "ab"
    )
    again = IdSketch.from_bytes(one.to_bytes())
    assert (again.count, again.hashes.tolist()) == (900, one.hashes.tolist())
    both = IdSketch.merged([one, other, one])
    assert both.hashes.tolist() == sorted({*one.hashes.tolist(), *other.hashes.tolist()})[:SKETCH_SIZE]
    assert both.count == 2700
    assert (IdSketch.merged([]).count, IdSketch.merged([]).hashes.tolist()) == (0, [])
    with pytest.raises(DataError, match=r"format 9.*run the window again"):
        IdSketch.from_bytes(b"\x09" + one.to_bytes()[1:])


def test_windows_without_ids_have_no_sample() -> None:
    assert sampled([predictions([None, None], [0, 0])], [labels(["a"])]) == {}
