"""Every figure on a page equals its row in the tables: the page is read back, its statements are run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.reports.hostile_inputs import hostile
from tests.reports.readback import Database, Page, exact, read
from tests.reports.sample_full import make_full
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample

from driftline_reports.inputs import ReportInputs
from driftline_reports.page import render_page

CASES = {
    "broken": Sample(),
    "calm": Sample(drifted=0, worse=False),
    "hourly in a zone": Sample(monitor={"granularity": "hour", "timezone": "America/New_York"}),
    "monthly": Sample(monitor={"granularity": "month", "timezone": "Europe/Berlin"}, windows=14),
    "not calibrated, labels open": Sample(calibrated=False, final=False),
    "no labels": Sample(labels=False),
    "no reference": Sample(reference=False),
    "empty": Sample(rows=0),
    "many": Sample(count=70, drifted=60, windows=12),
}


def check(page: Page, database: Database) -> None:
    """Each figure names a statement of the page, whose answer holds it exactly."""
    answers = {name: database.answer(sql, page.keys[name]) for name, sql in page.queries.items()}
    for figure in page.figures:
        row = answers[figure.query][figure.row]
        assert exact(row[figure.column]) == figure.value, (figure, page.queries[figure.query])


@pytest.mark.parametrize("level", ["broken", "faulty", "ongoing", "calm"])
def test_of_incidents_impacts_and_several_windows_too(
    level: str, database: Callable[[ReportInputs], Database]
) -> None:
    inputs = make_full(level=level)
    page = read(render_page(inputs))
    check(page, database(inputs))
    assert {"p50", "missing_share", "importance", "rows_read", "reference_value"} <= {
        figure.column for figure in page.figures
    }


@pytest.mark.parametrize("sample", CASES.values(), ids=CASES.keys())
def test_every_figure_is_what_its_statement_returns(
    sample: Sample, database: Callable[[ReportInputs], Database]
) -> None:
    inputs = make(sample)
    page = read(render_page(inputs))
    check(page, database(inputs))
    assert len(page.figures) >= (15 if sample.rows else 5)


def test_figures_of_strange_names_are_found_by_their_digest(
    database: Callable[[ReportInputs], Database],
) -> None:
    inputs = hostile()
    page = read(render_page(inputs))
    # Metrics of alerts and checks were replaced too; what is left must still be found where it says.
    check(page, database(inputs))
    assert any("md5(column_name)" in sql for sql in page.queries.values())


def test_a_timestamp_may_be_naive_or_of_any_zone(database: Callable[[ReportInputs], Database]) -> None:
    inputs = make()
    aware = render_page(inputs)
    naive = {}
    for name, table in inputs.tables.items():
        columns = [
            column.cast("timestamp[us]") if str(column.type).startswith("timestamp") else column
            for column in table.columns
        ]
        naive[name] = type(table).from_arrays(columns, table.column_names)
    other = ReportInputs(inputs.monitor, inputs.window, naive, inputs.distributions, inputs.generated_at)
    assert render_page(other) == aware
    check(read(aware), database(other))


def test_text_beside_value() -> None:
    page = read(render_page(make()))
    for figure in page.figures:
        text = figure.text.replace("\u202f", "").replace("−", "-").replace("+", "")
        if figure.column in {
            "count",
            "rows_read",
            "n",
            "rows",
            "rows_matched",
            "changed",
            "checks",
            "failed",
        }:
            assert int(text) == int(figure.value), figure
        elif figure.column in {"ci_low", "ci_high"} and not text.endswith("%"):
            assert abs(float(text) - float(figure.value)) <= 0.0005 + 1e-12, figure
        elif figure.column == "published_at":
            shown = datetime.strptime(text.replace("\xa0", " "), "%d %b %Y, %H:%M:%S").replace(tzinfo=UTC)
            assert shown == datetime.fromisoformat(figure.value)


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert render_page(make()) == render_page(make())


def test_rows_of_other_monitors_and_granularities_do_not_count() -> None:
    import pyarrow as pa

    inputs = make()
    others = make(Sample(seed=99, monitor={"monitor": "other"}))
    weekly = make(Sample(seed=98, monitor={"granularity": "week"}, windows=13))
    mixed = {
        name: pa.concat_tables([others.tables[name], table, weekly.tables[name]])
        if name != "run_inputs"
        else table
        for name, table in inputs.tables.items()
    }
    again = ReportInputs(inputs.monitor, inputs.window, mixed, inputs.distributions, inputs.generated_at)
    assert render_page(again) == render_page(inputs)
