"""Every Arrow type that a log may have, in every part that a column can play, through whole runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp
from tests.end_to_end.builder import Bench, Columns, day
from tests.end_to_end.every_type import KINDS, Kind

from driftline_jobs.pipeline.request import SilentProgress
from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.reporting.drilldown import Sampler
from driftline_jobs.reporting.pages import Pages
from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

ROWS = 60
FEATURE_DAYS = 5
NULL_EVERY = 7
FIELDS = tuple(kind for kind in KINDS if "view" not in kind.name)
"""Arrow writes no views within structs."""
named = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def feature_numbers(number: int) -> list[int | None]:
    """What the rows of a day hold in every column, as whole numbers: of the last day greater ones."""
    random = np.random.default_rng(number)
    values = random.integers(0, 12, ROWS) + (6 if number == FEATURE_DAYS - 1 else 0)
    return [None if at % NULL_EVERY == 0 else int(value) for at, value in enumerate(values)]


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run of a log with a column of every type; the last of the days, judged by the others."""
    bench = Bench(tmp_path_factory.mktemp("features"))
    bench.overrides = {"labels": None}
    for number in range(FEATURE_DAYS):
        made = bench.rows(number, ROWS, truth=None)
        numbers = feature_numbers(number)
        made |= {kind.name: kind.made(numbers) for kind in KINDS}
        made["of null type"] = pa.nulls(ROWS)
        fields = {kind.name: kind.made(numbers) for kind in FIELDS}
        made["inner"] = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
        bench.write(number, made, row_group_size=25)
    bench.run(FEATURE_DAYS - 1)
    return bench


def numbers_of(kind: Kind, numbers: Sequence[int | None]) -> pd.Series[float]:
    return pd.Series([None if n is None else kind.number(n) for n in numbers], dtype="float64")


def texts_of(kind: Kind, numbers: Sequence[int | None]) -> Counter[str]:
    return Counter(kind.text(n) for n in numbers if n is not None)


@named
def test_as_a_feature(features: Bench, kind: Kind) -> None:
    is_as_it_must_be(features, kind, kind.name)


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.name)
def test_as_a_field_of_a_struct(features: Bench, kind: Kind) -> None:
    is_as_it_must_be(features, kind, f"inner.{kind.name}")


def is_as_it_must_be(features: Bench, kind: Kind, column: str) -> None:
    last = FEATURE_DAYS - 1
    numbers = feature_numbers(last)
    described = features.described(last, column)
    assert described["column_kind"] == kind.kind
    assert (described["count"], described["nulls"]) == (ROWS, numbers.count(None))
    before = [n for number in range(last) for n in feature_numbers(number)]
    if kind.kind in {"numeric", "datetime"}:
        now, then = numbers_of(kind, numbers), numbers_of(kind, before)
        assert (described["min"], described["max"]) == (now.min(), now.max())
        assert described["mean"] == pytest.approx(now.mean(), rel=1e-12)
        assert described["distinct_count"] == now.nunique()
        for name, share in (("p25", 0.25), ("p50", 0.5), ("p75", 0.75)):
            exact = float(np.quantile(now.dropna(), share, method="inverted_cdf"))
            assert described[name] == pytest.approx(exact, rel=0.01, abs=0.01 * (then.max() - then.min()))
        drift = features.drift(last, column, "ks")
        exact = ks_2samp(now.dropna(), then.dropna()).statistic
        assert drift["value"] == pytest.approx(exact, abs=1e-12)  # few values: each has a bin of its own
    else:
        counts, known = texts_of(kind, numbers), texts_of(kind, before)
        top = {entry["value"]: entry["count"] for entry in json.loads(described["top_values"])}
        assert top == dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10])
        assert described["distinct_count"] == len(counts)
        unseen = sum(count for text, count in counts.items() if text not in known) / sum(counts.values())
        assert features.drift(last, column, "unseen_fraction")["value"] == pytest.approx(unseen)
        missing = abs(numbers.count(None) / len(numbers) - before.count(None) / len(before))
        shares = sum(abs(counts[t] / len(numbers) - known[t] / len(before)) for t in {*counts, *known})
        tvd = features.drift(last, column, "tvd")["value"]
        assert tvd == pytest.approx(0.5 * (shares + missing))


def test_a_column_of_the_null_type(features: Bench) -> None:
    described = features.described(FEATURE_DAYS - 1, "of null type")
    assert (described["count"], described["nulls"], described["distinct_count"]) == (ROWS, ROWS, 0)
    assert features.checks(FEATURE_DAYS - 1, "changed_type") == []


@named
def test_in_a_sample_of_rows(samples: pa.Table, kind: Kind) -> None:
    values = samples.column(kind.name).to_pylist()
    numbers = feature_numbers(FEATURE_DAYS - 1)
    if kind.kind in {"numeric", "datetime"}:
        assert Counter(values) == Counter(None if n is None else kind.number(n) for n in numbers)
    else:
        assert Counter(values) == Counter(None if n is None else kind.text(n) for n in numbers)


@pytest.fixture(scope="module")
def samples(features: Bench) -> pa.Table:
    """The rows of the last day as the page of single rows shows them."""
    path = features.monitor_file()
    monitor, settings = (
        load_monitor(path),
        Settings(store=features.store_url, reports=str(features.root / "r")),
    )
    window = monitor.calendar.containing(day(FEATURE_DAYS - 1))
    with open_store(features.store_url) as store:
        (run,) = store.current_runs(monitor.monitor, "data", window.start, window.end).to_pylist()
        sampler = Sampler(monitor, path.parent, settings, store, Pages.open(settings), SilentProgress())
        return sampler.keep(window, run)["current"].rows


def test_in_a_validation(features: Bench) -> None:
    path = features.monitor_file()
    found = check_log(load_monitor(path), path.parent)
    kinds = {name: kind for kind, names in found.kinds.items() for name in names}
    assert {kind.name: kinds[kind.name] for kind in KINDS} == {kind.name: kind.kind for kind in KINDS}
    assert found.log.remarks == ()


# -- parts of a column that is no feature ------------------------------------------------------------


def role_numbers(number: int) -> tuple[list[int], list[int]]:
    """Predicted classes and labels of a day, from 0 to 2, more right than wrong."""
    random = np.random.default_rng(1000 + number)
    truth = random.integers(0, 3, ROWS)
    guess = np.where(random.random(ROWS) < 0.7, truth, random.integers(0, 3, ROWS))
    return guess.tolist(), truth.tolist()


def moments(kind: Kind, times: pa.Array) -> pa.Array:
    """The times of the rows in a type that can say when; by day where it holds days."""
    arrow_type = kind.made([0]).type
    value_type = arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
    naive = times.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(value_type):
        floored = times.cast(pa.timestamp(value_type.unit, "UTC"), safe=False)
        return floored.cast(value_type if value_type.tz else pa.timestamp(value_type.unit))
    if pa.types.is_date(value_type):
        return naive.cast(pa.date32(), safe=False).cast(value_type)
    written = [f"{moment.isoformat()}Z" for moment in naive.to_pylist()]
    is_bytes = "binary" in str(value_type)
    array = pa.array([text.encode() if is_bytes else text for text in written]).cast(value_type)
    return array.dictionary_encode() if pa.types.is_dictionary(arrow_type) else array


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run of a log of which every day has another type for its ids, its classes, its labels, its segment,
    its version and, where that can be, its times. The same types are in the reference, one day each.
    """
    bench = Bench(tmp_path_factory.mktemp("roles"))
    days = len(KINDS)
    bench.overrides = {
        "task": "multiclass_classification",
        "logs": {"score": None},
        "labels": {"timestamp": "told", "mature_after": "1d", "catch_up": "1d"},
        "segments": ["part"],
        "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(days):%Y-%m-%d}"]},
        "features": {"ignore": ["score", "amount", "city"]},
    }
    for number in range(2 * days):
        kind = KINDS[number % days]
        guess, truth = role_numbers(number)
        made = bench.rows(number, ROWS)
        times = moments(kind, made["at"]) if kind.times else made["at"]
        # a label may also touch the window after the one that it is for: equal ids are two days apart
        step = 2 if kind.number(1) == 0.5 else 1  # only whole numbers are ids
        first = ROWS * (number % 2)
        ids = kind.made([step * at for at in range(first, first + ROWS)])
        bench.write(
            number,
            made
            | {
                "at": times,
                "id": ids,
                "class": kind.made(guess),
                "version": kind.made([n % 2 for n in range(ROWS)]),
                "part": kind.made([n % 3 for n in range(ROWS)]),
            },
        )
        columns: Columns = {"id": ids, "truth": kind.made(truth)}
        bench.write_labels(number, columns, told=times)
    bench.run(days, 2 * days - 1)
    return bench


@named
def test_as_an_id_a_class_and_a_label(roles: Bench, kind: Kind) -> None:
    number = len(KINDS) + KINDS.index(kind)
    guess, truth = role_numbers(number)
    distinct = len({kind.text(n) for n in range(ROWS)})
    if distinct < ROWS:  # two truth values are no ids: which row counts, the order of rows decides
        assert roles.check(number, "duplicated_ids")["value"] == ROWS - distinct
        return
    accuracy = roles.performance(number, "accuracy")
    right = [kind.text(g) == kind.text(t) for g, t in zip(guess, truth, strict=True)]
    assert (accuracy["n"], accuracy["label_coverage"]) == (ROWS, 1.0)
    assert accuracy["value"] == pytest.approx(np.mean(right))


@named
def test_as_a_segment_and_a_version(roles: Bench, kind: Kind) -> None:
    number = len(KINDS) + KINDS.index(kind)
    rows = roles.current("profile_metrics", number, column_name="*")
    segment, version = rows[rows["segment"] == "part"], rows[rows["model_version"] != "*"]
    counted = dict(zip(segment["segment_value"], segment["count"], strict=True))
    assert counted == Counter(kind.text(n % 3) for n in range(ROWS))
    counted = dict(zip(version["model_version"], version["count"], strict=True))
    assert counted == Counter(kind.text(n % 2) for n in range(ROWS))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.times], ids=lambda kind: kind.name)
def test_as_a_time(roles: Bench, kind: Kind) -> None:
    number = len(KINDS) + KINDS.index(kind)
    assert roles.described(number, "*")["count"] == ROWS
    assert roles.check(number, "rows_set_aside")["value"] == 0
    stale = roles.check(number, "freshness")["value"]
    assert stale == (86400.0 if kind.kind == "datetime" and "date" in kind.name else 86400.0 / ROWS)


# -- values of a regression --------------------------------------------------------------------------

NUMERIC = tuple(kind for kind in KINDS if kind.kind in {"numeric", "boolean"})


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run of a regression, of which every day has another type for its predictions and its labels."""
    bench = Bench(tmp_path_factory.mktemp("regression"))
    days = len(NUMERIC)
    bench.overrides = {
        "task": "regression",
        "logs": {"score": None},
        "labels": {"mature_after": "1d", "catch_up": "1d"},
        "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(days):%Y-%m-%d}"]},
    }
    for number in range(2 * days):
        kind = NUMERIC[number % days]
        guess, truth = role_numbers(number)
        made = bench.rows(number, ROWS, **{"class": kind.made(guess), "truth": kind.made(truth)})
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(days, 2 * days - 1)
    return bench


@pytest.mark.parametrize("kind", NUMERIC, ids=lambda kind: kind.name)
def test_as_values_of_a_regression(regression: Bench, kind: Kind) -> None:
    number = len(NUMERIC) + NUMERIC.index(kind)
    truths = (lambda n: float(n % 2)) if kind.kind == "boolean" else kind.number
    guess, truth = (np.array([truths(n) for n in numbers]) for numbers in role_numbers(number))
    error = regression.performance(number, "mae")
    assert (error["n"], error["label_coverage"]) == (ROWS, 1.0)
    assert error["value"] == pytest.approx(np.abs(guess - truth).mean(), rel=1e-9)
    assert regression.described(number, "class")["mean"] == pytest.approx(guess.mean(), rel=1e-9)
