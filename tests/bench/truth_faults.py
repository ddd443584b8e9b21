"""Twelve faults as they happen, each put into a clean log by a seeded script, from one day on.

Where the model is at hand (the generated log), it answers what it was asked with the damaged features; the
flights keep the answers that they had: there the log is damaged, not what the model saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tests.bench.truth_data import (
    AT,
    ID,
    LABEL,
    PREDICTION,
    SCORE,
    Case,
    link_clean,
    write_clean,
    write_days,
)

Change = Callable[[pd.DataFrame, np.random.Generator, Case, int], pd.DataFrame]


@dataclass(frozen=True)
class Fault:
    """What is changed before the model answers, or after it.

    ``within``: windows in which it shall be found. ``part``: the columns of the case that are changed.
    ``right``: what else the first word of a message may be about, as kind and name.
    """

    change: Change
    after: bool = False
    within: int = 2
    part: str = ""
    right: tuple[tuple[str, str], ...] = ()


def right_of(name: str, case: Case) -> list[tuple[str, str]]:
    """What the first word of a message on the fault may be about, as kind and name, ``*`` for any."""
    fault = FAULTS[name]
    if not fault.part:
        return list(fault.right)
    part = case.parts[fault.part]
    several = fault.part == "swapped"
    columns = list(part) if several else [part if isinstance(part, str) else part[0]]
    return [("*", column) for column in columns] + list(fault.right)


def write_fault(case: Case, name: str, root: Path) -> Path:
    """The clean log with one fault, from the case's day on; what is there already stays."""
    folder, fault = root / case.name / name, FAULTS[name]
    if (folder / "whole").exists():
        return folder
    clean = write_clean(case, root)
    link_clean(clean, folder)
    numbers = range(case.fault_at, case.fault_at + fault.within)
    frames = (_faulty(case, fault, number) for number in numbers)
    write_days(folder, frames, numbers, case.first)
    (folder / "whole").touch()
    return folder


def write_case(case: Case, faults: Sequence[str], root: Path) -> Path:
    """The clean log and those with a fault, and ``case.json``: what tools have to know of them."""
    write_clean(case, root)
    for name in faults:
        write_fault(case, name, root)
    about = {
        "dates": [case.date(number) for number in range(case.days)],
        "reference_days": case.reference_days,
        "fault_at": case.fault_at,
        "numeric": case.numeric,
        "categorical": case.categorical,
        "days_of": {name: fault.within for name, fault in FAULTS.items()},
        "right": {name: right_of(name, case) for name in FAULTS},
    }
    (root / case.name / "case.json").write_text(json.dumps(about), encoding="utf-8")
    return root / case.name


def _faulty(case: Case, fault: Fault, number: int) -> pd.DataFrame:
    rng, since = np.random.default_rng([number, 5]), number - case.fault_at
    if fault.after or case.score is None:
        return fault.change(case.frame(number), rng, case, since)
    return case.score(fault.change(case.day(number), rng, case, since))


def _unit(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """A year's income becomes a month's; degrees Fahrenheit become Celsius."""
    column = case.parts["unit"]
    values = frame[column]
    changed = (values - 32) / 1.8 if column == "temperature" else (values / 12).round(0)
    return frame.assign(**{column: changed})


def _swapped(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    one, other = case.parts["swapped"]
    return frame.assign(**{one: frame[other].to_numpy(), other: frame[one].to_numpy()})


def _nulls(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """Five in a hundred values go missing."""
    column = case.parts["nulls"]
    return frame.assign(**{column: frame[column].mask(rng.random(len(frame)) < 0.05)})


def _renamed(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """One value is written in another way."""
    column, value = case.parts["renamed"]
    return frame.assign(**{column: frame[column].replace(value, f"{value.lower()}_2")})


def _frozen(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """From noon of the first day on, the column keeps the value that it had."""
    column = case.parts["frozen"]
    first = case.frame(case.fault_at)
    noon = pd.Timestamp(case.first) + pd.Timedelta(days=case.fault_at, hours=12)
    value = first.loc[first[AT] < noon, column].dropna().iloc[-1]
    return frame.assign(**{column: frame[column].mask(frame[AT] >= noon, value)})


def _lost(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    column, value = case.parts["lost"]
    rows: pd.DataFrame = frame[frame[column] != value]
    return rows.reset_index(drop=True)


def _shifted(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """Log odds rise by .25, as after a wrong calibration."""
    odds = np.log(frame[SCORE].clip(1e-6, 1 - 1e-6) / (1 - frame[SCORE].clip(1e-6, 1 - 1e-6)))
    score = (1 / (1 + np.exp(-(odds + 0.25)))).round(6)
    moved = frame.copy()
    moved[SCORE], moved[PREDICTION] = score, (score >= 0.5).astype(np.int8)
    return moved


def _duplicated(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """A fifth of the rows are delivered twice."""
    both: pd.DataFrame = pd.concat([frame, frame[rng.random(len(frame)) < 0.2]])
    return both.sort_values([AT, ID], ignore_index=True)


def _clock(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """Clocks are three hours ahead."""
    moved = frame.copy()
    moved[AT] += pd.Timedelta(hours=3)
    return moved


def _slow(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """The column grows by .04 of its standard deviation a day."""
    column = case.parts["slow"]
    values = frame[column].astype(float)
    return frame.assign(**{column: values + 0.04 * (since + 1) * values.std()})


def _flipped(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    return frame.assign(**{LABEL: 1 - frame[LABEL]})


def _decoupled(frame: pd.DataFrame, rng: np.random.Generator, case: Case, since: int) -> pd.DataFrame:  # noqa: ARG001
    """The column's values belong to other rows: a join by the wrong key. No distribution changes."""
    column = case.parts["decoupled"]
    return frame.assign(**{column: rng.permutation(frame[column].to_numpy())})


FAULTS: dict[str, Fault] = {
    "unit change": Fault(_unit, part="unit"),
    "swapped columns": Fault(_swapped, part="swapped"),
    "nulls": Fault(_nulls, part="nulls"),
    "renamed category": Fault(_renamed, part="renamed"),
    "frozen value": Fault(_frozen, part="frozen"),
    "lost segment": Fault(_lost, part="lost"),
    "shifted scores": Fault(_shifted, after=True, right=(("*", SCORE), ("*", PREDICTION))),
    "duplicated rows": Fault(_duplicated, after=True, right=(("duplicates", "*"), ("*", ID))),
    "moved clock": Fault(_clock, after=True, right=(("clock", "*"), ("*", AT))),
    "slow drift": Fault(_slow, within=10, part="slow"),
    "flipped labels": Fault(_flipped, after=True, right=(("*", LABEL), ("performance", "*"))),
    "decoupled columns": Fault(_decoupled, part="decoupled", right=(("together", "*"),)),
}
