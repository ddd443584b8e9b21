"""Cases of scores and values that are no probabilities, or too large or small for one fixed step."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
from tests.cases.writing import CaseFolder, generator, model_rows

DAYS = 16


def score_percent(case: CaseFolder) -> None:
    """A score from 0 to 100, of which a share lies below 1 and looks like a probability."""
    for number in range(DAYS):
        rows, random = model_rows(number, 2000), generator(number + 99)
        p = random.beta(0.6, 6, len(rows))
        case.put(
            number,
            rows.assign(p=p * 100, pred=(p > 0.2).astype(int), y=(random.random(len(rows)) < p).astype(int)),
        )
    case.monitor()


def score_logit(case: CaseFolder) -> None:
    """A score that is a margin: log odds, without a bound."""
    for number in range(DAYS):
        rows = model_rows(number, 2000)
        case.put(number, rows.assign(p=np.log(rows.p / (1 - rows.p))))
    case.monitor()


def score_only(case: CaseFolder) -> None:
    """No predicted class; from 2026-01-16 on, labels are positive far more often."""
    for number in range(18):
        rows, random = model_rows(number), generator(number)
        if number >= 15:
            rows.loc[(random.random(len(rows)) < 0.45) & (rows.y == 0), "y"] = 1
        case.put(number, rows.drop(columns=["y", "pred"]))
        case.put_labels(number, rows.id, rows.y)
    case.monitor(late_labels=True, logs={"prediction": None})


def heavy_tails(case: CaseFolder) -> None:
    """A regression of insurance claims: nine of ten are zero, the rest log-normal over eight decades."""
    for number in range(DAYS):
        random, rows = generator(number), model_rows(number, 1500)[["ts", "id", "x1", "cat"]]
        rows["pred"] = 5 + random.uniform(0, 0.5, len(rows))
        nothing = random.random(len(rows)) < 0.9
        rows["y"] = np.where(nothing, 0.0, random.lognormal(7, 2.2, len(rows)))
        case.put(number, rows)
    case.monitor(task="regression", logs={"score": None})


def mostly_zero(case: CaseFolder) -> None:
    """A number that is mostly zero, one below the least normal double, and decimals."""
    for number in range(DAYS):
        random, rows = generator(number), model_rows(number)
        nothing = random.random(len(rows)) < 0.8
        rows["claims"] = np.where(nothing, 0.0, random.lognormal(6, 2, len(rows)))
        rows["small"] = random.uniform(0, 1, len(rows)) * 5e-310
        amounts = [Decimal(f"{value:.2f}") for value in random.gamma(2, 50, len(rows))]
        rows["money"] = pd.Series(amounts, dtype=object)
        case.put(number, rows)
    case.monitor()
