"""Kinds of columns of other distributions: installed, monitor files may name them, and tables do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, day
from tests.extensions import ROOT, Example, Install

from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.profiles.columns.hiding import NOTHING_HIDDEN
from driftline_jobs.profiles.kinds import registry
from driftline_jobs.profiles.kinds.base import Reading
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.forms import FORMS
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.kinds.registry import ColumnKind, column_kind
from driftline_jobs.reporting.report import write_report
from driftline_reports.metrics_page import metrics_page
from driftline_schemas import column_kinds
from driftline_schemas.column_kinds import BUILT_IN, Form, KindSpec
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import load_monitor
from driftline_schemas.serving_log import Storage
from driftline_schemas.settings import Settings

ROWS = 120

PREFIX = """
import pyarrow as pa
import pyarrow.compute as pc
from driftline_jobs.profiles.kinds.registry import ColumnKind
from driftline_schemas.column_kinds import Form, KindSpec
from driftline_schemas.serving_log import Storage

def first_two(values):
    return pc.utf8_slice_codeunits(values, 0, 2)

MEMBER = ColumnKind(
    KindSpec("prefix", "Prefixes", "The first two characters.", Form.CATEGORIES, takes=(Storage.TEXT,)),
    convert=first_two,
)
"""


def ordered_at(number: int, hours: list[int], minute: int = 30) -> pa.Array:
    """Times of a day, so many as there are hours, each at that hour."""
    start = np.datetime64(day(number).replace(tzinfo=None), "us")
    seconds = np.array(hours) * 3600 + minute * 60
    return pa.array(start + seconds.astype("timedelta64[s]"), pa.timestamp("us"))


def test_every_kind_is_read_and_every_form_is_known() -> None:
    assert [column_kind(spec.name).spec for spec in BUILT_IN] == list(BUILT_IN)
    assert len({form.CODE for form in FORMS}) == len({form.STATE for form in FORMS}) == len(FORMS)
    # one kind, and not two, for each way to hold values
    assert sorted(storage for spec in BUILT_IN for storage in spec.default_of) == sorted(Storage)


def test_the_example_of_the_docs_is_in_tables_rules_page_and_docs(example: Example, tmp_path: Path) -> None:
    assert len((ROOT / "docs/examples/hour_of_day/driftline_hour_of_day.py").read_text().splitlines()) <= 40
    example("hour_of_day")
    rule = {"metric": "ks", "column": "ordered_at", "above": 0.5}
    overrides = {"features": {"hour_of_day": ["ordered_at"]}, "alerts": {"rules": [rule], "min_rows": 10}}
    bench = Bench(tmp_path, overrides)
    usual = [at % 24 for at in range(ROWS)]  # each hour five times
    for number in range(REFERENCE_DAYS):
        bench.days(number, number, ordered_at=ordered_at(number, usual))
    night = [at % 6 for at in range(ROWS)]
    made = bench.rows(4, ordered_at=ordered_at(4, night))
    bench.write(4, made)
    bench.write_labels(4, made)
    bench.run(4)

    described = bench.described(4, "ordered_at")
    assert (described["column_kind"], described["count"], described["distinct_count"]) == (
        "hour_of_day",
        ROWS,
        6,
    )
    figures = [described[name] for name in ("min", "p25", "p50", "mean", "p75", "max")]
    assert figures == [0.0, 1.0, 2.0, 2.5, 4.0, 5.0]
    drift = bench.drift(4, "ordered_at", "ks")
    assert (drift["column_kind"], drift["drifted"], drift["threshold_source"]) == (
        "hour_of_day",
        True,
        "rule",
    )
    assert drift["value"] == pytest.approx(1 - 6 / 24, rel=1e-12)  # by five o'clock all is over
    assert bench.checks(4, "values_of_another_type") == []
    monitor = load_monitor(bench.monitor_file())
    settings = Settings(store=bench.store_url, reports=str(tmp_path / "pages"))
    window = monitor.calendar.parse(f"{day(4):%Y-%m-%d}")
    page = Path(write_report(monitor, window, settings, generated_at=day(5)).page).read_text("utf-8")
    assert "· hour_of_day" in page
    assert "Mean hour" in page
    assert "| `hour_of_day` | Hours of day | ordered |" in metrics_page()

    # as text it is no time of day: said once, and no value is taken for one
    texts = pa.array([str(hour) for hour in usual])
    bench.days(5, 5, ordered_at=texts)
    bench.run(5)
    assert bench.check(5, "values_of_another_type", "ordered_at")["value"] == ROWS
    assert bench.checks(5, "changed_type") == ["ordered_at"]


def test_times_that_move_on_are_recognised_and_their_hours_are_not(example: Example, tmp_path: Path) -> None:
    example("hour_of_day")
    bench = Bench(tmp_path, {"reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(9):%Y-%m-%d}"]}})
    for number in range(9):
        bench.days(number, number, ordered_at=ordered_at(number, [at % 24 for at in range(ROWS)]))

    def recognised() -> bool:
        found = check_log(load_monitor(bench.monitor_file()), tmp_path)
        return any("ordered_at moves by nature" in remark.text for remark in found.remarks)

    assert recognised()
    bench.overrides["features"] = {"hour_of_day": ["ordered_at"]}
    assert not recognised()
    bench.days(9, 9, ordered_at=ordered_at(9, [at % 24 for at in range(ROWS)]))
    bench.run(9)
    assert "moves_by_nature" not in set(bench.current("quality_metrics", 9)["check_name"])


def test_categories_are_counted_as_converted_and_part_the_rows_as_they_are(
    install: Install, tmp_path: Path
) -> None:
    install("driftline.kinds", PREFIX)
    bench = Bench(tmp_path, {"features": {"prefix": ["zip"]}, "segments": ["zip"]})
    bench.reference(zip=pa.array([["5003", "5020", "0150", None][at % 4] for at in range(ROWS)]))
    made = bench.rows(4, zip=pa.array([["5003", "5099", "9010", None][at % 4] for at in range(ROWS)]))
    bench.write(4, made)
    bench.write_labels(4, made)
    bench.run(4)
    described = bench.described(4, "zip")
    assert (described["column_kind"], described["nulls"]) == ("prefix", 30)
    assert json.loads(described["top_values"]) == [
        {"count": 60, "value": "50"},
        {"count": 30, "value": "90"},
    ]
    # 5099 is no news, 9010 is
    assert bench.drift(4, "zip", "unseen_fraction")["value"] == pytest.approx(30 / 90, rel=1e-12)
    assert set(bench.current("profile_metrics", 4, segment="zip")["segment_value"]) == {
        "5003",
        "__null__",
        "__other__",
    }


def test_a_key_that_is_no_kind_is_refused_with_those_that_are(install: Install, tmp_path: Path) -> None:
    install("driftline.kinds", PREFIX)
    path = Bench(tmp_path, {"features": {"prefixes": ["zip"], "prefix": ["city"]}}).monitor_file()
    with pytest.raises(ConfigError, match=r"features\.prefixes: unknown key, did you mean 'prefix'\?"):
        load_monitor(path)
    path = Bench(tmp_path, {"features": {"geohash": 3}}).monitor_file()
    with pytest.raises(ConfigError) as raised:
        load_monitor(path)
    known = "numeric, categorical, text, ignore, critical, sensitive, prefix"
    assert str(raised.value).endswith(f"features.geohash: unknown key: known here are {known}")
    path = Bench(tmp_path, {"features": {"prefix": ["city"], "categorical": ["city"]}}).monitor_file()
    with pytest.raises(
        ConfigError, match=r"features\.prefix\[0\]: the column 'city' is listed also under cat"
    ):
        load_monitor(path)
    rule = {"metric": "ks", "column": "city", "above": 0.1}
    path = Bench(tmp_path, {"features": {"prefix": ["city"]}, "alerts": {"rules": [rule]}}).monitor_file()
    with pytest.raises(ConfigError, match="ks is no figure of a prefix column: psi, "):
        load_monitor(path)


def test_a_list_without_entries_is_none(install: Install, tmp_path: Path) -> None:
    install("driftline.kinds", PREFIX)
    assert (
        load_monitor(Bench(tmp_path, {"features": {"prefix": None}}).monitor_file()).features.declared == {}
    )


def test_a_name_that_is_taken_is_refused(install: Install) -> None:
    install("driftline.kinds", PREFIX.replace('"prefix"', '"sensitive"'))
    said = "column kind 'some_thing:MEMBER' of some-thing has the name 'sensitive', which is taken"
    with pytest.raises(ConfigError, match=said):
        column_kinds.kind_specs()


@pytest.mark.parametrize(
    "code",
    [
        PREFIX.replace("= ColumnKind(", "= SimpleNamespace(spec=").replace(
            "import pyarrow as pa", "from types import SimpleNamespace"
        ),
        PREFIX.replace("    convert=first_two,\n", ""),
    ],
)
def test_what_is_no_kind_is_refused(install: Install, code: str) -> None:
    install("driftline.kinds", code)
    with pytest.raises(ConfigError, match="the column kind prefix is no ColumnKind"):
        column_kind("prefix")


@pytest.mark.usefixtures("fresh")
def test_a_kind_that_is_not_installed_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"no column kind is called prefix.*an entry point of driftline.kinds"
    ):
        column_kind("prefix")


def reading(storage: Storage) -> Reading:
    return Reading("x", storage, NOTHING_HIDDEN)


def test_dictionaries_are_converted_by_their_values(install: Install) -> None:
    install("driftline.kinds", PREFIX)
    values = pa.array(["5003", None, "5020", "0150", "5003"])
    plain = CategoryBins("prefix", ()).read(values, reading(Storage.TEXT))
    coded = CategoryBins("prefix", ()).read(values.dictionary_encode(), reading(Storage.TEXT))
    for found in (plain, coded):
        assert found.valid is not None
        assert found.valid.tolist() == [True, False, True, True, True]
        assert [found.texts[code] for code in found.codes[found.valid].tolist()] == ["50", "50", "01", "50"]


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("convert", "error", "said"),
    [
        (lambda values: values.cast(pa.date32()), DataError, "x: values of type double are no some"),
        (lambda values: values[:1], ConfigError, "some made 1 values of type double of 2 of x: expected one"),
        (lambda values: values.cast(pa.string()), ConfigError, "some made 2 values of type string of 2 of x"),
    ],
)
def test_a_conversion_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch,
    convert: Callable[[pa.Array], pa.Array],
    error: type[Exception],
    said: str,
) -> None:
    kind = ColumnKind(KindSpec("some", "Some", "Something.", Form.ORDERED), convert)
    monkeypatch.setattr(registry, "_BUILT_IN", {"some": kind})
    with pytest.raises(error, match=said):
        OrderedBins("some", (), 0.0, 0).read(pa.array([1.5, 2.5]), reading(Storage.NUMBER))


@pytest.mark.usefixtures("fresh")
def test_values_in_another_storage_cannot_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = KindSpec("some", "Some", "Something.", Form.ORDERED, takes=(Storage.NUMBER,))
    monkeypatch.setattr(registry, "_BUILT_IN", {"some": ColumnKind(spec, lambda values: values)})
    found = OrderedBins("some", (), 0.0, 0).read(pa.array(["1", None]), reading(Storage.NUMBER))
    assert found.unlike is not None
    assert found.valid is not None
    assert (found.unlike.tolist(), found.valid.tolist()) == ([True, False], [True, False])
