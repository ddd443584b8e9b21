"""From the summary tables to a window's page: gather what it is made from, render, and write it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.pipeline.identity import check_calendar
from driftline_jobs.pipeline.judged_by import Run, judged_run
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.reporting.index import LINK, refresh_entry, refresh_page
from driftline_jobs.reporting.mail import Summary, summary, write_mail
from driftline_jobs.reporting.pages import Pages, drilldown_link, window_pages
from driftline_jobs.reporting.standing import Standing, standing_of
from driftline_jobs.reporting.usual import confusion_of, described, usual
from driftline_jobs.stores import store_of
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import profile_metrics, window_levels
from driftline_jobs.tables.binnings import binning_at
from driftline_jobs.tables.profiles import cell_of, merged_profiles
from driftline_jobs.tables.reference_sets import reference_at
from driftline_reports import formats
from driftline_reports.context import TRAILING
from driftline_reports.inputs import Distribution, ReportInputs, page_name
from driftline_reports.muting import without_muted
from driftline_reports.page import lay_out
from driftline_reports.view import build_view
from driftline_schemas.metrics import VALUES_OF_ANOTHER_TYPE
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

# A page shows trends of these over the windows before its own, and of the others its own window alone.
_TRENDS: Final = ("runs", "drift_metrics", "quality_metrics", "performance_metrics", "alerts", "incidents")
_OF_THE_WINDOW: Final = (*("run_inputs", "profile_metrics", "performance_curves", "attributions", "impacts"),)
# As many columns have their course over time on a page; others are lines of a table.
_CHARTED: Final = 60


@dataclass(frozen=True, slots=True)
class Written:
    """A page that was written, where it lies, and what it says."""

    page: str
    summary: Summary
    standing: Standing


@dataclass(frozen=True, slots=True)
class MailOut:
    """The folder that a mail is written into, and where its readers find the page."""

    folder: Path
    page_link: str | None = None


def write_report(
    monitor: Monitor,
    window: Window,
    settings: Settings,
    *,
    generated_at: datetime,
    mail: MailOut | None = None,
    index: bool = True,
    index_page: bool = True,
    base: Path | None = None,
) -> Written:
    """Write the page of a published window below ``settings.reports``, and its ``mail``.

    Without ``index`` the page stands alone, to be
    sent, and without ``index_page`` the index is for the caller to write, once for several pages. With
    ``settings.drill_down`` the drill-down is written too; where its run has kept no sample, the log is read,
    relative folders meant from ``base``. Raises ConfigError when the window was not published, the folder is
    not ours to write or the drill-down's extra is missing, TransientError when the store, the folder or the
    log does not answer.
    """
    with closing(store_of(settings)) as store:
        with store.stay_connected(reading=True):
            check_calendar(store, monitor)
            inputs = gather(store, monitor, window, generated_at)
            run = judged_run(inputs.tables["runs"], monitor, window)
            standing = standing_of(store, monitor, window, run, generated_at)
        pages = Pages.open(settings)
        if index:
            if settings.drill_down:
                from driftline_jobs.reporting.drilldown import write_drilldown

                deeper: str | None = write_drilldown(
                    settings, store, monitor, base or Path.cwd(), window, pages
                )
            else:
                deeper = drilldown_link(monitor, window, pages)
            inputs = replace(
                inputs, index_link=LINK, drilldown_link=deeper, pages=window_pages(inputs, pages)
            )
        name = page_name(monitor, window)
        view, html = lay_out(inputs)
        page = pages.write(name, html.encode())
        if index:
            refresh_entry(store, monitor, pages, generated_at)
            if index_page:
                refresh_page(pages, generated_at)
    unmuted, muted = without_muted(inputs)
    if muted:
        view = build_view(unmuted)
    if mail is not None:
        write_mail(
            view, mail.folder, page_link=mail.page_link, attached=PurePosixPath(name).name, muted=muted
        )
    return Written(page, summary(unmuted, view, muted), standing)


def gather(store: Store, monitor: Monitor, window: Window, generated_at: datetime) -> ReportInputs:
    """Everything the page of ``window`` shows, from the current rows of ``store``."""
    first = window
    for _ in range(TRAILING - 1):
        first = monitor.calendar.previous(first)

    def current(name: str, start: datetime) -> pa.Table:
        return store.current(
            name, monitor.monitor, start=start, end=window.end, granularity=window.granularity.value
        )

    tables = {name: current(name, first.start) for name in _TRENDS}
    tables |= {name: current(name, window.start) for name in _OF_THE_WINDOW}
    tables["window_levels"] = _of_judged(
        window_levels.between(store, monitor, first.start, window.start), tables
    )
    tables["alert_actions"] = store.current("alert_actions", monitor.monitor)
    run = judged_run(tables["runs"], monitor, window)
    charted = _charted(tables, window)
    course = profile_metrics.course(store, monitor, first.start, window.end, charted)
    if course is not None:
        tables["profile_course"] = course
    profiles = _of_the_whole(current("profiles", window.start)).to_pylist()
    found, reference = _compared(store, run, profiles, window)
    unlike = _unlike(tables["quality_metrics"], window)
    columns = {name: row for name, (_, row) in found.items() if row is not None}
    return ReportInputs(
        monitor=monitor,
        window=window,
        tables=tables,
        distributions={name: _without(one, unlike.get(name, 0)) for name, (one, _) in found.items()},
        generated_at=generated_at,
        reference=None if reference is None else usual(monitor, window, reference, columns, charted),
        confusion=confusion_of(profiles),
    )


def _of_judged(levels: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """The levels without those of windows that an older version has judged: these have alerts, all of which
    would be part of an incident, and no incident."""
    alerts = tables["alerts"]
    under_way = alerts.filter(pc.not_equal(alerts["state"], "resolved"))["window_start"]
    folded = tables["incidents"]["window_start"]
    starts = levels["window_start"]
    kind = starts.type
    known = pc.is_in(starts, value_set=folded.cast(kind).combine_chunks())
    alerted = pc.is_in(starts, value_set=under_way.cast(kind).combine_chunks())
    return levels.filter(pc.or_(known, pc.invert(alerted)))


def _charted(tables: Mapping[str, pa.Table], window: Window) -> list[str]:
    """The columns that a page may show over time: what the model says, and what drifted most."""
    drift = tables["drift_metrics"]
    here = pc.and_(
        pc.equal(drift["window_start"], _moment(drift, window)), pc.equal(drift["comparison"], "reference")
    )
    for name in ("model_version", "segment", "segment_value"):
        here = pc.and_(here, pc.equal(drift[name], getattr(WHOLE, name)))
    wanted = ["column_name", "column_kind", "metric", "value", "drifted"]
    rows = drift.filter(here).select(wanted).to_pylist()
    drifted = {row["column_name"] for row in rows if row["drifted"]}
    moved = {row["column_name"]: row["value"] or 0.0 for row in rows if row["metric"] == "js_distance"}
    scores = {row["column_name"] for row in rows if row["column_kind"] == "score"}
    ranked = sorted(drifted - scores, key=lambda name: (-moved.get(name, 0.0), name))
    return [*sorted(scores), *ranked][:_CHARTED]


def _compared(
    store: Store, run: Run, profiles: Sequence[dict[str, Any]], window: Window
) -> tuple[dict[str, tuple[Distribution, Mapping[str, Any] | None]], Reference | None]:
    """Every watched column's counts beside the reference's, and the reference's facts of it, of the rows as a
    whole; and the reference. Nothing of a window without a reference: it has no bins to count by."""
    binning = binning_at(store, run["binning_id"])
    if binning is None:
        return {}, None
    reference = reference_at(store, run["reference_id"], binning)
    before = reference.without(window).get(WHOLE, {}) if reference else {}
    names = {table_column(name): name for name in binning.columns}
    now = merged_profiles(profiles, cell_of).get(WHOLE, {})
    compared = {
        label: _distribution(label, binning.columns[names[label]], profile, before.get(names[label]))
        for label, profile in now.items()
        if label in names
    }
    return compared, reference


def _unlike(checks: pa.Table, window: Window) -> dict[str, int]:
    """How many values of each column of the window are of another type than in the reference."""
    ours = pc.and_(
        pc.equal(checks["check_name"], VALUES_OF_ANOTHER_TYPE),
        pc.equal(checks["window_start"], _moment(checks, window)),
    )
    rows = checks.filter(ours).select(["column_name", "value"]).to_pylist()
    return {row["column_name"]: int(row["value"]) for row in rows}


def _moment(rows: pa.Table, window: Window) -> pa.Scalar:
    """The window's start as the store has it."""
    return pa.scalar(window.start, pa.timestamp("us", "UTC")).cast(rows["window_start"].type)


def _without(distribution: Distribution, unlike: int) -> Distribution:
    """The same without the values of another type among the missing ones, and a word on them."""
    if not unlike:
        return distribution
    many = formats.plural(unlike, "value")
    note = f"Of another type than in the reference, so that they cannot be compared with it: {many}."
    if distribution.labels is not None:
        return replace(distribution, note=note)
    missing = max(distribution.current_missing - unlike, 0)
    return replace(distribution, current_missing=missing, note=note)


def _of_the_whole(rows: pa.Table) -> pa.Table:
    for name in ("model_version", "segment", "segment_value"):
        rows = rows.filter(pc.equal(rows.column(name), getattr(WHOLE, name)))
    return rows


def _distribution(
    name: str, bins: Bins, now: Profile, before: Profile | None
) -> tuple[Distribution, Mapping[str, Any] | None]:
    (one,) = bins.settled([now])
    counts = one.bins.shown_counts
    (then,) = [None] if before is None else one.alike([before])
    usually = None if then is None else described(name, one.bins, then)
    distribution = Distribution(
        column=name,
        kind=one.bins.kind,
        current=counts(one.profiles[0]),
        reference=None if then is None else counts(then),
        current_missing=one.profiles[0].missing,
        reference_missing=0 if then is None else then.missing,
        **one.bins.shown()._asdict(),
    )
    return distribution, usually
