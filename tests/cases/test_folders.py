"""Objects are what their bytes say, columns may stand in their path, and what cannot be read is counted."""

from __future__ import annotations

import pytest
from tests.cases import oracles
from tests.cases.agreement import assert_calm, assert_figures
from tests.cases.running import Cases, remarks
from tests.cases.writing import ROWS

DAYS = (14, 15)


@pytest.mark.parametrize("number", DAYS)
def test_parquet_without_a_suffix_is_read(cases: Cases, number: int) -> None:
    ran = cases.run("no_suffix")
    assert_calm(ran, number)
    assert ran.described(number, "*")["count"] == ROWS
    assert_figures(ran, number, oracles.binary(ran.raw(number)))


@pytest.mark.parametrize("number", DAYS)
def test_columns_of_the_path_are_columns(cases: Cases, number: int) -> None:
    ran = cases.run("columns_in_path")
    assert_calm(ran, number)
    rows = ran.raw(number)
    assert_figures(ran, number, oracles.binary(rows))
    small = cases.edited("columns_in_path", "small", lambda content: content.update(alerts={"min_rows": 20}))
    ran = cases.run("columns_in_path", small)
    # The objects hold 150 rows of each pair, in the order in which they were written.
    parts = [rows.iloc[150 * part : 150 * (part + 1)] for part in range(4)]
    regions = {"eu": [0, 1], "us": [2, 3]}
    for region, of in regions.items():
        mean = sum(parts[part].x1.sum() for part in of) / 300
        row = ran.described(number, "x1", segment="region", segment_value=region)
        assert (row["count"], row["mean"]) == (300, pytest.approx(mean, rel=1e-6))
    for version, of in {"v1": [0, 2], "v2": [1, 3]}.items():
        mean = sum(parts[part].x1.sum() for part in of) / 300
        row = ran.described(number, "x1", model_version=version)
        assert (row["count"], row["mean"]) == (300, pytest.approx(mean, rel=1e-6))


def test_a_training_set_is_a_reference_without_times(cases: Cases) -> None:
    ran = cases.run("training_set")
    assert ran.said.status == 0, ran.said.text
    for number in DAYS:
        rows = ran.raw(number)
        assert_figures(ran, number, oracles.binary(rows))
        row = ran.drift(number, "x1", "ks")
        assert (row["n_current"], row["n_reference"]) == (ROWS, 14 * ROWS)
        assert row["value"] is not None


def test_what_a_training_set_cannot_calibrate_is_said(cases: Cases) -> None:
    said = cases.validate("training_set")
    assert said.status == 0
    for words in ("have no times", "fixed sizes", "lasting shifts are not followed"):
        assert words in remarks(said)
    ran = cases.run("training_set")
    sources = ran.current("drift_metrics", 15, comparison="reference")["threshold_source"].dropna()
    assert len(sources)
    assert "calibration" not in set(sources)


def test_days_of_the_reference_that_cannot_be_read_are_reported(cases: Cases) -> None:
    said, ran = cases.validate("reference_half_there"), cases.run("reference_half_there")
    assert ran.said.status == 0
    assert "10 of 14 days" in ran.said.text
    assert "10 of 14 days" in remarks(said)
    for number in DAYS:
        assert any("reference" in check for _, check in ran.failed(number)), ran.failed(number)
        assert_figures(ran, number, oracles.binary(ran.raw(number)))


def test_days_of_the_reference_that_cannot_be_read_are_on_the_page(cases: Cases) -> None:
    assert "10 of 14 days" in cases.page("reference_half_there", 15)
