"""What moves is found, what is lost is reported, and what moves by nature raises one alert at most."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures
from tests.cases.running import Cases, remarks

MOVING = ("ingested_at", "batch_id", "dt", "seq", "trace_id")


def test_a_category_that_is_renamed_has_drifted(cases: Cases) -> None:
    """Rare in the reference as it is, the new spelling is not merged with the old one that it replaces."""
    ran = cases.run("renamed_category")
    assert ran.said.status == 0
    reference = pd.concat([ran.raw(number) for number in range(28)])["cat"].value_counts()
    for number in (29, 30, 31, 32):
        current = ran.raw(number)["cat"].value_counts()
        table = pd.DataFrame({"current": current, "reference": reference}).fillna(0)
        pearson = stats.chi2_contingency(table.to_numpy().T, correction=False).statistic
        row = ran.drift(number, "cat", "chi_squared")
        assert row["value"] == pytest.approx(pearson, rel=1e-9)
        assert row["drifted"]
        assert row["q_value"] < 0.001
        shares = (table + 0.5) / (table + 0.5).sum()
        psi = ((shares.current - shares.reference) * np.log(shares.current / shares.reference)).sum()
        assert ran.drift(number, "cat", "psi")["value"] == pytest.approx(psi, rel=1e-2)
        assert "cat" in {alert["column_name"] for alert in ran.alerts(number)}
    assert ran.drift(30, "cat", "chi_squared")["value"] == pytest.approx(1768.3404, abs=1e-4)
    assert ran.drift(30, "cat", "psi")["value"] == pytest.approx(1.16, abs=5e-3)
    assert not ran.current("drift_metrics", 28, column_name="cat")["drifted"].eq(True).any()


def test_labels_that_stop_are_an_alert(cases: Cases) -> None:
    ran = cases.run("labels_stop")
    assert ran.said.status == 0
    for number, coverage in ((14, 0.0), (15, 0.0), (16, 0.1), (17, 0.0)):
        row = ran.performance(number, "accuracy")
        assert row["label_coverage"] == pytest.approx(coverage)
        failed = {check: value for (_, check), value in ran.failed(number).items() if "label" in check}
        assert coverage in [pytest.approx(value) for value in failed.values()], (number, failed)
        alerts = ran.alerts(number)
        assert [alert for alert in alerts if "label" in alert["evidence"]["sentence"]], (number, alerts)
    rows = ran.raw(16).dropna(subset=["y"])
    assert len(rows) == 60
    assert_figures(ran, 16, oracles.confusion(rows.y.astype(int), rows.pred))


def test_labels_that_stop_are_on_the_page(cases: Cases) -> None:
    for number in (14, 16):
        page = cases.page("labels_stop", number)
        assert "complete" not in page.replace("incomplete", "").replace("not complete", "")


def test_ids_that_repeat_are_reported(cases: Cases) -> None:
    ran = cases.run("ids_repeat")
    assert "come again in other windows" in remarks(cases.validate("ids_repeat"))
    assert ran.said.status in {0, 3}
    for number in (14, 15, 16, 17):
        assert any("id" in check for _, check in ran.failed(number)), ran.failed(number)


def test_a_label_older_than_its_prediction_is_none(cases: Cases) -> None:
    """The first day after the reference has labels of its own, and those of days before and after it."""
    ran = cases.run("ids_repeat")
    right = oracles.confusion(*(ran.raw(14)[name] for name in ("y", "pred")))["accuracy"]
    row = ran.performance(14, "accuracy")
    assert right == pytest.approx(0.716667, abs=5e-7)
    assert row["value"] is None or row["value"] == pytest.approx(right, abs=1e-9)


def test_columns_that_move_by_nature_raise_one_alert_at_most(cases: Cases) -> None:
    ran = cases.run("moving_columns")
    assert ran.said.status == 0
    seen = {alert["alert_id"]: alert for number in range(14, 24) for alert in ran.alerts(number)}
    assert len(seen) <= 1, [alert["evidence"]["sentence"] for alert in seen.values()]
    for alert in seen.values():
        assert "moves by nature" in alert["evidence"]["sentence"]
        assert "ignore" in alert["evidence"]["sentence"]


def test_columns_that_move_by_nature_are_named(cases: Cases) -> None:
    said = remarks(cases.validate("moving_columns"))
    for name in (*MOVING, "moves by nature", "ignore"):
        assert name in said
    for name in ("x1", "cat", "flag"):
        assert f"{name}:" not in said


@pytest.mark.slow
def test_columns_beside_those_that_move_are_judged_as_ever(cases: Cases) -> None:
    variant = cases.edited(
        "moving_columns",
        "ignored",
        lambda content: content.update(features={"ignore": [*MOVING, "dayofmonth"]}),
    )
    assert remarks(cases.validate("moving_columns", variant)) == ""
    ran, with_all = cases.run("moving_columns", variant), cases.run("moving_columns")
    assert_calm(ran, *range(14, 24))
    for number in range(14, 24):
        for column in ("x1", "x2", "cat", "flag"):
            some = ran.described(number, column)
            assert some["mean"] == with_all.described(number, column)["mean"]
        assert_figures(with_all, number, oracles.binary(with_all.raw(number)))
