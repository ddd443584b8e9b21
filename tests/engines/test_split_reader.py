"""Reading a split: few requests, and never a row of an object that is not, whole, the one that was listed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.fault_proxy import PASS, fault_proxy
from tests.sources.looking import list_objects
from tests.sources.s3_server import S3Server, serve

from driftline_jobs.sources.parquet.fetch import Span, blocks, chunk_spans
from driftline_jobs.sources.parquet.footer_layout import Tail, read_tail
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Inspection
from driftline_jobs.storage.location import open_location
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import parse_monitor

MONITOR = """\
monitor: test
task: binary_classification
logs: {uri: logs, timestamp: at, score: p}
reference: {window: [2013-01-01, 2013-02-01]}
"""
MB = 1 << 20
ROWS = 4000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3")) as running:
        yield running


def table(seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    columns = {f"c{n}": random.random(ROWS) for n in range(20)}
    trip = pa.array([{"from": "EWR", "miles": n} for n in range(ROWS)])
    at = pa.array(np.arange(ROWS) * 1_000_000, pa.timestamp("us", "UTC"))
    return pa.table({"at": at, "p": random.random(ROWS), **columns, "trip": trip})


def tail_of(path: Path) -> Tail:
    content = path.read_bytes()
    return read_tail(lambda size, start: content[start : start + size], len(content))


def inspected(uri: str) -> Inspection:
    location = open_location(uri)
    return inspect(list_objects(location, "UTC"), location, parse_monitor(MONITOR, "monitor.yaml"))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(0, 10), (10, 20)], [(0, 20)]),
        ([(0, 10), (MB, 2 * MB)], [(0, 2 * MB)]),  # a small hole is read over
        ([(0, 10), (2 * MB, 3 * MB)], [(0, 10), (2 * MB, 3 * MB)]),  # a large one is not
        ([(n * MB, (n + 1) * MB) for n in range(40)], [(0, 16 * MB), (16 * MB, 32 * MB), (32 * MB, 40 * MB)]),
        ([(0, 50 * MB), (50 * MB, 51 * MB)], [(0, 50 * MB), (50 * MB, 51 * MB)]),
    ],
)
def test_near_chunks_are_fetched_together(
    spans: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert blocks(Span(*span) for span in spans) == [Span(*span) for span in expected]


def test_chunks_are_where_the_bytes_of_the_columns_are(tmp_path: Path) -> None:
    """Whatever lies outside of the spans may be overwritten."""
    path = tmp_path / "part.parquet"
    pq.write_table(table(), path, row_group_size=1000)
    metadata = pq.read_metadata(path)
    spans = chunk_spans(tail_of(path), metadata, [1, 2], [("c3",), ("trip", "miles"), ("trip", "from")])
    content = path.read_bytes()
    end = max(
        metadata.row_group(g).column(c).data_page_offset
        for g in range(4)
        for c in range(metadata.num_columns)
    )
    spoilt = bytearray(b"\xff" * end) + content[end:]
    for span in spans:
        spoilt[span.start : span.stop] = content[span.start : span.stop]
    read = pq.ParquetFile(pa.BufferReader(bytes(spoilt))).read_row_groups([1, 2], columns=["c3", "trip"])
    assert read.equals(table().select(["c3", "trip"]).slice(1000, 2000))


def test_many_row_groups_are_few_requests(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(table(), path, row_group_size=100)  # 40 row groups of 24 columns: 960 chunks
    server.client().put_object(Bucket="logs", Key="few/part.parquet", Body=path.read_bytes())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with fault_proxy(server.url, lambda _method, _path, _times: PASS) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        found = inspected("s3://logs/few/")
        (split,) = found.splits
        proxy.asked.clear()
        with SplitReader(split, found.columns) as reader:
            read = {column.name: reader.column(column.name) for column in found.columns}
        assert sum(proxy.asked.values()) <= 8
    expected = table()
    for name in ("at", "p", "c0", "c19"):
        assert read[name].equals(expected.column(name).combine_chunks())
    assert read["trip.miles"].to_pylist() == list(range(ROWS))


@pytest.fixture
def listed(tmp_path: Path) -> tuple[Path, Inspection]:
    """One object in a folder, as it was listed."""
    path = tmp_path / "part.parquet"
    pq.write_table(table(), path)
    return path, inspected(str(tmp_path))


def other_version(path: Path) -> None:
    pq.write_table(table(seed=1), path)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))  # clocks of file systems can be coarse


def test_an_object_that_is_gone(listed: tuple[Path, Inspection]) -> None:
    path, found = listed
    path.unlink()
    with pytest.raises(UnreadableObjectError, match="gone since it was listed"):
        SplitReader(found.splits[0], found.columns).__enter__()


def test_an_object_that_was_replaced_before_it_is_read(listed: tuple[Path, Inspection]) -> None:
    path, found = listed
    other_version(path)
    with pytest.raises(UnreadableObjectError, match="replaced since it was listed"):
        SplitReader(found.splits[0], found.columns).__enter__()


def test_an_object_that_is_replaced_while_it_is_read(listed: tuple[Path, Inspection]) -> None:
    path, found = listed

    def read() -> None:
        with SplitReader(found.splits[0], found.columns) as reader:
            reader.column("c0")
            other_version(path)

    with pytest.raises(UnreadableObjectError, match="replaced since it was listed"):
        read()


def test_a_failure_of_ours_is_not_blamed_on_the_object(listed: tuple[Path, Inspection]) -> None:
    path, found = listed

    def read() -> None:
        with SplitReader(found.splits[0], found.columns):
            path.unlink()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()


@pytest.mark.parametrize("column", ["at", "c7"])
def test_pages_without_sense_under_a_good_footer(tmp_path: Path, column: str) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(table(), path, compression="zstd")
    metadata = pq.read_metadata(path)
    (span,) = chunk_spans(tail_of(path), metadata, [0], [(column,)])
    content = bytearray(path.read_bytes())
    content[span.start + 40 : span.stop] = bytes(span.size - 40)
    path.write_bytes(content)
    found = inspected(str(tmp_path))
    with SplitReader(found.splits[0], found.columns) as reader:
        reader.column("p")
        with pytest.raises(UnreadableObjectError) as caught:
            reader.column(column)
    assert caught.value.uri == found.splits[0].object.uri
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_beyond_its_dictionary_is_of_a_damaged_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    """The decoder's answer stands in for a damaged page: no writer can be made to write one."""
    path = tmp_path / "logs" / "part.parquet"
    path.parent.mkdir()
    pq.write_table(table().append_column("t", pa.array(["a", "b"] * (ROWS // 2))), path)
    seen = inspected(str(path.parent))
    indices = pa.py_buffer(np.array([0, index, 1], np.int32))
    beyond = pa.DictionaryArray.from_buffers(
        pa.dictionary(pa.int32(), pa.string()), 3, [None, indices], pa.array(["a", "b"])
    )
    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", lambda *_, **__: pa.table({"t": beyond}))
    with (
        SplitReader(seen.splits[0], seen.columns, ["t"]) as reader,
        pytest.raises(UnreadableObjectError, match="beyond its dictionary of 2 values"),
    ):
        reader.column("t")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_texts_within_a_struct_are_read_over_row_groups_and_beyond_a_dictionary(
    tmp_path: Path, kind: pa.DataType
) -> None:
    """Asked for as a dictionary, which a writer gives up within a row group that has too many values."""
    texts = [f"place {n}" for n in range(3000)] + [None, "EWR"]
    trip = pa.StructArray.from_arrays([pa.array(texts).cast(kind)], ["from"])
    at = pa.array(np.arange(len(texts)) * 1_000_000, pa.timestamp("us", "UTC"))
    pq.write_table(
        pa.table({"at": at, "p": np.zeros(len(texts)), "trip": trip}),
        tmp_path / "a.parquet",
        row_group_size=1000,
        dictionary_pagesize_limit=4096,
        data_page_size=4096,
    )
    found = inspected(str(tmp_path))
    (split,) = found.splits
    with SplitReader(split, found.columns, ["trip.from"]) as reader:
        assert reader.column("trip.from").to_pylist() == texts
        assert reader.head(2500)["trip.from"].to_pylist() == texts[:2500]
