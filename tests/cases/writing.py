"""Logs in the shapes that teams have them: what every case is written with.

All of them stand on the same model and the same days: a binary classifier with two numbers, a category and a
flag, 600 rows a day from 2026-01-01 on. The first two weeks are the reference unless a case says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

FIRST = date(2026, 1, 1)
REFERENCE_DAYS = 14
ROWS = 600

Frame = pd.DataFrame


def day(number: int) -> date:
    """The day of a number: 0 is the first of the reference."""
    return FIRST + timedelta(days=number)


def generator(number: int) -> np.random.Generator:
    """What is random on a day beside the model's own columns."""
    return np.random.default_rng(number)


def model_rows(number: int, rows: int = ROWS) -> Frame:
    """A day of the model: ts, id, features x1, x2, cat and flag, score p, predicted class pred, label y."""
    random = np.random.default_rng(7000 + number)
    seconds = pd.to_timedelta(np.sort(random.uniform(0, 86399, rows)), unit="s")
    times = (pd.Timestamp(day(number)) + seconds).floor("ms")
    x1, x2 = random.normal(50, 10, rows), random.gamma(2.0, 3.0, rows)
    category = random.choice(["red", "green", "blue", "grey"], rows, p=[0.4, 0.3, 0.2, 0.1])
    flag = random.random(rows) < 0.3
    score = 1 / (1 + np.exp(-(0.08 * (x1 - 50) + 0.2 * (x2 - 6) + 0.5 * flag - 0.7)))
    label = (random.random(rows) < score).astype("int64")
    return pd.DataFrame(
        {
            "ts": times,
            "id": [f"{number:03d}-{row:05d}" for row in range(rows)],
            "x1": x1,
            "x2": x2,
            "cat": category,
            "flag": flag,
            "p": score,
            "pred": (score > 0.5).astype("int64"),
            "y": label,
        }
    )


@dataclass(frozen=True)
class CaseFolder:
    """The folder of a case: ``logs/``, perhaps ``labels/`` and ``ref/``, and ``monitor.yaml``."""

    root: Path

    def put(
        self,
        number: int,
        rows: Frame | pa.Table,
        below: str = "logs",
        folder: str | None = None,
        name: str = "part-0.parquet",
        **options: Any,
    ) -> Path:
        """Rows as one Parquet object, in the folder of a day unless another is named."""
        path = self.root / below / (f"dt={day(number)}" if folder is None else folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(rows, preserve_index=False) if isinstance(rows, pd.DataFrame) else rows
        pq.write_table(table, path, **options)
        return path

    def put_labels(self, number: int, ids: Any, outcome: Any) -> Path:
        """Labels of a day, all of the midnight after it."""
        at = pd.Timestamp(day(number)) + pd.Timedelta("1d")
        return self.put(number, pd.DataFrame({"id": ids, "outcome": outcome, "at": at}), below="labels")

    def monitor(
        self,
        *,
        late_labels: bool = False,
        logs: Mapping[str, Any] | None = None,
        reference_days: int = REFERENCE_DAYS,
        **others: Any,
    ) -> None:
        """The monitor file; an entry of ``logs`` that is None is left out."""
        log = {"uri": "logs", "timestamp": "ts", "prediction_id": "id", "prediction": "pred", "score": "p"}
        labels: dict[str, str] = {"column": "y"}
        if late_labels:
            labels = {
                "uri": "labels",
                "prediction_id": "id",
                "label": "outcome",
                "timestamp": "at",
                "mature_after": "2d",
            }
        content: dict[str, Any] = {
            "monitor": "case",
            "task": "binary_classification",
            "logs": {key: value for key, value in {**log, **(logs or {})}.items() if value is not None},
            "labels": labels,
            "reference": {"window": [str(day(0)), str(day(reference_days))]},
            **others,
        }
        self.monitor_text(yaml.safe_dump(content, sort_keys=False))

    def monitor_text(self, text: str) -> None:
        """The monitor file, as somebody has typed it."""
        (self.root / "monitor.yaml").write_text(text, encoding="utf-8")

    def edited(self, name: str, edit: Callable[[dict[str, Any]], None]) -> Path:
        """Another monitor file beside the first: the same content after ``edit``."""
        content = yaml.safe_load((self.root / "monitor.yaml").read_text(encoding="utf-8"))
        edit(content)
        path = self.root / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path
