"""Whatever is missing: a page that says so, and stays small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.reports.hostile_inputs import hostile
from tests.reports.readback import read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample

from driftline_reports.inputs import ReportInputs
from driftline_reports.mail import render_mail
from driftline_reports.page import render_page
from driftline_reports.view import build_view

LARGEST = 1_500_000
LARGEST_ABOVE_THE_FOLD = 300_000
LARGEST_MAIL = 100_000

CASES: dict[str, tuple[Callable[[], ReportInputs], tuple[str, ...]]] = {
    "no labels": (
        lambda: make(Sample(labels=False)),
        ("This monitor names no labels", "There are no labels: only inputs and estimates are judged."),
    ),
    "no labels and no estimate": (
        lambda: make(Sample(labels=False, estimated=False)),
        ("Performance is not measured: this monitor names no labels",),
    ),
    "labels not here yet": (
        lambda: without(make(Sample(estimated=False)), "performance_metrics", "performance_curves"),
        ("Performance is not known yet: no label of this window has arrived.",),
    ),
    "no reference": (
        lambda: make(Sample(reference=False)),
        ("There is nothing to compare with: no reference figure was published",),
    ),
    "one window": (lambda: make(Sample(windows=1, days_off=1)), ("This is the only window so far",)),
    "an empty window": (
        lambda: make(Sample(rows=0)),
        (
            "No data: not one row arrived in this window.",
            "nothing to compare",
            "nothing that could be measured",
        ),
    ),
    "one column": (lambda: make(Sample(count=1, drifted=1)), ("1 of 1 changed",)),
    "no column": (lambda: make(Sample(count=0, drifted=0)), ("Columns in detail",)),
    "500 columns": (
        lambda: make(Sample(count=500, drifted=30)),
        ("460 quiet columns", "30 of 500 changed"),
    ),
    "500 columns, all changed": (
        lambda: make(Sample(count=500, drifted=500, days_off=90)),
        ("500 of 500 changed",),
    ),
    "50 columns over 90 windows": (
        lambda: make(Sample(count=50, drifted=50, days_off=90)),
        ("50 of 50 changed",),
    ),
    "no segment": (
        lambda: without(make(Sample(monitor={"segments": []})), "attributions"),
        ("The monitor names no segments",),
    ),
    "no distribution": (
        lambda: replace(make(), distributions={}),
        ("The distribution of this window is not at hand.",),
    ),
    "no run": (lambda: without(make(), "runs", "run_inputs"), ("No published run of this window is known.",)),
    "nothing at all": (
        lambda: replace(make(), tables={}, distributions={}),
        (
            "Nothing could be judged in this window.",
            "No published run of this window is known.",
            "No check of the data was published for this window.",
        ),
    ),
    "hostile texts": (hostile, ("<script>window.pwned=1</script>",)),
}


def without(inputs: ReportInputs, *names: str) -> ReportInputs:
    return replace(inputs, tables={name: table for name, table in inputs.tables.items() if name not in names})


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param(*case, id=name, marks=[pytest.mark.slow] if name.startswith("500 columns") else [])
        for name, case in CASES.items()
    ],
)
def test_a_page_that_says_so_and_stays_small(
    inputs: Callable[[], ReportInputs], said: tuple[str, ...]
) -> None:
    made = inputs()
    html = render_page(made)
    text = read(html).text
    for words in said:
        assert words in text
    assert len(html.encode()) <= LARGEST
    assert len(html[: html.index('id="columns"')].encode()) <= LARGEST_ABOVE_THE_FOLD
    mail = render_mail(build_view(made))
    assert len(mail.html.encode()) < LARGEST_MAIL
    assert len(mail.text.encode()) < LARGEST_MAIL
    assert mail.subject.isprintable()


def test_tables_without_rows_are_as_good_as_none() -> None:
    inputs = make()
    empty = {name: table.schema.empty_table() for name, table in inputs.tables.items()}
    nothing = replace(inputs, tables={}, distributions={})
    assert render_page(replace(nothing, tables=empty)) == render_page(nothing)


def test_figures_that_could_not_be_had_say_why() -> None:
    import pyarrow as pa

    inputs = make(Sample(windows=1))
    drift = inputs.tables["drift_metrics"].to_pylist()
    for row in drift:
        row |= {"value": None, "drifted": None, "status": "too_few_rows", "reason": "24 rows, 500 are needed"}
    table = pa.Table.from_pylist(drift, schema=inputs.tables["drift_metrics"].schema)
    text = read(render_page(replace(inputs, tables={**inputs.tables, "drift_metrics": table}))).text
    assert "Nothing could be compared with the reference: 24 rows, 500 are needed." in text


@pytest.mark.parametrize("count", [1, 2, 400])
def test_more_windows_than_a_trend_shows(count: int) -> None:
    view = build_view(make(Sample(count=3, drifted=1, windows=count, days_off=1)))
    assert len(view.history) == min(count, 90)
    assert view.history[-1].is_this
