"""The figures of a window are over one set of rows: what one part cannot read, another does not hide."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.end_to_end.builder import ROWS, Bench
from tests.end_to_end.damaging import damage_a_page

BAD = 77


def wrong(bench: Bench, number: int) -> dict[str, object]:
    """Rows that the model gets all wrong."""
    made = bench.rows(number, BAD)
    made["id"] = pa.array([f"bad-{number}-{at}" for at in range(BAD)])
    made["truth"] = pa.array(1 - np.asarray(made["class"]))
    return made


def accuracy(*rows: dict[str, object]) -> float:
    """Over the rows as they were written."""
    classes, truth = (np.concatenate([np.asarray(one[name]) for one in rows]) for name in ("class", "truth"))
    return float(np.mean(classes == truth))


def test_rows_whose_ids_cannot_be_read_fail_a_check(bench: Bench) -> None:
    bench.reference()
    good = bench.days(4, 5)
    bad = wrong(bench, 4)
    bench.write_labels(4, bad, arrived=6)
    damage_a_page(bench.write(4, bad, "bad.parquet"), "id")
    bench.run(4, 5)
    # they count in the data, and not in the performance: which says so
    assert bench.described(4, "amount")["count"] == ROWS + BAD
    assert bench.performance(4, "accuracy")["value"] == accuracy(good[4])
    check = bench.check(4, "rows_not_joined")
    assert (check["value"], check["passed"]) == (BAD, False)
    assert bench.check(5, "rows_not_joined")["passed"]
    assert bench.current("runs", 4, part="performance")["rows_quarantined"].tolist() == [BAD]
    assert "rows_not_joined" in set(bench.current("alerts", 4)["metric"])


def test_what_the_data_is_without_the_performance_is_without(bench: Bench) -> None:
    bench.reference()
    good = bench.days(4, 4)
    bad = wrong(bench, 4)
    bench.write_labels(4, bad, arrived=6)
    damage_a_page(bench.write(4, bad, "bad.parquet"), "amount")
    bench.run(4)
    assert bench.described(4, "city")["count"] == ROWS
    figure = bench.performance(4, "accuracy")
    assert (figure["value"], figure["n"]) == (accuracy(good[4]), ROWS)
    assert bench.check(4, "rows_not_joined")["passed"]
    assert not bench.check(4, "quarantined_objects")["passed"]


def test_objects_beside_the_reference_have_no_say_in_what_its_columns_are(bench: Bench) -> None:
    """Whether or not their row groups say which times they hold."""
    bench.reference()
    later = bench.rows(4)
    amounts = np.asarray(later["amount"])
    for at in range(9):
        part = {name: values[at * 10 : at * 10 + 10] for name, values in later.items()}
        part["amount"] = pa.array([f"{value}" for value in amounts[at * 10 : at * 10 + 10]])
        bench.write(4, part, f"part-{at}.parquet", write_statistics=False)
    bench.run(4)
    described = bench.described(4, "amount")
    assert described["column_kind"] == "numeric"
    assert described["count"] == 90
    assert np.isclose(described["mean"], amounts[:90].mean())
    assert bench.checks(4, "changed_type") == ["amount"]


def test_a_neighbours_object_has_no_say_in_where_a_column_lies(bench: Bench) -> None:
    def nested(number: int) -> dict[str, object]:
        made = bench.rows(number, amount=None)
        amounts = pa.array(np.random.default_rng(number).normal(5, 1, ROWS))
        return {**made, "payload": pa.StructArray.from_arrays([amounts], ["amount"])}

    for number in range(5):
        made = nested(number)
        bench.write(number, made)
        bench.write_labels(number, made)
    flat = bench.rows(5, amount=None)
    for at in range(9):
        part = {name: values[at * 10 : at * 10 + 10] for name, values in flat.items()}
        part["payload.amount"] = pa.array(np.ones(10))
        bench.write(5, part, f"part-{at}.parquet", write_statistics=False)
    bench.run(4)
    assert bench.described(4, "payload.amount")["nulls"] == 0
    assert bench.checks(4, "changed_type") == []


def test_values_that_lie_elsewhere_in_some_objects_are_not_missing(bench: Bench) -> None:
    def put(number: int, name: str, rows: int, *, flat: bool) -> None:
        made = {**bench.rows(number, rows), "id": pa.array([f"{number}-{name}-{at}" for at in range(rows)])}
        amounts = made.pop("amount")
        column = {"p.amount": amounts} if flat else {"p": pa.StructArray.from_arrays([amounts], ["amount"])}
        bench.write(number, {**made, **column}, f"{name}.parquet")

    for number in range(5):
        put(number, "usual", ROWS, flat=False)
        put(number, "and another", 50, flat=False)
    put(4, "flat", 30, flat=True)
    bench.overrides = {"labels": None}
    bench.run(4)
    described = bench.described(4, "p.amount")
    assert (described["count"], described["nulls"]) == (ROWS + 80, 0)
    assert bench.check(4, "values_of_another_type", "p.amount")["value"] == 30
    assert bench.checks(4, "changed_type") == ["p.amount"]


def test_a_column_called_as_what_stands_for_all_is_one_like_others(bench: Bench) -> None:
    for number in range(6):
        made = bench.rows(number)
        made["*"] = pa.array(np.random.default_rng(number).normal(7, 1, ROWS))
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    bench.run(5)
    assert bench.described(5, r"\*")["count"] == ROWS
    assert bench.drift(5, r"\*", "psi")["status"] == "ok"
    learned = bench.query(r"SELECT DISTINCT column_name FROM calibrations WHERE column_name LIKE '%*'")
    assert {row["column_name"] for row in learned} == {"*", r"\*"}
