"""Arrays of every admitted type as arrays of a few."""

from __future__ import annotations

import uuid
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sources.conftest import WriteLog
from tests.sources.looking import log, look

from driftline_jobs.profiles.columns.octets import text_of_bytes
from driftline_jobs.profiles.columns.plain import plain
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_schemas.monitor import Monitor

UUIDS = [uuid.UUID(int=int(number)) for number in np.random.default_rng(3).integers(0, 2**63, 500)]
DIGESTS = [bytes([200, 1, number]) for number in range(4)]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", None, "é"], pa.string_view()), ["a", None, "é"]),
        (pa.array([b"a", None, "é".encode()], pa.binary()), ["a", None, "é"]),
        (pa.array([b"a", None, "é".encode()], pa.large_binary()), ["a", None, "é"]),
        (pa.array([b"a", None, b"two\nlines"], pa.binary_view()), ["a", None, "two\nlines"]),
        (pa.array([b"abc", None], pa.binary(3)), ["abc", None]),
        (pa.array([*DIGESTS, b"name", None]), ["c80100", "c80101", "c80102", "c80103", "name", None]),
        (pa.array([b"\0\1", b""]), ["0001", ""]),
        (pa.array([u.bytes for u in UUIDS], pa.uuid()), [str(u) for u in UUIDS]),
        (pa.array([UUIDS[0].bytes, None], pa.binary(16)), [str(UUIDS[0]), None]),
        (
            pa.array([b"sixteen letters!", None], pa.binary(16)),
            [str(uuid.UUID(bytes=b"sixteen letters!")), None],
        ),
        (
            pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', None])),
            ['{"a": 1}', None],
        ),
        (
            pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8())),
            [True, False, None],
        ),
        (pa.array(np.array([1.5, -2, np.inf], np.float16)), [1.5, -2.0, np.inf]),
        (pa.array([Decimal("1.50"), None], pa.decimal32(5, 2)), [Decimal("1.50"), None]),
        (pa.array([Decimal("1.50"), None], pa.decimal64(9, 2)), [Decimal("1.50"), None]),
        (pa.array([1500, None, -1], pa.duration("ms")), [1.5, None, -0.001]),
        (pa.array([3, None], pa.duration("s")), [3.0, None]),
        (pa.array([2**63 - 1, 1], pa.duration("ns")), [(2**63 - 1) / 1e9, 1e-9]),
        (pa.array([b"a", b"\xff", None]).dictionary_encode(), ["a", "ff", None]),
        (pa.array([1.5, 2.5, None]).dictionary_encode(), [1.5, 2.5, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values(array: pa.Array, expected: list[object]) -> None:
    """Whole, as slices, and empty; and every kernel that columns go through takes what comes out."""
    assert plain(array).to_pylist() == expected
    assert plain(array.slice(1)).to_pylist() == expected[1:]
    assert plain(array.slice(0, 0)).to_pylist() == []
    made = plain(array)
    places = pa.array([0, len(array) - 1])
    assert made.take(places).to_pylist() == [expected[0], expected[-1]]
    coded = made if pa.types.is_dictionary(made.type) else made.dictionary_encode()
    assert coded.to_pylist() == expected
    assert pc.count(made, mode="only_null").as_py() == expected.count(None)


@pytest.mark.parametrize("text", ["sixteen letters!", "São José do Rio", "naïve façades é"])
def test_sixteen_bytes_that_are_text(text: str) -> None:
    raw = text.encode()
    mixed = pa.array([raw, UUIDS[0].bytes, None] if len(raw) == 16 else [raw, None])
    expected = [text, str(UUIDS[0]), None] if len(raw) == 16 else [text, None]
    assert text_of_bytes(mixed).to_pylist() == expected


def test_uuids_among_bytes_of_any_length() -> None:
    values = [u.bytes for u in UUIDS]
    assert text_of_bytes(pa.array(values)).to_pylist() == [str(u) for u in UUIDS]
    assert text_of_bytes(pa.array([*values, b"short"])).to_pylist() == [*map(str, UUIDS), "short"]


@pytest.mark.parametrize("dictionaries", [["x"], []], ids=["dictionary", "plain"])
@pytest.mark.parametrize(
    "arrow_type",
    [pa.string_view(), pa.binary(), pa.binary_view(), pa.large_binary(), pa.large_string()],
    ids=str,
)
def test_text_of_every_form_is_read_alike(
    write_log: WriteLog, monitor: Monitor, arrow_type: pa.DataType, dictionaries: list[str]
) -> None:
    texts = ["a", "b", None, "a"]
    values = pa.array(
        [t if t is None or "string" in str(arrow_type) else t.encode() for t in texts], arrow_type
    )
    inspected = look(write_log("a.parquet", log(x=values), row_group_size=2), monitor)
    (split,) = inspected.splits
    with SplitReader(split, inspected.columns, dictionaries) as reader:
        found = reader.column("x")
        assert reader.head(2)["x"].to_pylist() == ["a", "b"]
    assert found.to_pylist() == texts
    assert pa.types.is_dictionary(found.type) == bool(dictionaries)
