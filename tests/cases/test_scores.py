"""Scores that are no probabilities, and sums of values over many decades."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures, assert_no_figure
from tests.cases.running import Cases, remarks

CALIBRATED = ("log_loss", "brier", "ece")
DAYS = (14, 15)


@pytest.mark.parametrize("name", ["score_percent", "score_logit"])
@pytest.mark.parametrize("number", DAYS)
def test_figures_of_rank_and_class_are_from_all_rows(cases: Cases, name: str, number: int) -> None:
    ran = cases.run(name)
    rows = ran.raw(number)
    assert_figures(ran, number, {**oracles.ranked(rows.y, rows.p), **oracles.confusion(rows.y, rows.pred)})
    assert ran.performance(number, "roc_auc")["n"] == len(rows)


def test_literal_numbers(cases: Cases) -> None:
    right = {"score_percent": (0.822749, 0.8625), "score_logit": (0.775961, 0.7175)}
    for name, (ranked, accuracy) in right.items():
        ran = cases.run(name)
        assert ran.performance(15, "roc_auc")["value"] == pytest.approx(ranked, abs=1e-3)
        assert ran.performance(15, "accuracy")["value"] == pytest.approx(accuracy, abs=1e-9)


@pytest.mark.parametrize("name", ["score_percent", "score_logit"])
def test_scores_that_are_no_probabilities_have_no_calibrated_figures(cases: Cases, name: str) -> None:
    """Neither from the share of the rows that happens to lie within [0, 1], nor in silence."""
    ran = cases.run(name)
    assert ran.said.status == 0
    for number in DAYS:
        assert_no_figure(ran, number, CALIBRATED)
        assert any("score" in check for _, check in ran.failed(number))
    assert "score_scale" in remarks(cases.validate(name))


def test_percent_are_rescaled_where_the_file_says_so(cases: Cases) -> None:
    variant = cases.edited(
        "score_percent", "percent", lambda content: content["logs"].update(score_scale="percent")
    )
    ran = cases.run("score_percent", variant)
    assert remarks(cases.validate("score_percent", variant)) == ""
    assert_calm(ran, *DAYS)
    for number in DAYS:
        rows = ran.raw(number)
        right = oracles.binary(rows.assign(p=rows.p / 100))
        assert_figures(ran, number, right)
        if number == 15:
            assert right["brier"] == pytest.approx(0.065038, abs=5e-7)


def test_margins_are_ranked_where_the_file_says_so(cases: Cases) -> None:
    variant = cases.edited(
        "score_logit", "unbounded", lambda content: content["logs"].update(score_scale="unbounded")
    )
    ran = cases.run("score_logit", variant)
    assert remarks(cases.validate("score_logit", variant)) == ""
    assert_calm(ran, *DAYS)
    for number in DAYS:
        rows = ran.raw(number)
        assert_figures(ran, number, oracles.ranked(rows.y, rows.p))
        assert_no_figure(ran, number, CALIBRATED)


@pytest.mark.parametrize("number", DAYS)
def test_heavy_tails_are_summed_exactly(cases: Cases, number: int) -> None:
    ran = cases.run("heavy_tails")
    rows = ran.raw(number)
    right = oracles.regression(rows.y.to_numpy(np.float64), rows.pred.to_numpy(np.float64))
    assert_figures(ran, number, right)
    if number == 15:
        literal = {"mae": 664.7597, "rmse": 8041.8867, "r2": -0.006682, "bias": -655.2027, "mape": 0.976175}
        found = {name: ran.performance(number, name)["value"] for name in literal}
        assert found == pytest.approx(literal, rel=1e-6, abs=1e-6)


def test_heavy_tails_of_the_reference_are_exact_too(cases: Cases) -> None:
    ran = cases.run("heavy_tails")
    rows = pd.concat([ran.raw(number) for number in range(14)])
    right = oracles.regression(rows.y.to_numpy(np.float64), rows.pred.to_numpy(np.float64))
    for metric, value in right.items():
        assert ran.performance(15, metric)["reference_value"] == pytest.approx(value, rel=1e-6), metric


def test_quantiles_of_a_column_that_is_mostly_zero_are_zero(cases: Cases) -> None:
    ran = cases.run("mostly_zero")
    assert_calm(ran, *DAYS)
    for number in DAYS:
        rows, row = ran.raw(number), ran.described(number, "claims")
        assert row["zeros"] == int((rows.claims == 0).sum())
        assert row["mean"] == pytest.approx(rows.claims.mean(), rel=1e-6)
        assert row["stddev"] == pytest.approx(rows.claims.std(), rel=0.01)
        for name in ("p01", "p05", "p25", "p50", "p75"):
            assert rows.claims.quantile(int(name[1:]) / 100) == 0
            assert row[name] == 0.0, name
        for name in ("p95", "p99"):
            exact = np.quantile(rows.claims, int(name[1:]) / 100, method="inverted_cdf")
            assert row[name] == pytest.approx(exact, rel=0.011), name


def test_numbers_below_the_least_normal_double_have_a_mean(cases: Cases) -> None:
    ran = cases.run("mostly_zero")
    for number in DAYS:
        rows, row = ran.raw(number), ran.described(number, "small")
        assert row["mean"] == pytest.approx(rows.small.mean(), rel=1e-3, abs=0.0)
        assert (row["min"], row["max"]) == (rows.small.min(), rows.small.max())
    assert ran.described(15, "small")["mean"] == pytest.approx(2.55e-310, rel=2e-3, abs=0.0)


def test_decimals_are_numbers(cases: Cases) -> None:
    ran = cases.run("mostly_zero")
    for number in DAYS:
        money, row = ran.raw(number).money.astype(float), ran.described(number, "money")
        assert row["column_kind"] == "numeric"
        assert row["mean"] == pytest.approx(money.mean(), rel=1e-6)
        assert (row["min"], row["max"]) == (money.min(), money.max())


def test_label_drift_is_found_without_a_predicted_class(cases: Cases) -> None:
    """The base rate goes from .38 to .68 on 2026-01-16."""
    ran = cases.run("score_only")
    assert [round(ran.raw(number).y.mean(), 2) for number in (13, 15)] == [0.38, 0.68]
    for number in (14, 15, 16, 17):
        rows = ran.raw(number)
        drifted = ran.current("drift_metrics", number, column_name="outcome", comparison="reference")
        assert drifted["drifted"].eq(True).any() == (number >= 15), number
        assert_figures(ran, number, oracles.ranked(rows.y, rows.p))
        assert_figures(ran, number, {**oracles.calibrated(rows.y, rows.p), "positive_rate": rows.y.mean()})
    assert ran.performance(15, "roc_auc")["value"] == pytest.approx(0.649960, abs=1e-3)
    assert "outcome" in {alert["column_name"] for alert in ran.alerts(15)}
