"""Cases of classes: spelled one way in the monitor file, another in the log, a third in the labels."""

from __future__ import annotations

import numpy as np
from tests.cases.writing import CaseFolder, generator, model_rows

DAYS = 16


def positive_yes(case: CaseFolder) -> None:
    """Classes yes and no, and ``positive_label: yes`` without quotes, which YAML 1.1 takes for true."""
    for number in range(DAYS):
        rows = model_rows(number)
        case.put(
            number,
            rows.assign(
                pred=np.where(rows.pred == 1, "yes", "no"),
                y=np.where(rows.y == 1, "yes", "no"),
            ),
        )
    case.monitor_text(
        """\
monitor: case
task: binary_classification
logs: {uri: logs, timestamp: ts, prediction_id: id, prediction: pred, score: p}
labels: {column: y}
positive_label: yes
reference: {window: [2026-01-01, 2026-01-15]}
"""
    )


def positive_left_out(case: CaseFolder) -> None:
    """Classes churn and stay, and a monitor file that does not say which of them is positive."""
    for number in range(DAYS):
        rows = model_rows(number)
        case.put(number, rows.assign(pred=np.where(rows.pred == 1, "churn", "stay")).drop(columns="y"))
        case.put_labels(number, rows.id, np.where(rows.y == 1, "churn", "stay"))
    case.monitor(late_labels=True)


def bool_and_text(case: CaseFolder) -> None:
    """Predictions are booleans, labels the texts True and False."""
    for number in range(DAYS):
        rows = model_rows(number)
        case.put(number, rows.assign(pred=rows.pred.astype(bool)).drop(columns="y"))
        case.put_labels(number, rows.id, np.where(rows.y == 1, "True", "False"))
    case.monitor(late_labels=True, positive_label=True)


def class_called_no(case: CaseFolder) -> None:
    """Three countries, one of which is called no: as an unquoted key, YAML 1.1 takes it for false."""
    names = np.array(["no", "se", "dk"])
    for number in range(DAYS):
        random = generator(number)
        rows = model_rows(number)[["ts", "id", "x1"]]
        scores = random.dirichlet([2, 1.5, 1], len(rows))
        rows[["p0", "p1", "p2"]] = scores
        rows["pred"] = names[scores.argmax(1)]
        rows["y"] = names[[random.choice(3, p=each) for each in scores]]
        case.put(number, rows)
    case.monitor_text(
        """\
monitor: case
task: multiclass_classification
logs: {uri: logs, timestamp: ts, prediction_id: id, prediction: pred, score: {no: p0, se: p1, dk: p2}}
labels: {column: y}
reference: {window: [2026-01-01, 2026-01-15]}
"""
    )
