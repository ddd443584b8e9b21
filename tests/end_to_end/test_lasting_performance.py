"""Performance over several windows: against the raw rows of all of them, and redone when labels come late."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics
from tests.end_to_end.builder import Bench, Columns, day

REFERENCE = 12
ROWS = 300
LAST = REFERENCE + 9
COLUMNS = [
    "window_start",
    "metric",
    "kind",
    "windows",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "threshold",
    "degraded",
]
DAYS = dict[int, Columns]


@pytest.fixture
def days(bench: Bench) -> DAYS:
    """A reference of twelve days, and ten days after it of which one has no labels."""
    bench.overrides = {
        "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE):%Y-%m-%d}"]},
        "alerts": {"min_rows": 100},
        "labels": {"mature_after": "3d", "catch_up": "30d"},
    }
    return {number: write(bench, number) for number in range(LAST + 1)}


def write(bench: Bench, number: int, wrong: float = 0.0) -> Columns:
    """A day, with a share of its labels drawn anew without regard to the score."""
    made = bench.rows(number, ROWS)
    random = np.random.default_rng([number, 11])
    truth = made["truth"].to_numpy()
    truth = np.where(random.random(ROWS) < wrong, random.random(ROWS) < truth.mean(), truth)
    made["truth"] = pa.array(truth.astype(np.int8))
    bench.write(number, made)
    if number != LAST - 3:
        bench.write_labels(number, made)
    return made


def lasting(bench: Bench, number: int | None = None, **where: Any) -> pd.DataFrame:
    rows = bench.current("performance_metrics", number, **where)
    return rows[(rows["windows"] > 1) | (rows["kind"] == "sustained")]


def raw(days: DAYS, numbers: range) -> pd.DataFrame:
    chosen = [days[number] for number in numbers if number != LAST - 3]
    rows: pd.DataFrame = pd.concat([pa.table(one).to_pandas() for one in chosen])
    return rows


def test_the_figure_of_several_windows_is_that_of_their_rows(bench: Bench, days: DAYS) -> None:
    bench.run(0, LAST)
    for windows, first in ((7, LAST - 6), (28, 0)):
        rows = raw(days, range(first, LAST + 1))
        found = lasting(bench, LAST, windows=windows, kind="realized").set_index("metric")
        accuracy = found.loc["accuracy"]
        assert accuracy["value"] == pytest.approx((rows["class"] == rows["truth"]).mean(), rel=1e-12)
        assert accuracy["n"] == len(rows)
        area = found.loc["roc_auc"]
        error = abs(area["value"] - metrics.roc_auc_score(rows["truth"], rows["score"]))
        assert error <= area["error_bound"] + 1e-12
        brier = metrics.brier_score_loss(rows["truth"], rows["score"])
        assert found.loc["brier"]["value"] == pytest.approx(brier, rel=1e-9)
        assert (found["degraded"] == False).any()  # noqa: E712
        assert f"of the {windows} windows" in accuracy["reason"]  # some have no labels, or are not there
        own = bench.performance(LAST, "roc_auc")
        assert area["ci_high"] - area["ci_low"] < own["ci_high"] - own["ci_low"]


def test_windows_of_the_reference_and_those_without_labels_are_not_judged(bench: Bench, days: DAYS) -> None:
    del days
    bench.run(0, LAST)
    assert lasting(bench, REFERENCE - 1, windows=7)["degraded"].isna().all()
    assert not len(lasting(bench, LAST - 3))
    assert not len(lasting(bench, 0))  # one window is no several
    assert not len(lasting(bench, 3, windows=28))  # the same four windows as those of the last seven


def test_one_at_a_time_and_all_at_once_are_the_same(bench: Bench, days: DAYS) -> None:
    del days
    bench.run(0, LAST)
    at_once = lasting(bench)[COLUMNS].sort_values(COLUMNS[:4]).reset_index(drop=True)
    bench.store_name = "single.duckdb"
    for number in (*range(REFERENCE, LAST + 1), *range(REFERENCE)):
        bench.run(number)
    single = lasting(bench)[COLUMNS].sort_values(COLUMNS[:4]).reset_index(drop=True)
    pd.testing.assert_frame_equal(at_once, single)


def test_labels_that_come_late_change_the_windows_after_theirs(bench: Bench, days: DAYS) -> None:
    bench.run(0, LAST)
    before = lasting(bench, LAST, metric="accuracy", windows=7).iloc[0]
    bench.write_labels(LAST - 3, days[LAST - 3])
    bench.run(LAST - 3)
    after = lasting(bench, LAST, metric="accuracy", windows=7).iloc[0]
    assert after["n"] == before["n"] + ROWS
    rows = pd.concat([pa.table(days[number]).to_pandas() for number in range(LAST - 6, LAST + 1)])
    assert after["value"] == pytest.approx((rows["class"] == rows["truth"]).mean(), rel=1e-12)
    assert after["reason"] is None
    assert len(lasting(bench, LAST - 3, windows=7))


def test_a_loss_too_small_for_a_day_is_found_over_several(bench: Bench, days: DAYS) -> None:
    del days
    for number in range(REFERENCE, LAST + 1):
        write(bench, number, wrong=0.5)
    bench.run(0, LAST)
    rows = bench.current(
        "performance_metrics", kind="realized", metric="roc_auc", segment="*", model_version="*"
    )
    own = rows[(rows["windows"] == 1) & (rows["window_start"] >= day(REFERENCE))]
    assert own["degraded"].eq(True).sum() <= 3
    found = lasting(bench, LAST, metric="roc_auc", windows=7).iloc[0]
    assert found["degraded"]
    assert found["trivial_value"] < found["value"] < found["threshold"] < found["reference_value"]
    alerts = bench.current("alerts", LAST).to_dict("records")
    evidence = [json.loads(str(row["evidence"])) for row in alerts if row["state"] == "open"]
    assert any(one["kind"] == "realized" and one["of_windows"] > 1 for one in evidence)


def test_a_reference_that_moves_is_no_yardstick_for_what_lasts(bench: Bench, days: DAYS) -> None:
    del days
    bench.overrides["reference"] = {"trailing": f"{REFERENCE}d", "window": None}
    for number in range(REFERENCE, LAST + 1):
        write(bench, number, wrong=0.5)
    bench.run(REFERENCE, LAST)
    found = lasting(bench, LAST, metric="roc_auc", windows=7).iloc[0]
    assert found["degraded"]
    assert found["reference_value"] != bench.performance(LAST, "roc_auc")["reference_value"]
