"""Hold what a run has published against pandas, numpy and scikit-learn on the raw rows."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from tests.property.columns import BOOLEAN, CATEGORICAL, DATETIME, NUMERIC, ColumnShape, Truth
from tests.property.writing import WINDOW, Written

from driftline_jobs.stores import open_store

QUANTILES = (1, 5, 25, 50, 75, 95, 99)
_MONITOR = "any"
_RELATIVE = 1e-6
"""Of means and sums: values are rounded to a step of their column."""
_WITHIN = 0.01
"""Of quantiles, which are read off buckets."""
_NEXT_TO_ZERO = 1e-7
"""Of the greatest value, what quantiles may be off by next to zero; zero itself is zero."""


@dataclass(frozen=True)
class Tables:
    """The current rows of the window."""

    descriptions: pd.DataFrame
    performance: pd.DataFrame

    @classmethod
    def of(cls, url: str) -> Tables:
        """Read them from a store."""
        with closing(open_store(url)) as store:
            descriptions, performance = (
                store.current(table, _MONITOR, start=WINDOW, end=WINDOW + timedelta(days=1)).to_pandas()
                for table in ("profile_metrics", "performance_metrics")
            )
        return cls(descriptions, performance)

    def described(self, column: str, segment: str = "*", value: str = "*") -> dict[str, Any]:
        """What ``profile_metrics`` says of a column, of all rows unless a segment is named."""
        rows = self.descriptions
        rows = rows[(rows.column_name == column) & (rows.segment == segment) & (rows.segment_value == value)]
        return _only(rows)

    def figure(self, metric: str) -> dict[str, Any]:
        """A realized figure of all rows."""
        rows = self.performance
        rows = rows[(rows.metric == metric) & (rows.kind == "realized") & (rows.segment == "*")]
        return _only(rows)


def _only(rows: pd.DataFrame) -> dict[str, Any]:
    assert len(rows) == 1, rows.to_string()
    return {
        str(name): None if pd.api.types.is_scalar(value) and pd.isna(value) else value
        for name, value in rows.iloc[0].items()
    }


def assert_rows(tables: Tables, written: Written) -> None:
    """Every row counts, as logged, and in its segment."""
    assert tables.described("*")["count"] == len(written.rows)
    for region, rows in written.rows.groupby("region"):
        row = tables.described("score", "region", str(region))
        assert row["count"] == len(rows)
        assert row["nulls"] + (row["nans"] or 0) == int(rows.score.isna().sum())
        assert row["mean"] == pytest.approx(rows.score.mean(), rel=_RELATIVE)


def assert_described(row: dict[str, Any], shape: ColumnShape, truth: Truth) -> None:
    """A feature is of the right kind; its counts, mean, extremes and quantiles are those of its values."""
    assert row["column_kind"] == shape.kind or shape.type == "null", row["column_kind"]
    assert row["count"] == len(truth.values)
    assert row["nulls"] == int((~truth.valid).sum())
    if shape.kind in {NUMERIC, DATETIME}:
        # Of an INT96 the microseconds count.
        _assert_numbers(row, truth.present.astype(np.float64), 1e-6 if shape.kind == DATETIME else 0.0)
    elif shape.kind == BOOLEAN:
        _assert_values(row, [str(bool(value)).lower() for value in truth.present])
    elif shape.type != "null":
        assert shape.kind == CATEGORICAL
        _assert_values(row, truth.present.tolist())


def _assert_values(row: dict[str, Any], values: list[Any]) -> None:
    """Distinct values and their counts. Texts are the values; how bytes are written is another matter."""
    counts = Counter(values)
    assert row["distinct_count"] == pytest.approx(len(counts), abs=0.5)
    top = json.loads(row["top_values"])
    assert sorted(each["count"] for each in top) == sorted(counts.values())
    if all(isinstance(value, str) for value in counts):
        assert {each["value"]: each["count"] for each in top} == counts


def _assert_numbers(row: dict[str, Any], values: Any, step: float) -> None:
    finite = values[np.isfinite(values)]
    assert row["nans"] == int(np.isnan(values).sum())
    assert row["infinities"] == int(np.isinf(values).sum())
    assert row["zeros"] == int((values == 0).sum())
    if not len(finite):
        assert [row[name] for name in ("mean", "min", "max", "p50")] == [None] * 4
        return
    scale = float(np.abs(finite).max())
    assert (row["min"], row["max"]) == pytest.approx((finite.min(), finite.max()), rel=0, abs=step)
    assert row["mean"] == pytest.approx(finite.mean(), rel=_RELATIVE, abs=_RELATIVE * scale)
    for percent in QUANTILES:
        exact = float(np.quantile(finite, percent / 100, method="inverted_cdf"))
        near = _NEXT_TO_ZERO * scale if exact else 0.0
        assert row[f"p{percent:02}"] == pytest.approx(exact, rel=_WITHIN, abs=near), percent


def assert_performance(tables: Tables, rows: pd.DataFrame) -> None:
    """Figures of predicted classes and of scores, of each id's first prediction and its label."""
    first = rows.drop_duplicates("id")
    labelled = first.dropna(subset=["label"])
    truth, predicted = (labelled[name].to_numpy(int) for name in ("label", "predicted"))
    right = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "precision": metrics.precision_score(truth, predicted),
        "recall": metrics.recall_score(truth, predicted),
        "f1": metrics.f1_score(truth, predicted),
        "positive_rate": truth.mean(),
    }
    for metric, value in right.items():
        row = tables.figure(metric)
        assert (row["value"], row["n"]) == (pytest.approx(value, rel=1e-9), len(labelled)), metric
    scored = labelled.dropna(subset=["score"])
    truth, score = scored.label.to_numpy(int), scored.score.to_numpy(np.float64)
    summed = {
        "log_loss": metrics.log_loss(truth, score),
        "brier": metrics.brier_score_loss(truth, score),
    }
    for metric, value in summed.items():
        assert tables.figure(metric)["value"] == pytest.approx(value, rel=_RELATIVE), metric
    ranked = {
        "roc_auc": metrics.roc_auc_score(truth, score),
        "average_precision": metrics.average_precision_score(truth, score),
    }
    for metric, value in ranked.items():
        row = tables.figure(metric)
        assert abs(row["value"] - value) <= row["error_bound"] + 1e-9, (metric, row["value"], value)
        assert row["error_bound"] <= 0.1
    assert tables.figure("roc_auc")["n"] == len(scored)
    assert tables.figure("accuracy")["label_coverage"] == pytest.approx(len(labelled) / len(first))
