"""Ids of a megabyte are no ids: the object that holds them is set aside by its name, and no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, day

from driftline_jobs.pipeline.request import SilentProgress
from driftline_jobs.profiles.columns.plain import plain
from driftline_jobs.sources.labels.ids import LONGEST_ID, longest_id
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_schemas.errors import TransientError

LONG = [f"{number}" + "x" * 1_000_000 for number in range(20)]


class Heard(SilentProgress):
    """What a run says was set aside."""

    def __init__(self) -> None:
        self.set_aside: list[tuple[str, str]] = []

    def event(self, name: str, **fields: object) -> None:
        if name == "object_quarantined":
            self.set_aside.append((str(fields["uri"]), str(fields["reason"])))


@pytest.mark.parametrize(
    ("array", "longest"),
    [
        (pa.array(["Ünï", None, "a"]), 5),
        (pa.array(["a", "abc"]).dictionary_encode(), 3),
        (pa.array([b"1234"], pa.large_binary()), 4),
        (pa.array(["abcdefghijklmnopq"], pa.string_view()), 17),
        (pa.array([10**15]), 0),
        (pa.array([], pa.string()), 0),
        (pa.nulls(2, pa.string()), 0),
    ],
)
def test_the_longest_id_in_bytes(array: pa.Array, longest: int) -> None:
    assert longest_id(plain(array)) == longest


def test_an_object_of_long_ids_is_set_aside_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    bench.reference()
    made = bench.days(4, 4)[4]
    bench.write(4, bench.rows(4, 20, id=pa.array(LONG)), "long.parquet", compression="zstd")
    # of one id in all rows the footer tells nothing: it is kept once
    same = pa.table({"id": ["y" * (LONGEST_ID + 1)] * 9 + ["4-0"], "label": [1] * 10})
    folder = f"labels/dt={day(5):%Y-%m-%d}"
    bench.put(same, f"{folder}/same.parquet")
    edge = pa.table({"id": ["z" * LONGEST_ID], "label": [1]})
    bench.put(edge, f"{folder}/edge.parquet")
    read: list[tuple[str, str]] = []
    column = SplitReader.column

    def noted(self: SplitReader, name: str) -> pa.Array:
        read.append((Path(self.split.object.path).name, name))
        return column(self, name)

    monkeypatch.setattr(SplitReader, "column", noted)
    heard = Heard()
    bench.run(4, progress=heard)
    assert ("long.parquet", "id") not in read
    (said,) = [reason for uri, reason in heard.set_aside if uri.endswith("/long.parquet")]
    assert "its column id holds ids of 1,000,0" in said
    assert "prediction_id" in said
    inputs = bench.inputs(4, "performance")
    state, reason = inputs[f"{folder}/same.parquet"]
    assert state == "quarantined"
    assert "ids of 4,097 bytes, more than the 4,096 an id may have" in str(reason)
    assert inputs[f"{folder}/edge.parquet"][0] != "quarantined"
    found = bench.performance(4, "accuracy")
    assert found["n"] == ROWS
    assert found["value"] == pytest.approx(np.mean(made["class"].to_numpy() == made["truth"].to_numpy()))


def test_an_object_for_which_there_is_no_memory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    bench.days(0, REFERENCE_DAYS)

    def none_left(*_: object) -> pa.Array:
        raise pa.ArrowMemoryError("malloc of size 17179869184 failed")

    monkeypatch.setattr(SplitReader, "_read", none_left)
    with pytest.raises(
        TransientError, match=r"part-0\.parquet: there is no memory for 120 rows of its column"
    ):
        bench.run(4)
