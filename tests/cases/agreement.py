"""Hold published figures against right ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.cases.running import Ran

RANKED = ("roc_auc", "average_precision")
"""Scores are counted in bins, so that these figures are within a published bound; all others are exact."""
RANKED_WITHIN = {"roc_auc": 1e-3, "average_precision": 5e-3}
RELATIVE = 1e-6
"""Of sums: values are rounded to a step of their column."""


def assert_figures(
    ran: Ran, number: int, right: Mapping[str, float], *, class_label: str | None = None
) -> None:
    """Every figure of a day that is named is there, is the right one, and says that it is ``ok``."""
    for metric, value in right.items():
        row = ran.performance(number, metric, class_label)
        assert row["status"] == "ok", (metric, row["status"], row["reason"])
        bound = row["error_bound"] or 0.0
        if metric.startswith(RANKED):
            # The bound must hold, and be worth something.
            away = abs(row["value"] - value)
            assert away <= bound + 1e-9, (metric, row["value"], value, bound)
            name = next(ranked for ranked in RANKED if metric.startswith(ranked))
            assert away <= RANKED_WITHIN[name], (metric, row["value"], value)
        else:
            assert row["value"] == pytest.approx(value, rel=RELATIVE, abs=max(bound, 1e-9)), metric
            assert bound <= abs(value) * 1e-3, (metric, bound)


def assert_no_figure(ran: Ran, number: int, metrics: tuple[str, ...]) -> None:
    """Figures of a day that cannot be had: null, with a word and a sentence why."""
    for metric in metrics:
        row = ran.performance(number, metric)
        assert row["value"] is None, metric
        assert row["status"] != "ok", metric
        assert len(row["reason"].split()) >= 3, metric


def assert_calm(ran: Ran, *numbers: int) -> None:
    """Published; on these days no check failed and no alert is under way."""
    assert ran.said.status == 0, ran.said.text
    for number in numbers:
        assert ran.failed(number) == {}
        assert ran.alerts(number) == []
