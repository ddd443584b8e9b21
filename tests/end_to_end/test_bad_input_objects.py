"""Objects that are not as they should be: set aside and said so, and nothing else is lost."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import wasserstein_distance
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, assert_same_tables, day, normalised
from tests.end_to_end.damaging import damage_a_page
from tests.sources.encrypting import write_encrypted

from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError, DataError


def test_no_object_in_the_window_is_an_empty_window(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bench.run(4, 6)
    empty = bench.described(5, "*")
    assert empty["count"] == 0
    rows = bench.check(5, "rows")
    assert (rows["value"], bool(rows["passed"])) == (0.0, False)
    drift = bench.current("drift_metrics", 5)
    assert set(drift["status"]) == {"empty_window"}
    assert drift["value"].isna().all()
    assert drift["drifted"].isna().all()
    assert bench.performance(5, "roc_auc")["value"] is None or np.isnan(
        bench.performance(5, "roc_auc")["value"]
    )
    assert bench.described(4, "*")["count"] == ROWS


def test_a_truncated_object_and_text_named_parquet_are_set_aside(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 4)[4]
    whole = bench.write(4, bench.rows(4, id=None), "cut.parquet")
    whole.write_bytes(whole.read_bytes()[:-200])
    (whole.parent / "notes.parquet").write_text("at,id\n2024-01-05,1\n", encoding="utf-8")
    (whole.parent / "nothing.parquet").write_bytes(b"")
    bench.run(4)
    inputs = bench.inputs(4)
    folder = f"logs/dt={day(4):%Y-%m-%d}"
    assert inputs[f"{folder}/part-0.parquet"] == ("read", None)
    for name in ("cut", "notes", "nothing"):
        state, reason = inputs[f"{folder}/{name}.parquet"]
        assert state == "quarantined"
        assert reason
    assert bench.described(4, "*")["count"] == ROWS
    assert bench.described(4, "amount")["mean"] == pytest.approx(np.mean(made["amount"].to_numpy()), rel=1e-8)
    assert not bench.check(4, "quarantined_objects")["passed"]


def test_a_damaged_page_inside_a_good_footer_costs_its_object_alone(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 6)
    bad = bench.write(5, bench.rows(5, count=77), "bad.parquet", compression="zstd")
    damage_a_page(bad, "amount")
    bench.run(4, 6)
    for number in (4, 5, 6):
        assert bench.described(number, "*")["count"] == ROWS
        expected = made[number]["amount"].to_numpy().mean()
        assert bench.described(number, "amount")["mean"] == pytest.approx(expected, rel=1e-8)
    state, reason = bench.inputs(5)[f"logs/dt={day(5):%Y-%m-%d}/bad.parquet"]
    assert (state, bool(reason)) == ("quarantined", True)
    assert not bench.check(5, "quarantined_objects")["passed"]


def test_a_damaged_page_found_by_a_range_or_by_single_runs_is_the_same(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    damage_a_page(bench.write(5, bench.rows(5, count=77), "bad.parquet"), "amount")
    bench.run(4, 6)
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (6, 4, 5):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_a_damaged_page_in_the_reference_costs_its_object_alone(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bad = bench.write(1, bench.rows(1, count=77), "bad.parquet")
    damage_a_page(bad, "amount")
    bench.run(4)
    assert bench.drift(4, "amount", "psi")["n_reference"] == 4 * ROWS


def test_encrypted_objects_of_log_labels_and_reference_are_set_aside(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 4)[4]
    for number in (1, 4):
        rows = pa.table(bench.rows(number, count=30, truth=None))
        folder = bench.root / f"logs/dt={day(number):%Y-%m-%d}"
        for column in ("amount", "at"):
            keys = {"one": [column]}
            write_encrypted(rows, folder / f"{column}.parquet", column_keys=keys, plaintext_footer=True)
        write_encrypted(rows, folder / "all.parquet", uniform_encryption=True, plaintext_footer=False)
    labels = pa.table({"id": made["id"], "label": made["truth"]})
    secret = bench.root / f"labels/dt={day(5):%Y-%m-%d}/secret.parquet"
    write_encrypted(labels, secret, column_keys={"one": ["label"]}, plaintext_footer=True)
    bench.run(4)
    assert bench.described(4, "*")["count"] == ROWS
    assert bench.performance(4, "accuracy")["n"] == ROWS
    assert bench.drift(4, "amount", "psi")["n_reference"] == 4 * ROWS
    assert bench.check(4, "quarantined_objects")["value"] == 3
    for part, paths in (("data", ["amount", "at", "all"]), ("performance", [f"{secret.stem}"])):
        for name in paths:
            (found,) = [
                said for path, said in bench.inputs(4, part).items() if path.endswith(f"/{name}.parquet")
            ]
            assert found[0] == "quarantined"
            assert "encrypted" in str(found[1])


def test_an_object_without_the_timestamp_is_set_aside(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bench.write(4, bench.rows(4, at=None), "timeless.parquet")
    bench.write(4, bench.rows(4, at=pa.array(range(ROWS))), "numbers.parquet")
    bench.run(4)
    inputs = bench.inputs(4)
    folder = f"logs/dt={day(4):%Y-%m-%d}"
    state, reason = inputs[f"{folder}/timeless.parquet"]
    assert state == "quarantined"
    assert "at" in (reason or "")
    state, reason = inputs[f"{folder}/numbers.parquet"]
    assert state == "quarantined"
    assert "int64" in (reason or "")
    assert bench.described(4, "*")["count"] == ROWS


def test_a_feature_missing_from_some_objects_is_null_there(bench: Bench) -> None:
    bench.overrides = {"segments": ["city"]}
    bench.reference()
    bench.days(4, 4)
    bench.write(2, bench.rows(2, count=30, city=None, amount=None), "more.parquet")
    bench.write(4, bench.rows(4, count=30, city=None, amount=None), "more.parquet")
    bench.run(4)
    assert bench.described(4, "*")["count"] == ROWS + 30
    for column in ("city", "amount"):
        described = bench.described(4, column)
        assert (described["count"], described["nulls"]) == (ROWS + 30, 30)
    assert bench.checks(4, "missing_column") == ["amount", "city"]
    null = bench.one("profile_metrics", 4, column_name="*", segment="city", segment_value="__null__")
    assert null["count"] == 30


def test_a_type_that_changes_between_objects_is_said_and_converted(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 4)[4]
    written = [*(str(number) for number in range(28)), "a dozen", None]
    bench.write(4, bench.rows(4, count=30, amount=pa.array(written)), "texts.parquet")
    bench.write(4, bench.rows(4, count=20, amount=pa.array([7] * 20, pa.int16())), "ints.parquet")
    bench.run(4)
    described = bench.described(4, "amount")
    assert (described["count"], described["nulls"], described["nans"]) == (ROWS + 50, 1, 1)
    expected = np.concatenate([made["amount"].to_numpy(), np.full(20, 7.0), np.arange(28.0)])
    assert described["mean"] == pytest.approx(expected.mean(), rel=1e-8)
    assert bench.checks(4, "changed_type") == ["amount"]
    assert bench.check(4, "values_of_another_type", "amount")["value"] == 1


def test_a_type_that_changed_since_the_reference_is_said_once_and_compared(bench: Bench) -> None:
    """As far as it can be: what cannot is counted, and no value becomes a missing one."""
    whole = {number: np.round(bench.rows(number)["amount"].to_numpy()) for number in range(8)}
    flags = {number: np.arange(ROWS) % 3 == 0 for number in range(8)}
    for number in range(8):
        more: Columns = {"amount": pa.array(whole[number]), "flag": pa.array(flags[number])}
        if number >= 6:
            more = {"amount": pa.array([f"{value:g}" for value in whole[number]])}
            more["flag"] = pa.array(flags[number].astype(np.int8))
            more["city"] = pa.array(np.arange(ROWS))
        if number == 7:
            more["amount"] = pa.array(["a longer text"] * ROWS)
        made = bench.rows(number, **more)
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4, 7)
    for number in (6, 7):
        assert bench.checks(number, "changed_type") == ["amount", "city", "flag"]
        for column in ("amount", "city", "flag"):
            described = bench.described(number, column)
            assert (described["count"], described["nulls"]) == (ROWS, 0)
    described = bench.described(6, "amount")
    assert (described["min"], described["max"], described["nans"]) == (whole[6].min(), whole[6].max(), 0)
    reference = np.concatenate([whole[number] for number in range(REFERENCE_DAYS)])
    assert bench.drift(6, "amount", "psi")["n_reference"] == len(reference)
    distance = wasserstein_distance(whole[6], reference)
    assert 0.0 < bench.drift(6, "amount", "wasserstein")["value"] <= distance
    assert json.loads(bench.described(6, "flag")["top_values"]) == [
        {"count": int((~flags[6]).sum()), "value": "false"},
        {"count": int(flags[6].sum()), "value": "true"},
    ]
    assert bench.drift(6, "flag", "unseen_fraction")["value"] == 0.0
    assert bench.drift(6, "city", "unseen_fraction")["value"] == 1.0
    assert bench.described(7, "amount")["nans"] == ROWS
    assert bench.check(7, "values_of_another_type", "amount")["value"] == ROWS
    about = bench.current("alerts", column_name="flag")
    assert set(about["metric"]) == {"changed_type"}
    assert about["alert_id"].nunique() == 1
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (7, 6, 5, 4):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_however_many_new_columns_are_one_alert(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4, extra=pa.array(np.arange(ROWS)))  # beside the reference, and looked at with it
    bench.days(5, 6, **{f"more{number:03}": pa.array(np.arange(ROWS)) for number in range(500)})
    bench.run(4, 6)
    assert bench.checks(4, "new_column") == ["extra"]
    assert len(bench.checks(5, "new_column")) == 500
    raised = bench.current("alerts", metric="new_column").sort_values("window_start")
    assert raised["column_name"].tolist() == ["*"] * 3
    assert raised["alert_id"].nunique() == 1
    one, many, again = (json.loads(evidence)["sentence"] for evidence in raised["evidence"])
    assert one.startswith("the log has 1 new column, unknown to the reference: extra (to watch them, ")
    assert "500 new columns, unknown to the reference: more000, more001, more002 and 497 more (" in many
    assert again.endswith("; since 2024-01-05, 3 windows so far")


def test_what_is_new_or_missing_does_not_depend_on_the_range_that_was_run(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 5)
    bench.days(6, 7, extra=pa.array(np.arange(ROWS)), amount=None)
    bench.days(8, 8)
    bench.run(4, 8)
    assert bench.checks(6, "new_column") == ["extra"]
    assert bench.checks(6, "missing_column") == ["amount"]
    assert bench.checks(8, "missing_column") == []
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (7, 6, 8, 5, 4):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_hidden_paths_and_what_is_no_parquet_are_passed_over(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    folder = f"logs/dt={day(4):%Y-%m-%d}"
    more = pa.table(bench.rows(4, truth=None))
    for path in ("_temporary/a.parquet", ".hidden.parquet", "_SUCCESS.parquet", "_x/y=1/a"):
        bench.put(more, f"{folder}/{path}")
    bench.put(more, f"logs/.trash/dt={day(4):%Y-%m-%d}/a.parquet")
    (bench.root / folder / "manifest.json").write_text("{}", encoding="utf-8")
    bench.run(4)
    assert bench.described(4, "*")["count"] == ROWS
    inputs = {path: said for path, said in bench.inputs(4).items() if path.startswith(folder)}
    assert set(inputs) == {f"{folder}/part-0.parquet", f"{folder}/manifest.json"}
    state, reason = inputs[f"{folder}/manifest.json"]
    assert (state, str(reason)[:18]) == ("empty", "it is not Parquet:")
    assert bench.check(4, "quarantined_objects")["value"] == 0


def test_parquet_is_read_whatever_it_is_called(bench: Bench) -> None:
    names = ["part-0.parquet", "20260101_144951_00006_v74wa", "a.parq", "b.PQ", "c.parquet.tmp", "d.csv"]
    for number in range(REFERENCE_DAYS + 2):
        made = bench.rows(number)
        bench.write(number, made, names[number])
        bench.write_labels(number, made)
    for labels in bench.root.glob("labels/*/*.parquet"):
        labels.rename(labels.with_suffix(""))
    bench.run(4, 5)
    for number in (4, 5):
        assert bench.described(number, "*")["count"] == ROWS
        assert bench.performance(number, "accuracy")["n"] == ROWS
    assert bench.drift(5, "amount", "psi")["n_reference"] == REFERENCE_DAYS * ROWS


def test_a_log_of_other_files_says_what_lies_there(bench: Bench) -> None:
    (bench.root / "logs").mkdir()
    for name in ("a.csv", "b.csv", "_c"):
        (bench.root / "logs" / name).write_text("at,id", encoding="utf-8")
    with pytest.raises(DataError, match=r"no rows in logs \(passed over there: 1 hidden path, 2 obj"):
        bench.run(4)


@pytest.mark.parametrize(
    ("marker", "name"),
    [("_delta_log/00000000000000000000.json", "Delta"), ("metadata/v1.metadata.json", "Iceberg")],
)
def test_a_folder_of_a_table_format_is_refused_by_name(bench: Bench, marker: str, name: str) -> None:
    bench.reference()
    target = bench.root / "logs" / marker
    target.parent.mkdir(parents=True)
    target.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=name):
        bench.run(4)


def test_a_folder_that_is_not_there_is_a_clear_error(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="logs"):
        bench.run(4)


def test_rows_stamped_far_outside_their_folders_day_are_set_aside(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    made = bench.rows(5, count=10)
    times = made["at"].to_pylist()
    times[0] = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    times[1] = dt.datetime(2077, 1, 1, tzinfo=dt.UTC)
    times[2] = None
    times[3] = day(4) + dt.timedelta(hours=3)  # a day early: within the lateness
    times[4] = day(7) + dt.timedelta(hours=3)
    made["at"] = pa.array(times, pa.timestamp("us", "UTC"))
    bench.write(5, made, "stray.parquet")
    bench.run(4, 6)
    counts = [bench.described(number, "*")["count"] for number in (4, 5, 6)]
    assert counts == [ROWS + 1, ROWS + 5, ROWS]
    aside = [bench.check(number, "rows_set_aside")["value"] for number in (4, 5, 6)]
    assert aside == [0, 4, 0]
    with open_store(bench.store_url) as store:
        ranged = normalised(store)
    bench.store_name = "single.duckdb"
    for number in (5, 6, 4):
        bench.run(number)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), ranged)


def test_a_run_that_would_lose_rows_is_refused_and_the_others_are_published(bench: Bench) -> None:
    bench.reference()
    made = bench.days(4, 6)
    more = bench.write(5, bench.rows(5, count=30), "more.parquet")
    bench.run(4, 6)
    more.unlink()
    late = bench.rows(6, count=12)
    late["id"] = pa.array([f"late-{i}" for i in range(12)])
    bench.write(6, late, "late.parquet")
    with pytest.raises(DataError, match=r"150 rows.*120.*--allow-missing"):
        bench.run(4, 6)
    assert bench.described(5, "*")["count"] == ROWS + 30
    assert bench.described(6, "*")["count"] == ROWS + 12
    assert bench.performance(6, "accuracy")["n"] == ROWS
    assert bench.check(6, "label_coverage")["value"] == ROWS / (ROWS + 12)
    assert bench.drift(6, "amount", "psi", "previous")["n_current"] == ROWS + 12
    bench.run(5, allow_missing=True)
    assert bench.described(5, "*")["count"] == ROWS
    assert len(made[5]["id"]) == ROWS


def test_an_unknown_reference_window_is_a_clear_error(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bench.overrides = {
        "reference": {"window": ["2031-01-01", "2031-02-01"]},
        "features": {"numeric": ["amount"], "categorical": ["city"]},
    }
    with pytest.raises(DataError, match=r"reference from 2031-01-01 to .* no rows"):
        bench.run(4)


def test_a_reference_too_short_for_one_window_is_a_clear_error(bench: Bench) -> None:
    bench.reference()
    bench.overrides = {"reference": {"window": ["2024-01-02T01:00:00", "2024-01-02T20:00:00"]}}
    with pytest.raises(ConfigError, match="no whole day"):
        bench.run(4)


def test_a_column_that_the_monitor_names_and_no_object_has(bench: Bench) -> None:
    bench.reference()
    bench.overrides = {"features": {"numeric": ["amuont"]}}
    with pytest.raises(ConfigError, match="did you mean 'amount'"):
        bench.run(4)


def test_objects_of_no_rows_are_empty_and_harmless(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    made: Columns = {name: values[:0] for name, values in bench.rows(4).items()}
    bench.write(4, made, "empty.parquet")
    bench.run(4)
    assert bench.inputs(4)[f"logs/dt={day(4):%Y-%m-%d}/empty.parquet"][0] == "empty"
    assert bench.described(4, "*")["count"] == ROWS
