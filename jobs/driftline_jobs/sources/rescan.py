"""Read objects around those that turn out to be damaged: left out whole, and the others read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, Self, TypeVar

from driftline_jobs.sources.base import LogInspection, Scan, ScannedWindows, Watcher
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.windows import WindowAssembly, WindowProfile
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.window import Window, to_us

T = TypeVar("T")


class Objects(Protocol):
    """Objects that are read as one."""

    def without(self, uri: str, reason: str) -> Self:
        """The same without one of them."""


Read = TypeVar("Read", bound=Objects)


def around_damage(objects: Read, read: Callable[[Read], T], watcher: Watcher) -> tuple[T, Read]:
    """What ``read`` makes of the objects, and these without those that turned out to be damaged."""
    *_, (result, objects) = _readings(objects, lambda whole: iter((read(whole),)), watcher)
    return result, objects


def _readings(
    objects: Read, read: Callable[[Read], Iterator[T]], watcher: Watcher
) -> Iterator[tuple[T, Read]]:
    """What comes of reading the objects, each with those that it was read from.

    Whenever one turns out to be damaged, all others are read again: never is half an object counted.
    """
    while True:
        try:
            for part in read(objects):
                yield part, objects
        except UnreadableObjectError as damaged:
            watcher.event("object_quarantined", uri=damaged.uri, reason=damaged.reason)
            objects = objects.without(damaged.uri, damaged.reason)
        else:
            return


def scan_windows(
    inspection: LogInspection, plan: ScanPlan, windows: Sequence[Window], scan: Scan, watcher: Watcher
) -> Iterator[ScannedWindows]:
    """See ``ProfileSource.profiles``: of what is read split by split."""
    done: set[Window] = set()
    known = set(inspection.damaged)

    def read(objects: LogInspection) -> Iterator[list[WindowProfile]]:
        spans = [span for uri, (span, _) in objects.damaged.items() if uri not in known]
        known.update(objects.damaged)
        done.difference_update([window for window in done if any(_meets(window, span) for span in spans)])
        pending = [window for window in windows if window not in done]
        for batch in _scan_once(objects, plan, pending, scan, watcher):
            done.update(profile.window for profile in batch)
            yield batch

    for batch, objects in _readings(inspection, read, watcher):
        yield ScannedWindows(batch, objects)


def _meets(window: Window, span: tuple[int, int] | None) -> bool:
    return span is None or (to_us(window.start) <= span[1] and to_us(window.end) > span[0])


def _scan_once(
    inspection: LogInspection, plan: ScanPlan, windows: Sequence[Window], scan: Scan, watcher: Watcher
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
    for finished, result in scan(splits, plan):
        assembly.add(finished, result)
        watcher.advance(len(finished))
        whole = list(assembly.complete())
        if whole:
            yield whole
