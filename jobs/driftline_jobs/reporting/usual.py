"""What is usual, as a page says it: the facts of the reference, and of the window's own outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables.profiles import cell_of, merged_outcomes
from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.registry import task_of
from driftline_reports.inputs import Confusion, ReferenceFacts
from driftline_schemas.column_kinds import Form, kind_spec
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import ALL, table_column
from driftline_schemas.window import Window

Row = Mapping[str, Any]
# Of fewer windows no band is known: it would be their extremes.
_LEAST_WINDOWS: Final = 5
_BAND: Final = (0.025, 0.975)


def usual(
    monitor: Monitor,
    window: Window,
    reference: Reference,
    columns: Mapping[str, Row],
    charted: Collection[str],
) -> ReferenceFacts:
    """The facts of the reference of ``window``.

    ``columns`` are those of its columns (see ``described``), ``charted`` the columns, as tables call them,
    of which the band of the windows' medians is wanted: it takes a profile a window.
    """
    windows = reference.windows_for(window)
    outcomes = reference.outcomes_without(window).get(WHOLE)
    return ReferenceFacts(
        windows=len(windows),
        rows=sum(one.rows for one in windows) if windows else reference.rows,
        start=windows[0].start if windows else None,
        end=windows[-1].end if windows else None,
        season=reference.seasonal,
        columns=columns,
        medians=_medians(reference, window, charted),
        performance=_performance(monitor, reference, window),
        confusion=None if outcomes is None else confusion(outcomes),
    )


def described(name: str, bins: Bins, profile: Profile) -> Row:
    """A profile as a row of ``profile_metrics`` says it, of a column as the tables call it."""
    row = {"column_name": name, "column_kind": bins.kind, "count": profile.rows, "nulls": profile.nulls}
    for column, values in bins.described([profile]).items():
        row[column] = values[0] if isinstance(values, list) else values
    return row


def confusion(outcomes: Outcomes) -> Confusion | None:
    """Of a binary classifier whose log has predicted classes."""
    if not isinstance(outcomes, BinaryOutcomes) or not sum(outcomes.confusion):
        return None
    rejections, false_alarms, misses, hits = outcomes.confusion
    return Confusion(hits, misses, false_alarms, rejections)


def confusion_of(profiles: Iterable[dict[str, Any]]) -> Confusion | None:
    """Of a window's rows of ``profiles``, those of the whole."""
    rows = [row for row in profiles if row["column_name"] == ALL]
    found = merged_outcomes(rows, cell_of).get(WHOLE)
    return None if found is None else confusion(found)


def _medians(
    reference: Reference, window: Window, charted: Collection[str]
) -> dict[str, tuple[float, float]]:
    """The band of the medians of the reference's windows, by column as the tables call it."""
    names = {table_column(name): name for name in reference.binning.columns}
    wanted = {names[label]: label for label in charted if label in names}
    profiles: dict[str, list[Profile]] = {}
    if not wanted or len(reference.windows) < _LEAST_WINDOWS:
        return {}
    compared = {one.start for one in reference.windows_for(window)}
    for one, found in reference.columns_by_window(wanted):
        if one.start in compared:
            for name, profile in found.items():
                profiles.setdefault(name, []).append(profile)
    bands = {}
    for name, several in profiles.items():
        band = _median_band(reference.binning, name, several)
        if band is not None:
            bands[wanted[name]] = band
    return bands


def _median_band(binning: Binning, name: str, profiles: list[Profile]) -> tuple[float, float] | None:
    medians: list[float | None] = []
    for found in binning.columns[name].settled(profiles):
        if kind_spec(found.bins.kind).form is Form.CATEGORIES:
            return None
        figures: dict[str, Any] = found.bins.described(found.profiles)
        medians += figures.get("p50", [])
    return _band([value for value in medians if value is not None])


def _performance(monitor: Monitor, reference: Reference, window: Window) -> dict[str, tuple[float, float]]:
    """The band of each metric that is one figure a window, by labels."""
    outcomes = [found for start, found in reference.whole_outcomes() if start != window.start]
    if len(outcomes) < _LEAST_WINDOWS:
        return {}
    bands = {}
    for (metric, class_label), figures in task_of(monitor, reference.binning).measure(outcomes).items():
        band = _band(figures.value[figures.ok].tolist()) if class_label is None else None
        if band is not None:
            bands[metric] = band
    return bands


def _band(values: list[float]) -> tuple[float, float] | None:
    if len(values) < _LEAST_WINDOWS:
        return None
    low, high = np.quantile(np.array(values), _BAND).tolist()
    return low, high
