"""The sample with all that a judged window has: a reference, incidents, impacts, columns over time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample
from tests.reports.sample_tables import run_id, to_tables

from driftline_reports.inputs import Confusion, ReferenceFacts, ReportInputs, page_name

LEVELS = ("calm", "ongoing", "changed", "suspect", "faulty", "broken", "empty", "unjudged")
INCIDENTS = (
    ("3f2a01", "new", "critical", "data", True, "humidity is empty in all 924 rows", ["humidity"], 0),
    ("77aa02", "ongoing", "medium", "drift", False, "carrier UA: 40% of rows, usually 20%", ["carrier"], 5),
    ("90bc03", "accepted", "medium", "drift", False, "precip rose", ["precip"], 30),
    ("12de04", "resolved", "low", "drift", False, "seats fell", ["seats"], 3),
)


def make_full(sample: Sample | None = None, level: str = "faulty") -> ReportInputs:
    """Inputs of a window that stands at ``level``, with everything a page may show of it."""
    sample = sample or Sample()
    inputs = make(sample)
    rng = np.random.default_rng(sample.seed + 1)
    starts = sorted(inputs.tables["runs"]["window_start"].unique().to_pylist())
    profiles = [row for row in inputs.tables["profile_metrics"].to_pylist() if row["column_kind"]]
    names = [row["column_name"] for row in profiles]
    given: dict[str, list[dict[str, Any]]] = {name: [] for name in inputs.tables}
    given["incidents"] = [_incident(inputs, known, names) for known in INCIDENTS]
    given["impacts"] = [_impact(inputs, name, n, rng) for n, name in enumerate(names)]
    given["alert_actions"] = [_accepted(inputs)]
    made = to_tables(given)
    place = {"monitor": inputs.monitor.monitor, "granularity": inputs.window.granularity.value}
    levels = [
        {
            **place,
            "window_start": start,
            "level": LEVELS[n % len(LEVELS)] if start != inputs.window.start else level,
        }
        for n, start in enumerate(starts)
    ]
    tables = {**inputs.tables, **{name: made[name] for name in ("incidents", "impacts", "alert_actions")}}
    tables["window_levels"] = pa.Table.from_pylist(levels)
    tables["profile_course"] = pa.Table.from_pylist(
        [_past(row, start, rng) for row in profiles for start in starts]
    )
    performance = tables["performance_metrics"]
    pooled = [row for row in performance.to_pylist() if _lead(row, inputs)]
    several = [{**row, "windows": 28, "value": 0.65, "n": 20_000, "degraded": True} for row in pooled]
    if several:
        more = pa.Table.from_pylist(several, schema=performance.schema)
        tables["performance_metrics"] = pa.concat_tables([performance, more])
    calendar = inputs.monitor.calendar
    pages = {start: page_name(inputs.monitor, calendar.containing(start)) for start in starts[::2]}
    return replace(
        inputs,
        tables=tables,
        reference=_reference(inputs, profiles),
        confusion=Confusion(hits=90, misses=110, false_alarms=130, rejections=541),
        pages={start: name.rpartition("/")[2] for start, name in pages.items()},
    )


def _lead(row: dict[str, Any], inputs: ReportInputs) -> bool:
    here = row["window_start"].replace(tzinfo=None) == inputs.window.start.replace(tzinfo=None)
    return bool(here and row["segment"] == "*" and row["model_version"] == "*" and row["kind"] == "realized")


def _common(inputs: ReportInputs) -> dict[str, Any]:
    window = inputs.window
    return {
        "monitor": inputs.monitor.monitor,
        "window_start": window.start,
        "window_end": window.end,
        "granularity": window.granularity.value,
        "model_version": "*",
        "segment": "*",
        "segment_value": "*",
        "run_id": run_id(window, "judgement"),
    }


def _incident(inputs: ReportInputs, known: tuple[Any, ...], names: list[str]) -> dict[str, Any]:
    identity, state, severity, topic, certain, headline, columns, back = known
    first = inputs.window
    for _ in range(back):
        first = inputs.monitor.calendar.previous(first)
    return {
        **_common(inputs),
        "incident_id": identity,
        "state": state,
        "severity": severity,
        "topic": topic,
        "certain": certain,
        "headline": headline,
        "first_window": first.start,
        "last_window": inputs.window.start,
        "columns": json.dumps([name for name in columns if name in names]),
        "alerts": "[]",
        "evidence": "{}",
    }


def _impact(inputs: ReportInputs, name: str, place: int, rng: np.random.Generator) -> dict[str, Any]:
    return {
        **_common(inputs),
        "column_name": name,
        "metric": "mean_score",
        "value": float(rng.normal(0, 0.01)),
        "reference_value": 0.23,
        "noise": 0.008,
        "importance": 1.0 / (place + 2),
        "n": 27_004,
        "reference_id": "ref-2013-03",
        "status": "ok",
    }


def _accepted(inputs: ReportInputs) -> dict[str, Any]:
    return {
        "monitor": inputs.monitor.monitor,
        "incident_id": "90bc03",
        "action": "accept",
        "actor": "kim",
        "acted_at": inputs.window.start - timedelta(days=20),
        "comment": "summer",
    }


def _past(row: dict[str, Any], start: Any, rng: np.random.Generator) -> dict[str, Any]:
    median = row["p50"]
    return {
        **{name: row[name] for name in ("model_version", "segment", "segment_value", "column_name")},
        **{name: row[name] for name in ("column_kind", "count", "nulls", "nans", "top_values")},
        "window_start": start,
        "p50": None if median is None else float(median * rng.normal(1, 0.05)),
    }


def _reference(inputs: ReportInputs, profiles: list[dict[str, Any]]) -> ReferenceFacts:
    figures = ("p05", "p50", "p95", "min", "max")
    usual = {
        row["column_name"]: {
            **row,
            "count": 27_004,
            "nulls": 240,
            **{name: None if row[name] is None else row[name] * 0.9 for name in figures},
        }
        for row in profiles
    }
    medians = {name: row["p50"] for name, row in usual.items() if row["p50"] is not None}
    bands = {name: (median * 0.9, median * 1.1) for name, median in medians.items()}
    return ReferenceFacts(
        windows=31,
        rows=27_004,
        start=inputs.window.start - timedelta(days=200),
        end=inputs.window.start - timedelta(days=169),
        columns=usual,
        medians=bands,
        performance={"roc_auc": (0.71, 0.79), "accuracy": (0.74, 0.82)},
        confusion=Confusion(hits=3000, misses=3300, false_alarms=3600, rejections=17_104),
    )
