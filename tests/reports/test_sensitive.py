"""Values of sensitive columns are seen as hashes or not at all, whatever went wrong before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from tests.reports.readback import read
from tests.reports.sample_inputs import Maker
from tests.reports.sample_story import Sample

from driftline_reports.index import render_index
from driftline_reports.inputs import Distribution, IndexInputs, MonitorHistory, ReportInputs
from driftline_reports.mail import render_mail
from driftline_reports.monitor_page import build_monitor_page, render_monitor_page
from driftline_reports.page import render_page
from driftline_reports.view import build_view

HASHES = ("h:00112233445566aa", "h:8899aabbccddee00", "h:0123456789abcdef")
RAW = ("10115 Berlin", "20007", "deadbeef", "h:SECRET")
SALARY = 73_219.0


def inputs(values: tuple[str, ...]) -> ReportInputs:
    """A page with two sensitive columns, a place (in segments too) and a salary; ``values`` are places."""
    segments = ["home_zip", ["home_zip", "origin"]]
    given: dict[str, Any] = {"features": {"sensitive": ["home_zip", "salary"]}, "segments": segments}
    maker = Maker(
        Sample(columns=("home_zip", "salary", "origin"), count=3, drifted=3, windows=5, monitor=given)
    )
    made = maker.inputs()
    tables = dict(made.tables)

    def edit(name: str, change: Any) -> None:
        rows = tables[name].to_pylist()
        for number, row in enumerate(rows):
            change(number, row)
        tables[name] = pa.Table.from_pylist(rows, schema=tables[name].schema)

    def drift(number: int, row: dict[str, Any]) -> None:
        if row["column_name"] == "home_zip":
            row["column_kind"] = "categorical"
        if row["segment"] != "*":
            crossed = number % 2
            row["segment"] = json.dumps(["home_zip", "origin"]) if crossed else "home_zip"
            value = values[number % len(values)]
            row["segment_value"] = json.dumps([value, "EWR"]) if crossed else value

    def profile(_: int, row: dict[str, Any]) -> None:
        if row["column_name"] == "home_zip":
            row["top_values"] = json.dumps([[value, 10] for value in values])
        if row["column_name"] == "salary":
            row |= dict.fromkeys(("mean", "stddev", "min", "max", "p05", "p50", "p95"), SALARY)

    def quality(_: int, row: dict[str, Any]) -> None:
        if row["column_name"] == "salary":
            row |= {
                "check_name": "maximum",
                "value": SALARY,
                "expected": json.dumps([None, SALARY - 1]),
                "passed": False,
            }
        if row["column_name"] == "home_zip":
            row |= {"check_name": "allowed_values", "expected": json.dumps(list(values)), "passed": False}

    def moved(number: int, row: dict[str, Any]) -> None:
        row |= {"segment": "home_zip", "segment_value": values[number % len(values)]}

    def alert(number: int, row: dict[str, Any]) -> None:
        row["evidence"] = json.dumps({"value": SALARY, "new": values[number % len(values)]})
        if row["column_name"] == "origin":
            moved(number, row)

    edit("drift_metrics", drift)
    edit("profile_metrics", profile)
    edit("quality_metrics", quality)
    edit("attributions", moved)
    edit("alerts", alert)
    edit("performance_metrics", lambda n, row: moved(n, row) if row["segment"] != "*" else None)
    counts = np.array([50, 40, *([0] * (len(values) - 2))])
    edges = np.array([SALARY, SALARY + 1, SALARY + 2, SALARY + 3])
    distributions = {
        "home_zip": Distribution("home_zip", "categorical", counts[::-1], counts, labels=values),
        "salary": Distribution(
            "salary", "numeric", np.array([1, 9, 5, 4, 4]), np.array([5, 5, 5, 5, 5]), edges
        ),
    }
    return replace(made, tables=tables, distributions=distributions)


def everything(made: ReportInputs) -> str:
    """All that anybody gets to see."""
    view = build_view(made)
    mail = render_mail(view)
    history = MonitorHistory(made.monitor, made.tables)
    index = render_index(IndexInputs([history], made.generated_at))
    index += render_monitor_page(build_monitor_page(history, made.generated_at))
    return "\n".join([render_page(made), mail.subject, mail.html, mail.text, index])


def test_hashes_are_shown() -> None:
    html = render_page(inputs(HASHES))
    assert "home_zip = h:00112233445566aa" in html
    assert "h:8899aabbccddee00" in html
    assert "home_zip = h:0123456789abcdef, origin = EWR" in html


def test_raw_values_are_withheld_everywhere() -> None:
    seen = everything(inputs(RAW))
    for value in RAW:
        assert value not in seen
    assert "(withheld)" in seen


def test_numbers_of_a_sensitive_column_are_withheld() -> None:
    made = inputs(HASHES)
    seen = everything(made)
    for text in ("73219", "73 219", "73\u202f219", "73,219", "73218", "73\u202f218"):
        assert text not in seen
    page = read(render_page(made))
    assert "Values are withheld." in page.text
    # What tells nothing of a value stays.
    assert "null fraction" not in page.text
    assert page.text.count("sensitive") >= 2
