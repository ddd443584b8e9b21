"""Footers, walked through without Parquet's library: what it would say, and nothing that it throws."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.conftest import WriteLog
from tests.sources.encrypting import ENCRYPTED, write_encrypted
from tests.sources.looking import DAY, ONE_DAY, by_name, log, look

from driftline_jobs.sources.parquet.footer_layout import FooterError, Layout, read_tail
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.storage.location import TAIL
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import Monitor

NUMBERS = {"INT32", "INT64", "FLOAT", "DOUBLE"}


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def everything() -> pa.Table:
    random_ = np.random.default_rng(1)
    numbers = random_.integers(-1000, 1000, 900)
    return pa.table(
        {
            "i8": pa.array(numbers % 100, pa.int8()),
            "i64": pa.array([None if n % 7 == 0 else int(n) for n in numbers], pa.int64()),
            "u16": pa.array(numbers % 1000, pa.uint16()),
            "f32": pa.array(random_.random(900), pa.float32()),
            "f64": random_.random(900),
            "text": [f"{n}" for n in numbers],
            "nothing": pa.nulls(900, pa.int64()),
            "at": pa.array(numbers * 10**9, pa.timestamp("ns")),
            "flag": numbers > 0,
            "nested": [{"a": int(n), "b": [{"c": 1.5}]} for n in numbers],
            **{f"c{n}": random_.random(900) for n in range(300)},
        }
    )


def layout(content: bytes, leaves: list[int]) -> Layout:
    tail = read_tail(lambda size, start: content[start : start + size], len(content))
    columns = pq.ParquetFile(pa.BufferReader(content)).metadata.num_columns
    return Layout(tail.footer, tail.footer_start, columns, leaves)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 250},
        {"row_group_size": 30},  # a footer longer than what is read at first
        {"write_statistics": False},
        {"version": "1.0", "data_page_version": "2.0"},
        {"use_dictionary": False, "write_page_index": True},
        {"store_schema": False, "compression": "zstd"},
    ],
    ids=str,
)
def test_a_layout_says_what_the_library_says(options: dict[str, Any]) -> None:
    content = parquet(everything(), **options)
    known = pq.ParquetFile(pa.BufferReader(content)).metadata
    leaves = list(range(known.num_columns))
    found = layout(content, leaves)
    groups = [known.row_group(at) for at in range(known.num_row_groups)]
    assert found.rows == [group.num_rows for group in groups]
    assert found.sizes == [group.total_byte_size for group in groups]
    for at, group in enumerate(groups):
        chunks = [group.column(leaf) for leaf in leaves]
        starts = [min(c.data_page_offset, c.dictionary_page_offset or c.data_page_offset) for c in chunks]
        expected = [[start, c.total_compressed_size] for start, c in zip(starts, chunks, strict=True)]
        assert found.places([at]).tolist() == expected
        for leaf, chunk in enumerate(chunks):
            said, mine = chunk.statistics, found.statistics(at, leaf)
            if said is None:
                assert (mine.nulls, mine.minimum, mine.maximum) == (None, None, None)
                continue
            assert mine.nulls == said.null_count
            if chunk.physical_type in NUMBERS and said.has_min_max:
                assert (mine.minimum, mine.maximum) == (said.min_raw, said.max_raw)
            else:
                assert (mine.minimum, mine.maximum) == (None, None)


def test_only_the_chunks_that_are_asked_for_are_there() -> None:
    content = parquet(everything(), row_group_size=300)
    everything_ = layout(content, list(range(11)))
    two = layout(content, [7, 1])
    assert two.places([2]).tolist() == everything_.places([2])[[7, 1]].tolist()
    assert two.statistics(1, 1) == everything_.statistics(1, 1)
    assert len(parquet(everything(), row_group_size=30)) > TAIL


def replaced(content: bytes, old: bytes, new: bytes) -> bytes:
    """An object with ``old`` replaced in its footer, wherever it stands there."""
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[start:-8]
    assert old in footer
    footer = footer.replace(old, new)
    return content[:start] + footer + len(footer).to_bytes(4, "little") + content[-4:]


def test_bounds_of_a_wrong_length_or_order_say_nothing(write_log: WriteLog, monitor: Monitor) -> None:
    """Parquet's library throws at the short ones, where nothing can catch it."""
    good = parquet(log(), store_schema=False)
    low, high = (
        int(moment.timestamp() * 1e6).to_bytes(8, "little") for moment in (DAY, log()["at"][-1].as_py())
    )
    folder = write_log("good.parquet", log())
    (folder / "short.parquet").write_bytes(replaced(good, b"\x08" + low, b"\x03" + low[:3]))
    swapped = replaced(replaced(replaced(good, low, b"x" * 8), high, low), b"x" * 8, high)
    (folder / "swapped.parquet").write_bytes(swapped)
    states = by_name(look(folder, monitor, DAY, DAY + ONE_DAY))
    assert {name: (state.state, state.rows) for name, state in states.items()} == {
        "good.parquet": ("read", 4),
        "short.parquet": ("read", 4),
        "swapped.parquet": ("read", 4),
    }
    assert (states["short.parquet"].min_us, states["swapped.parquet"].min_us) == (None, None)
    assert states["good.parquet"].min_us == int.from_bytes(low, "little")


@pytest.mark.parametrize("how", ENCRYPTED.values(), ids=ENCRYPTED)
def test_an_encrypted_object_is_set_aside(write_log: WriteLog, monitor: Monitor, how: dict[str, Any]) -> None:
    folder = write_log("good.parquet", log())
    write_encrypted(log(), folder / "secret.parquet", **how)
    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)
    states = by_name(inspected)
    assert states["secret.parquet"].state == "quarantined"
    assert "encrypted" in str(states["secret.parquet"].reason)
    assert states["good.parquet"].state == "read"
    assert [split.object.path for split in inspected.splits] == [str(folder / "good.parquet")]


def test_columns_beyond_the_object_are_no_footer() -> None:
    content = parquet(log())
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    with pytest.raises(FooterError, match="a column lies outside of the object"):
        Layout(pa.py_buffer(content[start:-8]), 20, 2, [])
    with pytest.raises(FooterError, match="a row group has other columns than its schema"):
        Layout(pa.py_buffer(content[start:-8]), start, 3, [])
    with pytest.raises(FooterError, match="breaks off"):
        Layout(pa.py_buffer(content[start:-9]), start, 2, [])
    for nonsense in (b"", b"\x00", b"\xff" * 50, b"\x19" * 5000, b"\x1c" * 5000, b"\x1b\xff\xff\xff\xff\x0f"):
        with pytest.raises(FooterError, match="breaks off"):
            Layout(pa.py_buffer(nonsense), start, 2, [])


def varint(number: int) -> bytes:
    digits = b""
    while number > 127:
        digits += bytes([number & 127 | 128])
        number >>= 7
    return digits + bytes([number])


@pytest.mark.parametrize("rows", [5, 1 << 20, 1 << 60])
@pytest.mark.parametrize("column", ["at", "tier"])
def test_rows_that_only_a_footer_says_there_are(
    write_log: WriteLog, monitor: Monitor, rows: int, column: str
) -> None:
    """It may say more than there is memory for, of a column that is in the path too."""
    folder = write_log("tier=gold/made_up.parquet", log(), store_schema=False)
    path = folder / "tier=gold" / "made_up.parquet"
    path.write_bytes(replaced(path.read_bytes(), b"\x16" + varint(2 * 4), b"\x16" + varint(2 * rows)))
    inspected = look(folder, monitor)
    (split,) = inspected.splits
    assert split.rows == rows

    def read() -> None:
        with SplitReader(split, inspected.columns) as reader:
            reader.column(column)

    with pytest.raises(UnreadableObjectError, match=f"it holds 4 rows where its footer says {rows:,}"):
        read()


_LOOK = """
import sys
from tests.sources.conftest import MONITOR
from tests.sources.looking import look
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import parse_monitor
from pathlib import Path

inspected = look(Path(sys.argv[1]), parse_monitor(MONITOR, "monitor.yaml"))
refused = 0
for split in inspected.splits:
    try:
        with SplitReader(split, inspected.columns) as reader:
            for column in inspected.columns:
                if reader.has(column.name):
                    reader.column(column.name)
            reader.head(2)
    except UnreadableObjectError:
        refused += 1
print(len(inspected.inputs), sum(state.state == "read" for state in inspected.inputs), refused)
"""


def test_no_footer_ends_the_process(tmp_path: Path) -> None:
    """A good footer with a few of its bytes changed, left out, made up or repeated, 1,200 times."""
    chance = random.Random(20260116)  # noqa: S311  nothing secret
    columns = {"s": pa.array(["a", "b"] * 2), "n": pa.array([{"a": 1, "b": [1, 2]}] * 4)}
    made = [parquet(log(**columns), row_group_size=2, store_schema=stored) for stored in (True, False)]
    for number in range(1200):
        good = made[number % 2]
        start = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
        footer = bytearray(good[start:-8])
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            at, kind = chance.randrange(len(footer)), chance.random()
            if kind < 0.6:
                old = footer[at]
                footer[at] = chance.choice([0, 255, old ^ 1, old ^ 128, old ^ 16, chance.randrange(256)])
            elif kind < 0.75:
                del footer[at : at + chance.choice([1, 2, 4, 8])]
            elif kind < 0.9:
                footer[at:at] = chance.randbytes(chance.choice([1, 2, 8]))
            else:
                again = chance.randrange(len(footer))
                footer[at:at] = footer[again : again + chance.randrange(40)]
        content = good[:start] + bytes(footer) + len(footer).to_bytes(4, "little") + b"PAR1"
        (tmp_path / f"{number:04}.parquet").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    looked, read, refused = map(int, done.stdout.split())
    assert looked == 1200
    assert 0 < refused < read < 1200
