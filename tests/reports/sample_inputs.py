"""Seeded report inputs with a story: all is calm, then some columns move and the model gets worse.

The tables have the columns of the contract (taken from the table definitions). Nothing here is computed by
the package under test.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from tests.reports.sample_performance import CELL, PerformanceMaker
from tests.reports.sample_story import FIRST_NAMES, KINDS, VALUES, Sample, monitor
from tests.reports.sample_tables import drift_table, run_id, to_tables

from driftline_reports.inputs import Distribution, ReportInputs
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.window import Window

Values = np.ndarray[Any, np.dtype[np.float64]]

ORDERED = (
    "psi", "js_distance", "ks", "wasserstein", "tvd", "chi_squared", "anderson_darling", "l_infinity",
    "null_fraction_delta",
)  # fmt: skip
CATEGORY = (
    "psi",
    "js_distance",
    "tvd",
    "chi_squared",
    "l_infinity",
    "null_fraction_delta",
    "unseen_fraction",
)
DECIDING = {"anderson_darling", "chi_squared"}
SCALE = {
    "psi": 0.02, "js_distance": 0.06, "ks": 0.03, "wasserstein": 0.4, "tvd": 0.04, "chi_squared": 22.0,
    "anderson_darling": 1.1, "l_infinity": 0.012, "null_fraction_delta": 0.001, "unseen_fraction": 0.0002,
}  # fmt: skip
JUMP = {"js_distance": 5.0, "tvd": 6.0, "ks": 8.0, "l_infinity": 6.0}
CATEGORICAL = {"categorical", "boolean", "prediction", "label"}


def make(sample: Sample | None = None) -> ReportInputs:
    """Inputs of the page for the last window of ``sample``."""
    sample = sample or Sample()
    return Maker(sample).inputs()


class Maker(PerformanceMaker):
    """Makes one sample's tables."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.rng = np.random.default_rng(sample.seed)
        changes: dict[str, Any] = dict(sample.monitor)
        if not sample.labels:
            changes.setdefault("labels", None)
        self.monitor = monitor(**changes)
        calendar = self.monitor.calendar
        last = calendar.containing(sample.start)
        windows = [last]
        while len(windows) < sample.windows:
            windows.insert(0, calendar.previous(windows[0]))
        self.windows: list[Window] = windows
        self.last = last
        names = list(sample.columns or FIRST_NAMES[: sample.count])
        names += [f"feature_{n:03d}" for n in range(len(names), sample.count)]
        self.names = names
        self.off = set(names[: sample.drifted])
        self.values: dict[str, tuple[Values, Values]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in load_tables()}
        self.drift_of_windows: list[pa.Table] = []

    def inputs(self, **others: Any) -> ReportInputs:
        """The inputs, with the tables as Arrow."""
        self.runs()
        self.drift()
        self.profiles()
        self.performance()
        self.quality()
        self.judgement()
        tables = to_tables(self.rows)
        drift = pa.concat_tables([*self.drift_of_windows, tables["drift_metrics"]]).combine_chunks()
        return ReportInputs(
            monitor=self.monitor,
            window=self.last,
            tables={**tables, "drift_metrics": drift},
            distributions=self.distributions(),
            generated_at=self.last.end + timedelta(hours=7, minutes=12),
            **others,
        )

    def kind(self, name: str) -> str:
        """What kind of column ``name`` is."""
        return KINDS.get(name, "numeric")

    def runs(self) -> None:
        """One published run a window and part, and the objects each read."""
        for window in self.windows:
            for part in ("data", "performance", "judgement"):
                self.rows["runs"].append(
                    {
                        **{k: v for k, v in self.common(window, part).items() if k not in CELL},
                        "part": part,
                        "status": "published",
                        "as_of": window.end + timedelta(hours=6),
                        "published_at": window.end + timedelta(hours=7),
                        "engine": "local",
                        "code_version": "0.1.0",
                        "config_hash": self.monitor.config_hash,
                        "reference_id": "ref-2013-03" if self.sample.reference else None,
                        "binning_id": "bin-01",
                        "started_at": window.end + timedelta(hours=7),
                        "finished_at": window.end + timedelta(hours=7, seconds=2),
                        "rows_read": self.sample.rows
                        if window == self.last
                        else 900 + int(self.rng.integers(90)),
                        "rows_quarantined": 3 if part == "data" else 0,
                        "bytes_read": 81_234 + int(self.rng.integers(9000)),
                        "labels_matched": 871 if self.sample.labels else 0,
                        "cpu_seconds": 0.412,
                        "wall_seconds": 0.266,
                        "peak_memory_bytes": 312_000_000,
                    }
                )
        for role, folder in (("prediction", "serving-logs"), ("label", "labels")):
            part = "data" if role == "prediction" else "performance"
            day = self.last.start
            self.rows["run_inputs"].append(
                {
                    "run_id": run_id(self.last, part),
                    "role": role,
                    "uri": f"s3://{folder}/flight_delay/dt={day:%Y-%m-%d}/part-0.parquet",
                    "etag": '"9f2c6d0e4ab14f4d8a1f4c2f5d1b3a77"',
                    "size_bytes": 81_234,
                    "rows": 927,
                    "rows_matched": 924,
                    "min_timestamp": day,
                    "max_timestamp": day + timedelta(hours=23),
                    "state": "read",
                    "reason": "3 rows are stamped more than 1 day outside the folder's day"
                    if role == "prediction"
                    else None,
                }
            )

    def drift(self) -> None:
        """Every drift metric of every column and window, against the reference and the window before."""
        if not self.sample.rows:
            return
        for index, window in enumerate(self.windows):
            figures = []
            for place, name in enumerate(self.names):
                bad = name in self.off and self.is_off(index)
                weight = max(1.0 / (1 + place * 0.25), 0.6)
                for comparison in ("reference", "previous"):
                    if comparison == "reference" and not self.sample.reference:
                        continue
                    figures += [
                        self.figure(name, metric, comparison, weight if bad else 0.0)
                        for metric in (ORDERED if self.kind(name) not in CATEGORICAL else CATEGORY)
                    ]
            # A window at a time: of 500 columns, all windows are 800,000 rows.
            self.drift_of_windows.append(drift_table(self.common(window, "data"), figures))
        if self.sample.reference and self.sample.drifted and self.sample.rows:
            for name in self.names[: self.sample.drifted]:
                for value in ("EWR", "JFK", "LGA"):
                    cell = self.common(self.last, "data", ("*", "origin", value))
                    for metric in DECIDING:
                        self.rows["drift_metrics"].append(
                            {**cell, **self.figure(name, metric, "reference", 1.0)}
                        )

    def figure(self, name: str, metric: str, comparison: str, bad: float) -> dict[str, Any]:
        """One row's own columns."""
        value = float(SCALE[metric] * self.rng.gamma(8.0, 0.125) * (1 + bad * JUMP.get(metric, 18.0)))
        decides = metric in DECIDING and comparison == "reference"
        limit = SCALE[metric] * 3 if decides else None
        p = float(self.rng.uniform(0.05, 1.0)) if not bad else float(self.rng.uniform(1e-9, 1e-5))
        calibrated = decides and self.sample.calibrated
        return {
            "column_name": name,
            "column_kind": self.kind(name),
            "comparison": comparison,
            "metric": metric,
            "value": value,
            "value_debiased": value - SCALE[metric] * 0.5 if metric == "psi" else None,
            "lower_bound": value if metric == "ks" else None,
            "upper_bound": value * 1.2 if metric == "ks" else None,
            "p_value": p if calibrated else None,
            "q_value": min(p * 4, 1.0) if calibrated else None,
            "threshold": limit,
            "threshold_source": ("calibrated" if calibrated else "fixed_default") if decides else None,
            "drifted": bool(limit is not None and value > limit) if decides else None,
            "n_current": self.sample.rows,
            "n_reference": 27_004,
            "reference_id": "ref-2013-03" if comparison == "reference" else None,
            "status": "ok",
            "reason": None,
        }

    def profiles(self) -> None:
        """What every column looked like in the last window."""
        if not self.sample.rows:
            return
        for name in self.names:
            moments: dict[str, float] = {}
            if self.kind(name) not in CATEGORICAL:
                now, _ = self.drawn(name)
                shares = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
                quantiles = np.quantile(now, shares).tolist()
                moments = {
                    f"p{round(share * 100):02d}": value
                    for share, value in zip(shares, quantiles, strict=True)
                }
                moments |= {"mean": now.mean(), "stddev": now.std(), "min": now.min(), "max": now.max()}
            self.rows["profile_metrics"].append(
                {
                    **self.common(self.last, "data"),
                    "column_name": name,
                    "column_kind": self.kind(name),
                    "count": self.sample.rows,
                    "nulls": int(self.rng.integers(30)),
                    "nans": 0,
                    "infinities": 0,
                    "zeros": 12,
                    "distinct_count": 118,
                    **moments,
                    "top_values": json.dumps([{"count": 160, "value": "UA"}, {"count": 150, "value": "B6"}])
                    if self.kind(name) in CATEGORICAL
                    else None,
                }
            )

    def quality(self) -> None:
        """Checks of the last windows."""
        checks: list[tuple[str, str, float, list[float | None] | None]] = [
            ("*", "rows_expected", float(self.sample.rows), [500, None]),
            ("*", "freshness", 812.0, [None, 86_400]),
            ("*", "duplicate_ids", 2.0, None),
        ]
        checks += [(name, "null_fraction", 0.012, [None, 0.05]) for name in self.names]
        for index, window in enumerate(self.windows):
            for column, check, value, expected in checks:
                failed = (check == "rows_expected" and value < 500 and window == self.last) or (
                    self.is_off(index)
                    and bool(self.sample.drifted)
                    and (column, check) == (self.names[0], "null_fraction")
                )
                self.rows["quality_metrics"].append(
                    {
                        **self.common(window, "data"),
                        "column_name": column,
                        "check_name": check,
                        "value": 0.18 if failed and check == "null_fraction" else value,
                        "expected": json.dumps(expected) if expected is not None else None,
                        "passed": None if expected is None else not failed,
                    }
                )

    def judgement(self) -> None:
        """Attributions and alerts of the last window."""
        if not self.sample.rows:
            return
        if self.sample.labels and self.sample.worse and self.sample.days_off:
            for value, mix, rate, share in (
                ("EWR", -0.004, -0.058, 0.56),
                ("JFK", 0.002, -0.031, 0.26),
                ("LGA", 0.001, -0.02, 0.18),
            ):
                self.rows["attributions"].append(
                    {
                        **self.common(self.last, "judgement", ("*", "origin", value)),
                        "metric": "roc_auc",
                        "column_name": "*",
                        "mix": mix,
                        "rate": rate,
                        "share": share,
                        "n": 300,
                    }
                )
        for index, window in enumerate(self.windows):
            if self.is_off(index) and self.sample.drifted and self.sample.reference:
                first = self.windows[max(len(self.windows) - self.sample.days_off, 0)]
                for name in self.names[: self.sample.drifted]:
                    self.rows["alerts"].append(
                        {
                            **self.common(window, "judgement"),
                            "alert_id": f"al-{name[:20]}",
                            "column_name": name,
                            "metric": "anderson_darling",
                            "severity": "warning",
                            "state": "open",
                            "first_window": first.start,
                            "last_window": window.start,
                            "evidence": json.dumps({"value": 21.4, "threshold": 3.3, "q_value": 1e-6}),
                        }
                    )

    def drawn(self, name: str) -> tuple[Values, Values]:
        """Values of an ordered column in the last window and in the reference; the same each time."""
        if name not in self.values:
            rng = np.random.default_rng([self.sample.seed, self.names.index(name)])
            skewed = name in {"precip", "distance"}
            before = rng.gamma(3.0, 6.0, 27_000) if skewed else rng.normal(40, 7, 27_000)
            bad = name in self.off
            now = rng.choice(before, self.sample.rows) * (1.12 if bad else 1.0) + (3 if bad else 0)
            if self.kind(name) == "datetime":
                now, before = now * 9e4 + 1.36e9, before * 9e4 + 1.36e9
            self.values[name] = now, before
        return self.values[name]

    def distributions(self) -> dict[str, Distribution]:
        """Counts per bin of the last window and the reference."""
        made = {}
        for name in self.names:
            kind, bad = self.kind(name), name in self.off
            missing = (int(self.rng.integers(30)), 240)
            if kind in CATEGORICAL:
                labels = (*VALUES.get(name, ("a", "b", "c")), "__other__")
                share = np.sort(self.rng.dirichlet(np.full(len(labels) - 1, 1.2)))[::-1]
                shifted = np.roll(share, 1) * 0.4 + share * 0.6 if bad else share
                reference = np.append(self.rng.multinomial(27_000, share), 4)
                current = np.append(self.rng.multinomial(self.sample.rows, shifted), 0)
                made[name] = Distribution(
                    name, kind, current, reference if self.sample.reference else None, None, labels, *missing
                )
                continue
            now, draw = self.drawn(name)
            edges = np.unique(np.quantile(draw, [0.001, 0.01, *np.arange(0.05, 0.96, 0.05), 0.99, 0.999]))
            made[name] = Distribution(
                name,
                kind,
                np.bincount(np.searchsorted(edges, now, side="right"), minlength=len(edges) + 1),
                np.bincount(np.searchsorted(edges, draw, side="right"), minlength=len(edges) + 1)
                if self.sample.reference
                else None,
                edges,
                None,
                *missing,
            )
        return made
