"""What is forgotten is gone to the last row, and nothing else is."""

from __future__ import annotations

import pyarrow as pa
from tests.stores.makers import drift, inputs, run

from driftline_jobs.stores import Store
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_definitions import load_tables


def _reference(store: Store, reference_id: str, binning_id: str, monitor: str = "flights") -> None:
    tables = load_tables()
    common: dict[str, object] = {"monitor": monitor, "created_at": run("x").as_of}
    rows: dict[str, pa.Table] = {}
    contents: dict[str, dict[str, object]] = {
        "binnings": {"binning_id": binning_id, "state": b""},
        "reference_sets": {
            "reference_id": reference_id, "binning_id": binning_id, "source": "{}", "rows": 1, "state": b"",
        },
        "calibrations": {
            "reference_id": reference_id, "column_name": "carrier", "statistic": "psi", "k_windows": 3,
        },
    }  # fmt: skip
    for name, values in contents.items():
        builder = TableBuilder(tables[name])
        builder.add(1, **common, **values)
        rows[name] = builder.to_arrow()
    for name, table in rows.items():
        store.put_once(name, table)


def _publish(store: Store, run_id: str, number: int, reference_id: str, monitor: str = "flights") -> None:
    record = run(run_id, number, monitor=monitor, reference_id=reference_id)
    store.begin([record])
    store.publish([record], {"drift_metrics": drift([record])}, inputs([record]))


def _left(store: Store, monitor: str) -> dict[str, int]:
    found = {}
    for name, table in load_tables().items():
        if "monitor" in table.column_names:
            rows = store.execute_read(f"SELECT monitor FROM {name} WHERE monitor = $1", [monitor])
            found[name] = rows.num_rows
    return {name: rows for name, rows in found.items() if rows}


def test_a_monitor_goes_and_the_others_stay(store: Store) -> None:
    for monitor in ("flights", "churn"):
        _reference(store, f"{monitor}-r", f"{monitor}-b", monitor)
        _publish(store, f"{monitor}-1", 0, f"{monitor}-r", monitor)
    before = _left(store, "churn")
    all_there = _left(store, "flights")
    told = store.forget("flights", dry_run=True)
    assert _left(store, "flights") == all_there
    assert {name: rows for name, rows in told.items() if name != "run_inputs"} == all_there
    assert store.forget("flights") == told
    assert _left(store, "flights") == {}
    assert _left(store, "churn") == before
    assert store.forget("flights") == {}


def test_what_was_replaced_is_the_present_answer_again(store: Store) -> None:
    _reference(store, "ours", "bins")
    _reference(store, "theirs", "other-bins")
    _publish(store, "1", 0, "ours")
    _publish(store, "2", 0, "ours")
    _publish(store, "3", 0, "theirs")
    _publish(store, "4", 1, "theirs")
    told = store.forget("flights", ["theirs"])
    assert (told["runs"], told["binnings"]) == (2, 1)
    assert store.current("runs", "flights").column("run_id").to_pylist() == ["2"]
    assert store.current("drift_metrics", "flights").num_rows == 4
