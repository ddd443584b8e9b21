"""The right figures of a case: from its raw rows, by pandas and scikit-learn alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import metrics
from tests.cases.writing import Frame, day

Values = Any


def raw_rows(folder: Path, number: int) -> Frame:
    """The log's rows of a day, from the objects whose path names the day, with the label ``y`` where it lies
    in objects of its own. Every label of these cases lies in the folder of its prediction's day."""
    rows = _of_day(folder / "logs", number)
    if (folder / "labels").is_dir():
        labels = _of_day(folder / "labels", number)
        if len(labels):
            rows = rows.merge(labels[["id", "outcome"]].rename(columns={"outcome": "y"}), on="id", how="left")
    return rows


def _of_day(root: Path, number: int) -> Frame:
    paths = sorted(path for path in root.rglob(f"*={day(number)}/*") if path.is_file())
    tables = [pq.ParquetFile(path).read() for path in paths]
    return pd.concat([_readable(table) for table in tables]) if tables else pd.DataFrame()


def _readable(table: pa.Table) -> Frame:
    """Views as texts: pandas has no other form for them."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field
        for field in table.schema
    ]
    frame: Frame = table.cast(pa.schema(fields)).to_pandas()
    return frame


def ranked(label: Values, score: Values) -> dict[str, float]:
    """Figures that need the order of the scores only."""
    return {
        "roc_auc": float(metrics.roc_auc_score(label, score)),
        "average_precision": float(metrics.average_precision_score(label, score)),
    }


def calibrated(label: Values, score: Values) -> dict[str, float]:
    """Figures that need scores to be probabilities."""
    return {
        "log_loss": float(metrics.log_loss(label, score)),
        "brier": float(metrics.brier_score_loss(label, score)),
    }


def confusion(label: Values, predicted: Values) -> dict[str, float]:
    """Figures of predicted classes; both as 0 and 1."""
    return {
        "accuracy": float(metrics.accuracy_score(label, predicted)),
        "precision": float(metrics.precision_score(label, predicted)),
        "recall": float(metrics.recall_score(label, predicted)),
        "f1": float(metrics.f1_score(label, predicted)),
        "positive_rate": float(np.mean(label)),
    }


def binary(rows: Frame, positive: str | int = 1) -> dict[str, float]:
    """All figures of columns ``y``, ``pred`` and ``p``."""
    label, predicted = (rows[name].eq(positive).to_numpy().astype(int) for name in ("y", "pred"))
    score = rows["p"].to_numpy(np.float64)
    return {**ranked(label, score), **calibrated(label, score), **confusion(label, predicted)}


def multiclass(rows: Frame, scores: dict[str, str]) -> dict[tuple[str, str | None], float]:
    """Figures by metric and class (None for the model as a whole); ``scores`` has a column per class."""
    label, predicted = rows["y"].to_numpy(object), rows["pred"].to_numpy(object)
    classes = sorted(scores)
    shares = rows[[scores[name] for name in classes]].to_numpy(np.float64)
    found: dict[tuple[str, str | None], float] = {
        ("accuracy", None): float(metrics.accuracy_score(label, predicted)),
        ("log_loss", None): float(metrics.log_loss(label, shares, labels=classes)),
    }
    for place, name in enumerate(classes):
        found["roc_auc", name] = float(metrics.roc_auc_score(label == name, shares[:, place]))
        found["precision", name], found["recall", name] = (
            float(figure(label == name, predicted == name))
            for figure in (metrics.precision_score, metrics.recall_score)
        )
    found["roc_auc_macro", None] = float(np.mean([found["roc_auc", name] for name in classes]))
    return found


def regression(label: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> dict[str, float]:
    """Figures of a regression; relative errors of the targets that are not zero."""
    error = predicted - label
    nonzero = label != 0
    return {
        "mae": float(metrics.mean_absolute_error(label, predicted)),
        "rmse": float(metrics.root_mean_squared_error(label, predicted)),
        "r2": float(metrics.r2_score(label, predicted)),
        "bias": float(error.mean()),
        "mape": float(metrics.mean_absolute_percentage_error(label[nonzero], predicted[nonzero])),
    }
