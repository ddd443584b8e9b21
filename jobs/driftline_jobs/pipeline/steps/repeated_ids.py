"""Ids that come again in a later window: found out by the fold, and what that does to labels.

A window on its own can only be held against the reference's windows, and then its labels are left out; the
fold holds it against all windows before it, and that is the check that is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from driftline_jobs.detection.alerts import Finding, Place, Topic
from driftline_jobs.detection.check_strength import strength
from driftline_jobs.detection.repeated_ids import (
    MOST_REPEATED,
    UNATTRIBUTABLE,
    Followed,
    Repeated,
    repeated_among,
)
from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.check import Check
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.label_join import JoinedWindows
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.profiles import id_sketches
from driftline_jobs.tables.quality_metrics import add_checks, checks_named
from driftline_jobs.tables.reading import EVER
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import Window, to_us

CHECK = "repeated_ids"
_MICROSECOND = timedelta(microseconds=1)


def reach_of(monitor: Monitor) -> timedelta | None:
    """How long after a window its labels may come; None where they are not joined by ids."""
    return monitor.labels.catch_up if isinstance(monitor.labels, LabelSource) else None


def repeating(monitor: Monitor, joined: JoinedWindows, windows: Sequence[Window]) -> frozenset[Window]:
    """The windows of a reference whose labels are left out: all, if its ids come again within it."""
    reach = reach_of(monitor)
    if reach is None:
        return frozenset()
    ids = ((to_us(window.start), joined.ids_of(window)) for window in sorted(windows))
    found = repeated_among(ids, reach // _MICROSECOND)
    return frozenset(windows) if found.share > UNATTRIBUTABLE else frozenset()


def repeating_beside(
    monitor: Monitor, joined: JoinedWindows, windows: Sequence[Window], reference: Reference
) -> frozenset[Window]:
    """The windows whose labels are left out: those whose ids the reference's windows have too.

    All of them, if ids come again within the reference.
    """
    reach = reach_of(monitor)
    if reach is None:
        return frozenset()
    known = [(to_us(start), ids) for start, ids in reference.id_sketches()]
    reach_us = reach // _MICROSECOND
    if repeated_among(known, reach_us).share > UNATTRIBUTABLE:
        return frozenset(windows)
    found = set()
    for window in windows:
        start_us = to_us(window.start)
        followed = Followed(reach_us)
        for at, ids in known:
            if start_us - reach_us <= at < start_us:
                followed.add(at, ids)
        if followed.add(start_us, joined.ids_of(window)).share > UNATTRIBUTABLE:
            found.add(window)
    return frozenset(found)


@dataclass
class Repeats:
    """What the fold found of each window.

    Attributes:
        checks: by the start of the window, where its ids are known.
        published: what is published of each.
    """

    checks: dict[datetime, Check] = field(default_factory=dict)
    published: Mapping[datetime, Check] = field(default_factory=dict)

    def changed(self) -> set[datetime]:
        """Starts of the windows whose published rows, if they have any, say something else."""
        return {start for start, check in self.checks.items() if check != self.published.get(start)}

    def check_of(self, window: Window) -> list[Check]:
        """The check of a window, followed just now or earlier."""
        found = self.checks.get(window.start) or self.published.get(window.start)
        return [] if found is None else [found]

    def findings(self) -> dict[datetime, list[Finding]]:
        """What is wrong in the windows that were followed, nothing in many of them."""
        return {start: list(_findings(check)) for start, check in self.checks.items()}

    def add_rows(self, table: TableBuilder, monitor: str, window: Window, record: RunRecord) -> None:
        """Append the check of a window."""
        cell = MeasuredCell(window, WHOLE, record.run_id, {}, 0)
        add_checks(table, monitor, cell, self.check_of(window))


def follow_ids(job: Job, reference: Reference, published: Sequence[Window], start: datetime) -> Repeats:
    """Follow the ids through the windows that were run, and those after them that this may change.

    What is published is read of the windows from ``start`` on.
    """
    reach = reach_of(job.monitor)
    if reach is None or not job.windows:
        return Repeats()
    first, last = min(job.windows).start, max(job.windows).end + reach
    sketches = id_sketches(job.store, job.monitor, first - reach, last)
    known = {window.start for window in published}
    for at, ids in reference.id_sketches():
        if at not in sketches and at >= first - reach:
            sketches[at] = [(to_us(at), ids)]
    followed = Followed(reach // _MICROSECOND)
    found = {}
    for at in sorted(sketches):
        total = Repeated()
        for base_us, ids in sketches[at]:
            total += followed.add(base_us, ids)
        if at in known and first <= at < last:
            found[at] = _check(total)
    return Repeats(found, checks_named(job.store, job.monitor, CHECK, min(start, first), EVER))


def _check(found: Repeated) -> Check:
    most = MOST_REPEATED * found.of
    return Check("*", CHECK, found.count, most, found.count <= most)


def _findings(check: Check) -> Iterator[Finding]:
    if not check.passed:
        times, limit = strength(CHECK, check.value, check.expected)  # as of one that is read from the tables
        yield Finding(Place(), Topic.QUALITY, CHECK, times, check.value, limit)
