"""The drill-down beside a page: samples of the window's and the reference's rows, and what Evidently shows of
them.

    keep_samples     by a run that is asked to: read from the log and kept beside the pages
    write_drilldown  by a report that is asked to: from the samples its run has kept, or else from the log
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from driftline_jobs.pipeline.judged_by import Run, judged_run
from driftline_jobs.pipeline.request import Progress, SilentProgress
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.hiding import hiding_of
from driftline_jobs.references.reference import Reference
from driftline_jobs.reporting.pages import Pages, drilldown_name
from driftline_jobs.reporting.sampling import SamplePlan, kinds_of, no_rows, sample_log
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.dataset import DataSet
from driftline_jobs.sources.logs import open_log
from driftline_jobs.stores import store_of
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.binnings import binning_at
from driftline_jobs.tables.reference_sets import reference_at
from driftline_reports.drilldown import DrilldownInputs, render_drilldown
from driftline_reports.inputs import page_name
from driftline_schemas.errors import ConfigError, DriftlineError
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import Window, to_us

_CURRENT: Final = "current"
_REFERENCE: Final = "reference"
_ABOUT: Final = b"driftline"


@dataclass(frozen=True)
class Sample:
    """Rows of one side, and of how many they are a sample."""

    rows: pa.Table
    seen: int


@dataclass
class Sampler:
    """Takes the samples of one monitor's windows; one of the reference serves all that share it.

    Relative folders of the monitor are meant from ``base``.
    """

    monitor: Monitor
    base: Path
    settings: Settings
    store: Store
    pages: Pages
    progress: Progress
    _last: tuple[object, Sample] = (None, Sample(pa.table({}), 0))

    def keep(self, window: Window, run: Run) -> dict[str, Sample]:
        """Take both samples of the window that ``run`` has published, and keep them beside its page."""
        binning = binning_at(self.store, run["binning_id"])
        if binning is None:
            raise ConfigError(f"{self.monitor.monitor}: a window without a reference has no drill-down")
        reference = reference_at(self.store, run["reference_id"], binning)
        plan = self._plan(binning, _intervals([window]))
        samples = {
            _CURRENT: self._sample([window], plan),
            _REFERENCE: self._reference(window, run, binning, reference),
        }
        for side, sample in samples.items():
            self.pages.write(_sample_name(self.monitor, window, side), _to_parquet(sample, run))
        return samples

    def stored(self, window: Window, run: Run) -> dict[str, Sample] | None:
        """The samples that ``run`` itself has kept; None if it has not, or another has written over them."""
        names = {side: _sample_name(self.monitor, window, side) for side in (_CURRENT, _REFERENCE)}
        found = self.pages.read_all(list(names.values()))
        samples = {side: _from_parquet(found[name], run) for side, name in names.items() if name in found}
        known = {side: sample for side, sample in samples.items() if sample is not None}
        return known if len(known) == len(names) else None

    def _reference(self, window: Window, run: Run, binning: Binning, reference: Reference | None) -> Sample:
        if reference is None:
            return Sample(no_rows(binning), 0)
        version = self.monitor.reference.model_version
        if version is not None:
            return self._sample([window], self._plan(binning, _intervals([window]), version))
        # A window of the reference is compared with the others of it.
        within = reference.holds(window)
        windows = [
            Window(other.start, other.end, window.granularity)
            for other in reference.windows
            if other.start != window.start
        ]
        key = (run["reference_id"], window.start if within else None)
        if key != self._last[0]:
            plan = self._plan(binning, _intervals(windows) if reference.timed else None)
            self._last = key, self._sample(windows, plan, external=self.monitor.reference.uri is not None)
        return self._last[1]

    def _plan(
        self, binning: Binning, intervals: tuple[tuple[int, int], ...] | None, version: str | None = None
    ) -> SamplePlan:
        # asked for only here: a page of samples that were kept needs no salt
        hiding = hiding_of(self.monitor.features, self.settings)
        return SamplePlan(self.monitor, binning, hiding, intervals, version)

    def _sample(self, windows: Sequence[Window], plan: SamplePlan, *, external: bool = False) -> Sample:
        if not windows and plan.intervals_us is not None:
            return Sample(plan.nothing(), 0)
        return Sample(
            *sample_log(self._inspect(windows, plan.binning, external=external), plan, self.progress)
        )

    def _inspect(self, windows: Sequence[Window], binning: Binning, *, external: bool) -> LogInspection:
        if external:
            return DataSet.open(self.monitor, self.base).inspect()
        log = open_log(self.monitor, self.base)
        return log.inspect(windows[0].start, windows[-1].end, expected=binning.storages)


def store_samples(
    monitor: Monitor, base: Path, windows: Sequence[Window], settings: Settings, progress: Progress
) -> None:
    """Keep the samples of windows that were just published.

    What was published stays published whether or not a sample can be kept: that is said, and no error.
    """
    progress.stage("drill-down", len(windows))
    try:
        pages = Pages.open(settings)
        with closing(store_of(settings)) as store:
            sampler = Sampler(monitor, base, settings, store, pages, progress)
            for window in windows:
                sampler.keep(window, _run(store, monitor, window))
                progress.advance()
    except DriftlineError as error:
        progress.event("sample_not_kept", reason=str(error))


def write_drilldown(
    settings: Settings, store: Store, monitor: Monitor, base: Path, window: Window, pages: Pages
) -> str:
    """Write the drill-down of a published window, and return its address as its page links to it.

    Raises ConfigError where Evidently is not installed, or a salt is needed and not set, and what reading the
    log raises.
    """
    run = _run(store, monitor, window)
    sampler = Sampler(monitor, base, settings, store, pages, SilentProgress())
    samples = sampler.stored(window, run) or sampler.keep(window, run)
    binning = binning_at(store, run["binning_id"])
    html = render_drilldown(
        DrilldownInputs(
            monitor=monitor,
            window=window,
            current=samples[_CURRENT].rows,
            reference=samples[_REFERENCE].rows,
            kinds=kinds_of(binning) if binning is not None else {},
            rows_current=samples[_CURRENT].seen,
            rows_reference=samples[_REFERENCE].seen,
            page_link=PurePosixPath(page_name(monitor, window)).name,
        )
    )
    name = drilldown_name(monitor, window)
    pages.write(name, html.encode())
    return PurePosixPath(name).name


def _sample_name(monitor: Monitor, window: Window, side: str) -> str:
    return f"{page_name(monitor, window).removesuffix('.html')}.{side}.parquet"


def _run(store: Store, monitor: Monitor, window: Window) -> Run:
    runs = store.current("runs", monitor.monitor, start=window.start, end=window.end)
    return judged_run(runs, monitor, window)


def _intervals(windows: Sequence[Window]) -> tuple[tuple[int, int], ...]:
    return tuple((to_us(window.start), to_us(window.end)) for window in windows)


def _to_parquet(sample: Sample, run: Run) -> bytes:
    about = json.dumps({"run_id": run["run_id"], "rows": sample.seen}).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(sample.rows.replace_schema_metadata({_ABOUT: about}), sink, compression="zstd")
    return bytes(sink.getvalue())


def _from_parquet(content: bytes, run: Run) -> Sample | None:
    try:
        rows = pq.read_table(pa.BufferReader(content))
        about: dict[str, Any] = json.loads(rows.schema.metadata[_ABOUT])
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        return None  # not one of ours, or damaged: it is taken anew
    return Sample(rows, about["rows"]) if about.get("run_id") == run["run_id"] else None
