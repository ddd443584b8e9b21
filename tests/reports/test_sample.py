"""The sample of rows: bounded, and the same however the rows arrive."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline_reports.sample import Hashes, IdSample, RowHashes


def rows(count: int, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "id": [f"r{n}" for n in range(count)],
            "x": rng.normal(size=count),
            "kind": pa.array([("a", "b", None)[n] for n in rng.integers(0, 3, count)]),
        }
    )


def sampled(table: pa.Table, limit: int, cuts: list[int] | None = None) -> pa.Table | None:
    sample = IdSample(limit)
    bounds = [0, *sorted(cuts or []), len(table)]
    for first, last in itertools.pairwise(bounds):
        part = table.slice(first, last - first)
        sample.add(part, part["id"])
    assert sample.rows_seen == len(table)
    return sample.table()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 500), max_size=6),
    limit=st.integers(1, 600),
)
def test_neither_order_nor_split_matters(seed: int, cuts: list[int], limit: int) -> None:
    table = rows(500)
    shuffled = table.take(pa.array(np.random.default_rng(seed).permutation(500)))
    whole, parts = sampled(table, limit), sampled(shuffled, limit, cuts)
    assert whole is not None
    assert parts is not None
    assert whole.equals(parts)
    assert len(whole) == min(limit, 500)


def test_samples_of_parts_merge_into_the_sample_of_the_whole() -> None:
    table = rows(3000)
    merged = IdSample(100)
    for first in (2000, 0, 1000):
        part = IdSample(100)
        piece = table.slice(first, 1000)
        part.add(piece, piece["id"])
        merged.merge(part)
    assert merged.rows_seen == 3000
    assert merged.table() == sampled(table, 100)
    merged.merge(IdSample(100))
    assert merged.table() == sampled(table, 100)


def test_a_row_is_in_by_its_id_alone() -> None:
    table = rows(2000)
    chosen = set(sampled(table, 200)["id"].to_pylist())  # type: ignore[index]
    other = table.set_column(1, "x", pa.array(np.zeros(2000)))
    assert set(sampled(other, 200)["id"].to_pylist()) == chosen  # type: ignore[index]
    # Of the same ids on another day, mixed with others, the chosen ones come first again.
    mixed = pa.concat_tables([table.slice(0, 1000), rows(4000).slice(2000)])
    again = set(sampled(mixed, 300)["id"].to_pylist())  # type: ignore[index]
    known = {f"r{n}" for n in range(1000)}
    assert again & known <= chosen | (known - chosen)
    assert len(again & chosen) > 0.5 * len(chosen & known)


def test_numbers_and_their_texts_are_one_id() -> None:
    numbers, texts = IdSample(3), IdSample(3)
    table = pa.table({"x": list(range(50))})
    numbers.add(table, table["x"])
    texts.add(table, table["x"].cast(pa.string()))
    assert numbers.table() == texts.table()


def test_the_share_is_even() -> None:
    # Ids that count up: the lowest hashes must not prefer any part of them.
    sample = sampled(rows(20_000), 2_000)
    assert sample is not None
    places = np.array([int(text[1:]) for text in sample["id"].to_pylist()])
    tenths = np.bincount(places // 2_000, minlength=10)
    # Ten binomial counts with mean 200 and standard deviation 13.
    assert tenths.min() > 140
    assert tenths.max() < 260


def test_rows_without_an_id_go_by_their_content() -> None:
    table = rows(1000)
    nothing = pa.chunked_array([pa.nulls(1000, pa.string())])
    sample = IdSample(50)
    sample.add(table, nothing)
    found = sample.table()
    assert found is not None
    assert len(found) == 50
    assert len(set(found["id"].to_pylist())) == 50


def test_wrong_calls_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        IdSample(0)
    with pytest.raises(ValueError, match="10 rows came with 9 ids"):
        IdSample().add(rows(10), rows(9)["id"])
    empty = IdSample()
    empty.add(rows(0), rows(0)["id"])
    assert empty.table() is None


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 500), max_size=6),
    limit=st.integers(1, 600),
    ids=st.sampled_from(["all", "some", "none", "few"]),
)
def test_reading_candidates_alone_gives_the_same_sample(
    seed: int, cuts: list[int], limit: int, ids: str
) -> None:
    table = rows(500, seed)
    names = {
        "all": table["id"],
        "some": pa.chunked_array([[None if n % 3 else f"r{n}" for n in range(500)]]),
        "none": pa.chunked_array([pa.nulls(500, pa.string())]),
        "few": pa.chunked_array([[f"r{n % 2}" for n in range(500)]]),
    }[ids]
    whole, few = IdSample(limit), IdSample(limit)
    whole.add(table, names)
    bounds = [0, *sorted(cuts), 500]
    for first, last in itertools.pairwise(bounds):
        part, mine = table.slice(first, last - first), names.slice(first, last - first)

        def contents(part: pa.Table = part) -> Hashes:
            made = RowHashes(len(part))
            for name in sorted(part.column_names):
                made.add(name, part[name])
            return made.hashes

        chosen = pa.array(few.candidates(mine, contents))
        few.add(part.take(chosen), mine.take(chosen), seen=len(part))
    assert few.rows_seen == whole.rows_seen == 500
    one, other = whole.table(), few.table()
    assert one is not None
    assert other is not None
    assert one.equals(other)
