"""Columns that come as lists or maps after the reference had values of them: of another type, not missing."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, day

from driftline_jobs.reporting.report import gather
from driftline_jobs.stores import open_store
from driftline_reports.page import lay_out
from driftline_schemas.monitor import load_monitor

NOW = REFERENCE_DAYS
LISTS = {
    "amount": pa.array([[1.0, 2.0]] * ROWS),
    "city": pa.array([[("Bergen", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("beside", [0, 60])
def test_they_are_of_another_type_and_not_missing(bench: Bench, beside: int) -> None:
    """In all objects of the window, and in one beside another that is as ever."""
    bench.reference()
    bench.days(NOW, NOW, **LISTS)
    if beside:
        bench.write(NOW, bench.rows(NOW, beside), "as-ever.parquet")
    bench.run(NOW)
    assert bench.checks(NOW, "changed_type") == ["amount", "city"]
    assert bench.checks(NOW, "missing_column") == []
    for name in LISTS:
        described = bench.described(NOW, name)
        assert (described["count"], described["nulls"]) == (ROWS + beside, 0)
        assert bench.check(NOW, "values_of_another_type", name)["value"] == ROWS
        assert bench.check(NOW, "null_fraction", name)["passed"] is True
    assert bench.described(NOW, "amount")["nans"] == ROWS
    top = {each["value"]: each["count"] for each in json.loads(bench.described(NOW, "city")["top_values"])}
    (unread,) = [value for value in top if value.endswith(": maps are left out")]
    assert top.pop(unread) == ROWS
    assert sum(top.values()) == beside
    alerts = bench.current("alerts", NOW)
    assert set(alerts["metric"]) - {"duplicated_ids"} == {"changed_type", "psi"}
    monitor = load_monitor(bench.monitor_file())
    with open_store(bench.store_url) as store:
        inputs = gather(store, monitor, monitor.calendar.containing(day(NOW)), day(NOW + 1))
    assert inputs.distributions["amount"].current_missing == 0
    _, page = lay_out(inputs)
    assert "Every value is missing" not in page
    assert f"so that they cannot be compared with it: {ROWS} values." in page
