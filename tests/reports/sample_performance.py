"""How well the model of a sample did: its rows of performance, and what every row of a table begins with."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from tests.reports.sample_story import Sample
from tests.reports.sample_tables import run_id

from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

CELL = ("model_version", "segment", "segment_value")


class PerformanceMaker:
    """Makes one sample's rows of performance."""

    sample: Sample
    monitor: Monitor
    windows: list[Window]
    last: Window
    rng: np.random.Generator
    rows: dict[str, list[dict[str, Any]]]

    def is_off(self, index: int) -> bool:
        """Whether the window at ``index`` lies in the bad stretch at the end."""
        return index >= len(self.windows) - self.sample.days_off

    def common(
        self, window: Window, part: str, cell: tuple[str, str, str] = ("*", "*", "*")
    ) -> dict[str, Any]:
        """The columns that every metric table begins with."""
        return {
            "monitor": self.monitor.monitor,
            "window_start": window.start,
            "window_end": window.end,
            "granularity": window.granularity.value,
            "model_version": cell[0],
            "segment": cell[1],
            "segment_value": cell[2],
            "run_id": run_id(window, part),
        }

    def performance(self) -> None:
        """Realized and estimated figures of every window; labels of the last week may be incomplete."""
        if not self.sample.rows:
            return
        figures = {
            "roc_auc": 0.741,
            "average_precision": 0.52,
            "accuracy": 0.781,
            "f1": 0.43,
            "log_loss": 0.468,
            "brier": 0.152,
            "ece": 0.021,
            "positive_rate": 0.23,
        }
        for index, window in enumerate(self.windows):
            final = self.sample.final or index < len(self.windows) - 7
            for metric, level in figures.items():
                fall = 0.11 if self.is_off(index) and self.sample.worse else 0.0
                worse = (
                    level + fall if metric in {"log_loss", "brier", "ece", "positive_rate"} else level - fall
                )
                for kind in ("realized", "estimated"):
                    if (kind == "realized" and not self.sample.labels) or (
                        kind == "estimated" and not self.sample.estimated
                    ):
                        continue
                    value = float(
                        (worse if kind == "realized" else level - fall * 0.2) + self.rng.normal(0, 0.012)
                    )
                    self.rows["performance_metrics"].append(
                        self.performed(window, metric, kind, value, final=final)
                    )
                if self.sample.labels and self.sample.estimated:
                    real, guess = self.rows["performance_metrics"][-2:]
                    off = {"value": guess["value"] - real["value"], "threshold": None, "degraded": None}
                    self.rows["performance_metrics"].append({**guess, "kind": "estimate_error", **off})
        for version, rows in (("v1", 402), ("v2", 522)):
            row = self.performed(
                self.last,
                "roc_auc",
                "realized" if self.sample.labels else "estimated",
                0.66,
                final=self.sample.final,
            )
            self.rows["performance_metrics"].append(
                {**row, "model_version": version, "n": rows, "degraded": None}
            )
        for origin, auc in (("EWR", 0.571), ("JFK", 0.688), ("LGA", 0.701)):
            row = self.performed(
                self.last,
                "roc_auc",
                "realized" if self.sample.labels else "estimated",
                auc,
                final=self.sample.final,
            )
            self.rows["performance_metrics"].append(
                {**row, "segment": "origin", "segment_value": origin, "n": 300, "degraded": None}
            )
        points = [[round(s, 3), round(s * 0.9 + 0.02, 3), 90] for s in np.linspace(0.03, 0.8, 12)]
        self.rows["performance_curves"].append(
            {
                **self.common(self.last, "performance"),
                "curve": "calibration",
                "kind": "realized",
                "points": json.dumps(points),
            }
        )

    def performed(
        self, window: Window, metric: str, kind: str, value: float, *, final: bool
    ) -> dict[str, Any]:
        """One performance row."""
        limit = {"roc_auc": 0.70, "accuracy": 0.70}.get(metric)
        return {
            **self.common(window, "performance"),
            "metric": metric,
            "kind": kind,
            "class_label": None,
            "value": value,
            "ci_low": value - 0.031 if kind == "realized" else None,
            "ci_high": value + 0.029 if kind == "realized" else None,
            "error_bound": 0.0 if metric == "accuracy" else 0.0004,
            "n": 871 if kind == "realized" else 924,
            "label_coverage": (0.943 if final else 0.61) if kind == "realized" else None,
            "is_final": final if kind == "realized" else None,
            "windows": 1,
            "reference_value": 0.752 if metric == "roc_auc" else None,
            "trivial_value": 0.5 if metric == "roc_auc" else None,
            "threshold": limit,
            "threshold_source": "rule" if limit else None,
            "degraded": value < limit if limit else None,
            "status": "ok",
            "reason": None,
        }
