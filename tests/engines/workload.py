"""A log with everything that could make two engines differ, and all that an engine says of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from driftline_jobs.engines.base import Engine, JoinRequest
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.pipeline.plans import label_plan, prediction_plan, scan_plan, watched
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.codec import encode
from driftline_jobs.profiles.columns.hiding import Hiding
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.labels.rows import EVERY_HASH
from driftline_jobs.sources.logs import LabelLog, PredictionLog
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import ScanResult, merge_results
from driftline_jobs.sources.profiling.survey import SurveyPlan, binning_from
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.monitor import LabelSource, Monitor, parse_monitor
from driftline_schemas.window import Window, to_us

FIRST = datetime(2013, 7, 1, tzinfo=UTC)
DAYS = 3
YEAR_10000_US = 253_402_300_800_000_000
HIDING = Hiding(frozenset({"zip"}), frozenset({"name"}), "pepper")
MONITOR = """\
monitor: test
task: binary_classification
logs:
  uri: {logs}
  timestamp: at
  prediction_id: id
  prediction: late
  score: p
  model_version: version
  lateness: 1d
labels: {{uri: {labels}, prediction_id: id, label: late, timestamp: seen}}
positive_label: 1
features: {{text: [note], sensitive: [zip, {{name: drop}}]}}
segments: [origin, [origin, carrier], zip]
granularity: day
base: hour
reference: {{window: [2013-07-01, 2013-07-02]}}
"""


def write(root: Path, *, objects_a_day: int = 6, rows: int = 1500, seed: int = 7) -> None:
    """``root/logs`` and ``root/labels``: ids that repeat, labels that contradict each other, rows without a
    time or of another day, labels without one or of no year that has windows, values that never were in the
    first day, and an object without a column."""
    random = np.random.default_rng(seed)
    for day in range(DAYS):
        start = FIRST + timedelta(days=day)
        for part in range(objects_a_day):
            table = _predictions(random, start, rows, f"{day}-{part}")
            if (day, part) == (1, 1):
                table = table.drop_columns(["gust"])
            path = root / "logs" / f"dt={start:%Y-%m-%d}" / f"part-{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, path, row_group_size=max(rows // 2, 1))
            labels = _labels(random, table)
            path = root / "labels" / f"dt={start:%Y-%m-%d}" / f"part-{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(labels, path)


def _predictions(random: np.random.Generator, start: datetime, rows: int, mark: str) -> pa.Table:
    seconds = random.integers(0, 86_400, rows)
    times = np.datetime64(start.replace(tzinfo=None), "us") + seconds.astype("timedelta64[s]")
    times[0] -= np.timedelta64(5, "D")  # set aside: too far from its folder
    times[1] = np.datetime64("NaT")
    p = random.beta(2, 5, rows)
    p[2], p[3] = np.nan, 1.5
    ids = np.array([f"{mark}-{n}" for n in random.integers(0, int(rows * 0.97), rows)], object)
    ids[4] = None
    distance = np.exp(random.normal(6, 1, rows))
    distance[5:8] = [np.inf, -np.inf, np.nan]
    carriers = random.choice(np.array(["UA", "B6", "AA", None, f"new-{mark}"], object), rows)
    return pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "version": pa.array(random.choice(["v1", "v2"], rows)),
            "late": pa.array((p > 0.3).astype(np.int64)),
            "p": pa.array(p),
            "distance": pa.array(distance),
            "gust": pa.array(random.normal(10, 3, rows).astype(np.float32), mask=random.random(rows) < 0.3),
            "seats": pa.array(random.integers(0, 400, rows), pa.uint16()),
            "origin": pa.array(random.choice(["EWR", "JFK", "LGA", "*"], rows)).dictionary_encode(),
            "carrier": pa.array(carriers, pa.string()),
            "zip": pa.array([f"{n:05}" for n in random.integers(10_000, 10_003, rows)]),
            "night": pa.array(random.random(rows) < 0.3),
            "note": pa.array([_note(random) for _ in range(rows)]),
            "name": pa.array([f"Ann {n}" if n % 7 else None for n in range(rows)]),
        }
    )


def _note(random: np.random.Generator) -> str | None:
    words = [f"W{n}," for n in random.zipf(1.5, random.integers(0, 9))]
    return " ".join(words) if words else random.choice(np.array([None, "", " "], object))


def _labels(random: np.random.Generator, predictions: pa.Table) -> pa.Table:
    ids = [text for text in predictions.column("id").to_pylist() if text is not None]
    known = [ids[n] for n in random.integers(0, len(ids), int(len(ids) * 0.9))]
    late = random.integers(0, 2, len(known))
    seen = np.datetime64(FIRST.replace(tzinfo=None), "us") + random.integers(0, 50, len(known)).astype(
        "timedelta64[h]"
    )
    told = np.append(seen, [seen[0], seen[0]]).view(np.int64)
    told[:60] *= 1000  # nanoseconds among microseconds
    told[60:80] = np.iinfo(np.int64).min
    told[80:100] = YEAR_10000_US
    no_time = np.arange(len(told)) >= len(known)
    no_time[100:140] = True
    return pa.table(
        {
            "id": [*known, "nobody", None],
            "late": pa.array([*late.tolist(), 1, 0], pa.int8()),
            "seen": pa.array(told, mask=no_time).view(pa.timestamp("us")),
        }
    )


@dataclass(frozen=True)
class Workload:
    """The log as it lies somewhere."""

    monitor: Monitor
    log: PredictionLog
    labels: LabelLog
    windows: list[Window]

    @classmethod
    def at(cls, logs: str, labels: str) -> Workload:
        """Open both places."""
        monitor = parse_monitor(MONITOR.format(logs=logs, labels=labels), "monitor.yaml")
        assert isinstance(monitor.labels, LabelSource)
        return cls(
            monitor,
            PredictionLog.open(monitor, Path("/")),
            LabelLog.open(monitor.labels, monitor, Path("/")),
            monitor.calendar.tiling(FIRST, FIRST + timedelta(days=DAYS)),
        )

    def inspect(self) -> LogInspection:
        """The log's objects."""
        return self.log.inspect(self.windows[0].start, self.windows[-1].end)

    def survey_plan(self, inspection: LogInspection) -> SurveyPlan:
        """The first day is the reference."""
        return SurveyPlan(
            watched=tuple(watched(self.monitor, inspection.columns)),
            columns=inspection.columns,
            time=self.monitor.log_time,
            segments=self.monitor.segments,
            intervals_us=((to_us(self.windows[0].start), to_us(self.windows[0].end)),),
            sample_share=0.5,
            hiding=HIDING,
        )

    def scan_plan(self, inspection: LogInspection, binning: Binning) -> ScanPlan:
        """All days, by hours."""
        return scan_plan(self.monitor, inspection.columns, binning, self.windows, HIDING)

    def join(self, inspection: LogInspection, plan: ScanPlan) -> JoinRequest:
        """Labels to predictions, over all days."""
        found = self.labels.inspect(self.windows[0].start, self.windows[-1].end)
        uris = sorted({split.object.uri for split in found.splits})
        task = task_of(self.monitor, plan.binning)
        assert isinstance(self.monitor.labels, LabelSource)
        return JoinRequest(
            predictions=prediction_plan(self.monitor, plan),
            prediction_splits=inspection.splits,
            labels=label_plan(self.monitor, self.monitor.labels, found),
            label_splits=tuple((uris.index(split.object.uri), split) for split in found.splits),
            task=task,
            memory_limit=256 << 20,
        )

    def join_by_places(
        self, inspection: LogInspection, plan: ScanPlan, below: int = EVERY_HASH
    ) -> JoinRequest:
        """The same, cells being the places of each feature's bins, over rows whose hash is ``below``."""
        features = [name for name, bins in plan.binning.columns.items() if not kind_spec(bins.kind).of_model]
        bounds = plan.bounds_us[[0, -1]]
        segments = tuple((name,) for name in features)
        by_feature = replace(plan, model_version=None, segments=segments, bounds_us=bounds, gaps=frozenset())
        request = self.join(inspection, by_feature)
        return replace(request, predictions=replace(request.predictions, below=below))

    def binning(self, engine: Engine, inspection: LogInspection) -> Binning:
        """What the engine makes of the reference."""
        plan = self.survey_plan(inspection)
        survey = engine.survey(inspection.splits, plan)
        return binning_from(survey, plan.watched, plan.hiding)

    def planned(self) -> tuple[LogInspection, ScanPlan]:
        """What there is to read, and a plan at bins of its own."""
        inspection = self.inspect()
        with closing(LocalEngine(2)) as engine:
            return inspection, self.scan_plan(inspection, self.binning(engine, inspection))

    def everything(self, engine: Engine) -> dict[str, Any]:
        """All that the engine says of this log, in a form that can be compared."""
        inspection = self.inspect()
        binning = self.binning(engine, inspection)
        plan = self.scan_plan(inspection, binning)
        return {
            "binning": binning.to_bytes(),
            **scanned(engine, inspection, plan),
            **joined(engine, self.join(inspection, plan)),
        }


def scanned(engine: Engine, inspection: LogInspection, plan: ScanPlan) -> dict[str, Any]:
    """The scan as bytes and numbers; every split must be named exactly once."""
    results: list[ScanResult] = []
    seen: list[Split] = []
    for splits, result in engine.scan(inspection.splits, plan):
        seen += splits
        results.append(result)
    assert sorted(seen, key=inspection.splits.index) == list(inspection.splits)
    return merged_scan(results)


def merged_scan(results: Iterable[ScanResult]) -> dict[str, Any]:
    """Results of a scan as bytes and numbers."""
    total = merge_results(list(results))
    return {
        "profiles": {
            (key, name): encode(profile)
            for key, columns in total.profiles.items()
            for name, profile in columns.items()
        },
        "windows": total.windows,
        "set_aside": total.set_aside,
        "timeless": total.timeless,
        "rows": total.matched,
        "moments": {start: moments.to_bytes() for start, moments in total.moments.items()},
    }


def joined(engine: Engine, request: JoinRequest) -> dict[str, Any]:
    """The join as bytes and numbers."""
    outcomes, counts = engine.outcomes(request)
    found = {item.name: getattr(counts, item.name) for item in fields(counts)}
    sampled = found.pop("ids")
    return {
        "outcomes": {key: outcome.to_bytes() for key, outcome in outcomes.items()},
        "labels": found.pop("matched"),
        "ids": {at: (one.sketch.to_bytes(), one.unlike.tolist(), one.example) for at, one in sampled.items()},
        **found,
    }
