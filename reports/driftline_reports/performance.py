"""How well the model did: realized beside estimated, over time, by class, version and segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from driftline_reports import calibration, confusion, formats, glossary, limits, plots, pooled
from driftline_reports.context import Cited, Context
from driftline_reports.matching import Apart
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Figure, Part, Sentence
from driftline_reports.view_performance import GroupRow, Performance, PerformanceRow
from driftline_schemas.monitor import LabelSource
from driftline_schemas.table_names import ALL

Row = Mapping[str, Any]

REALIZED: Final = "realized"
ESTIMATED: Final = "estimated"
ERROR: Final = "estimate_error"
_TABLE: Final = "current_performance_metrics"
_KEYS: Final = ("metric", "kind", "class_label")
_MOST_GROUPS: Final = 8
_MOST_CLASSES: Final = 60
_COLUMNS: Final = (
    "metric", "kind", "class_label", "value", "ci_low", "ci_high", "error_bound", "n", "label_coverage",
    "is_final", "reference_value", "trivial_value", "threshold", "threshold_source", "degraded", "status",
    "reason",
)  # fmt: skip
_ALONE: Final = "coalesce(windows, 1) = 1"
_NOBODY: Final = Figure(formats.ABSENT)


def window_rows(context: Context) -> list[Row]:
    """Figures of the whole of this window, all classes."""
    return list(context.selection.rows("performance_metrics", window=context.window.start, whole=True))


def lead_row(rows: Sequence[Row]) -> Row | None:
    """The figure the model is told by: what has become worse, else what is judged, else the best known."""

    def weight(row: Row) -> tuple[bool, bool, bool, int]:
        # Realized before estimated, unless only the estimate has something to tell.
        last = glossary.order_of_reading(row["metric"])
        return (bool(row["degraded"]), row["kind"] == REALIZED, row["degraded"] is not None, -last)

    measured = [row for row in rows if row["kind"] in {REALIZED, ESTIMATED} and row["value"] is not None]
    known = [row for row in measured if row["class_label"] is None]
    averages = [row for row in measured if row["class_label"] is not None]
    return max(known or averages, key=weight, default=None)


def build(context: Context) -> Performance:
    """Everything about performance, or the sentences that say why there is nothing."""
    rows = window_rows(context)
    lead = lead_row(rows)
    query = context.book.add(select(_TABLE, _COLUMNS, [*context.here(), _ALONE], ", ".join(_KEYS)), _KEYS)
    queries = [query]
    history = context.selection.rows("performance_metrics", whole=True, columns=["window_start", *_COLUMNS])
    course = None
    if lead is not None:
        course = _course(context, lead["metric"], lead["class_label"], history)
        queries.append(_course_query(context, lead["metric"]))
    pooled_rows, pooled_query = pooled.build(context)
    queries += [pooled_query] if pooled_query else []
    reference = context.inputs.reference
    groups, group_query = _groups(context, lead)
    queries += [group_query] if group_query else []
    curve, curve_query = calibration.build(context)
    queries += [curve_query] if curve_query else []
    by_metric: dict[tuple[str, str | None], dict[str, Row]] = {}
    for row in rows:
        by_metric.setdefault((row["metric"], row["class_label"]), {})[row["kind"]] = row
    keys = sorted(by_metric, key=lambda k: (glossary.order_of_reading(k[0]), k[0], k[1] or ""))
    made = {key: _row(context, by_metric[key], query, key, history) for key in keys}
    return Performance(
        absent=_absent(context, rows),
        labels=_labels(context, rows, query),
        provisional=any(row["kind"] == REALIZED and row["is_final"] is False for row in rows),
        lead=glossary.performance(lead["metric"]).title if lead else "",
        course=course,
        coverage=_coverage(context, lead, history),
        rows=tuple(made[key] for key in keys if key[1] is None),
        pooled=pooled_rows,
        confusion=confusion.build(context.inputs.confusion, reference.confusion if reference else None),
        classes=tuple(made[key] for key in keys if key[1] is not None)[:_MOST_CLASSES],
        calibration=curve,
        versions=groups[0],
        segments=groups[1],
        queries=tuple(queries),
    )


def _row(
    context: Context,
    kinds: Mapping[str, Row],
    query: Query,
    key: tuple[str, str | None],
    history: Sequence[Row],
) -> PerformanceRow:
    metric, class_label = key
    term = glossary.performance(metric)
    realized, estimated, error = kinds.get(REALIZED), kinds.get(ESTIMATED), kinds.get(ERROR)
    main = realized or estimated or {}
    cite = Cited(main, query)
    cite_realized = Cited(realized, query) if realized else None
    series = {
        row["window_start"]: row
        for row in history
        if row["metric"] == metric and row["class_label"] == class_label and row["kind"] == main.get("kind")
    }
    title = term.title
    if class_label is not None:
        title = f"{title}, class {context.names.value('', class_label)}"
    return PerformanceRow(
        metric=metric,
        title=title,
        realized=cite_realized("value", term.write) if cite_realized else _NOBODY,
        low=cite_realized("ci_low", term.write) if cite_realized else _NOBODY,
        high=cite_realized("ci_high", term.write) if cite_realized else _NOBODY,
        bound=cite_realized("error_bound", _bound) if cite_realized else _NOBODY,
        estimated=Cited(estimated, query)("value", term.write) if estimated else _NOBODY,
        error=Cited(error, query)("value", _gap(term.write)) if error else _NOBODY,
        reference=cite("reference_value", term.write),
        trivial=cite("trivial_value", term.write),
        threshold=cite("threshold", term.write),
        source=glossary.source(main.get("threshold_source")),
        rows=cite("n", formats.count),
        degraded=realized["degraded"] if realized else None,
        unsure=realized is not None and realized["degraded"] is False and limits.is_beyond(realized),
        estimate_degraded=estimated["degraded"] if estimated else None,
        reason=_reason(realized) or _reason(estimated),
        spark=plots.Spark(
            context.along({start: row["value"] for start, row in series.items()}),
            bool(main.get("degraded")),
        ),
        usual=_usual(context, metric, class_label, term.write),
    )


def _gap(write: glossary.Writer) -> glossary.Writer:
    """How a difference of such figures is written: with its sign, shares in points."""
    return formats.points if write is formats.percent else _signed


def _signed(value: float | None) -> str:
    return formats.signed(value, 2)


def _bound(value: float | None) -> str:
    return "exact" if value == 0 else formats.number(value, 2)


def _reason(row: Row | None) -> str:
    """Why a figure is not to be had, or what is to be said of it."""
    if row is None:
        return ""
    if row["reason"]:
        return visible(row["reason"], 240)
    return "" if row["value"] is not None else glossary.words(row["status"])


def _course(context: Context, metric: str, class_label: str | None, history: Sequence[Row]) -> plots.Course:
    by_kind: dict[str, dict[datetime, Row]] = {REALIZED: {}, ESTIMATED: {}}
    for row in history:
        if row["metric"] == metric and row["class_label"] == class_label and row["kind"] in by_kind:
            by_kind[row["kind"]][row["window_start"]] = row

    def series(kind: str, column: str) -> tuple[Any, ...]:
        return context.along({start: row[column] for start, row in by_kind[kind].items()})

    realized = series(REALIZED, "value")
    limits = [
        real if real is not None else guess
        for real, guess in zip(series(REALIZED, "threshold"), series(ESTIMATED, "threshold"), strict=True)
    ]
    references = [
        row["reference_value"]
        for kind in (ESTIMATED, REALIZED)
        for row in by_kind[kind].values()
        if row["reference_value"] is not None
    ]
    term = glossary.performance(metric)
    known = [value for value in realized if value is not None]
    beyond = tuple(bool(v) for v in series(REALIZED, "degraded"))
    final = tuple(v is True for v in series(REALIZED, "is_final"))
    measured = f"realized in {formats.plural(len(known), 'window')}"
    if known:
        measured += f", between {term.write(min(known))} and {term.write(max(known))}"
        measured += f"; {sum(beyond)} beyond the limit"
        waiting = sum(
            1 for value, done in zip(realized, final, strict=True) if value is not None and not done
        )
        measured += f"; {waiting} provisional" if waiting else ""
    return plots.Course(
        times=context.times(),
        realized=realized,
        low=series(REALIZED, "ci_low"),
        high=series(REALIZED, "ci_high"),
        estimated=series(ESTIMATED, "value"),
        limits=tuple(limits),
        reference=references[-1] if references else None,
        final=final,
        beyond=beyond,
        form=_axis(term.write),
        summary=f"{term.title} over time: {measured}{_usually(context, metric, class_label, term.write)}",
        usual=_band(context, metric, class_label),
    )


def _band(context: Context, metric: str, class_label: str | None) -> tuple[float, float] | None:
    """Where the figure lies in the windows of the reference."""
    reference = context.inputs.reference
    return reference.performance.get(metric) if reference and class_label is None else None


def _usual(context: Context, metric: str, class_label: str | None, write: glossary.Writer) -> str:
    band = _band(context, metric, class_label)
    return "" if band is None else f"{write(band[0])} – {write(band[1])}"


def _usually(context: Context, metric: str, class_label: str | None, write: glossary.Writer) -> str:
    band = _band(context, metric, class_label)
    return "" if band is None else f"; a usual window {write(band[0])} to {write(band[1])}"


def _coverage(context: Context, lead: Row | None, history: Sequence[Row]) -> plots.Coverage | None:
    """Label coverage over time, once there is more than one window to tell of."""
    if lead is None:
        return None
    shares = context.along(
        {
            row["window_start"]: row["label_coverage"]
            for row in history
            if row["metric"] == lead["metric"]
            and row["class_label"] == lead["class_label"]
            and row["kind"] == REALIZED
        }
    )
    known = [share for share in shares if share is not None]
    if len(known) < 2:
        return None
    summary = (
        f"Share of rows with a label: {formats.percent(shares[-1])} in this window, between "
        f"{formats.percent(min(known))} and {formats.percent(max(known))} over time"
    )
    return plots.Coverage(context.times(), shares, summary)


def _axis(write: glossary.Writer) -> str:
    return ".0%" if write is formats.percent else ".3~r"


def _course_query(context: Context, metric: str) -> Query:
    chosen = ["window_start", *_COLUMNS[1:10], "threshold", "degraded"]
    conditions = [*context.here(window=False), f"metric = '{metric}'", _ALONE]
    return context.book.add(
        select(_TABLE, chosen, conditions, "window_start, kind"), ("window_start", "kind", "class_label")
    )


def _groups(
    context: Context, lead: Row | None
) -> tuple[tuple[tuple[GroupRow, ...], tuple[GroupRow, ...]], Query | None]:
    """The lead figure by model version, and the segments in which it is worst."""
    if lead is None:
        return ((), ()), None
    rows = [
        row
        for row in context.selection.rows(
            "performance_metrics", window=context.window.start, metric=lead["metric"], kind=lead["kind"]
        )
        if row["class_label"] == lead["class_label"]
        and (row["model_version"] != ALL or row["segment"] != ALL)
        and row["value"] is not None
    ]
    if not rows:
        return ((), ()), None
    keys = ("model_version", "segment", "segment_value")
    columns = [*keys, "value", "ci_low", "ci_high", "threshold", "degraded", "n"]
    conditions = [*context.here(whole=False), f"metric = '{lead['metric']}' and kind = '{lead['kind']}'"]
    conditions += ["class_label is null"] if lead["class_label"] is None else []
    conditions += ["(segment <> '*' or model_version <> '*')", _ALONE]
    query = context.book.add(select(_TABLE, columns, conditions, "value"), keys)
    versions = [row for row in rows if row["segment"] == ALL]
    versions.sort(key=lambda row: (-(row["n"] or 0), row["model_version"]))
    worse_is_more = glossary.lower_is_better(lead["metric"])
    segments = [row for row in rows if row["segment"] != ALL and row["model_version"] == ALL]
    segments.sort(key=lambda row: (-row["value"] if worse_is_more else row["value"], row["segment_value"]))
    made = [
        tuple(_group(context, row, lead, query, worse_is_more=worse_is_more) for row in found[:_MOST_GROUPS])
        for found in (versions, segments)
    ]
    return (made[0], made[1]), query


def _group(context: Context, row: Row, lead: Row, query: Query, *, worse_is_more: bool) -> GroupRow:
    cite = Cited(row, query, hide=context.names.hides(row["segment"], row["segment_value"]))
    term = glossary.performance(lead["metric"])
    name = (
        context.names.value("", row["model_version"])
        if row["segment"] == ALL
        else context.names.segment(row["segment"], row["segment_value"])
    )
    far = row["ci_low"] if worse_is_more else row["ci_high"]
    clearly = far is not None and (far > lead["value"] if worse_is_more else far < lead["value"])
    flag = "beyond its limit" if row["degraded"] else "worse" if clearly else ""
    gap = row["value"] - lead["value"]
    return GroupRow(
        name=name,
        rows=cite("n", formats.count),
        figure=cite("value", term.write),
        low=cite("ci_low", term.write),
        high=cite("ci_high", term.write),
        whole_gap=_gap(term.write)(gap),
        flag=flag,
    )


def _labels(context: Context, rows: Sequence[Row], query: Query) -> Sentence:  # noqa: PLR0911 - one sentence a case
    """How complete the labels are."""
    if context.monitor.labels is None:
        return ("This monitor names no labels: what the model really did is not known.",)
    if context.this.rows == 0:
        return ()
    realized = [row for row in rows if row["kind"] == REALIZED and row["label_coverage"] is not None]
    if not realized:
        return ("No label of this window has arrived yet.",)
    most = max(realized, key=lambda row: (row["class_label"] is None, row["n"] or 0))
    coverage, over = most["label_coverage"], bool(most["is_final"])
    if not coverage and context.this.apart is Apart.REPEATED:
        return ("The labels of this window are left out: nobody knows which predictions they are about.",)
    if not coverage and context.this.apart not in {None, Apart.MISSING, Apart.UNREADABLE}:
        nothing = "No label could be matched with a prediction of this window"
        return (f"{nothing}: if any came, it counts for nothing.",)
    if not coverage:
        come = "No label of this window has arrived"
        return (f"{come}, and the time that they take is over." if over else f"{come} yet.",)
    cite = Cited(most, query)
    parts: list[Part] = ["Labels have arrived for ", cite("label_coverage", formats.percent), " of the rows"]
    if over and coverage >= 1:
        return (*parts, "; they are complete.")
    if not isinstance(context.monitor.labels, LabelSource):
        return (*parts, "; they come with the log, so no others will.")
    if over:
        return (*parts, "; the time that they take is over.")
    until = context.window.end + context.monitor.labels.mature_after
    return (*parts, f"; figures are provisional until {formats.moment(until, context.zone)}.")


def _absent(context: Context, rows: Sequence[Row]) -> Sentence:
    """Why there is no figure at all; empty if there is one."""
    if any(row["value"] is not None for row in rows):
        return ()
    if context.this.rows == 0:
        return ("No row arrived in this window, so the model did nothing that could be measured.",)
    if context.monitor.labels is None:
        return ("Performance is not measured: this monitor names no labels, and nothing could be estimated.",)
    reasons = sorted({reason for row in rows if (reason := _reason(row))})
    if reasons:
        return (f"Performance could not be measured: {formats.listing(reasons)}.",)
    return ("Performance is not known yet: no label of this window has arrived.",)
