"""What one call of the main path works with: the monitor, its logs and labels, an engine and a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from uuid import uuid4

from driftline_jobs.engines import open_engine
from driftline_jobs.engines.base import Engine
from driftline_jobs.engines.process import Spent, one_thread_of_linear_algebra, peak_memory_bytes
from driftline_jobs.pipeline.request import Progress, RunRequest
from driftline_jobs.profiles.columns.hiding import Hiding, hiding_of
from driftline_jobs.sources.base import ProfileSource
from driftline_jobs.sources.logs import LabelLog, open_log
from driftline_jobs.stores import store_of
from driftline_jobs.stores.base import RunRecord, Store
from driftline_schemas.errors import DriftlineError
from driftline_schemas.monitor import LabelSource, Monitor
from driftline_schemas.reference_words import reference_in_words
from driftline_schemas.rows import canonical_json
from driftline_schemas.window import Window


@dataclass(frozen=True)
class Job:
    """Open connections and what is asked for."""

    request: RunRequest
    monitor: Monitor
    windows: list[Window]
    log: ProfileSource
    labels: LabelLog | None
    engine: Engine
    store: Store
    progress: Progress
    meter: Meter

    @property
    def hiding(self) -> Hiding:
        """How sensitive columns are hidden.

        Raises ConfigError where that takes a salt and none is set: after a name in the file that is no column
        has been told of, which is the first to be mended.
        """
        return hiding_of(self.monitor.features, self.request.settings)


@contextmanager
def opened(request: RunRequest, progress: Progress) -> Iterator[Job]:
    """Everything a run needs, given back at the end."""
    monitor = request.monitor
    windows = monitor.calendar.between(request.first, request.last)
    base = request.monitor_path.resolve().parent
    log = open_log(monitor, base)
    labels = LabelLog.open(monitor.labels, monitor, base) if isinstance(monitor.labels, LabelSource) else None
    with (
        one_thread_of_linear_algebra(),
        closing(store_of(request.settings)) as store,
        open_engine(request.settings) as engine,
        store.stay_connected(alone=False),
    ):
        store.migrate()
        yield Job(request, monitor, windows, log, labels, engine, store, progress, Meter(engine.spent))


def code_version() -> str:
    """The version of the installed package."""
    try:
        return version("driftline")
    except PackageNotFoundError:
        return "unknown"


def new_run_id(at: datetime) -> str:
    """A run's id: sorts by time, and no two are alike."""
    return f"{at.strftime('%Y%m%dT%H%M%S%f')}-{uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True)
class Costs:
    """What a window's share of a part has cost, by the names of the columns of ``runs``.

    Processor time is of this process and of those that tasks ran in; memory the most that one of them has
    held so far.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int


@dataclass
class Meter:
    """Costs since the last reading, so that each window carries its share.

    ``external`` tells what other processes have taken so far.
    """

    external: Callable[[], Spent]
    _cpu: float = field(default_factory=time.process_time)
    _wall: float = field(default_factory=time.perf_counter)

    def read(self, windows: int) -> Costs:
        """What was spent since the last reading, per window."""
        spent = self.external() + Spent(time.process_time(), peak_memory_bytes())
        cpu, wall = spent.cpu_seconds, time.perf_counter()
        share = max(windows, 1)
        costs = Costs((cpu - self._cpu) / share, (wall - self._wall) / share, spent.peak_memory_bytes)
        self._cpu, self._wall = cpu, wall
        return costs


def attempt(job: Job, window: Window, part: str, **known: object) -> RunRecord:
    """The record of a run that begins now."""
    started = datetime.now(UTC)
    record = RunRecord(
        run_id=new_run_id(started),
        monitor=job.monitor.monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        part=part,
        status="running",
        as_of=job.request.as_of,
        engine=job.engine.name,
        code_version=code_version(),
        config_hash=job.monitor.config_hash,
        started_at=started,
        configuration=_configuration(job.monitor) if part == "data" else None,
    )
    return replace(record, **known)  # type: ignore[arg-type]


def _configuration(monitor: Monitor) -> str:
    """What the view ``monitors`` says of it."""
    return canonical_json(
        {
            "owner": monitor.owner,
            "description": monitor.description,
            "task": monitor.task,
            "reference": reference_in_words(monitor),
        }
    )


@contextmanager
def failed_if_left(store: Store, attempts: Callable[[], Iterable[RunRecord]]) -> Iterator[None]:
    """Note the attempts that are still running as failed when anything ends the work on them.

    ``attempts`` is asked at that moment. A store that cannot be written then hides nothing of what happened:
    the next run of the same windows notes what it finds running.
    """
    try:
        yield
    except BaseException as error:
        running = [record for record in attempts() if record.status == "running"]
        with suppress(DriftlineError):
            store.fail(running, type(error).__name__, str(error))
        raise
