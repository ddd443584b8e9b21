"""Objects that turn out to be damaged: the others are read again, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.pipeline.plans import scan_plan
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.hiding import NOTHING_HIDDEN
from driftline_jobs.sources.logs import PredictionLog
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.sources.rescan import around_damage
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.monitor import parse_monitor

FIRST = datetime(2013, 7, 1, tzinfo=UTC)
MONITOR = """\
monitor: test
task: regression
logs: {uri: logs, timestamp: at, prediction: value}
reference: {window: [2013-07-01, 2013-07-02]}
"""


@dataclass
class Told:
    """What a watcher is told."""

    events: list[tuple[str, object]] = field(default_factory=list)
    steps: int = 0

    def advance(self, steps: int = 1) -> None:
        self.steps += steps

    def event(self, name: str, **fields: object) -> None:
        self.events.append((name, fields["uri"]))


@dataclass(frozen=True)
class Names:
    """Objects that are names."""

    left: tuple[str, ...]

    def without(self, uri: str, reason: str) -> Names:
        del reason
        return replace(self, left=tuple(name for name in self.left if name != uri))


def test_all_others_are_read_again_as_often_as_it_takes() -> None:
    told, tries = Told(), []

    def read(names: Names) -> str:
        tries.append(names.left)
        for name in names.left:
            if name in "ce":
                raise UnreadableObjectError(name, "torn")
        return "".join(names.left)

    assert around_damage(Names(tuple("abcdef")), read, told) == ("abdf", Names(tuple("abdf")))
    assert tries == [tuple("abcdef"), tuple("abdef"), tuple("abdf")]
    assert told.events == [("object_quarantined", "c"), ("object_quarantined", "e")]


class Failing:
    """An engine's scan that comes upon damage in an object after so many other splits were done."""

    def __init__(self, damaged: str, after: int) -> None:
        self.damaged, self.after = damaged, after
        self.scanned: list[list[str]] = []

    def __call__(
        self, splits: Sequence[Split], plan: ScanPlan
    ) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        self.scanned.append([Path(split.object.path).name for split in splits])
        is_there = [split.object.uri for split in splits if split.object.path.endswith(self.damaged)]
        for number, split in enumerate(splits):
            if is_there and number == self.after:
                raise UnreadableObjectError(is_there[0], "torn")
            yield from LocalEngine(1).scan([split], plan)


@pytest.mark.parametrize(
    ("after", "given"), [(1, [0, 1, 2, 3]), (3, [0, 1, 1, 2, 3]), (4, [0, 1, 2, 1, 2, 3])]
)
def test_windows_come_once_more_where_the_damaged_object_may_have_rows(
    tmp_path: Path, after: int, given: list[int]
) -> None:
    """Of four days with an object each, and one more of the second and third, that one is damaged."""

    def write(name: str, days: list[int]) -> None:
        path = tmp_path / "logs" / name
        path.parent.mkdir(exist_ok=True)
        at = pa.array([FIRST + timedelta(days=day) for day in days], pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({"at": at, "value": pa.array([1.0] * len(days))}), path)

    for day in range(4):
        write(f"{day}", [day])
    write("1-damaged", [1, 2])
    monitor = parse_monitor(MONITOR, "monitor.yaml")
    log = PredictionLog.open(monitor, tmp_path)
    windows = monitor.calendar.tiling(FIRST, FIRST + timedelta(days=4))
    inspection = log.inspect(windows[0].start, windows[-1].end)
    plan = scan_plan(monitor, inspection.columns, Binning({}, {}, {}), windows, NOTHING_HIDDEN)
    told, scan = Told(), Failing("1-damaged", after)
    batches = list(log.profiles(inspection, plan, windows, scan, told))
    profiles = [profile for batch in batches for profile in batch.windows]
    assert scan.scanned == [["0", "1", "1-damaged", "2", "3"], ["0", "1", "2", "3"]]
    assert [windows.index(profile.window) for profile in profiles] == given
    last = {profile.window: profile.count for profile in profiles}
    assert list(last.values()) == [1, 1, 1, 1]
    ((_, uri),) = told.events
    assert str(uri).endswith("/1-damaged")
    assert batches[0].inspection.damaged == {}
    assert batches[-1].inspection.damaged.keys() == {uri}
    (state,) = batches[-1].inspection.set_aside_in(windows[2])
    assert (state.object.uri, state.reason) == (uri, "torn")
    assert not batches[-1].inspection.set_aside_in(windows[3])
