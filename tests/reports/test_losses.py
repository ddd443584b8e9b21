"""What the page says of rows and objects that were lost, or lie elsewhere than they count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.reports.test_verdict import common, days, view

from driftline_reports.page import render_view
from driftline_reports.view import View
from driftline_reports.view_model import plain


def lost(checks: dict[str, tuple[float | None, object, bool | None]], **changes: Any) -> View:
    rows = days(1)
    for name, (value, expected, passed) in checks.items():
        written = None if expected is None else json.dumps(expected)
        check = {
            "column_name": "*",
            "check_name": name,
            "value": value,
            "expected": written,
            "passed": passed,
        }
        rows["quality_metrics"].append({**common(0), **check})
    return view(rows, **changes)


def sentences(found: View) -> list[str]:
    return [plain(said) for said in found.quality.losses]


def test_nothing_is_said_where_nothing_is_lost() -> None:
    found = lost({"reference_windows_with_rows": (14.0, 14, True), "rows_set_aside": (0.0, 0, True)})
    assert sentences(found) == []


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        (
            {
                "reference_windows_with_rows": (10.0, 14, False),
                "reference_objects_set_aside": (2.0, 0, None),
                "reference_rows_set_aside": (1200.0, None, None),
            },
            "The reference has rows on 10 of 14 days; 2 objects and 1\u202f200 rows of it could not be read.",
        ),
        ({"reference_windows_with_rows": (1.0, 4, None)}, "The reference has rows on 1 of 4 days."),
        (
            {
                "reference_windows_with_rows": (4.0, 4, True),
                "reference_objects_set_aside": (1.0, 0, False),
            },
            "Of the reference 1 object could not be read.",
        ),
        ({"reference_rows_set_aside": (1.0, None, None)}, "Of the reference 1 row could not be read."),
        (
            {"hidden_paths": (1.0, None, None), "objects_not_parquet": (3.0, None, None)},
            "Passed over: 1 hidden path, 3 objects that are not Parquet.",
        ),
        (
            {"label_hidden_paths": (2.0, None, None), "label_objects_not_parquet": (1.0, None, None)},
            "Passed over among the labels: 2 hidden paths, 1 object that is not Parquet.",
        ),
        ({"links_outside": (2.0, 0, False)}, "Passed over: 2 links that lead out or nowhere."),
        (
            {"rows_without_time": (4.0, None, None), "rows_beyond_lateness": (1.0, None, None)},
            "Set aside: 4 rows without a time, 1 row too far from its folder's time.",
        ),
        (
            {"rows_without_time": (1.0, None, None), "unreadable_label_times": (3.0, 0, False)},
            "Set aside: 1 row without a time, 3 labels whose time cannot be read.",
        ),
        (
            {"rows_from_other_folders": (2.0, None, None), "rows_in_other_windows": (1.0, None, None)},
            "2 rows lie in the folders of other windows, 1 row in its folders belongs to another window.",
        ),
        ({"reference_windows_with_rows": (None, 14, None), "hidden_paths": (None, None, None)}, None),
    ],
)
def test_sentences(checks: dict[str, Any], expected: str | None) -> None:
    found = lost(checks)
    assert sentences(found) == ([] if expected is None else [expected])
    assert found.quality.reported == ()


def test_a_sentence_is_on_the_page_with_the_place_of_its_figures() -> None:
    page = render_view(lost({"reference_windows_with_rows": (10.0, 14, False)}))
    assert "10 of 14 days</data>" in page
    assert 'data-r="*|reference_windows_with_rows"' in page
