"""Impacts of a window's columns, by the table of the reference's rows by column and score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from driftline_jobs.detection.impact import Chance, Impact, noise, with_chance
from driftline_jobs.metrics.figures import FloatArray, IntArray, Status, reason_of
from driftline_jobs.metrics.impact import (
    bin_weights,
    concentration,
    deviation,
    divergence,
    explained,
    is_known,
    mean_change,
)
from driftline_jobs.metrics.intervals import Z
from driftline_jobs.metrics.performance import FigureKey
from driftline_jobs.metrics.samples import OrderedSample
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.by_score import ByScore, NoiseKey
from driftline_jobs.references.reference import Reference, ReferenceWindow
from driftline_jobs.tasks.base import AnyTask, Figures
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.weighing import Weighable
from driftline_schemas.metrics import MEAN_PREDICTION, MEAN_SCORE
from driftline_schemas.monitor import Monitor
from driftline_schemas.performance_specs import AVERAGES
from driftline_schemas.table_names import table_column, table_value
from driftline_schemas.task_specs import Scores

_LEFT_OUT = frozenset({"precision", "recall", "ece"})
"""Metrics of which impacts say little that those of f1 and brier do not."""
_AVERAGE = "_macro"
"""Of the averages over classes the one that is weighed."""
_ALL, _ROUNDING = 1.0 - 1e-9, 1e-12
_MEASURED_AT_ONCE = 256
_MOST_CLUSTERS = 64
_MOST_WINDOWS = 128
"""So many windows at even distances show as well what is noise as all of a year's hours."""


@dataclass(frozen=True)
class Weighed:
    """One window: the profiles of its whole by column, and the share of the reference's rows that it is."""

    profiles: Mapping[str, Profile]
    own: float = 0.0


def score_columns(monitor: Monitor) -> dict[str | None, str]:
    """The columns of scores by class, as ``Task.score_counts`` has them; of a regression the prediction's."""
    score = monitor.logs.score
    if monitor.task_spec.scores is Scores.BY_CLASS:
        scores = score if isinstance(score, Mapping) else {}
        return {table_value(name): column for name, column in scores.items()}
    if isinstance(score, str):
        return {None: score}
    return {None: monitor.logs.prediction} if monitor.task_spec.numeric and monitor.logs.prediction else {}


class Weigher:
    """Holds windows against the rows of their reference by column and score."""

    def __init__(self, monitor: Monitor, task: AnyTask, reference: Reference, by_score: ByScore) -> None:
        self.task, self.reference, self.by_score = task, reference, by_score
        self._mean_metric = MEAN_PREDICTION if monitor.task_spec.numeric else MEAN_SCORE
        self.whole = task.score_counts(by_score.whole)
        self._monitor = monitor
        self._score_columns = score_columns(monitor)
        self.means = {
            of: self._bin_means(self._score_columns[of], len(counts)) for of, counts in self.whole.items()
        }

    def _bin_means(self, column: str, size: int) -> FloatArray:
        """(size,) the mean score of each bin in the reference, those around it where it has none."""
        bins = self.reference.binning.columns[column]
        sample = bins.sample([self.reference.cells[WHOLE][column]])
        if not isinstance(sample, OrderedSample):
            raise TypeError(f"the scores in {column} have no edges")
        rows, sums = sample.counts[0, :size], sample.sums[0, :size]
        there = np.flatnonzero((rows > 0) & np.isfinite(sums))
        if not len(there):
            return np.zeros(size)
        return np.interp(np.arange(size), there, sums[there] / rows[there])

    @cached_property
    def _columns(self) -> dict[str, _Column]:
        return {name: _Column(self, name) for name in sorted(self.by_score.columns)}

    def of_windows(self, windows: Sequence[Weighed], *, means_alone: bool = False) -> list[list[Impact]]:
        """The impacts of each window, of every column of the table in its order: on every figure, or with
        ``means_alone``, which takes a tenth of the time, on the mean score or prediction."""
        found: list[list[Impact]] = [[] for _ in windows]
        columns = self._columns
        for start in range(0, len(windows), step := max(_MEASURED_AT_ONCE // max(len(columns), 1), 1)):
            chosen = windows[start : start + step]
            changes = {name: column.changed(chosen) for name, column in columns.items()}
            measured = {} if means_alone else self._measured(changes)
            for at, impacts in enumerate(found[start : start + step]):
                for number, name in enumerate(columns):
                    figures = {key: values[number * len(chosen) + at] for key, values in measured.items()}
                    impacts.extend(self._rows(columns[name], changes[name], at, figures))
        return found

    def learned(self) -> ByScore:
        """The table with what the windows of the reference teach: see ``ByScore``."""
        pieces = list(self.reference.whole_by_window())
        windows = [profiles for _, profiles in pieces]
        by_window = {name: column.by_window(windows) for name, column in self._columns.items()}
        table = replace(self.by_score, by_window=by_window, spread=self._spread(windows))
        return replace(table, noise=Weigher(self._monitor, self.task, self.reference, table).noise(pieces))

    def _spread(self, windows: Sequence[Mapping[str, Profile]]) -> dict[FigureKey, float]:
        """The standard deviation of each figure over the windows that have it."""
        values: dict[FigureKey, FloatArray] = {}
        for of_class, means in self.means.items() if windows else ():
            column = self._score_columns[of_class]
            bins = self.reference.binning.columns[column]
            sample = bins.sample([profiles.get(column, bins.empty()) for profiles in windows])
            counts = sample.counts[:, : len(means)]
            rows = counts.sum(-1)
            there = rows > 0
            values[self._mean_metric, of_class] = (counts[there] * means).sum(-1) / rows[there]
        outcomes = [outcome for _, outcome in self.reference.whole_outcomes()]
        if self.usual and outcomes:
            measured = self.task.measure(outcomes)
            values |= {key: measured[key].value[measured[key].ok] for key in self.usual}
        return {key: float(np.std(of, ddof=1)) for key, of in values.items() if len(of) > 1}

    def noise(self, pieces: Sequence[tuple[ReferenceWindow, Mapping[str, Profile]]]) -> dict[NoiseKey, float]:
        """What the impacts of clean windows stay within, by those of the reference without themselves."""
        pieces = pieces[:: -(-len(pieces) // _MOST_WINDOWS) or 1]
        rows = max(self.reference.rows, 1)
        impacts = self.of_windows([Weighed(found, window.rows / rows) for window, found in pieces])
        values: dict[NoiseKey, list[float]] = {}
        for several in impacts:
            for one in several:
                key = (one.column_name, one.metric, one.class_label)
                values.setdefault(key, []).append(np.nan if one.value is None else one.value)
        limits = {key: float(noise(np.array(of))) for key, of in values.items()}
        return {key: limit for key, limit in limits.items() if np.isfinite(limit)}

    # -- of the reference ------------------------------------------------------------------------

    @cached_property
    def usual(self) -> dict[FigureKey, _Usual]:
        """The reference's own figures that are weighed."""
        if not self.by_score.whole.labelled:
            return {}
        whole = Weighable([self.by_score.whole]).weighted(np.ones(1))
        found = self._chosen(self.task.measure([whole]))  # by the way the others are made by
        rows = self._chosen(self.task.measure([self.by_score.whole]))  # which the interval needs as they are
        return {
            key: _Usual(
                float(figure.value[0]),
                int(np.nan_to_num(rows[key].n[0])),
                Chance(float(rows[key].ci_high[0] - rows[key].ci_low[0]) / (2.0 * Z), self._spread_of(key)),
            )
            for key, figure in found.items()
            if figure.ok[0] and rows[key].ok[0]
        }

    @cached_property
    def _usual_means(self) -> dict[str | None, _Usual]:
        """The mean of each score, or of the prediction; its standard error is the deviation over √n."""
        found = {}
        for of_class, counts in self.whole.items():
            rows, means = int(counts.sum()), self.means[of_class]
            mean = float((counts * means).sum()) / max(rows, 1)
            error = deviation(counts, means) / max(rows, 1) ** 0.5
            found[of_class] = _Usual(
                mean, rows, Chance(error, self._spread_of((self._mean_metric, of_class)))
            )
        return found

    def _spread_of(self, key: FigureKey) -> float:
        return self.by_score.spread.get(key, np.nan)

    def _chosen(self, figures: Figures) -> Figures:
        """Those of the model as a whole that are weighed."""
        unwanted = tuple(ending for ending in AVERAGES if ending != _AVERAGE)
        return {
            (metric, of_class): figure
            for (metric, of_class), figure in figures.items()
            if of_class is None
            and not metric.endswith(unwanted)
            and metric.removesuffix(_AVERAGE) not in _LEFT_OUT
        }

    def _measured(self, changes: Mapping[str, _Change]) -> dict[FigureKey, FloatArray]:
        """(columns * windows,) figures of the reference, weighed by each column as in each window."""
        if not self.usual:
            return {}
        cells: list[Outcomes] = []
        for change in changes.values():
            cells += change.outcomes()
        figures = self.task.measure(cells)
        return {key: figures[key].value for key in self.usual}

    # -- rows ------------------------------------------------------------------------------------

    def _rows(
        self, column: _Column, change: _Change, at: int, figures: Mapping[FigureKey, float]
    ) -> Iterator[Impact]:
        means = {
            (self._mean_metric, of_class): usual.value + change.means[of_class][at]
            for of_class, usual in self._usual_means.items()
        }
        why, unknown = change.status(at), float(change.unknown[at])
        apart = float(change.apart[at]), float(change.alone[at])
        shared: dict[str, Any] = {
            "column_name": table_column(column.name),
            "importance": column.importance,
            "unknown_share": unknown if np.isfinite(unknown) else None,
        }
        for (metric, of_class), found in {**means, **figures}.items():
            is_mean = metric == self._mean_metric
            usual = self._usual_means[of_class] if is_mean else self.usual[metric, of_class]
            value = _rounded(float(found) - usual.value, usual.value)
            status = Status.TOO_FEW_ROWS if why == Status.OK and not np.isfinite(value) else why
            limit = self.by_score.noise.get((shared["column_name"], metric, of_class))
            yield Impact(
                metric=metric,
                class_label=of_class,
                value=value if status == Status.OK else None,
                reference_value=usual.value,
                reference_stddev=usual.chance.error * usual.rows**0.5 if is_mean and usual.rows else None,
                noise=with_chance(limit, usual.chance, *apart) if status == Status.OK else None,
                n=usual.rows,
                status=status,
                reason=reason_of(status),
                **shared,
            )


def _rounded(value: float, usual: float) -> float:
    """Zero where only the last places differ: of a column that has not changed, whose noise may be zero."""
    return 0.0 if abs(value) <= _ROUNDING * abs(usual) else value


class _Usual(NamedTuple):
    """A figure of the reference, the rows it rests on, and how uncertain it is."""

    value: float
    rows: int
    chance: Chance


class _Column:
    """One feature of the table."""

    def __init__(self, weigher: Weigher, name: str) -> None:
        self.name = name
        self.bins = weigher.reference.binning.columns[name]
        parts = weigher.by_score.columns[name]
        self._at = sorted(parts)
        self.places = self.bins.places
        self.then: IntArray = np.zeros(int(self.places.max()) + 1, np.int64)
        self.then[self._at] = [parts[place].predictions for place in self._at]
        self.weighable = Weighable([parts[place] for place in self._at])
        by_place = [weigher.task.score_counts(parts[place]) for place in self._at]
        self.counts = {of: np.stack([counts[of] for counts in by_place]) for of in weigher.whole}
        self.means = weigher.means
        known = weigher.by_score.by_window.get(name, ())
        self._by_window = np.array(known, np.int64).reshape(len(known), len(self.then))

    def by_window(self, windows: Sequence[Mapping[str, Profile]]) -> list[list[int]]:
        """(D, places) rows of the reference by its windows, ascending, those that follow each other taken
        together where there are more than 64."""
        counts = self._placed(windows)
        if len(counts):
            step = -(-len(counts) // _MOST_CLUSTERS)
            counts = np.add.reduceat(counts, np.arange(0, len(counts), step))
        found: list[list[int]] = counts.tolist()
        return found

    def _placed(self, windows: Sequence[Mapping[str, Profile]]) -> IntArray:
        """(W, places) rows of windows."""
        counts: IntArray = np.zeros((len(windows), len(self.then)), np.int64)
        if windows:
            profiles = [profiles.get(self.name, self.bins.empty()) for profiles in windows]
            np.add.at(counts.T, self.places, self.bins.sample(profiles).every_row().T)
        return counts

    @cached_property
    def importance(self) -> float | None:
        """Share of the variance of the score (of all scores together, where there are several) that it
        explains."""
        parts = [explained(counts, self.means[of]) for of, counts in self.counts.items()]
        total = sum(all_of_it for _, all_of_it in parts)
        return sum(between for between, _ in parts) / total if total > 0 else None

    def changed(self, windows: Sequence[Weighed]) -> _Change:
        """What the windows have of it."""
        now = self._placed([window.profiles for window in windows])
        weights, unknown = bin_weights(
            now,
            self.then,
            is_known(self.then, self._by_window),
            np.array([window.own for window in windows]),
        )
        apart = divergence(weights, self.then)
        alone = concentration(weights, self._by_window) if len(self._by_window) else np.zeros(len(windows))
        # side by side, so that how many windows there are leaves no trace in the order of adding
        weights = np.ascontiguousarray(weights[:, self._at])
        means = {of: mean_change(weights, counts, self.means[of]) for of, counts in self.counts.items()}
        return _Change(self, weights, unknown, apart, alone, means)


@dataclass(frozen=True)
class _Change:
    """A column in several windows: (windows, parts) weights, (windows,) the rest. ``apart`` and ``alone`` are
    the ``divergence`` and the ``concentration`` of the weights."""

    column: _Column
    weights: FloatArray
    unknown: FloatArray
    apart: FloatArray
    alone: FloatArray
    means: Mapping[str | None, FloatArray]

    def status(self, at: int) -> Status:
        """Why there is no impact in one of the windows."""
        if np.isnan(self.unknown[at]):
            return Status.EMPTY_WINDOW
        if np.isnan(self.weights[at]).any():
            return Status.NO_REFERENCE
        return Status.UNKNOWN_VALUES if self.unknown[at] > _ALL else Status.OK

    def outcomes(self) -> list[Outcomes]:
        """Those of the reference, so weighted, of each window."""
        return [self.column.weighable.weighted(np.nan_to_num(row, nan=1.0)) for row in self.weights]
