"""Labels as they come: late, twice, contradicting, missing; and ids that are written in several ways."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, log_loss
from tests.end_to_end.builder import ROWS, Bench, Columns, day, everything_written, texts

HASH_SALT = "a salt for tests"


def _accuracy(made: Columns, truth: np.ndarray[tuple[int], np.dtype[np.int8]]) -> float:
    return float(accuracy_score(truth, made["class"].to_numpy()))


def _stamp(number: int, count: int = ROWS) -> pa.Array:
    return pa.array([day(number)] * count, pa.timestamp("us", "UTC"))


def test_labels_that_are_not_there_yet(bench: Bench) -> None:
    made = bench.rows(0)
    for number in range(5):
        bench.write(number, bench.rows(number))
    bench.run(4)
    accuracy = bench.performance(4, "accuracy")
    assert (accuracy["n"], accuracy["status"], accuracy["label_coverage"]) == (0, "no_labels", 0.0)
    assert bench.described(4, "*")["count"] == len(made["id"])


def test_null_labels_are_none_and_labels_without_predictions_harmless(bench: Bench) -> None:
    bench.reference()
    made = bench.rows(4)
    bench.write(4, made)
    truth = made["truth"].to_numpy()
    some = {"id": made["id"], "truth": pa.array(truth, mask=np.arange(ROWS) < 40)}
    bench.write_labels(4, some)
    bench.put(
        pa.table({"id": ["nobody", "nothing"], "label": [1, 0]}), f"labels/dt={day(5):%Y-%m-%d}/b.parquet"
    )
    bench.run(4)
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["n"] == 80
    assert accuracy["label_coverage"] == 80 / ROWS
    assert accuracy["value"] == pytest.approx(
        accuracy_score(truth[40:], made["class"].to_numpy()[40:]), abs=1e-9
    )


def test_of_equal_ids_the_first_row_counts(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 4)[4]
    again = {name: values.slice(0, 30) for name, values in made.items()}
    again["class"] = pa.array(1 - again["class"].to_numpy())
    again["at"] = pa.array([t.as_py() for t in made["at"].slice(90, 30)], pa.timestamp("us", "UTC"))
    bench.write(4, again, "again.parquet")
    bench.run(4)
    assert bench.described(4, "*")["count"] == ROWS + 30  # profiles count rows as logged
    assert bench.check(4, "duplicated_ids")["value"] == 30
    assert not bench.check(4, "duplicated_ids")["passed"]
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["n"] == ROWS
    assert accuracy["value"] == pytest.approx(_accuracy(made, made["truth"].to_numpy()), abs=1e-9)


def test_conflicting_labels_without_timestamps_are_left_out(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 4)[4]
    truth = made["truth"].to_numpy()
    few = {"id": made["id"].slice(0, 30), "truth": pa.array(1 - truth[:30])}
    bench.write_labels(4, few, arrived=6)
    same = {"id": made["id"].slice(30, 30), "truth": pa.array(truth[30:60])}
    bench.write_labels(4, same, arrived=7)
    bench.run(4)
    assert bench.check(4, "conflicting_labels")["value"] == 30
    assert not bench.check(4, "conflicting_labels")["passed"]
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["n"] == ROWS - 30
    assert accuracy["value"] == pytest.approx(
        accuracy_score(truth[30:], made["class"].to_numpy()[30:]), abs=1e-9
    )


def test_of_labels_with_timestamps_the_latest_counts_as_long_as_it_may(bench: Bench) -> None:
    bench.overrides = {"labels": {"timestamp": "when", "catch_up": "7d"}}
    for number in range(6):
        made = bench.rows(number)
        bench.write(number, made)
        bench.write_labels(number, made, when=_stamp(number + 1))
    truth = bench.rows(4)["truth"].to_numpy().copy()
    made = bench.rows(4)
    few = {"id": made["id"].slice(0, 30), "truth": pa.array(1 - truth[:30])}
    bench.write_labels(4, few, arrived=8, when=_stamp(8, 30))
    late = {"id": made["id"].slice(60, 30), "truth": pa.array(1 - truth[60:90])}
    bench.write_labels(4, late, arrived=12, when=_stamp(12, 30))  # day 4 ends with day 5: open until day 12
    bench.run(4, 5)
    truth[:30] = 1 - truth[:30]
    accuracy = bench.performance(4, "accuracy")
    assert bench.check(4, "conflicting_labels")["value"] == 0
    assert accuracy["value"] == pytest.approx(_accuracy(made, truth), abs=1e-9)


@pytest.mark.parametrize("written", ["text", "int32", "float64", "uint64", "dictionary"])
def test_ids_meet_however_they_are_written(bench: Bench, written: str) -> None:
    numbers = np.arange(ROWS)
    for number in range(5):
        made = bench.rows(number, id=pa.array(numbers + number * 1000))
        bench.write(number, made)
        ids = texts((numbers + number * 1000).tolist())
        if written == "dictionary":
            made["id"] = ids.dictionary_encode()
        else:
            made["id"] = ids if written == "text" else pa.array(numbers + number * 1000).cast(written)
        bench.write_labels(number, made)
    bench.run(4)
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["n"] == ROWS
    assert accuracy["value"] == pytest.approx(
        _accuracy(bench.rows(4), bench.rows(4)["truth"].to_numpy()), abs=1e-9
    )


@pytest.mark.parametrize("written", ["bool", "float64", "decimal"])
def test_classes_are_compared_by_value(bench: Bench, written: str) -> None:
    kind = {"bool": pa.bool_(), "float64": pa.float64(), "decimal": pa.decimal128(22, 1)}[written]
    for number in range(5):
        made = bench.rows(number)
        bench.write(number, made)
        made["truth"] = made["truth"].cast(pa.int64()).cast(kind)
        bench.write_labels(number, made)
    bench.run(4)
    made = bench.rows(4)
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["value"] == pytest.approx(_accuracy(made, made["truth"].to_numpy()), abs=1e-9)


def test_labels_in_the_log_itself(bench: Bench) -> None:
    bench.overrides = {
        "labels": {"column": "truth", "uri": None, "prediction_id": None, "label": None, "catch_up": None}
    }
    for number in range(5):
        made = bench.rows(number)
        bench.put(pa.table(made), f"logs/dt={day(number):%Y-%m-%d}/part-0.parquet")
    bench.run(4)
    made = bench.rows(4)
    loss = bench.performance(4, "log_loss")
    assert loss["is_final"]
    assert loss["value"] == pytest.approx(
        log_loss(made["truth"].to_numpy(), made["score"].to_numpy()), abs=1e-9
    )


def test_sensitive_values_are_nowhere_in_the_clear(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_SALT", HASH_SALT)
    bench.overrides = {
        "features": {"sensitive": ["street", "zip", "salary"], "numeric": ["amount"]},
        "segments": ["street", ["city", "street"]],
    }
    for number in range(5):
        streets = [f"Secret Lane {i % 7}" for i in range(ROWS)]
        if number == 4:
            streets[:20] = ["Unseen Alley 99"] * 20
        made = bench.rows(
            number,
            street=texts(streets),
            zip=pa.array(np.arange(ROWS) % 5 + 7_654_320),
            salary=pa.array(np.arange(ROWS) % 3 + 98_765.25),
        )
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    written = everything_written(bench.store_url)
    for secret in (b"Secret Lane", b"Unseen Alley", b"765432", b"98765", b"98766"):
        assert secret not in written
    assert bench.drift(4, "street", "unseen_fraction")["value"] == pytest.approx(20 / ROWS)
    assert bench.described(4, "zip")["distinct_count"] == 5
    values = bench.current("profile_metrics", 4, column_name="*", segment="street")
    assert len(values) == 8
    assert values["count"].sum() == ROWS


def test_labels_in_objects_of_their_own_are_watched_for_drift(bench: Bench) -> None:
    """A day on which nearly all labels are positive, whatever the scores, against the raw labels."""
    days = bench.reference()
    made = bench.rows(4)
    made["truth"] = pa.array(np.ones(ROWS, np.int8))
    bench.write(4, made)
    bench.write_labels(4, made)
    bench.run(4)
    found = bench.drift(4, "label", "tvd")
    positive = np.mean([np.mean(columns["truth"].to_numpy()) for columns in days.values()])
    assert found["column_kind"] == "label"
    assert found["value"] == pytest.approx(1.0 - positive, abs=1e-12)
    assert found["n_current"] == ROWS
    rows = bench.current("drift_metrics", 4, column_name="label", model_version="*")
    assert True in rows["drifted"].tolist()
    assert "label" in bench.current("alerts", 4)["column_name"].tolist()
