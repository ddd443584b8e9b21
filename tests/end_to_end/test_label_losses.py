"""What is lost between predictions and their labels: counted by its reason, in a check that fails."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, day, texts

TODAY = REFERENCE_DAYS


def _accuracy(made: Columns, rows: slice = slice(None)) -> float:
    return float(accuracy_score(made["truth"].to_numpy()[rows], made["class"].to_numpy()[rows]))


def _failed(bench: Bench, number: int) -> list[str]:
    rows = bench.current("quality_metrics", number)
    return sorted(rows[rows["passed"].eq(False)]["check_name"])


def _alerts(bench: Bench, number: int) -> list[str]:
    return sorted(bench.current("alerts", number)["metric"])


def _message(made: Columns, later: timedelta) -> pa.Array:
    return pa.array([at.as_py() + later for at in made["at"]], pa.timestamp("us", "UTC"))


def test_a_label_older_than_its_prediction_is_none(bench: Bench) -> None:
    bench.overrides = {"labels": {"timestamp": "when"}}
    for number in range(TODAY + 1):
        made = bench.rows(number)
        bench.write(number, made)
        bench.write_labels(number, made, when=_message(made, timedelta(hours=3)))
    made = bench.rows(TODAY)
    old = {"id": made["id"].slice(0, 40), "truth": pa.array(1 - made["truth"].to_numpy()[:40])}
    bench.write_labels(TODAY, made, when=_message(made, timedelta(0)))  # of the very moment: no older
    bench.put(
        pa.table(
            {"id": old["id"], "label": old["truth"], "when": _message(made, -timedelta(microseconds=1))[:40]}
        ),
        f"labels/dt={day(TODAY + 1):%Y-%m-%d}/old.parquet",
    )
    bench.run(TODAY)
    check = bench.check(TODAY, "early_labels")
    assert (check["value"], json.loads(check["expected"]), check["passed"]) == (40, 0.01 * ROWS, False)
    assert _failed(bench, TODAY) == ["early_labels"]
    assert bench.performance(TODAY, "accuracy")["n"] == ROWS
    assert bench.performance(TODAY, "accuracy")["value"] == pytest.approx(_accuracy(made), abs=1e-9)


@pytest.mark.parametrize("written", ["date32", "text date", "seconds"])
def test_a_time_that_says_less_than_the_predictions_is_no_older_for_that(bench: Bench, written: str) -> None:
    bench.overrides = {"labels": {"timestamp": "when"}, "timezone": "America/New_York"}

    def when(made: Columns) -> pa.Array:
        local = pa.compute.local_timestamp(made["at"].cast(pa.timestamp("us", "America/New_York")))
        if written == "seconds":
            return made["at"].cast(pa.timestamp("s", "UTC"), safe=False)
        return (
            local.cast(pa.date32(), safe=False)
            if written == "date32"
            else texts([t.as_py().date() for t in local])
        )

    for number in range(TODAY + 2):
        made = bench.rows(number)
        made["at"] = pa.array([t.as_py() + timedelta(milliseconds=1) for t in made["at"]], made["at"].type)
        bench.write(number, made)
        bench.write_labels(number, made, arrived=number, when=when(made))
    path = bench.monitor_file()
    assert path.exists()
    bench.run(f"{day(TODAY):%Y-%m-%d}")
    rows = bench.current("quality_metrics", check_name="early_labels")
    assert rows["value"].tolist() == [0.0]
    coverage = bench.current("quality_metrics", check_name="label_coverage")
    assert coverage["value"].tolist() == [1.0]


def test_labels_that_stop_are_an_alert_once_they_are_due(bench: Bench) -> None:
    bench.overrides = {"labels": {"mature_after": "3d"}}
    bench.reference()
    for number in (TODAY, TODAY + 1):
        bench.write(number, bench.rows(number))
    few = bench.rows(TODAY + 1)
    bench.write_labels(TODAY + 1, {name: few[name].slice(0, 12) for name in ("id", "truth")})
    bench.run(TODAY, TODAY + 1, as_of=day(TODAY + 4))
    old, young = (bench.check(number, "label_coverage") for number in (TODAY, TODAY + 1))
    assert (old["value"], json.loads(old["expected"]), old["passed"]) == (0.0, [0.5, None], False)
    assert (young["value"], young["passed"]) == (0.1, None)
    assert _alerts(bench, TODAY) == ["label_coverage"]
    bench.run(TODAY, TODAY + 1, as_of=day(TODAY + 5))
    assert bench.check(TODAY + 1, "label_coverage")["passed"] == False  # noqa: E712 - a numpy bool
    assert _failed(bench, TODAY + 1) == ["label_coverage"]


def test_labels_for_a_share_that_is_usual_are_enough(bench: Bench) -> None:
    for number in range(TODAY + 1):
        made = bench.rows(number)
        bench.write(number, made)
        count = 8 if number < TODAY else 3  # of 120, where 8 are usual: chance may have a part
        bench.write_labels(number, {name: made[name].slice(0, count) for name in ("id", "truth")})
    bench.run(TODAY)
    check = bench.check(TODAY, "label_coverage")
    assert json.loads(check["expected"]) == [pytest.approx(4 / ROWS), None]
    assert (check["value"], bool(check["passed"])) == (pytest.approx(3 / ROWS), True)


def _spelled(kind: str, number: int) -> tuple[list[Any], list[Any]]:
    """Ids as the log has them, and as the labels do."""
    numbers = [number * 1000 + k for k in range(ROWS)]
    uuids = [f"0a1b2c3d-4e5f-4a6b-8c7d-{k:012d}" for k in numbers]
    written: dict[str, tuple[list[Any], list[Any]]] = {
        "capitals": (uuids, [name.upper() for name in uuids]),
        "padding": ([f"id{k}" for k in numbers], [f" id{k}  " for k in numbers]),
        "zeros": ([f"{k:09d}" for k in numbers], [str(k) for k in numbers]),
        "type": ([str(k) for k in numbers], [f"{k}.0" for k in numbers]),
    }
    return written[kind]


@pytest.mark.parametrize("kind", ["capitals", "padding", "zeros", "type"])
def test_ids_that_differ_in_how_they_are_written_are_told_with_an_example(bench: Bench, kind: str) -> None:
    for number in range(TODAY + 1):
        logged, told = _spelled(kind, number)
        made = bench.rows(number, id=pa.array(logged))
        bench.write(number, made)
        bench.write_labels(number, {**made, "id": pa.array(told if number == TODAY else logged)})
    bench.run(TODAY)
    assert _failed(bench, TODAY) == ["label_coverage", "unlike_ids"]
    check = bench.check(TODAY, "unlike_ids")
    expected = json.loads(check["expected"])
    logged, told = _spelled(kind, TODAY)
    assert check["value"] == ROWS
    assert bench.check(TODAY, "unmatched_labels")["value"] == 2 * ROWS  # those of the day before among them
    at = [str(one) for one in logged].index(expected["prediction_id"])
    assert expected == {"at_most": 0.01 * ROWS, "prediction_id": str(logged[at]), "label_id": str(told[at])}


def test_ids_that_a_float_cannot_hold_are_set_aside(bench: Bench) -> None:
    """Neighbours beyond 2**53 are one float: labels would go to any of them."""
    start = 2**53
    for number in range(TODAY + 1):
        numbers = np.arange(ROWS) + number * 1000 + 1
        made = bench.rows(number, id=pa.array(numbers))
        ids = numbers.astype(np.float64)
        if number == TODAY:
            ids[:30] += start
            ids[30:35] += 0.5
            ids[35:40] = np.nan
            made["id"] = pa.array(ids)
        bench.write(number, made)
        told = numbers.astype(np.float64)
        if number == TODAY:
            told[:30] += start
        bench.write_labels(number, {**made, "id": pa.array(told)})
    bench.run(TODAY)
    assert bench.check(TODAY, "inexact_ids")["value"] == 35
    assert bench.check(TODAY, "missing_ids")["value"] == 5
    assert bench.check(TODAY, "inexact_label_ids")["value"] == 30
    assert _failed(bench, TODAY) == ["inexact_ids", "inexact_label_ids"]
    made = bench.rows(TODAY)
    accuracy = bench.performance(TODAY, "accuracy")
    assert (accuracy["n"], accuracy["label_coverage"]) == (ROWS - 40, (ROWS - 40) / ROWS)
    assert accuracy["value"] == pytest.approx(_accuracy(made, slice(40, None)), abs=1e-9)


def test_labels_that_are_null_or_cannot_be_read_are_counted_apart(bench: Bench) -> None:
    bench.overrides = {"task": "regression", "logs": {"score": None, "prediction": "amount"}}
    for number in range(TODAY + 1):
        made = bench.rows(number)
        bench.write(number, made)
        truth = made["amount"].to_numpy() + 1.0
        if number == TODAY:
            truth = truth.copy()
            truth[:7] = np.nan
            truth[7:10] = np.inf
        bench.write_labels(number, {**made, "truth": pa.array(truth)})
    bench.run(TODAY)
    assert bench.check(TODAY, "null_labels")["value"] == 7
    assert bench.check(TODAY, "null_labels")["passed"] is None
    assert bench.check(TODAY, "unreadable_labels")["value"] == 3
    assert _failed(bench, TODAY) == ["unreadable_labels"]
    mae = bench.performance(TODAY, "mae")
    assert (mae["n"], mae["value"]) == (ROWS - 10, pytest.approx(1.0))


def test_labels_of_another_type_are_read_as_far_as_they_can_be(bench: Bench) -> None:
    """Numbers that one object has as text, and ids that one has as numbers."""
    bench.overrides = {"task": "regression", "logs": {"score": None, "prediction": "amount"}}
    for number in range(TODAY + 1):
        made = bench.rows(number, id=texts([number * 1000 + k for k in range(ROWS)]))
        bench.write(number, made)
        truth = [f"{value + 1.0!r}" for value in made["amount"].to_pylist()]
        if number == TODAY:
            truth[:5] = ["unknown"] * 5
            bench.write_labels(
                number, {"id": pa.array(np.arange(ROWS) + number * 1000), "truth": texts(truth)}
            )
        else:
            bench.write_labels(number, {**made, "truth": pa.array(made["amount"].to_numpy() + 1.0)})
    bench.run(TODAY)
    assert bench.check(TODAY, "unreadable_labels")["value"] == 5
    assert bench.check(TODAY, "null_labels")["value"] == 0
    mae = bench.performance(TODAY, "mae")
    assert (mae["n"], mae["value"]) == (ROWS - 5, pytest.approx(1.0))


def test_a_label_object_that_cannot_be_read_is_counted(bench: Bench) -> None:
    bench.reference()
    made = bench.rows(TODAY)
    bench.write(TODAY, made)
    bench.write_labels(TODAY, made)
    bench.root.joinpath(f"labels/dt={day(TODAY + 1):%Y-%m-%d}/broken.parquet").write_bytes(
        b"PAR1 and no more"
    )
    bench.run(TODAY)
    assert bench.check(TODAY, "quarantined_label_objects")["value"] == 1
    assert _failed(bench, TODAY) == ["quarantined_label_objects"]
    assert _alerts(bench, TODAY) == ["quarantined_label_objects"]


@pytest.mark.slow
def test_labels_whose_time_cannot_be_read_are_counted_and_the_rest_is_joined(bench: Bench) -> None:
    """Nanoseconds among microseconds, the least number, the year 10000, nulls; a null label stays one."""
    bench.overrides = {"labels": {"timestamp": "when"}}
    for number in range(TODAY + 1):
        made = bench.rows(number)
        bench.write(number, made)
        when, no_time = np.array(_message(made, timedelta(hours=1)).cast(pa.int64())), np.zeros(ROWS, bool)
        truth, pending = made["truth"].to_numpy().copy(), np.zeros(ROWS, bool)
        if number == TODAY:
            when[:3] *= 1000
            when[3:5] = np.iinfo(np.int64).min, 253_402_300_800_000_000
            no_time[5:9] = True
            truth[:7] = 1 - truth[:7]  # that it would show if they were joined
            pending[7:9] = True
        told = {"id": made["id"], "truth": pa.array(truth, mask=pending)}
        bench.write_labels(number, told, when=pa.array(when, mask=no_time).view(pa.timestamp("us")))
    bench.run(TODAY)
    assert bench.check(TODAY, "unreadable_label_times")["value"] == 7
    assert bench.check(TODAY, "null_labels")["value"] == 2
    assert _failed(bench, TODAY) == _alerts(bench, TODAY) == ["unreadable_label_times"]
    accuracy = bench.performance(TODAY, "accuracy")
    assert (accuracy["n"], accuracy["label_coverage"]) == (ROWS - 9, (ROWS - 9) / ROWS)
    assert accuracy["value"] == pytest.approx(_accuracy(bench.rows(TODAY), slice(9, None)), abs=1e-9)
