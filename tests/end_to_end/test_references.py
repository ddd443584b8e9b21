"""References of every kind, and what makes a bad one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import wasserstein_distance
from sklearn.metrics import accuracy_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, Columns, day, texts

from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import load_monitor

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
    drift = bench.current("drift_metrics", 20, column_name="label")
    assert set(drift["column_kind"]) == {"label"}  # not a feature, though the data set has it as a column
    assert "label" not in set(bench.current("profile_metrics", 20)["column_name"])


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
        ({"at": "count"}, "of type int64: for numbers"),
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
            moments[0] = np.datetime64("1700-01-01")
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


def test_however_many_runs_rest_on_a_reference_its_objects_are_kept_once(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 6)
    bench.run(4)
    once = bench.query("SELECT uri FROM run_inputs WHERE role = 'reference' ORDER BY uri")
    assert len(once) == REFERENCE_DAYS + 1
    bench.run(4, 6)
    assert bench.query("SELECT uri FROM run_inputs WHERE role = 'reference' ORDER BY uri") == once
    shown = bench.query(
        "SELECT window_start, COUNT(*) AS n FROM current_run_inputs WHERE role = 'reference' "
        "GROUP BY window_start ORDER BY window_start"
    )
    assert shown == [{"window_start": day(number), "n": len(once)} for number in (4, 5, 6)]


def _amounts(bench: Bench, *days: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.concatenate([bench.rows(number)["amount"].to_numpy() for number in days])


def _shares(bench: Bench, *days: int) -> pd.Series[float]:
    """Share of each city among the rows of some days."""
    cities = [name for number in days for name in bench.rows(number)["city"].to_pylist()]
    return pd.Series(cities).value_counts(normalize=True)


def assert_every_figure_is_one_or_says_why(bench: Bench, number: int) -> None:
    """A value that is there is a number, and a row without one has a status and a reason."""
    for table in ("drift_metrics", "performance_metrics"):
        rows = bench.current(table, number)
        assert len(rows), table
        for name in ("value", "reference_value", "ci_low", "ci_high"):
            if name in rows.columns:
                assert np.isfinite(rows[name].dropna()).all()
        without = rows[rows["value"].isna()]
        assert not without["status"].eq("ok").any()
        assert without["reason"].notna().all()


def test_a_window_is_never_inside_its_reference(bench: Bench) -> None:
    """Each day of the reference is held against the three others, by their rows."""
    bench.reference()
    bench.run(0, REFERENCE_DAYS - 1)
    for number in range(REFERENCE_DAYS):
        others = [other for other in range(REFERENCE_DAYS) if other != number]
        row = bench.drift(number, "city", "tvd")
        mine, theirs = _shares(bench, number), _shares(bench, *others)
        assert row["n_reference"] == len(others) * ROWS
        assert row["value"] == pytest.approx((mine - theirs).abs().sum() / 2, rel=1e-12)
        truth, said = (
            np.concatenate([bench.rows(other)[name].to_numpy() for other in others])
            for name in ("truth", "class")
        )
        assert bench.performance(number, "accuracy")["reference_value"] == accuracy_score(truth, said)


def test_excluded_days_are_no_part_of_the_reference(bench: Bench) -> None:
    bench.overrides = {
        "reference": {
            "window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE_DAYS):%Y-%m-%d}"],
            "exclude": [[f"{day(1):%Y-%m-%d}", f"{day(2):%Y-%m-%d}"]],
        }
    }
    for number in range(REFERENCE_DAYS):
        made = bench.rows(number)
        if number == 1:  # a day that would widen every bin
            made["amount"] = pa.array(made["amount"].to_numpy() * 1e6)
        bench.write(number, made)
    bench.days(4, 4)
    bench.run(4)
    row = bench.drift(4, "amount", "wasserstein")
    expected = wasserstein_distance(_amounts(bench, 4), _amounts(bench, 0, 2, 3))
    assert row["n_reference"] == 3 * ROWS
    assert 0.9 * expected < row["value"] <= expected  # of the rows of bins it never says too much
    bench.run(1)  # not in the reference, so held against all of it
    assert bench.drift(1, "amount", "wasserstein")["n_reference"] == 3 * ROWS


def test_a_reference_shorter_than_one_window(bench: Bench) -> None:
    bench.overrides = {"reference": {"window": ["2024-01-01", "2024-01-01T18:00"]}}
    bench.days(0, 4)
    with pytest.raises(ConfigError, match="holds no whole day"):
        bench.run(4)


def test_a_reference_that_overlaps_nothing(bench: Bench) -> None:
    bench.overrides = {"reference": {"window": ["2020-01-01", "2020-02-01"]}}
    bench.days(4, 4)
    with pytest.raises(
        DataError, match="from 2020-01-01 to 2020-02-01 has no rows in logs: name a reference"
    ):
        bench.run(4)


def test_a_reference_of_few_windows_falls_back_and_says_so(bench: Bench) -> None:
    bench.reference()
    bench.days(4, 4)
    bench.run(4)
    row = bench.drift(4, "amount", "anderson_darling")
    assert row["status"] == "ok"
    assert row["threshold_source"] != "calibrated"
    assert_every_figure_is_one_or_says_why(bench, 4)


def test_a_reference_without_labels(bench: Bench) -> None:
    for number in range(REFERENCE_DAYS):
        bench.write(number, bench.rows(number))
    made = bench.days(4, 4)[4]
    bench.run(4)
    row = bench.performance(4, "accuracy")
    assert row["value"] == accuracy_score(made["truth"], made["class"])
    assert np.isnan(row["reference_value"])
    assert not row["degraded"]
    estimated = bench.current("performance_metrics", 4, kind="estimated")
    assert estimated["value"].isna().all()
    assert_every_figure_is_one_or_says_why(bench, 4)


def test_columns_that_are_constant_in_the_reference(bench: Bench) -> None:
    for number in range(REFERENCE_DAYS):
        made = bench.rows(number, amount=pa.array([7.5] * ROWS), city=texts(["Lima"] * ROWS))
        bench.write(number, made)
        bench.write_labels(number, made)
    later = bench.days(4, 5)
    same = bench.rows(6, amount=pa.array([7.5] * ROWS), city=texts(["Lima"] * ROWS))
    bench.write(6, same)
    bench.run(4, 6)
    for number in (4, 5, 6):
        assert_every_figure_is_one_or_says_why(bench, number)
        assert bench.drift(number, "score", "ks")["status"] == "ok"
    moved = bench.drift(4, "amount", "wasserstein")
    expected = wasserstein_distance(later[4]["amount"].to_numpy(), [7.5])
    assert moved["value"] == pytest.approx(expected, rel=1e-6)  # its only value has a bin of its own
    assert bench.drift(4, "amount", "psi")["drifted"]
    assert not bench.drift(6, "amount", "psi")["drifted"]
    assert bench.drift(6, "amount", "wasserstein")["value"] == pytest.approx(0.0, abs=1e-12)
    unseen = bench.drift(4, "city", "unseen_fraction")["value"]
    assert unseen == np.mean(np.array(later[4]["city"].to_pylist()) != "Lima")


def test_a_class_that_never_occurs(bench: Bench) -> None:
    """Neither in the reference nor later: what needs two classes has no figure, the rest does."""
    bench.reference(truth=pa.array(np.zeros(ROWS, np.int8)))
    made = bench.days(4, 4, truth=pa.array(np.zeros(ROWS, np.int8)))[4]
    bench.run(4)
    area = bench.performance(4, "roc_auc")
    assert np.isnan(area["value"])
    assert (area["status"], bool(area["reason"])) == ("one_class", True)
    accuracy = bench.performance(4, "accuracy")
    assert accuracy["value"] == accuracy_score(made["truth"], made["class"])
    assert_every_figure_is_one_or_says_why(bench, 4)


def test_a_class_of_many_that_never_occurs(bench: Bench) -> None:
    names = np.array(["cat", "dog", "newt"])
    bench.overrides = {
        "task": "multiclass_classification",
        "logs": {"score": {name: f"p_{name}" for name in names.tolist()}},
    }
    truths = {}
    for number in range(REFERENCE_DAYS + 1):
        random = np.random.default_rng(number)
        shares = random.dirichlet([2.0, 2.0, 0.1], ROWS)
        truths[number] = random.choice(names[:2], ROWS)
        scores = {f"p_{name}": pa.array(shares[:, at]) for at, name in enumerate(names.tolist())}
        made = bench.rows(number, score=None, truth=texts(truths[number].tolist()), **scores)
        made["class"] = texts(names[shares.argmax(1)].tolist())
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(REFERENCE_DAYS)
    assert_every_figure_is_one_or_says_why(bench, REFERENCE_DAYS)
    rows = bench.current("performance_metrics", REFERENCE_DAYS, metric="roc_auc", kind="realized")
    by_class = rows.set_index("class_label")["status"].to_dict()
    assert by_class == {"cat": "ok", "dog": "ok", "newt": "one_class"}


def test_a_data_set_elsewhere_is_looked_at_before_it_is_needed(bench: Bench) -> None:
    """By ``driftline validate``, from the footers alone."""
    bench.overrides = ELSEWHERE
    bench.days(4, 4)
    monitor = load_monitor(bench.monitor_file())
    with pytest.raises(ConfigError, match="training"):
        check_log(monitor, bench.root)
    made = _training(bench, 0, 1)
    found = check_log(monitor, bench.root).reference
    assert found is not None
    assert (found.objects, found.uri.rpartition("/")[2]) == (1, "training")
    del made["score"]
    bench.put(pa.table(made), "training/part-0.parquet")
    with pytest.raises(ConfigError, match="no column 'score'"):
        check_log(monitor, bench.root)
