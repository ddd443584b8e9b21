"""One scan over a range of windows, each handed on once it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from driftline_jobs.engines.base import Engine
from driftline_jobs.pipeline.request import Progress, report_damaged
from driftline_jobs.sources.logs import LogInspection
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.windows import WindowAssembly, WindowProfile
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.window import Window, to_us


@dataclass(frozen=True)
class ScannedWindows:
    """Windows that are whole, and the inspection that they were read by."""

    windows: list[WindowProfile]
    inspection: LogInspection


def scan_windows(
    engine: Engine, inspection: LogInspection, plan: ScanPlan, windows: Sequence[Window], progress: Progress
) -> Iterator[ScannedWindows]:
    """Profiles of the windows, in the order in which they are completed.

    When an object turns out to be damaged, the scan starts again without it, so that never half of it is
    counted. Windows that had been handed on with rows of it come once more: the last time counts.
    """
    pending = list(windows)
    done: set[Window] = set()
    while True:
        try:
            for batch in _scan_once(engine, inspection, plan, pending, progress):
                done.update(profile.window for profile in batch)
                yield ScannedWindows(batch, inspection)
        except UnreadableObjectError as damaged:
            report_damaged(progress, damaged)
            inspection, touched = inspection.without(damaged.uri, damaged.reason)
            pending = [window for window in windows if window not in done or _meets(window, touched)]
            done.difference_update(pending)
        else:
            return


def _meets(window: Window, span: tuple[int, int] | None) -> bool:
    return span is None or (to_us(window.start) <= span[1] and to_us(window.end) > span[0])


def _scan_once(
    engine: Engine, inspection: LogInspection, plan: ScanPlan, windows: Sequence[Window], progress: Progress
) -> Iterator[list[WindowProfile]]:
    splits = sorted(
        inspection.splits,
        key=lambda split: (split.min_us is not None, split.min_us or 0, split.object.uri, split.row_groups),
    )
    plan = replace(plan, columns=inspection.columns)
    assembly = WindowAssembly(windows, splits)
    whole = list(assembly.complete())
    if whole:
        yield whole
    for finished, result in engine.scan(splits, plan):
        assembly.add(finished, result)
        progress.advance(len(finished))
        whole = list(assembly.complete())
        if whole:
            yield whole
