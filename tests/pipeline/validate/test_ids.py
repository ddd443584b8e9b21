"""What validation says of ids that keep labels from their predictions, and of labels that are too old."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, day

from driftline_jobs.pipeline.validate import concerns, ids
from driftline_jobs.pipeline.validate.check import check_log
from driftline_schemas.monitor import load_monitor

DAYS = 6


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(concerns, "CONCERNS", (ids.remarks,))  # others have things to say of so short a log
    return Bench(tmp_path)


def remarks(bench: Bench) -> list[str]:
    found = check_log(load_monitor(bench.monitor_file()), bench.root)
    assert not any(remark.is_fault for remark in found.remarks)
    return [remark.text for remark in found.remarks]


def test_nothing_is_said_of_a_log_as_it_should_be(bench: Bench) -> None:
    bench.overrides = {"labels": {"timestamp": "when"}}
    for number in range(DAYS):
        made = bench.rows(number)
        bench.write(number, made)
        bench.write_labels(number, made, when=pa.array([day(number + 1)] * ROWS, pa.timestamp("us", "UTC")))
    assert remarks(bench) == []


def test_ids_that_come_again_in_other_windows(bench: Bench) -> None:
    bench.days(0, DAYS - 1, id=pa.array([f"customer-{k:03d}" for k in range(ROWS)]))
    (said,) = remarks(bench)
    assert "'customer-000' is one of 2024-01-01 and one of 2024-01-02" in said
    assert f"{ROWS} of {ROWS} sampled ids" in said
    assert "let logs.prediction_id name a column that differs for every prediction" in said


def test_a_request_or_two_that_was_tried_again_is_nothing_to_say(bench: Bench) -> None:
    for number in range(DAYS):
        names = [f"{number}-{k}" for k in range(ROWS)]
        names[0] = f"{number - 1}-{ROWS - 1}"
        made = bench.rows(number, id=pa.array(names))
        bench.write(number, made)
        bench.write_labels(number, made)
    assert remarks(bench) == []


def test_ids_that_repeat_within_a_window_alone(bench: Bench) -> None:
    bench.overrides = {"granularity": "month"}
    bench.days(0, DAYS - 1, id=pa.array([f"customer-{k:03d}" for k in range(ROWS)]))
    assert remarks(bench) == []


def test_ids_that_are_written_differently(bench: Bench) -> None:
    for number in range(DAYS):
        made = bench.rows(number, id=pa.array([f"{number * 1000 + k:08d}" for k in range(ROWS)]))
        bench.write(number, made)
        bench.write_labels(number, {**made, "id": pa.array(np.arange(ROWS) + number * 1000)})
    (said,) = remarks(bench)
    assert "'00000000' in the log is '0' among the labels" in said
    assert f"{DAYS * ROWS} of {DAYS * ROWS} sampled ids of labels" in said


def test_labels_that_are_older_than_their_predictions(bench: Bench) -> None:
    bench.overrides = {"labels": {"timestamp": "when"}}
    for number in range(DAYS):
        made = bench.rows(number)
        bench.write(number, made)
        when = [at.as_py() - timedelta(hours=2) for at in made["at"]]
        bench.write_labels(number, made, when=pa.array(when, pa.timestamp("us", "UTC")))
    (said,) = remarks(bench)
    assert "the label of '0-0' is of 2023-12-31 22:00:00 UTC, its prediction of 2024-01-01 00:00:00" in said
    assert f"{DAYS * ROWS} of {DAYS * ROWS} sampled labels" in said


def test_ids_that_a_float_may_have_rounded(bench: Bench) -> None:
    for number in range(DAYS):
        made = bench.rows(number, id=pa.array(np.arange(ROWS) + number * 1000))
        bench.write(number, made)
        bench.write_labels(number, {**made, "id": pa.array(np.arange(ROWS) + 2.0**53)})
    (said,) = remarks(bench)
    assert f"labels.prediction_id 'id': of {DAYS * ROWS} sampled ids, {DAYS * ROWS} are floats" in said
    assert "write ids as integers or as text" in said


def test_ids_lead_nowhere_where_the_log_has_the_labels(bench: Bench) -> None:
    bench.overrides = {
        "labels": {"uri": None, "prediction_id": None, "label": None, "catch_up": None, "column": "outcome"}
    }
    for number in range(DAYS):
        made = bench.rows(number, id=pa.array([f"customer-{k:03d}" for k in range(ROWS)]))
        bench.write(number, {**made, "outcome": made["truth"]})
    assert remarks(bench) == []
