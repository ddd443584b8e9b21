"""The estimate beside the realized figure, what it was off by, and what explains a fall: as the rows say."""

from __future__ import annotations

from collections.abc import Callable

from tests.reports.readback import Database, read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample, monitor
from tests.reports.sample_tables import to_tables
from tests.reports.test_verdict import DAY, common, days, performed, view

from driftline_reports import formats
from driftline_reports.inputs import ReportInputs
from driftline_reports.page import render_page
from driftline_reports.performance import lead_row
from driftline_schemas.levels import Level


def both(back: int, real: float, guess: float) -> list[dict[str, object]]:
    off = {"value": guess - real, "threshold": None, "degraded": None, "label_coverage": 0.98}
    guessed = performed(back, guess, "estimated")
    return [performed(back, real), guessed, {**guessed, "kind": "estimate_error", **off}]


def test_one_line_holds_all_three() -> None:
    rows = days()
    rows["performance_metrics"] = [row for back in range(6) for row in both(back, 0.81, 0.84 + back / 100)]
    found = view(rows)
    (row,) = found.performance.rows
    assert (row.realized.text, row.estimated.text, row.error.text) == ("0.810", "0.840", "+0.030")
    assert found.performance.lead == "ROC AUC"
    course = found.performance.course
    assert course is not None
    assert course.realized == (0.81,) * 6
    assert course.estimated == tuple(0.84 + back / 100 for back in reversed(range(6)))
    assert found.verdict.level is Level.CALM


def test_shares_differ_by_points() -> None:
    rows = days()
    rows["performance_metrics"] = [{**row, "metric": "positive_rate"} for row in both(0, 0.81, 0.79)]
    (row,) = view(rows).performance.rows
    assert row.error.text == formats.points(-0.02)
    assert row.error.text != "-0.02"


def test_what_an_estimate_was_off_by_never_leads() -> None:
    off = {**performed(0, 0.01), "kind": "estimate_error", "degraded": None, "class_label": None}
    assert lead_row([off]) is None
    guess = performed(0, 0.8, "estimated", degraded=None, class_label=None)
    assert lead_row([off, guess]) == guess


def test_the_figures_on_the_page_are_the_rows(database: Callable[[ReportInputs], Database]) -> None:
    inputs = make(Sample(windows=8, days_off=3))
    tables = database(inputs)
    page = read(render_page(inputs))
    kinds = {
        figure.row.split()[1] if " " in figure.row else figure.row
        for figure in page.figures
        if "current_performance_metrics" in page.queries[figure.query] and figure.column == "value"
    }
    assert any("estimate_error" in kind for kind in kinds), kinds
    reasons = [f for f in page.figures if "current_attributions" in page.queries[f.query]]
    expected = {
        (row["segment_value"], column): row[column]
        for row in inputs.tables["attributions"].to_pylist()
        for column in ("mix", "rate", "share", "n")
    }
    assert len(reasons) == len(expected) == 12
    for figure in reasons:
        answer = tables.answer(page.queries[figure.query], page.keys[figure.query])[figure.row]
        assert answer[figure.column] == expected[answer["segment_value"], figure.column]
        assert float(figure.value) == expected[answer["segment_value"], figure.column]


def test_a_split_of_another_metric_is_better_than_none_and_says_which() -> None:
    rows = days()
    rows["performance_metrics"][0] = performed(0, 0.6)
    rows["attributions"] = [
        {
            **common(0, segment="origin", segment_value=value),
            "metric": "accuracy",
            "column_name": "*",
            "mix": mix,
            "rate": rate,
            "share": share,
            "n": 300,
        }
        for value, mix, rate, share in (("EWR", 0.01, -0.05, 0.8), ("JFK", 0.0, -0.01, 0.2))
    ]
    # The drift of a column split by segments is no reason of the model's fall.
    rows["attributions"].append({**rows["attributions"][0], "column_name": "carrier", "rate": -9.0})
    watched = monitor()
    inputs = ReportInputs(watched, watched.calendar.containing(DAY), to_tables(rows), {}, DAY)
    found = view(rows)
    assert found.why.metric == "Accuracy"
    assert [reason.name for reason in found.why.rows] == ["origin = EWR", "origin = JFK"]
    assert "The change of Accuracy against the reference" in read(render_page(inputs)).text
