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
