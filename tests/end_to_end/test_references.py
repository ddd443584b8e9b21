"""References of every kind, and what makes a bad one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, day

from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError, DataError

ELSEWHERE = {"reference": {"window": None, "uri": "training"}}


@pytest.mark.parametrize("reference", [{"trailing": "4d"}, {"same_weekday": 2}, {"model_version": "v1"}])
def test_a_moving_reference_keeps_the_bins_of_the_first_run(
    bench: Bench, reference: dict[str, object]
) -> None:
    bench.overrides = {"reference": {"window": None, **reference}}
    bench.days(0, 16)
    bench.run(14)
    bench.run(15, 16)
    runs = bench.current("runs", part="data")
    assert len(runs) == 3
    assert runs["binning_id"].nunique() == 1
    assert bench.described(16, "amount")["count"] == ROWS


@pytest.mark.parametrize("reference", [{"trailing": "4d"}, {"same_weekday": 2}])
def test_a_moving_reference_before_the_log_began(bench: Bench, reference: dict[str, object]) -> None:
    bench.overrides = {"reference": {"window": None, **reference}}
    bench.days(0, 1)
    with pytest.raises(DataError, match="start with a later window"):
        bench.run(0)


def _training(bench: Bench, first: int, last: int, path: str = "training/part-0.parquet") -> Columns:
    """A data set of the days, with the labels in their column and without ids; what is in it."""
    days = [bench.rows(number) for number in range(first, last + 1)]
    made = {name: pa.concat_arrays([day[name] for day in days]) for name in days[0] if name != "id"}
    made["label"] = made.pop("truth")
    bench.put(pa.table(made), path)
    return made


def test_a_data_set_elsewhere(bench: Bench) -> None:
    """Its rows are the reference, its column the labels, whatever its folders are called."""
    bench.overrides = ELSEWHERE
    made = _training(bench, 0, REFERENCE_DAYS - 1, "training/dt=2031-01-01/rows.parquet")
    bench.days(20, 20)
    bench.run(20)
    row = bench.drift(20, "amount", "ks")
    assert (row["n_reference"], row["n_current"], row["status"]) == (REFERENCE_DAYS * ROWS, ROWS, "ok")
    accuracy = bench.performance(20, "accuracy")
    assert accuracy["reference_value"] == accuracy_score(made["label"], made["class"])
    assert "label" not in set(bench.current("drift_metrics", 20)["column_name"])


def test_no_window_is_inside_a_data_set_elsewhere(bench: Bench) -> None:
    """Even of the same dates: the log is another thing."""
    bench.overrides = ELSEWHERE
    _training(bench, 0, REFERENCE_DAYS - 1)
    bench.days(0, 0)
    bench.run(0)
    assert bench.drift(0, "amount", "ks")["n_reference"] == REFERENCE_DAYS * ROWS
    rows = bench.check(0, "rows")
    assert rows["expected"] is None  # a training set is as large as somebody made it
    assert rows["passed"]


def test_a_data_set_elsewhere_is_learned_from_by_its_windows(bench: Bench) -> None:
    bench.overrides = ELSEWHERE
    _training(bench, 0, 11)
    bench.days(20, 20)
    bench.run(20)
    assert bench.drift(20, "amount", "anderson_darling")["threshold_source"] == "calibrated"


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.string()])
def test_the_dates_of_a_data_set_are_found_in_its_rows(bench: Bench, kind: pa.DataType) -> None:
    """Texts have no bounds that a footer could tell."""
    bench.overrides = ELSEWHERE
    made = _training(bench, 0, 3)
    naive = made["at"].cast(pa.timestamp("us"))
    made["at"] = naive.cast(kind)
    bench.put(pa.table(made), "training/part-0.parquet")
    bench.days(20, 20)
    bench.run(20)
    with open_store(bench.store_url) as store:
        (found,) = store.execute_read("SELECT window_start, window_end, rows FROM reference_sets").to_pylist()
    assert (found["window_start"], found["window_end"]) == (day(0), day(4))
    assert found["rows"] == 4 * ROWS


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ({"at": None}, "no column 'at'"),
        ({"at": "count"}, "of type int64: only timestamps"),
        ({"at": "far"}, "timestamps so far apart"),
        ({"at": "null"}, "no rows with a time"),
        ({"score": None}, "no column 'score'"),
    ],
)
def test_a_data_set_that_is_none(bench: Bench, spoilt: dict[str, str | None], message: str) -> None:
    bench.overrides = ELSEWHERE
    made = _training(bench, 0, 1)
    for name, how in spoilt.items():
        if how is None:
            del made[name]
        elif how == "count":
            made[name] = pa.array(range(len(made["amount"])))
        elif how == "null":
            made[name] = pa.nulls(len(made["amount"]), pa.timestamp("us"))
        else:
            moments = np.array(made[name].to_numpy(), "datetime64[us]")
            moments[0] = np.datetime64("0001-01-01")
            made[name] = pa.array(moments)
    bench.put(pa.table(made), "training/part-0.parquet")
    bench.days(20, 20)
    with pytest.raises((ConfigError, DataError), match=message):
        bench.run(20)


def test_a_data_set_that_is_not_there(bench: Bench) -> None:
    bench.overrides = ELSEWHERE
    bench.days(20, 20)
    with pytest.raises(ConfigError, match="training"):
        bench.run(20)
    (bench.root / "training").mkdir()
    with pytest.raises(DataError, match="no rows"):
        bench.run(20)


def test_what_a_reference_was_made_from_is_told_with_every_run(bench: Bench) -> None:
    bench.reference()
    (bench.root / "logs" / f"dt={day(1):%Y-%m-%d}" / "bad.parquet").write_bytes(b"nothing")
    bench.days(4, 4)
    bench.run(4)
    bench.run(4)
    with open_store(bench.store_url) as store:
        rows = store.execute_read(
            "SELECT uri, rows_matched, state FROM current_run_inputs WHERE role = 'reference' ORDER BY uri"
        ).to_pylist()
    found = {row["uri"].rpartition("/dt=")[2]: (row["rows_matched"], row["state"]) for row in rows}
    assert found == {
        **{f"{day(n):%Y-%m-%d}/part-0.parquet": (ROWS, "read") for n in range(REFERENCE_DAYS)},
        f"{day(1):%Y-%m-%d}/bad.parquet": (0, "quarantined"),
        f"{day(4):%Y-%m-%d}/part-0.parquet": (0, "read"),  # by its folder it may hold rows that came early
    }
