"""Spoilt objects are set aside by name, and the others are read."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.sources.conftest import WriteLog
from tests.sources.looking import DAY, ONE_DAY, by_name, list_objects, log, look

from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.storage.location import open_location
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.serving_log import Storage


def test_objects_that_are_not_parquet_are_set_aside_and_the_others_are_read(
    write_log: WriteLog, monitor: Monitor
) -> None:
    folder = write_log("good.parquet", log())
    whole = (folder / "good.parquet").read_bytes()
    spoilt = {
        "cut.parquet": whole[:-20],
        "text.parquet": b"at,p\n2013-07-01,0.5\n",
        "short.parquet": b"PAR1",
        "nothing.parquet": b"",
        "lying.parquet": b"PAR1" + b"\xff\xff\xff\x7fPAR1",
        "garbled.parquet": whole[:-60] + bytes(52) + whole[-8:],
        "encrypted.parquet": whole[:-4] + b"PARE",
        "json.parquet": b'{"at": 1}' * 30_000,
    }
    for name, content in spoilt.items():
        (folder / name).write_bytes(content)

    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)

    states = by_name(inspected)
    assert {name: states[name].state for name in states} == dict.fromkeys(spoilt, "quarantined") | {
        "good.parquet": "read"
    }
    reasons = {name: str(states[name].reason) for name in spoilt}
    for name in ("cut.parquet", "short.parquet"):
        assert reasons[name].startswith("it was cut off, or is being written: it ends in b")
    for name in ("text.parquet", "json.parquet"):
        assert reasons[name].startswith("it is not Parquet: it begins with b")
    assert "holds no bytes" in reasons["nothing.parquet"]
    assert "footer would be longer than the object" in reasons["lying.parquet"]
    assert "footer cannot be read" in reasons["garbled.parquet"]
    assert "encrypted" in reasons["encrypted.parquet"]
    assert [split.object.path for split in inspected.splits] == [str(folder / "good.parquet")]
    assert inspected.schema_findings == ()


def test_objects_are_parquet_by_their_bytes_and_nothing_else_is_quarantined(
    write_log: WriteLog, monitor: Monitor
) -> None:
    for name in ("20260101_144951_00006_v74wa", "a.parq", "b.PARQUET", "c.snappy", "d.json"):
        folder = write_log(name, log())
    whole = (folder / "a.parq").read_bytes()
    others = {
        "manifest.json": b'{"entries": []}',
        "README": b"x" * 100_000,
        "folder_$folder$": b"",
        "rows.csv": b"at,p\n2013-07-01,0.5\n",
        "short": b"PA",
    }
    damaged = {
        "half": whole[:-20],
        "secret": b"PARE" + whole[4:-4] + b"PARE",
        "garbled": whole[:-60] + whole[-8:],
    }
    for name, content in {**others, **damaged, "claims.pq": b"text", "no.Parquet": b""}.items():
        (folder / name).write_bytes(content)

    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)

    states = by_name(inspected)
    passed_over = {name: state for name, state in states.items() if state.is_passed_over}
    assert set(passed_over) == set(others)
    assert {(state.state, state.rows) for state in passed_over.values()} == {("empty", None)}
    assert {str(state.reason)[:18] for state in passed_over.values()} == {"it is not Parquet:"}
    quarantined = {name for name, state in states.items() if state.state == "quarantined"}
    assert quarantined == {*damaged, "claims.pq", "no.Parquet"}
    assert sum(split.rows for split in inspected.splits) == 5 * 4


def test_an_object_without_the_timestamp_is_set_aside(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log())
    folder = write_log("b.parquet", log().rename_columns(["att", "p"]))
    state = by_name(look(folder, monitor))["b.parquet"]
    assert (state.state, state.rows) == ("quarantined", 4)
    assert state.reason == "it has no timestamp: no column 'at' (there is 'att')"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (pa.array([1372636800] * 4), "int64: for numbers, say what they count with logs.timestamp_unit: s,"),
        (pa.array([1372636800.0] * 4), "double: for numbers"),
        (pa.array([5] * 4, pa.duration("s")), "duration[s]"),
        (pa.array([0] * 4, pa.time64("us")), "time64[us]"),
        (pa.nulls(4), "null"),
        (pa.array([True] * 4), "bool"),
        (pa.array([[1]] * 4), "list<element: int64>: lists are left out"),
        (pa.array([b"2013-07-01"] * 4, pa.binary(10)), "fixed_size_binary[10]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_timestamps_of_another_type_are_refused_by_name(
    write_log: WriteLog, monitor: Monitor, values: pa.Array, named: str
) -> None:
    folder = write_log("a.parquet", log().set_column(0, "at", values))
    (state,) = look(folder, monitor, DAY, DAY + ONE_DAY).inputs
    assert state.state == "quarantined"
    assert "its timestamp 'at' is" in str(state.reason)
    assert named in str(state.reason)


def test_an_object_without_rows_is_empty_and_has_no_vote(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("full.parquet", log(x=pa.array(["a"] * 4)))
    for name in ("e1.parquet", "e2.parquet"):
        # A frame without rows says nothing of its types.
        folder = write_log(
            name, pa.table({"at": pa.array([], pa.timestamp("us")), "x": pa.array([], pa.float64())})
        )
    inspected = look(folder, monitor)
    assert {n: (s.state, s.rows, s.reason) for n, s in by_name(inspected).items()} == {
        "full.parquet": ("read", 4, None),
        "e1.parquet": ("empty", 0, "it holds no rows"),
        "e2.parquet": ("empty", 0, "it holds no rows"),
    }
    assert [c.storage for c in inspected.columns if c.name == "x"] == [Storage.TEXT]
    assert inspected.schema_findings == ()
    assert len(inspected.splits) == 1


def test_an_object_that_vanishes_or_grows_after_it_was_listed(write_log: WriteLog, monitor: Monitor) -> None:
    write_log("a.parquet", log(rows=2))
    folder = write_log("b.parquet", log())
    location = open_location(str(folder))
    objects = list_objects(location, "UTC")
    write_log("a.parquet", log(rows=9))
    (folder / "b.parquet").unlink()
    grown, gone = inspect(objects, location, monitor).inputs
    assert (grown.state, grown.rows, grown.object.etag) == ("read", 9, location.etag_of(objects[0].path))
    assert (gone.state, gone.reason) == ("quarantined", "it vanished or changed while it was being read")


def test_an_object_that_may_not_be_read_stops_the_run(
    write_log: WriteLog, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may read everything, so the refusal is played: what matters is that no row is silently missing.
    folder = write_log("a.parquet", log())

    def refuse(path: str) -> None:
        raise PermissionError(13, f"Permission denied: {path}")

    monkeypatch.setattr("pyarrow.OSFile", refuse)
    with pytest.raises(ConfigError, match=r"no permission to read file://.*a\.parquet"):
        look(folder, monitor)
