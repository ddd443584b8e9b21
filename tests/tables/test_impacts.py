"""Impacts as others read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.stores.makers import DAY, day, run

from driftline_jobs.detection.impact import Impact
from driftline_jobs.stores import open_store
from driftline_jobs.tables.impacts import add_impacts, largest, of_window, on_the_mean
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Granularity, Window

MONITOR = Monitor.model_validate(
    {
        "monitor": "flights",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "at", "prediction_id": "id", "score": "score"},
        "reference": {"trailing": "28d"},
    }
)
MEAN = Impact(
    "distance", "mean_score", None, 0.06, 0.3, reference_stddev=0.2, noise=0.01, importance=0.4, n=90
)
AUC = Impact("distance", "roc_auc", None, -0.02, 0.7, noise=0.03, importance=0.4, unknown_share=0.1, n=80)
ABSENT = Impact("city", "mean_score", status="no_values", reason="the window has no value")


def window(number: int) -> Window:
    return Window(day(number), day(number + 1), Granularity.DAY)


def test_an_impact_counts_from_its_noise_on() -> None:
    assert MEAN.counts is True
    assert AUC.counts is False
    assert replace(MEAN, noise=None).counts is None
    assert ABSENT.counts is None
    assert replace(MEAN, value=-0.06).counts is True


def test_the_size_of_an_impact_is_in_standard_deviations_of_the_score() -> None:
    assert MEAN.size == pytest.approx(0.3)
    assert replace(MEAN, value=-0.06).size == pytest.approx(0.3)
    assert AUC.size is None
    assert replace(MEAN, reference_stddev=0.0).size is None
    assert [one.column_name for one in largest([ABSENT, replace(MEAN, column_name="b"), MEAN])] == [
        "b", "distance", "city",
    ]  # fmt: skip


def test_what_is_published_is_read_back(tmp_path: Path) -> None:
    by_class = [
        replace(MEAN, column_name="fare", class_label="no", value=0.01),
        replace(MEAN, column_name="fare", class_label="yes", value=-0.04),
    ]
    with open_store(f"duckdb:///{tmp_path / 'tables.duckdb'}") as store:
        store.migrate()
        runs = [run(f"r{number}", number, "judgement") for number in (0, 1)]
        table = TableBuilder(load_tables()["impacts"])
        add_impacts(table, "flights", window(0), "r0", "ref", [MEAN, AUC, ABSENT, *by_class])
        add_impacts(table, "flights", window(1), "r1", "ref", [replace(MEAN, value=0.0)])
        store.publish(runs, {"impacts": table.to_arrow()})
        assert of_window(store, MONITOR, window(0)) == [ABSENT, MEAN, AUC, *by_class]
        assert of_window(store, MONITOR, window(2)) == []
        found = on_the_mean(store, MONITOR, day(0), day(1) + DAY)
        # of several classes the one that it moves most; what has no figure has its importance still
        assert found == {
            day(0): {"distance": MEAN, "fare": by_class[1], ABSENT.column_name: ABSENT},
            day(1): {"distance": replace(MEAN, value=0.0)},
        }
        assert on_the_mean(store, MONITOR, day(1), day(1) + DAY).keys() == {day(1)}
