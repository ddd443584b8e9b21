"""Of labels in one folder without dates only those are read that may be about the window's predictions."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, day

from driftline_jobs.pipeline.catch_up import catch_up
from driftline_jobs.pipeline.request import RunRequest, SilentProgress
from driftline_jobs.sources.parquet.id_range import IdRange
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

DAYS = 9
LAST = DAYS - 1


class Heard(SilentProgress):
    """How many rows of labels were read, and which objects of the log."""

    def __init__(self) -> None:
        self.labels: list[int] = []

    def event(self, name: str, **fields: object) -> None:
        if name == "labels":
            self.labels.append(int(str(fields["rows"])))


def ids(number: int, form: str = "{:04}-{:04}") -> pa.Array:
    return pa.array([form.format(number, row) for row in range(ROWS)])


def scattered(number: int) -> pa.Array:
    """Ids whose order says nothing of when they were given."""
    return pa.array([f"{(row * 7919 + number * 104729) % 1_000_003:07}-{number}" for row in range(ROWS)])


def labels(bench: Bench, number: int, columns: Columns, **more: object) -> Path:
    table = pa.table({"id": columns["id"], "label": columns["truth"], **more})
    return bench.put(table, f"labels/of-{number}.parquet")


def accuracy(columns: Columns) -> float:
    pairs = zip(columns["class"].to_pylist(), columns["truth"].to_pylist(), strict=True)
    return float(sum(one == other for one, other in pairs)) / ROWS


@pytest.mark.parametrize("numbers", [False, True])
def test_a_window_reads_the_labels_whose_ids_are_near(tmp_path: Path, *, numbers: bool) -> None:
    bench = Bench(tmp_path)
    made = {}
    for number in range(DAYS):
        given = pa.array([number * 1000 + row for row in range(ROWS)]) if numbers else ids(number)
        made[number] = bench.rows(number, id=given)
        bench.write(number, made[number])
        labels(bench, number, made[number])
    heard = Heard()
    bench.run(0, LAST - 1)
    bench.run(LAST, progress=heard)
    assert heard.labels == [ROWS]
    assert bench.performance(LAST, "accuracy")["value"] == pytest.approx(accuracy(made[LAST]))
    assert bench.check(LAST, "label_coverage")["value"] == 1.0


def test_what_is_not_read_is_counted_as_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    made = {}
    for number in range(DAYS):
        made[number] = bench.rows(number, id=ids(number))
        bench.write(number, made[number])
        if number < LAST:
            labels(bench, number, made[number])
    half = {name: made[LAST][name].slice(0, ROWS // 4) for name in ("id",)}
    labels(bench, LAST, half | {"truth": made[LAST]["truth"][: ROWS // 4]})
    # neither is a label without an id about another window, nor is it one of those that match nothing
    bench.put(pa.table({"id": ["0000-0000", None], "label": [1, 1]}), "labels/none.parquet")
    heard = Heard()
    bench.run(LAST, progress=heard)
    assert heard.labels[-1] == ROWS // 4
    assert bench.check(LAST, "label_coverage")["passed"] is False
    assert bench.check(LAST, "unmatched_labels")["value"] == (DAYS - 1) * ROWS + 1


def test_ids_in_another_form_are_read_and_found_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(DAYS):
        made = bench.rows(number, id=pa.array([f"req-{i}" for i in scattered(number).to_pylist()]))
        bench.write(number, made)
        if number == LAST:
            made["id"] = pa.array([value.upper() for value in made["id"].to_pylist()])
        labels(bench, number, made)
    bench.run(LAST)
    assert bench.checks(LAST, "label_ids_unlike") or bench.checks(LAST, "unlike_ids")


def test_labels_of_a_wrong_clock_are_counted_as_early_whatever_else_is_run(tmp_path: Path) -> None:
    counted = []
    for first in (8, 6):
        bench = Bench(tmp_path / str(first), {"labels": {"timestamp": "seen"}})
        for number in range(DAYS):
            made = bench.rows(number, id=scattered(number))
            bench.write(number, made)
            seen = day(0) if number == LAST else day(number + 1)  # on the last day the clock stands still
            labels(bench, number, made, seen=pa.array([seen] * ROWS, pa.timestamp("us", "UTC")))
        bench.run(first, LAST)
        counted.append(bench.check(LAST, "early_labels"))
    assert [(check["value"], check["passed"]) for check in counted] == [(ROWS, False)] * 2


def test_a_window_without_labels_yet_reads_none(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(DAYS):
        made = bench.rows(number, id=ids(number))
        bench.write(number, made)
        if number < LAST:
            labels(bench, number, made)
    bench.run(0, LAST - 1)
    heard = Heard()
    bench.run(LAST, progress=heard)
    assert heard.labels == [0]
    assert bench.check(LAST, "unmatched_labels")["value"] == LAST * ROWS


@pytest.mark.parametrize("lacking", [False, True])
def test_a_late_object_whose_labels_lack_times_concerns_every_window(
    tmp_path: Path, *, lacking: bool
) -> None:
    bench = Bench(tmp_path, {"labels": {"timestamp": "seen"}})
    made = {}
    for number in range(30):
        made[number] = bench.rows(number, id=ids(number))
        bench.write(number, made[number])
        if number != 20:
            seen = pa.array([day(number + 1)] * ROWS, pa.timestamp("us", "UTC"))
            labels(bench, number, made[number], seen=seen)
    bench.run(4, 29)
    # some of them are of the 5th, and what they say of the 20th has no time
    both = {name: made[5][name].to_pylist()[:2] + made[20][name].to_pylist() for name in ("id", "truth")}
    times = [day(6)] * 2 + ([None] * ROWS if lacking else [day(21)] * ROWS)
    labels(
        bench,
        20,
        {"id": pa.array(both["id"]), "truth": pa.array(both["truth"])},
        seen=pa.array(times, pa.timestamp("us", "UTC")),
    )
    path = bench.monitor_file()
    monitor = load_monitor(path)
    first, last = (monitor.calendar.parse(f"{day(number):%Y-%m-%d}") for number in (REFERENCE_DAYS, 29))
    request = RunRequest(monitor, path, first, last, Settings(store=bench.store_url), day(100))
    assert day(20) in [one.window.start for one in catch_up(request)]
    assert catch_up(request) == []
    if lacking:
        assert bench.check(20, "unreadable_label_times")["value"] == ROWS


def test_a_late_object_of_labels_concerns_the_windows_of_its_times_and_ids(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"labels": {"timestamp": "seen"}})
    made = {}
    for number in range(30):
        made[number] = bench.rows(number, id=ids(number))
        bench.write(number, made[number])
        seen = pa.array([day(number + 1)] * ROWS, pa.timestamp("us", "UTC"))
        if number != 20:
            labels(bench, number, made[number], seen=seen)
    bench.run(4, 29)
    labels(bench, 20, made[20], seen=pa.array([day(22)] * ROWS, pa.timestamp("us", "UTC")))
    path = bench.monitor_file()
    monitor = load_monitor(path)
    first, last = (monitor.calendar.parse(f"{day(number):%Y-%m-%d}") for number in (REFERENCE_DAYS, 29))
    request = RunRequest(monitor, path, first, last, Settings(store=bench.store_url), day(100))
    assert [one.window.start for one in catch_up(request)] == [day(20)]
    assert bench.performance(20, "accuracy")["value"] == pytest.approx(accuracy(made[20]))
    assert catch_up(request) == []


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (IdRange(b"a5", b"a7", 0), IdRange(b"a7", b"a9", 0), True),
        (IdRange(b"a5", b"a7", 0), IdRange(b"a8", b"a9", 0), False),
        (IdRange(b"a5", b"a7", 0), IdRange(b"A5", b"A7", 0), True),  # another form
        (IdRange(b"007", b"009", 0), IdRange(b"1", b"6", 0), True),  # leading zeros
        # of hex digits and letters at random places: no pattern, and yet one form
        (IdRange(b"019a-7f", b"019a-9b", 0), IdRange(b"019b-0c", b"019b-e4", 0), False),
        (IdRange(b"019a-7f", b"019a-9b", 0), IdRange(b"019B-0C", b"019B-E4", 0), True),
        (IdRange(b"10000", b"99", 0), IdRange(b"00050", b"00999", 0), True),  # some have zeros in front
        (IdRange(b"5", b"7", 0), IdRange(b"8", b"9", 0, of_numbers=True), True),
        (IdRange(b"5", b"7", 0, of_numbers=True), IdRange(b"8", b"9", 0, of_numbers=True), False),
    ],
)
def test_ranges_meet(one: IdRange, other: IdRange, *, meet: bool) -> None:
    assert one.meets(other) is meet
    assert other.meets(one) is meet
