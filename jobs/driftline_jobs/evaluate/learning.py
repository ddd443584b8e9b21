"""Learning what clean windows do: a reference held against itself, column by column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from driftline_jobs.detection.calibration import NO_TIMES, NO_VALUES, TOO_SHORT, Calibration, Uncalibrated
from driftline_jobs.detection.check_limits import CheckCalibration
from driftline_jobs.detection.column_tests import (
    calibrate_column,
)
from driftline_jobs.detection.followed import SHARE, calibrate_shares
from driftline_jobs.detection.moderation import moderated
from driftline_jobs.detection.multivariate import METRICS as MULTIVARIATE
from driftline_jobs.detection.multivariate import calibrate_multivariate
from driftline_jobs.detection.performance import (
    PerformanceCalibration,
    calibrate_estimate,
    calibrate_performance,
)
from driftline_jobs.detection.resampling import (
    MIN_WINDOWS,
    Splits,
    leave_one_out,
    leave_one_out_of_its_group,
    leave_one_out_of_its_season,
    resample_blocks,
)
from driftline_jobs.detection.statistics import SIGNED
from driftline_jobs.evaluate.calibrations import Calibrations, labels_of
from driftline_jobs.evaluate.check_limits import learn_column, learn_log, learn_times
from driftline_jobs.evaluate.label_drift import label_column, label_metrics
from driftline_jobs.evaluate.multivariate import ALL_COLUMNS, stack_moments
from driftline_jobs.evaluate.natures import Natures, multivariate_places, natures_of
from driftline_jobs.evaluate.quality import column_checks
from driftline_jobs.metrics.time_of_day import mean_hour
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference, ReferenceWindow
from driftline_jobs.references.season import seasons
from driftline_jobs.references.windows import fixed_windows
from driftline_jobs.tasks.base import AnyTask
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Granularity

_HOURS_OF_A_DAY = 24
WindowOfReference = tuple[ReferenceWindow, Mapping[str, Profile]]


def recognise(reference: Reference) -> Natures:
    """Which columns of a reference move by nature."""
    return _recognised(reference, list(reference.whole_by_window()))


def _recognised(reference: Reference, windows: Sequence[WindowOfReference]) -> Natures:
    """By its windows, or by its base windows where they are few: what no two of these share, no two windows
    do. But a single window tells nothing: the hours of a day do not come twice in it.
    """
    pieces = [(window.start, profiles) for window, profiles in windows]
    if 1 < len(pieces) < MIN_WINDOWS:
        pieces = list(reference.whole_by_base()) or pieces
    return natures_of(pieces, reference.cells.get(WHOLE, {}), reference.binning)


def learn(
    reference: Reference, monitor: Monitor, task: AnyTask, initial: Natures | None = None
) -> Calibrations:
    """Hold every column, and the model, against themselves over the windows of the reference.

    ``initial``: what was recognised on the reference that this one moved on from. Where that was long
    enough, it stands: whether a column is judged must not change from window to window.
    """
    windows = list(reference.whole_by_window())
    natures = initial if initial is not None and initial.enough else _recognised(reference, windows)
    if not reference.timed:
        return _unlearned(reference, monitor, task, natures)
    taught = _Taught.of(reference, monitor, windows)
    cycles = [labels_of(window.start, monitor, monitor.granularity) for window, _ in windows]
    checks = _log_checks(reference, monitor, [window for window, _ in windows], cycles)
    drift: dict[tuple[str, str], Calibration | Uncalibrated] = {}
    for column, bins in reference.binning.columns.items():
        if column in natures.columns:
            continue
        usable = taught.usable(column)
        if not usable:
            drift |= {(column, metric): Uncalibrated(NO_VALUES) for metric in bins.deciding}
            continue
        profiles = [taught.pieces[at][column] for at in usable]
        sample = bins.sample(profiles)
        splits = taught.split([taught.starts[at] for at in usable])
        found = calibrate_column(sample, splits)
        if not reference.moves:  # what lasts is followed from the reference of the start
            found |= calibrate_shares(sample, splits)
        drift |= {(column, statistic): calibration for statistic, calibration in found.items()}
        if taught.by_window:
            name, before = table_column(column), reference.cells[WHOLE].get(column)
            of_windows = [column_checks(name, bins, profile, before, (0.0, 0.0)) for profile in profiles]
            checks |= learn_column(name, sample, of_windows)
    drift |= _moderated(drift)
    drift |= _label(reference, monitor, task)
    drift |= _joint(reference, taught, multivariate_places(reference.binning, natures.columns))
    realized, estimated = _performance(reference, task), _estimates(reference, task)
    return Calibrations(monitor, drift, realized, natures, checks, estimated)


@dataclass(frozen=True)
class _Taught:
    """The pieces of a reference that clean windows are learned from.

    Attributes:
        pieces: profiles of its windows' wholes, or of its base windows' (``by_window`` says which).
        starts: of each; ``split`` says by them how they are held against each other.
    """

    pieces: Sequence[Mapping[str, Profile]]
    starts: Sequence[datetime]
    split: Callable[[Sequence[datetime]], Splits | None]
    by_window: bool

    @classmethod
    def of(cls, reference: Reference, monitor: Monitor, windows: Sequence[WindowOfReference]) -> _Taught:
        if len(windows) < MIN_WINDOWS and monitor.base is not monitor.granularity:
            pieces: list[tuple[datetime, Mapping[str, Profile]]] = list(reference.whole_by_base())
            block = _HOURS_OF_A_DAY if monitor.base is Granularity.HOUR else 1
            length = round(len(pieces) / max(len(windows), 1))

            def resampled(starts: Sequence[datetime]) -> Splits | None:
                labels = [labels_of(start, monitor, monitor.base) for start in starts]
                return resample_blocks(labels, length=length, block=block)

            return cls._of(pieces, resampled, by_window=False)

        def one_out(starts: Sequence[datetime]) -> Splits | None:
            if reference.by_weekday:
                return leave_one_out_of_its_group([_weekday(start, monitor) for start in starts])
            labels = [labels_of(start, monitor, monitor.granularity) for start in starts]
            if reference.seasonal:
                return leave_one_out_of_its_season(labels, seasons(starts))
            return leave_one_out(labels)

        return cls._of([(window.start, profiles) for window, profiles in windows], one_out, by_window=True)

    @classmethod
    def _of(
        cls,
        pieces: Sequence[tuple[datetime, Mapping[str, Profile]]],
        split: Callable[[Sequence[datetime]], Splits | None],
        *,
        by_window: bool,
    ) -> _Taught:
        return cls([profiles for _, profiles in pieces], [start for start, _ in pieces], split, by_window)

    def usable(self, column: str) -> list[int]:
        """Places of the pieces in which a column has any value: others teach nothing about its values."""
        return [at for at, found in enumerate(self.pieces) if column in found and found[column].teaches]


def _weekday(start: datetime, monitor: Monitor) -> tuple[str, ...]:
    """The one label of windows that are held against those of their weekday and time."""
    return (f"{start.astimezone(ZoneInfo(monitor.timezone)):%a %H:%M}",)


def _log_checks(
    reference: Reference,
    monitor: Monitor,
    windows: Sequence[ReferenceWindow],
    labels: Sequence[Sequence[str]],
) -> dict[tuple[str, str], CheckCalibration]:
    """Of how many rows come, and until when; a reference elsewhere tells nothing of that."""
    if reference.external:
        return {}
    empty: list[tuple[str, ...]] = []
    if windows and not reference.moves:  # of one that moves nobody says which windows it might have had
        first, last, filled = windows[0].start, windows[-1].start, {window.start for window in windows}
        between = [one.start for one in fixed_windows(monitor) if first < one.start < last]
        empty = [labels_of(at, monitor, monitor.granularity) for at in between if at not in filled]
    told = [(one, label) for one, label in zip(windows, labels, strict=True) if reference.tells_rows(one)]
    rows, waits = [one.rows for one, _ in told], [one.freshness_seconds for one, _ in told]
    found = learn_log(rows, waits, [label for _, label in told], empty)
    of_hours = _rows_by_hour(reference, monitor, [one for one, _ in told])
    hours = [mean_hour(of_hours.get(one.start, {})) for one, _ in told]
    return found | learn_times(hours, rows, [label for _, label in told])


def _rows_by_hour(
    reference: Reference, monitor: Monitor, windows: Sequence[ReferenceWindow]
) -> dict[datetime, dict[int, int]]:
    """How many rows of each window, by its start, come in each hour of the day, by the monitor's clock;
    nothing where profiles are of no single hours."""
    if monitor.base is not Granularity.HOUR or monitor.granularity is Granularity.HOUR or not windows:
        return {}
    starts, zone = [window.start for window in windows], ZoneInfo(monitor.timezone)
    found: dict[datetime, dict[int, int]] = {}
    for start, rows in reference.rows_by_base():
        at = bisect_right(starts, start) - 1
        if at >= 0 and start < windows[at].end:
            of_window, hour = found.setdefault(starts[at], {}), start.astimezone(zone).hour
            of_window[hour] = of_window.get(hour, 0) + rows
    return found


def _moderated(
    drift: Mapping[tuple[str, str], Calibration | Uncalibrated],
) -> dict[tuple[str, str], Calibration]:
    """Those of the statistics with a sign, each moderated over the columns; all single shares together."""
    found: dict[tuple[str, str], Calibration] = {}
    for metric in (*SIGNED, SHARE):
        learned = {
            key: one
            for key, one in drift.items()
            if key[1].partition(":")[0] == metric.rstrip(":") and isinstance(one, Calibration)
        }
        found |= moderated(learned)
    return found


def _unlearned(reference: Reference, monitor: Monitor, task: AnyTask, natures: Natures) -> Calibrations:
    """What is known of a reference without windows: that nothing can be learned from it."""
    nothing = Uncalibrated(NO_TIMES)
    metrics = [
        (name, metric)
        for name, bins in reference.binning.columns.items()
        if name not in natures.columns
        for metric in bins.deciding
    ]
    label = label_column(monitor, reference.binning)
    metrics += [(label, metric) for metric in label_metrics(task)] if label is not None else []
    metrics += [(ALL_COLUMNS, metric) for metric in MULTIVARIATE] if reference.moments is not None else []
    outcome = reference.outcomes.get(WHOLE)
    figures = task.measure([outcome]) if outcome is not None and outcome.labelled else {}
    return Calibrations(
        monitor,
        dict.fromkeys(metrics, nothing),
        {metric: nothing for metric, name in figures if name is None},
        natures,
    )


def _label(
    reference: Reference, monitor: Monitor, task: AnyTask
) -> dict[tuple[str, str], Calibration | Uncalibrated]:
    """What is normal for labels that come in objects of their own: they are known by the outcomes alone."""
    name = label_column(monitor, reference.binning)
    outcomes = [(start, found) for start, found in reference.whole_outcomes() if found.labels_binned]
    sample = task.label_sample([outcome for _, outcome in outcomes]) if outcomes else None
    if name is None or sample is None:
        return {}
    splits = leave_one_out([labels_of(start, monitor, monitor.granularity) for start, _ in outcomes])
    return {(name, metric): found for metric, found in calibrate_column(sample, splits).items()}


def _joint(
    reference: Reference, taught: _Taught, places: Sequence[int]
) -> dict[tuple[str, str], Calibration | Uncalibrated]:
    found = list(reference.moments_by_window() if taught.by_window else reference.moments_by_base())
    if not found or len(places) < 2:
        return {}
    splits = taught.split([start for start, _ in found])
    if splits is None:
        return {(ALL_COLUMNS, metric): Uncalibrated(TOO_SHORT) for metric in MULTIVARIATE}
    learned = calibrate_multivariate(stack_moments([sums.of(places) for _, sums in found]), splits)
    return {(ALL_COLUMNS, metric): calibration for metric, calibration in learned.items()}


def _performance(reference: Reference, task: AnyTask) -> dict[str, PerformanceCalibration | Uncalibrated]:
    outcomes = list(reference.whole_outcomes())
    if not outcomes:
        return {}
    figures = task.measure([outcome for _, outcome in outcomes])
    return {
        metric: calibrate_performance(metric, figure)
        for (metric, name), figure in figures.items()
        if name is None
    }


def _estimates(reference: Reference, task: AnyTask) -> dict[str, PerformanceCalibration | Uncalibrated]:
    """Of what is expected of the reference's windows without their labels, by those of all of it."""
    outcomes = [outcome for _, outcome in reference.whole_outcomes()]
    figures = task.expected(outcomes, reference.outcomes.get(WHOLE)) if outcomes else None
    return {
        metric: calibrate_estimate(metric, figure)
        for (metric, name), figure in (figures or {}).items()
        if name is None
    }
