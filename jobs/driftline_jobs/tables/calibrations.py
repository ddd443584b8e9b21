"""``calibrations``: one row per reference, column and statistic, with what was learned of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from driftline_jobs.detection.calibration import Calibration, Uncalibrated
from driftline_jobs.detection.check_limits import CheckCalibration
from driftline_jobs.detection.cycles import NO_LABEL
from driftline_jobs.detection.multivariate import METRICS as MULTIVARIATE
from driftline_jobs.detection.performance import PerformanceCalibration
from driftline_jobs.detection.statistics import SIGNED
from driftline_jobs.evaluate.calibrations import Calibrations, Learned
from driftline_jobs.evaluate.learning import recognise
from driftline_jobs.evaluate.natures import Natures
from driftline_jobs.metrics.nature import Nature
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import Row, rows_of
from driftline_schemas.metrics import MOVES_BY_NATURE
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.table_names import log_column, table_column

WITHOUT_SIGN = "an older version took the figure without its sign: `driftline rebase` learns it anew"
_CHECK = "check:"
"""Before the name of a check in ``statistic``: a metric may be called like one."""
_ESTIMATE = "estimated:"
"""The same before what is expected without labels."""
_MODEL = "*"
"""Stands for the model in ``column_name`` of the calibrations' table."""

_OF_REFERENCE = "SELECT column_name, statistic, k_windows, state FROM calibrations WHERE reference_id = $1"


def add_calibrations(
    table: TableBuilder, reference: Reference, calibrations: Calibrations, created_at: datetime
) -> None:
    """Rows of ``calibrations``: what was learned, or why nothing could be."""
    learned: dict[tuple[str, str], Learned] = {
        **{
            (_column(name, statistic), statistic): found
            for (name, statistic), found in calibrations.drift.items()
        },
        **{(_MODEL, metric): found for metric, found in calibrations.performance.items()},
        **{(_MODEL, _ESTIMATE + metric): found for metric, found in calibrations.estimates.items()},
        **{(column, _CHECK + check): found for (column, check), found in calibrations.checks.items()},
    }
    for (column, statistic), found in sorted(learned.items(), key=lambda item: item[0]):
        table.add(
            1,
            reference_id=reference.reference_id,
            monitor=reference.monitor,
            column_name=column,
            statistic=statistic,
            created_at=created_at,
            **_columns(found, len(reference.windows)),
        )
    _add_natures(table, reference, calibrations.natures, created_at)


def _add_natures(table: TableBuilder, reference: Reference, natures: Natures, created_at: datetime) -> None:
    """A row for all columns, which says what was looked at, and one for each that moves by nature."""
    names = sorted(natures.columns)
    table.add(
        1 + len(names),
        reference_id=reference.reference_id,
        monitor=reference.monitor,
        column_name=[_MODEL, *map(table_column, names)],
        statistic=MOVES_BY_NATURE,
        k_windows=natures.windows,
        state=[
            canonical_json({"columns": len(names)}),
            *(canonical_json({"nature": natures.columns[name].value}) for name in names),
        ],
        created_at=created_at,
    )


def _column(name: str, statistic: str) -> str:
    """What is learned of the columns together is of no column, whatever one of them may be called."""
    return name if statistic in MULTIVARIATE else table_column(name)


def _columns(found: Learned, windows: int) -> dict[str, Any]:
    if isinstance(found, Uncalibrated):
        return {"k_windows": windows, "state": canonical_json({"uncalibrated": found.reason})}
    if isinstance(found, PerformanceCalibration):
        return {
            "k_windows": found.windows,
            "center": found.mean,
            "scale": found.deviation,
            "state": canonical_json(found.to_dict()),
        }
    if isinstance(found, CheckCalibration):
        return {
            "k_windows": found.windows,
            "center": found.means[NO_LABEL][0],
            "scale": found.deviation,
            "state": canonical_json(found.to_dict()),
        }
    effects = {group.label: group.mean - found.whole.mean for group in found.groups}
    return {
        "k_windows": found.windows,
        "n_windows_rows": 1.0 / found.sampling,
        "center": found.whole.mean,
        "scale": found.deviation,
        "weekday_effects": None if found.level is None else canonical_json(effects),
        "state": canonical_json(found.to_dict()),
    }


def calibrations_from(
    rows: Sequence[Mapping[str, Any]], monitor: Monitor, reference: Reference
) -> Calibrations:
    """Calibrations from the rows of the store; ``state`` is parsed JSON.

    Rows of a version that did not look for what moves by nature lack it: it is recognised again.
    """
    drift: dict[tuple[str, str], Calibration | Uncalibrated] = {}
    performance: dict[str, PerformanceCalibration | Uncalibrated] = {}
    estimates: dict[str, PerformanceCalibration | Uncalibrated] = {}
    checks: dict[tuple[str, str], CheckCalibration] = {}
    natures: dict[str, Nature] = {}
    windows: int | None = None
    for row in rows:
        column, statistic, state = row["column_name"], row["statistic"], row["state"]
        unknown = Uncalibrated(state["uncalibrated"]) if "uncalibrated" in state else None
        if statistic == MOVES_BY_NATURE:
            if column == _MODEL:
                windows = row["k_windows"]
            else:
                natures[log_column(column)] = Nature(state["nature"])
        elif statistic.startswith(_CHECK):
            checks[column, statistic.removeprefix(_CHECK)] = CheckCalibration.from_dict(state)
        elif statistic.startswith(_ESTIMATE):
            metric = statistic.removeprefix(_ESTIMATE)
            estimates[metric] = unknown or PerformanceCalibration.from_dict(state)
        elif column == _MODEL and statistic not in MULTIVARIATE:
            performance[statistic] = unknown or PerformanceCalibration.from_dict(state)
        else:
            name = column if statistic in MULTIVARIATE else log_column(column)
            drift[name, statistic] = unknown or _calibration(statistic, state)
    found = recognise(reference) if windows is None else Natures(natures, windows)
    return Calibrations(monitor, drift, performance, found, checks, estimates)


def _calibration(statistic: str, state: Mapping[str, Any]) -> Calibration | Uncalibrated:
    """What was learned; nothing of a statistic that an older version took without its sign."""
    found = Calibration.from_dict(state)
    if statistic in SIGNED and not found.signed:
        return Uncalibrated(WITHOUT_SIGN)
    return found


def learned_rows(store: Store, reference_id: str) -> list[Row]:
    """The rows of a reference, ``state`` parsed."""
    return [
        {**row, "state": json.loads(row["state"])} for row in rows_of(store, _OF_REFERENCE, [reference_id])
    ]
