"""What is not among a window's rows is counted by reason: in its checks, on the terminal, in every run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from tests.end_to_end.builder import AS_OF, REFERENCE_DAYS, ROWS, Bench, assert_same_tables, day, normalised

from driftline_jobs.pipeline.catch_up import catch_up
from driftline_jobs.pipeline.judged_by import judged_run
from driftline_jobs.pipeline.request import RunRequest, SilentProgress
from driftline_jobs.references.losses import AbsentWindow, ReferenceLosses
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores import open_store
from driftline_jobs.tables.binnings import binning_at
from driftline_jobs.tables.reference_sets import reference_at
from driftline_schemas.losses import (
    LABELS_PASSED_OVER,
    PASSED_OVER,
    REFERENCE_FILLED,
    REFERENCE_OBJECTS,
    REFERENCE_ROWS,
)
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

LOSSES = {
    *PASSED_OVER,
    *LABELS_PASSED_OVER,
    *("rows_set_aside", "rows_without_time", "rows_beyond_lateness"),
    *("rows_from_other_folders", "rows_in_other_windows"),
}


class Heard(SilentProgress):
    """Keeps the events of a run."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, object]] = {}

    def event(self, name: str, **fields: object) -> None:
        self.events[name] = {field: value for field, value in fields.items() if value is not None}


def checks(bench: Bench, number: int, names: set[str]) -> dict[str, tuple[float, bool | None]]:
    """Value and verdict of the checks of a day that are about its rows as a whole."""
    rows = bench.current("quality_metrics", number, column_name="*").astype({"passed": object})
    return {
        row["check_name"]: (row["value"], None if row["passed"] is None else bool(row["passed"]))
        for row in rows.where(rows.notna(), None).to_dict("records")
        if row["check_name"] in names
    }


def assert_the_same_by_single_runs(bench: Bench, numbers: list[int]) -> None:
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in reversed(numbers):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def put(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_paths_that_are_passed_over_count_in_the_window_of_their_folder(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    logs = bench.root / "logs"
    folder = logs / f"dt={day(5):%Y-%m-%d}"
    put(folder / "_SUCCESS")
    put(folder / "_temporary/0/part-0.parquet")
    put(folder / "_temporary/1/part-0.parquet")
    put(folder / "manifest.json", b"{}")
    put(folder / "empty")
    (folder / "out.parquet").symlink_to(bench.root / "labels")
    put(logs / f"dt={day(1):%Y-%m-%d}/.hidden")
    of_labels = bench.root / f"labels/dt={day(4):%Y-%m-%d}"
    put(of_labels / "_SUCCESS")
    put(of_labels / "part-0.csv", b"id,label\n4-0,1\n")
    (of_labels / "gone.parquet").symlink_to(bench.root / "nowhere")
    put(bench.root / f"labels/dt={day(8):%Y-%m-%d}/.hidden")  # of a window that is not run
    put(bench.root / "labels/README", b"about these labels")
    bad = put(of_labels / "bad.parquet", b"PAR1 and no more")
    heard = Heard()
    bench.run(4, 6, progress=heard)
    undated = {"label_objects_not_parquet": (1.0, None)}
    assert checks(bench, 4, LOSSES) == {
        "rows_set_aside": (0.0, True),
        "label_hidden_paths": (1.0, None),
        "label_objects_not_parquet": (2.0, None),
        "label_links_outside": (1.0, False),
    }
    assert heard.events["labels_passed_over"] == {
        "hidden_paths": 1,
        "objects_not_parquet": 2,
        "links_outside": 1,
        "first": f"file://{bench.root}/labels/README",
    }
    found = heard.events["label_objects_set_aside"]
    assert (found["count"], found["first"]) == (1, f"file://{bad}")
    assert checks(bench, 5, LOSSES) == {
        "hidden_paths": (2.0, None),
        "objects_not_parquet": (2.0, None),
        "links_outside": (1.0, False),
        "rows_set_aside": (0.0, True),
        **undated,
    }
    assert checks(bench, 6, LOSSES) == {"rows_set_aside": (0.0, True), **undated}
    assert heard.events["passed_over"] == {
        "hidden_paths": 2,
        "objects_not_parquet": 2,
        "links_outside": 1,
        "first": f"file://{folder}/_SUCCESS",
    }
    assert_the_same_by_single_runs(bench, [4, 5, 6])


def test_objects_that_are_set_aside_are_named(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    for number in (3, 5):
        bad = bench.write(number, bench.rows(number, count=20), "bad.parquet")
        bad.write_bytes(bad.read_bytes()[:-50])
    heard = Heard()
    bench.run(4, 6, progress=heard)
    found = heard.events["objects_set_aside"]
    assert (found["count"], found["first"]) == (
        1,
        f"file://{bad}",
    )  # that of day 3 is of no window that was run
    assert "it was cut off, or is being written" in str(found["reason"])


def test_what_is_passed_over_in_no_dated_folder_counts_in_every_window(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 5)
    put(bench.root / "logs/_old/part-0.parquet")
    put(bench.root / "logs/README", b"about this log")
    heard = Heard()
    bench.run(4, 5, progress=heard)
    for number in (4, 5):
        assert checks(bench, number, set(PASSED_OVER)) == {
            "hidden_paths": (1.0, None),
            "objects_not_parquet": (1.0, None),
        }
    assert heard.events["passed_over"]["hidden_paths"] == 1


def test_rows_are_counted_by_why_they_are_set_aside_or_where_they_count(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    made = bench.rows(5, count=10)
    times = made["at"].to_pylist()
    times[0] = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    times[1] = dt.datetime(2077, 1, 1, tzinfo=dt.UTC)
    times[2] = None
    times[3] = day(4) + dt.timedelta(hours=3)  # a day early: within the lateness
    times[4] = day(7) + dt.timedelta(hours=3)
    made["at"] = pa.array(times, pa.timestamp("us", "UTC"))
    bench.write(5, made, "stray.parquet")
    heard = Heard()
    bench.run(4, 6, progress=heard)
    assert checks(bench, 4, LOSSES) == {
        "rows_set_aside": (0.0, True),
        "rows_from_other_folders": (1.0, None),
    }
    assert checks(bench, 5, LOSSES) == {
        "rows_set_aside": (4.0, False),
        "rows_without_time": (1.0, None),
        "rows_beyond_lateness": (3.0, None),
        "rows_in_other_windows": (1.0, None),
    }
    assert checks(bench, 6, LOSSES) == {"rows_set_aside": (0.0, True)}
    assert heard.events["rows_set_aside_or_moved"] == {
        "rows_from_other_folders": 1,
        "rows_without_time": 1,
        "rows_beyond_lateness": 3,
        "rows_in_other_windows": 1,
    }
    assert_the_same_by_single_runs(bench, [4, 5, 6])


def test_rows_without_a_time_in_no_dated_folder(bench: Bench) -> None:
    for number in range(REFERENCE_DAYS + 1):
        made = bench.rows(number)
        times = made["at"].to_pylist()
        if number == REFERENCE_DAYS:
            times[:3] = [None] * 3
        made["at"] = pa.array(times, pa.timestamp("us", "UTC"))
        bench.put(pa.table({n: v for n, v in made.items() if n != "truth"}), f"logs/part-{number}")
        bench.write_labels(number, made)
    bench.run(REFERENCE_DAYS)
    assert checks(bench, REFERENCE_DAYS, LOSSES) == {
        "rows_set_aside": (3.0, False),
        "rows_without_time": (3.0, None),
    }


def test_catch_up_is_moved_by_parquet_alone(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 5)
    bench.run(4, 5)
    path = bench.monitor_file()
    monitor = load_monitor(path)
    first, last = (monitor.calendar.parse(f"{day(number):%Y-%m-%d}") for number in (4, 5))
    request = RunRequest(monitor, path, first, last, Settings(store=bench.store_url, threads=1), AS_OF)
    folder = bench.root / f"logs/dt={day(5):%Y-%m-%d}"
    put(folder / "manifest.json", b"{}")
    put(folder / "_SUCCESS")
    put(bench.root / "logs/README")
    assert catch_up(request) == []
    late = bench.rows(5, count=30)
    late["id"] = pa.array([f"late-{n}" for n in range(30)])
    bench.write(5, late, "20240106_000000_00006_v74wa")
    assert [changed.window for changed in catch_up(request)] == [last]
    assert bench.described(5, "*")["count"] == ROWS + 30
    assert catch_up(request) == []


REFERENCE = {REFERENCE_FILLED, REFERENCE_OBJECTS, REFERENCE_ROWS}


def stored(bench: Bench, number: int) -> Reference:
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.parse(f"{day(number):%Y-%m-%d}")
    with open_store(bench.store_url) as store:
        run = judged_run(store.current("runs", "bench"), monitor, window)
        binning = binning_at(store, run["binning_id"])
        assert binning is not None
        reference = reference_at(store, run["reference_id"], binning)
    assert reference is not None
    return reference


def damaged_reference(bench: Bench) -> None:
    """Of four days one cannot be read, one has times that are none, and one a good and a bad object."""
    made = bench.reference()
    path = bench.write(1, made[1])
    path.write_bytes(path.read_bytes()[:-50])
    bench.write(2, {**made[2], "at": pa.array(["soon"] * ROWS)})
    bad = bench.write(3, bench.rows(3, count=20), "bad.parquet")
    bad.write_bytes(bad.read_bytes()[:-50])
    bench.days(4, 5)


def test_what_a_reference_lacks_is_known_to_every_run_beside_it(bench: Bench) -> None:
    damaged_reference(bench)
    for number in (4, 5):  # the run that makes it, and one that finds it
        heard = Heard()
        bench.run(number, progress=heard)
        assert checks(bench, number, REFERENCE) == {
            REFERENCE_FILLED: (2.0, False),
            REFERENCE_OBJECTS: (2.0, None),
            REFERENCE_ROWS: (ROWS, None),
        }
        assert heard.events["reference_incomplete"] == {
            "rows_on": "2 of 4 days",
            "first_without": "2024-01-02 00:00 UTC",
            "objects_set_aside": 2,
            "rows_set_aside": ROWS,
            "next_step": "put right what can be, then `driftline rebase`",
        }
    expected = ReferenceLosses(
        4, (AbsentWindow(day(1), is_lost=True), AbsentWindow(day(2), is_lost=True)), 2, ROWS
    )
    assert stored(bench, 5).losses == expected


def test_a_reference_that_an_older_version_made_tells_what_it_can(bench: Bench) -> None:
    damaged_reference(bench)
    bench.run(4)
    reference = stored(bench, 4)
    known = reference.reference_id
    reference.losses = None
    with duckdb.connect(bench.root / bench.store_name) as store:
        store.execute("UPDATE reference_sets SET state = ?", [reference.to_bytes()])
    assert stored(bench, 4).losses is None
    assert stored(bench, 4).reference_id == known
    bench.run(5)
    assert checks(bench, 5, REFERENCE) == {REFERENCE_FILLED: (2.0, False), REFERENCE_OBJECTS: (2.0, None)}


def test_a_damaged_object_beside_good_ones_is_a_loss_of_its_own(bench: Bench) -> None:
    bench.reference()
    bad = bench.write(3, bench.rows(3, count=20), "bad.parquet")
    bad.write_bytes(bad.read_bytes()[:-50])
    outside = bench.write(-1, bench.rows(0, count=20))  # the day before: it is none of the reference
    outside.write_bytes(outside.read_bytes()[:-50])
    bench.days(4, 4)
    bench.run(4)
    assert checks(bench, 4, REFERENCE) == {REFERENCE_FILLED: (4.0, True), REFERENCE_OBJECTS: (1.0, False)}


def test_days_without_anything_are_reported_and_no_failure(bench: Bench) -> None:
    """A log without week-ends."""
    bench.days(0, 1)
    bench.days(3, 4)
    heard = Heard()
    bench.run(4, progress=heard)
    assert checks(bench, 4, REFERENCE) == {REFERENCE_FILLED: (3.0, None)}
    assert heard.events["reference_incomplete"] == {
        "rows_on": "3 of 4 days",
        "first_without": "2024-01-03 00:00 UTC",
    }


def test_excluded_days_are_not_missed(bench: Bench) -> None:
    bench.overrides = {
        "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(4):%Y-%m-%d}"]}
        | {"exclude": [[f"{day(2):%Y-%m-%d}", f"{day(3):%Y-%m-%d}"]]}
    }
    bench.days(0, 1)
    bench.days(3, 4)
    heard = Heard()
    bench.run(4, progress=heard)
    assert checks(bench, 4, REFERENCE) == {REFERENCE_FILLED: (3.0, True)}
    assert "reference_incomplete" not in heard.events


def test_a_training_set_of_which_an_object_is_damaged(bench: Bench) -> None:
    bench.overrides = {"reference": {"uri": "train", "window": None}}
    for number in range(3):
        rows = {n: v for n, v in bench.rows(number, at=None).items() if n != "truth"}
        path = bench.put(pa.table(rows), f"train/part-{number}")
    path.write_bytes(path.read_bytes()[:-50])
    bench.days(4, 4)
    bench.run(4)
    assert checks(bench, 4, REFERENCE) == {REFERENCE_OBJECTS: (1.0, False)}


def test_of_another_version_of_the_same_window_nothing_is_said(bench: Bench) -> None:
    bench.overrides = {"reference": {"window": None, "model_version": "v1"}}
    bench.days(0, 4)
    bench.run(4)
    assert checks(bench, 4, REFERENCE) == {}


@pytest.mark.slow
def test_days_that_a_moving_reference_lacks(bench: Bench) -> None:
    """Day 2 was never logged; day 5 has no rows when it is run, and gets them later."""
    bench.overrides = {"reference": {"window": None, "trailing": "4d"}}
    bench.days(0, 1)
    bench.days(3, 4)
    bench.days(6, 6)
    heard = Heard()
    bench.run(4, 6, progress=heard)
    found = [checks(bench, number, REFERENCE) for number in (4, 5, 6)]
    assert found == [{REFERENCE_FILLED: (rows, None)} for rows in (3.0, 3.0, 2.0)]
    assert bench.check(6, REFERENCE_FILLED)["expected"] == "4"
    assert heard.events["reference_incomplete"] == {
        "windows": 3,
        "first": "2024-01-05",
        "rows_on": "3 of 4 days",
        "first_without": "2024-01-03 00:00 UTC",
    }
    assert REFERENCE_FILLED not in set(bench.current("alerts")["metric"])
    bench.days(5, 5)
    bench.run(5)
    assert checks(bench, 6, REFERENCE) == {REFERENCE_FILLED: (3.0, None)}
    bench.days(2, 2)
    bench.run(2)
    assert [checks(bench, number, REFERENCE) for number in (4, 5, 6)] == [
        {REFERENCE_FILLED: (4.0, True)} for _ in range(3)
    ]
