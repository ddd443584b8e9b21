"""The hash of an id regardless of how it is written."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.sources.labels.loose_ids import loose_hashes

UUID = "0a1b2c3d-4e5f-4a6b-8c7d-0e1f2a3b4c5d"


def _hash(text: str) -> int:
    return int(loose_hashes(pa.array([text]))[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "1.000"),
        ("1", "0001"),
        ("120", "120.0"),
        (UUID, UUID.upper()),
        (UUID, UUID.replace("-", "")),
        (UUID, "{" + UUID.upper() + "}"),
        ("abc", "  abc\t"),
        ("abc", '"abc"'),
        ("order_7", "ORDER_7"),
        ("00000000-0000-4a6b-8c7d-0e1f2a3b4c5d", "4a6b8c7d0e1f2a3b4c5d"),
        ("0", "000"),
    ],
)
def test_ids_that_differ_in_how_they_are_written_alone(one: str, other: str) -> None:
    assert _hash(one) == _hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "10"),
        ("100", "1"),
        ("a.00b", "a.b"),
        ("1.01", "1"),
        ("abc", "acb"),
        ("ä", "Ä"),
        ("", "a"),
        ("0.5", "5"),
        ("1-23", "12-3"),
        ("a-b", "ab"),
    ],
)
def test_ids_that_are_different(one: str, other: str) -> None:
    assert _hash(one) != _hash(other)


def test_hashes_are_spread_and_do_not_depend_on_where_a_column_begins() -> None:
    texts = pa.array([None if k % 10 == 3 else f"id-{k:06d}" for k in range(20_000)])
    whole = loose_hashes(texts)
    assert np.array_equal(loose_hashes(texts.slice(5000, 700)), whole[5000:5700])
    known = whole[texts.is_valid().to_numpy(zero_copy_only=False)]
    assert len(np.unique(known)) == len(known)
    counts = np.histogram(known.astype(np.float64), bins=16, range=(0.0, 2.0**64))[0]
    assert counts.sum() == len(known)
    assert abs(counts - len(known) / 16).max() < 5 * np.sqrt(len(known) / 16)
    assert len(loose_hashes(pa.array([], pa.string()))) == 0
    assert len(loose_hashes(pa.nulls(3, pa.string()))) == 3
