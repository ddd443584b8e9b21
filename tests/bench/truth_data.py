"""The two logs that tools are held against: flights as they were, and a generated one whose truth is known.

Both are written alike, a folder a day: ``log/dt=…`` with ``requested_at``, ``request_id``, ``score``,
``prediction`` and the features, ``labels/dt=…`` with ``request_id`` and ``label``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

AT, ID, SCORE, PREDICTION, LABEL = "requested_at", "request_id", "score", "prediction", "label"
Floats = npt.NDArray[np.float64]
Score = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """A log: its calendar, its columns, and what plays which part in the faults.

    ``fault_at`` is the number of the first day with a fault. ``parts`` names the column (or column and value)
    that each fault takes. ``score`` answers a day's requests again, where the model is at hand.
    """

    name: str
    first: datetime
    days: int
    reference_days: int
    fault_at: int
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    segments: tuple[str, ...]
    parts: dict[str, Any]
    day: Callable[[int], pd.DataFrame]
    score: Score | None = None

    def date(self, number: int) -> str:
        """The day of that number."""
        return f"{self.first + timedelta(days=number):%Y-%m-%d}"

    def frame(self, number: int) -> pd.DataFrame:
        """A clean day: features, answers and the label, a row for each request."""
        made = self.day(number)
        return self.score(made) if self.score else made


def write_days(root: Path, frames: Iterator[pd.DataFrame], numbers: range, first: datetime) -> None:
    """Write frames of whole days, which may reach into the next one; days beyond ``numbers`` are dropped."""
    for number, frame in zip(numbers, by_day(frames, numbers, first), strict=True):
        date = f"{first + timedelta(days=number):%Y-%m-%d}"
        for folder, columns in (("log", [c for c in frame if c != LABEL]), ("labels", [ID, LABEL])):
            path = root / folder / f"dt={date}" / "part.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # it may be a link to the clean one
            rows = frame[columns] if folder == "log" else frame[columns].dropna().drop_duplicates(ID)
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)


def by_day(frames: Iterator[pd.DataFrame], numbers: range, first: datetime) -> Iterator[pd.DataFrame]:
    """The rows by the day of their time, which a moved clock may make the next one."""
    later: pd.DataFrame | None = None
    for number, frame in zip(numbers, frames, strict=True):
        rows = frame if later is None or later.empty else pd.concat([later, frame], ignore_index=True)
        end = pd.Timestamp(first + timedelta(days=number + 1))
        later = rows[rows[AT] >= end]
        yield rows[rows[AT] < end]


def write_clean(case: Case, root: Path) -> Path:
    """The whole log without a fault, and its monitor; what is there already stays."""
    folder = root / case.name / "clean"
    if (folder / "whole").exists():
        return folder
    write_days(folder, map(case.frame, range(case.days)), range(case.days), case.first)
    (folder / "monitor.yaml").write_text(yaml.safe_dump(monitor(case), sort_keys=False), encoding="utf-8")
    (folder / "whole").touch()
    return folder


def link_clean(clean: Path, folder: Path) -> None:
    """The same log again in another folder, without a copy."""
    for path in clean.rglob("*.parquet"):
        there = folder / path.relative_to(clean)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.unlink(missing_ok=True)
        os.link(path, there)
    (folder / "monitor.yaml").write_bytes((clean / "monitor.yaml").read_bytes())


def monitor(case: Case) -> dict[str, Any]:
    """The monitor as a user would write it: no column's part in a fault is known to it."""
    return {
        "monitor": f"truth_{case.name}",
        "task": "binary_classification",
        "logs": {
            "uri": "log",
            "timestamp": AT,
            "prediction_id": ID,
            "prediction": PREDICTION,
            "score": SCORE,
        },
        "labels": {"uri": "labels", "prediction_id": ID, "label": LABEL, "mature_after": "0d"},
        "positive_label": 1,
        "features": {"numeric": list(case.numeric), "categorical": list(case.categorical)},
        "segments": list(case.segments),
        "granularity": "day",
        "base": "hour",
        "reference": {"window": [case.date(0), case.date(case.reference_days)]},
        "alerts": {"min_rows": 200},
    }


# The generated log: people who ask for credit, some of them over an app.

_REGIONS = ("north", "south", "east", "west", "centre", "coast", "hills", "islands")
_OF_REGIONS = np.array([0.24, 0.2, 0.16, 0.13, 0.11, 0.08, 0.05, 0.03])
_CHANNELS, _OF_CHANNELS = ("app", "web", "branch", "phone", "partner"), np.array([0.4, 0.3, 0.15, 0.1, 0.05])
_PLANS, _OF_PLANS = ("basic", "plus", "family"), np.array([0.55, 0.3, 0.15])
_DEVICES, _OF_DEVICES = ("android", "ios", "desktop", "none"), np.array([0.35, 0.25, 0.25, 0.15])
_SHOPS = tuple(f"shop_{number:03d}" for number in range(200))
_OF_SHOPS = (1 / np.arange(4, 204)) / (1 / np.arange(4, 204)).sum()
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 11, 11, 12, 12, 12, 13, 12, 10, 8, 5, 3, 2])
_NUMERIC = (
    *("income", "age", "tenure_months", "balance", "credit_limit", "utilisation", "transactions"),
    *("ticket", "days_since_login", "rating", "discount", "distance_km", "latency_ms", "temperature"),
)
_CATEGORICAL = ("region", "channel", "plan", "device", "shop", "is_new", "has_app")
_DAY_EFFECT, _WEEKDAY_EFFECT, _SPREAD_OF_ROWS, _WEEKEND = 0.05, 0.1, 0.05, 0.7


def generated(rows: int = 2000, days: int = 150, seed: int = 1) -> Case:
    """21 columns of mixed kinds, whose means and shares differ by weekday and from day to day."""

    def day(number: int) -> pd.DataFrame:
        return _requests(seed, number, rows)

    return Case(
        name="generated",
        first=datetime(2025, 1, 6, tzinfo=UTC),
        days=days,
        reference_days=28,
        fault_at=min(80, days - 5),
        numeric=_NUMERIC,
        categorical=_CATEGORICAL,
        segments=("region",),
        parts={
            "unit": "income",
            "swapped": ("balance", "credit_limit"),
            "nulls": "utilisation",
            "renamed": ("channel", "web"),
            "frozen": "temperature",
            "lost": ("region", "west"),
            "slow": "utilisation",
            "decoupled": "credit_limit",
        },
        day=day,
        score=_answered,
    )


def _requests(seed: int, number: int, rows: int) -> pd.DataFrame:  # the truth is in the hidden column
    rng, weekly = np.random.default_rng([seed, number]), np.random.default_rng([seed, 7, number % 7])
    effects = rng.normal(0, _DAY_EFFECT, 16) + weekly.normal(0, _WEEKDAY_EFFECT, 16)
    weekend = _WEEKEND if number % 7 >= 5 else 1.0
    n = round(rows * weekend * float(np.exp(rng.normal(0, _SPREAD_OF_ROWS))))
    noise = rng.normal(size=(n, 16)) + effects
    wealth, activity = noise[:, 0], noise[:, 1]
    start = datetime(2025, 1, 6, tzinfo=UTC) + timedelta(days=number)
    hours = rng.choice(24, n, p=_HOURS / _HOURS.sum()) + rng.random(n)
    income = np.exp(10.4 + 0.5 * (0.8 * wealth + 0.6 * noise[:, 2])).round(0)
    limit = np.exp(8.3 + 0.5 * (0.85 * wealth + 0.53 * noise[:, 3])).round(-1)
    used = 1 / (1 + np.exp(-(-0.6 - 0.3 * wealth + 0.95 * noise[:, 4])))
    age = np.clip(38 + 12 * (0.4 * wealth + 0.92 * noise[:, 5]), 18, 90).round(0)
    transactions = rng.poisson(np.exp(2.2 + 0.4 * activity))
    frame = pd.DataFrame(
        {
            AT: pd.to_datetime(pd.Timestamp(start) + pd.to_timedelta(np.sort(hours), unit="h")).floor("us"),
            ID: [f"{number}-{row}" for row in range(n)],
            "income": income,
            "age": age.astype(np.int64),
            "tenure_months": rng.gamma(2, 18, n).round(0).astype(np.int64),
            "balance": (limit * used).round(2),
            "credit_limit": limit,
            "utilisation": used.round(4),
            "transactions": transactions,
            "ticket": np.exp(3 + 0.3 * wealth + 0.6 * noise[:, 6]).round(2),
            "days_since_login": rng.exponential(6 * np.exp(-0.3 * activity)).round(1),
            "rating": np.where(rng.random(n) < 0.04, np.nan, np.clip(np.round(3.8 + noise[:, 7]), 1, 5)),
            "discount": rng.choice([0.0, 5.0, 10.0, 20.0], n, p=[0.7, 0.15, 0.1, 0.05]),
            "distance_km": np.exp(1.5 + 0.8 * noise[:, 8]).round(2),
            "latency_ms": np.exp(4.5 + 0.4 * noise[:, 9]).round(1),
            "temperature": (15 + 6 * noise[:, 10]).round(1),
        }
    )
    for at, (name, values, shares) in enumerate(
        (
            ("region", _REGIONS, _OF_REGIONS),
            ("channel", _CHANNELS, _OF_CHANNELS),
            ("plan", _PLANS, _OF_PLANS),
            ("device", _DEVICES, _OF_DEVICES),
            ("shop", _SHOPS, _OF_SHOPS),
        )
    ):
        frame[name] = rng.choice(values, n, p=_moved(shares, rng, [seed, 9, at, number % 7]))
    frame["is_new"] = rng.random(n) < 0.12
    frame["has_app"] = (frame["device"].isin(["android", "ios"])) & (rng.random(n) < 0.9)
    risk = _risk(frame) + 0.25 * (frame["region"] == "coast") + 0.15 * rng.normal(size=n)
    return frame.assign(**{LABEL: (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(np.int8)})


def _moved(shares: Floats, rng: np.random.Generator, seed: list[int]) -> Floats:
    weekly = np.random.default_rng(seed)
    effects = rng.normal(0, _DAY_EFFECT, len(shares)) + weekly.normal(0, _DAY_EFFECT, len(shares))
    moved = shares * np.exp(effects)
    return np.asarray(moved / moved.sum())


def _risk(frame: pd.DataFrame) -> Any:
    """The log odds that the model sees in the features."""
    return (
        -1.1
        - 1.3 * (np.log(frame["income"].clip(lower=1)) - 10.4)
        + 0.9 * (np.log(frame["credit_limit"].clip(lower=1)) - 8.3)
        + 2.4 * (frame["utilisation"].fillna(0.35) - 0.38)
        - 0.02 * (frame["age"] - 38)
        - 0.03 * (frame["transactions"] - 10)
        + 0.03 * (frame["days_since_login"] - 6)
        + 0.5 * (frame["channel"] == "partner")
        + 0.4 * (frame["channel"] == "phone")
        + 0.4 * frame["is_new"]
    )


def _answered(frame: pd.DataFrame) -> pd.DataFrame:
    score = (1 / (1 + np.exp(-_risk(frame)))).round(6)
    return frame.assign(**{SCORE: score, PREDICTION: (score >= 0.5).astype(np.int8)})


_FLIGHTS = {"late_probability": SCORE, "late": PREDICTION}


def flights(root: Path) -> Case:
    """The demo's flights of March to June; whether a fault is there is known, what else changes is not."""
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.pipeline.request import SilentProgress

    folder = root / "demo"
    if not (folder / "written").exists():
        prepare(folder, SilentProgress())
        (folder / "written").touch()
    from driftline_jobs.demo.features import CATEGORICAL, NUMERIC

    first = datetime(2013, 3, 1, tzinfo=UTC)
    labels = pd.read_parquet(folder / "labels")[[ID, "arrived_late"]]
    labels = labels.rename(columns={"arrived_late": LABEL})

    def day(number: int) -> pd.DataFrame:
        date = f"{first + timedelta(days=number):%Y-%m-%d}"
        read = pq.read_table(folder / "logs" / f"dt={date}" / "part-0.parquet", partitioning=None).to_pandas()
        read = read.rename(columns=_FLIGHTS).drop(columns=["day_of_week", "tail_number", "model_version"])
        requests: pd.DataFrame = read.astype(dict.fromkeys(NUMERIC, np.float64))
        return requests.merge(labels, how="left", on=ID)

    return Case(
        name="flights",
        first=first,
        days=91,
        reference_days=31,
        fault_at=50,
        numeric=NUMERIC,
        categorical=tuple(name for name in CATEGORICAL if name != "day_of_week"),
        segments=("origin",),
        parts={
            "unit": "temperature",
            "swapped": ("temperature", "dew_point"),
            "nulls": "wind_speed",
            "renamed": ("carrier", "DL"),
            "frozen": "pressure",
            "lost": ("carrier", "UA"),
            "slow": "humidity",
            "decoupled": "arrival_hour",
        },
        day=day,
    )
