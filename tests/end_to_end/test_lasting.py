"""Shifts too small for any one window, followed over many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from tests.end_to_end.builder import ROWS, Bench, day

REFERENCE, CLEAN, LAST = 24, 6, 50
SHIFT = 0.12
"""Of a standard deviation: one day of so few rows cannot tell."""
WATCHED = {
    "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE):%Y-%m-%d}"]},
    "features": {"ignore": ["city"]},
    "alerts": {"min_rows": 10, "false_alarm_rate": 0.05},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose amounts shift a little after some clean days."""
    bench = Bench(tmp_path_factory.mktemp("lasting"), overrides=WATCHED)
    for number in range(LAST):
        random = np.random.default_rng([number, 11])
        shift = SHIFT if number >= REFERENCE + CLEAN else 0.0
        made = bench.rows(number, amount=pa.array(random.normal(shift, 1.0, ROWS)))
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(0, LAST - 1)
    return bench.root


@pytest.fixture
def ranged(root: Path) -> Bench:
    """The bench of the range run."""
    return Bench(root, overrides=WATCHED)


def course(bench: Bench, column: str) -> dict[int, tuple[float, bool]]:
    """Evidence and alarm by the number of the day."""
    rows = bench.current("drift_metrics", column_name=column, metric="sustained_shift")
    return {
        (start - day(0)).days: (value, bool(drifted))
        for start, value, drifted in zip(rows["window_start"], rows["value"], rows["drifted"], strict=True)
    }


def window_tests(bench: Bench) -> pd.DataFrame:
    """The windows' own tests of the amounts."""
    return bench.current(
        "drift_metrics",
        column_name="amount",
        metric="mean_shift",
        comparison="reference",
        model_version="*",
    )


def test_a_sustained_shift_is_found_that_windows_do_not_show(ranged: Bench) -> None:
    alarms = [number for number, (_, alarm) in course(ranged, "amount").items() if alarm]
    assert alarms
    assert min(alarms) >= REFERENCE + CLEAN
    # of twenty shifted windows, the windows' own tests report one
    assert window_tests(ranged)["drifted"].tolist().count(True) <= 1 < len(alarms)
    assert not any(alarm for _, alarm in course(ranged, "score").values())

    told = [ranged.current("alerts", number, column_name="amount")["evidence"].item() for number in alarms]
    assert all("sustained_shift" in evidence for evidence in told)
    assert any("grown since 2024-" in evidence for evidence in told)


def test_the_evidence_is_that_of_recursive_residuals(ranged: Bench) -> None:
    """By hand, from the published shifts and what was learned: t, the residuals' spread, and the bets on both
    directions."""
    (state,) = [
        row
        for row in ranged.query("SELECT * FROM calibrations WHERE column_name = 'amount'")
        if row["statistic"] == "mean_shift"
    ]
    if state["weekday_effects"] is not None:
        pytest.fail("the rows know no weekdays: choose another seed")
    learned = json.loads(state["state"])
    mean, count, degrees = 0.0, REFERENCE, learned["degrees"]
    alone = ((1 - learned["persistence"]) / (1 + learned["persistence"])) ** 0.25
    spread = state["scale"] ** 2 * degrees
    tests = window_tests(ranged).sort_values("window_start").iloc[REFERENCE:]
    published = course(ranged, "amount")
    limit = ranged.current("drift_metrics", metric="sustained_shift")["threshold"].iloc[0]
    parts, shifts = np.zeros((2, 3)), np.array([0.5, 1.0, 2.0])
    for at, row in enumerate(tests.to_dict("records")):
        # all days have as many rows, so that the typical one is any; the error of the reference is in it
        y = row["value"] / np.sqrt(1 / row["n_current"] + 1 / row["n_reference"]) * np.sqrt(1 + 1 / REFERENCE)
        residual = (y - mean) / np.sqrt(1 + 1 / count)
        up = alone * stats.norm.ppf(stats.t.cdf(residual / np.sqrt(spread / degrees), degrees))
        bets = np.exp(np.outer([up, -up], shifts) - shifts**2 / 2)
        parts = (parts + 1) * bets
        parts *= np.minimum(1.0, 3.0 * limit / parts.mean(1))[:, None]  # half of the limit each
        parts *= min(1.0, 1.5 * limit / parts.mean())
        won = parts.mean()
        assert published[REFERENCE + at][0] == pytest.approx(min(won, limit), rel=1e-6)
        if won < max(limit / 80, 100.0) and not row["drifted"]:
            mean, count = mean + (y - mean) / (count + 1), count + 1
            spread, degrees = spread + residual**2, degrees + 1


def test_a_rule_may_be_stricter_than_the_limit_of_the_evidence(root: Path, ranged: Bench) -> None:
    evidence = {number: won for number, (won, _) in course(ranged, "amount").items()}
    limit = ranged.current("drift_metrics", metric="sustained_shift")["threshold"].iloc[0]
    strict = float(np.quantile(list(evidence.values()), 0.25))
    beyond = {number for number, won in evidence.items() if won > strict}
    rule = {"metric": "sustained_shift", "column": "amount", "above": strict}
    alerts = {"min_rows": 10, "false_alarm_rate": 0.05, "rules": [rule]}
    ruled = Bench(root, overrides={**WATCHED, "alerts": alerts}, store_name="ruled.duckdb")
    ruled.run(REFERENCE, LAST - 1)
    found = course(ruled, "amount")
    assert {number for number, (_, drifted) in found.items() if drifted} == beyond
    assert {number: won for number, (won, _) in found.items()} == evidence
    rows = ruled.current("drift_metrics", column_name="amount", metric="sustained_shift")
    of_rule = rows[rows["threshold_source"] == "rule"]
    assert set(of_rule["threshold"]) == {strict}
    assert (of_rule["value"] < limit).all()
    first = min(beyond)
    (evidence_text,) = ruled.current("alerts", first, column_name="amount")["evidence"]
    assert "the monitor's rule" in evidence_text


@pytest.mark.slow
def test_single_runs_in_any_order_end_in_the_same_evidence(root: Path) -> None:
    single = Bench(root, overrides=WATCHED, store_name="single.duckdb")
    order = [*range(REFERENCE + 4, LAST, 5), *range(REFERENCE, LAST, 6)]
    for number in order:
        single.run(number)
    again = Bench(root, overrides=WATCHED, store_name="again.duckdb")
    for number in sorted(set(order)):
        again.run(number)
    assert len(course(single, "amount")) == len(set(order))
    assert course(single, "amount") == course(again, "amount")


def test_a_day_run_again_leaves_the_days_that_do_not_change_alone(root: Path) -> None:
    """Itself, and the day after, which is compared with it: not the alerts of all later days once more."""
    again = Bench(root, overrides=WATCHED, store_name="repeated.duckdb")
    again.run(REFERENCE, LAST - 1)
    assert len(set(again.current("alerts")["alert_id"])) > 1
    before = again.current("alerts")
    published = again.run(LAST - 10).run_ids
    assert len(published) == 4  # data, performance, and the judgement of two days
    assert len(again.current("alerts")) == len(before)


@pytest.mark.slow
def test_what_a_moving_reference_follows_in_small_steps_is_found_from_the_start(tmp_path: Path) -> None:
    """A hundredth of a standard deviation a day: each is like those before it, the 30th not like the first.
    The columns beside it are quiet."""
    bench = Bench(
        tmp_path, overrides={**WATCHED, "reference": {"window": None, "trailing": "28d"}, "labels": None}
    )
    for number in range(28 + 35):
        random = np.random.default_rng([number, 12])
        drift = 0.01 * max(number - 27, 0)
        bench.write(number, bench.rows(number, amount=pa.array(random.normal(drift, 1.0, ROWS))))
    bench.run(28, 28 + 34)
    alarms = [number for number, (_, alarm) in course(bench, "amount").items() if alarm]
    assert alarms
    assert not any(alarm for _, alarm in course(bench, "score").values())
    (evidence,) = bench.current("alerts", alarms[-1], column_name="amount")["evidence"]
    assert "with a higher mean than in the reference of the start, grown since 2024-" in evidence
    assert window_tests(bench)["drifted"].tolist().count(True) <= 1

    single = Bench(tmp_path, overrides=bench.overrides, store_name="single.duckdb")
    single.run(28, 40)
    for number in (*range(41, 63), 35):
        single.run(number)
    assert course(single, "amount") == course(bench, "amount")
