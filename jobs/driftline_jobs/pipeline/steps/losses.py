"""What of a log is not among its windows' rows, or not where it lies: counted by reason, and reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from driftline_jobs.evaluate.losses import Losses
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.request import Progress
from driftline_jobs.references.losses import AbsentWindow, ReferenceLosses
from driftline_jobs.references.reference import Reference
from driftline_jobs.references.windows import initial_windows, not_excluded, windows_before
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.parquet.splits import InputState
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.tables.quality_metrics import checks_named
from driftline_schemas.losses import REFERENCE_FILLED
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import canonical_json
from driftline_schemas.window import Calendar, Granularity, Window


def losses_of(inspection: LogInspection, profile: WindowProfile, states: Sequence[InputState]) -> Losses:
    """Of one window, whose candidates are ``states``: the same whatever other windows it is run with."""
    window = profile.window
    from_others = in_others = 0
    for state in states:
        matched = profile.matched.get(state.object.uri, 0)
        if state.object.folder is None or state.state != "read":
            continue
        start, end = state.object.folder
        if end <= window.start or start >= window.end:
            from_others += matched
        elif window.start <= start and end <= window.end and state.rows is not None:
            in_others += state.rows - matched - profile.set_aside_of.get(state.object.uri, 0)
    return Losses(
        passed_over=inspection.passed_over_in([window]),
        without_time=profile.timeless,
        beyond_lateness=profile.set_aside - profile.timeless,
        from_other_folders=from_others,
        in_other_windows=in_others,
    )


def reference_losses(
    inspection: LogInspection,
    windows: Sequence[Window],
    profiles: Mapping[Window, WindowProfile],
    *,
    timed: bool,
) -> ReferenceLosses:
    """Of a reference that was made from these windows; if it is not ``timed``, of all its rows."""
    absent = []
    aside: set[str] = set()
    for window in windows:
        aside_here = inspection.set_aside_in(window)
        aside |= {state.object.uri for state in aside_here}
        profile = profiles.get(window)
        if profile is None or not profile.count:
            is_lost = bool(aside_here) or (profile is not None and profile.set_aside > 0)
            absent.append(AbsentWindow(window.start, is_lost))
    rows = sum(profile.set_aside for profile in profiles.values())
    return ReferenceLosses(len(windows) if timed else 0, tuple(absent if timed else ()), len(aside), rows)


def known_losses(job: Job, reference: Reference) -> ReferenceLosses | None:
    """What the reference lacks, as far as a window can be compared with it; None for one that moves.

    Of one that an older version has made, what its windows and objects tell.
    """
    monitor = job.monitor
    if monitor.reference.moves:
        return None
    if reference.losses is not None or not reference.windows:
        return reference.losses
    windows = (
        initial_windows(monitor, job.windows)
        if monitor.reference.window is not None
        else not_excluded(monitor, _from_to(monitor.calendar, reference))
    )
    there = {window.start for window in reference.windows}
    aside = sum(one.state == "quarantined" for one in reference.objects)
    absent = [AbsentWindow(window.start, aside > 0) for window in windows if window.start not in there]
    return ReferenceLosses(len(windows), tuple(absent), aside)


def moving_losses(
    monitor: Monitor,
    window: Window,
    has_rows: Callable[[Window], bool],
) -> ReferenceLosses | None:
    """Of the windows before this one that it is to be compared with, those without rows.

    None is called lost: what was set aside has failed in its own window.
    """
    before = windows_before(monitor, window)
    absent = tuple(AbsentWindow(w.start, is_lost=False) for w in before if not has_rows(w))
    return ReferenceLosses(len(before), absent) if before else None


def filled_of(losses: ReferenceLosses | None) -> tuple[float, str] | None:
    """Value and expectation of the check that counts the reference's windows with rows, as they are kept."""
    if losses is None or not losses.windows:
        return None
    return float(losses.windows - len(losses.absent)), str(losses.windows)


def published_filled(job: Job, start: datetime, end: datetime) -> dict[datetime, tuple[float, str]]:
    """The same as it is published, by the start of the window."""
    checks = checks_named(job.store, job.monitor, REFERENCE_FILLED, start, end)
    return {start: (check.value or 0.0, canonical_json(check.expected)) for start, check in checks.items()}


def _from_to(calendar: Calendar, reference: Reference) -> list[Window]:
    first, last = (calendar.containing(reference.windows[at].start) for at in (0, -1))
    return calendar.between(first, last)


def report_losses(
    progress: Progress, inspection: LogInspection, windows: Sequence[Window], losses: Iterable[Losses]
) -> None:
    """Report what a run over these windows has passed over and set aside."""
    _report_passed_over(progress, "passed_over", inspection, windows)
    aside = (state for window in windows for state in inspection.set_aside_in(window))
    _report_set_aside(progress, "objects_set_aside", aside)
    rows: Counter[str] = Counter()
    for each in losses:
        rows.update(each.rows)
    if rows:
        progress.event("rows_set_aside_or_moved", **rows)


def report_label_losses(progress: Progress, labels: LogInspection, windows: Sequence[Window]) -> None:
    """Report what of the labels' folder is passed over in these windows, and set aside for them."""
    _report_passed_over(progress, "labels_passed_over", labels, windows)
    aside = (s for window in windows for s in labels.candidates(window) if s.state == "quarantined")
    _report_set_aside(progress, "label_objects_set_aside", aside)


def _report_passed_over(
    progress: Progress, event: str, inspection: LogInspection, windows: Sequence[Window]
) -> None:
    passed_over = inspection.passed_over_in(windows)
    if passed_over:
        start, end = min(windows).start, max(windows).end
        first = min(
            each.example
            for each in inspection.all_passed_over
            if each.reason in passed_over and (each.folder is None or start <= each.folder[0] < end)
        )
        progress.event(event, **{reason.value: n for reason, n in passed_over.items()}, first=first)


def _report_set_aside(progress: Progress, event: str, states: Iterable[InputState]) -> None:
    aside = {state.object.uri: state.reason for state in states}
    if aside:
        first = min(aside)
        progress.event(event, count=len(aside), first=first, reason=aside[first])


def report_moving(progress: Progress, lacking: Mapping[Window, ReferenceLosses], calendar: Calendar) -> None:
    """Report of how many windows the moving reference lacks windows, and what that of the first lacks."""
    if lacking:
        first = min(lacking)
        losses, unit = lacking[first], calendar.granularity.value
        progress.event(
            "reference_incomplete",
            windows=len(lacking),
            first=calendar.label(first),
            rows_on=f"{losses.windows - len(losses.absent)} of {losses.windows} {unit}s",
            first_without=f"{losses.absent[0].start:%Y-%m-%d %H:%M} UTC",
        )


def report_reference(progress: Progress, losses: ReferenceLosses | None, granularity: Granularity) -> None:
    """Report what the reference lacks, if it lacks anything."""
    if losses is None or not (losses.absent or losses.objects_set_aside or losses.rows_set_aside):
        return
    filled = losses.windows - len(losses.absent)
    progress.event(
        "reference_incomplete",
        rows_on=f"{filled} of {losses.windows} {granularity.value}s" if losses.absent else None,
        first_without=f"{losses.absent[0].start:%Y-%m-%d %H:%M} UTC" if losses.absent else None,
        objects_set_aside=losses.objects_set_aside or None,
        rows_set_aside=losses.rows_set_aside or None,
        next_step="put right what can be, then `driftline rebase`" if losses.is_damaged else None,
    )
