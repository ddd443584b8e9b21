"""Rows in, a page's view out: the order in which a report is thought up."""

from __future__ import annotations

from driftline_reports import (
    changes,
    formats,
    glossary,
    label_join,
    levels,
    performance,
    provenance,
    quality,
    verdict,
    why,
)
from driftline_reports.context import Cited, Context, Room
from driftline_reports.inputs import ReportInputs
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Changes, Entry, Figure, Head, PastWindow, Performance, Tile, View
from driftline_schemas.levels import Level


def build_view(inputs: ReportInputs, room: Room | None = None) -> View:
    """The view of one window, no larger than ``room`` allows. Pure: the same inputs give the same view."""
    context = Context(inputs, room)
    rows = performance.window_rows(context)
    drift_tally = context.book.add(_tally_sql(context))
    changed = changes.build(context)
    performed = performance.build(context)
    lead = performance.lead_row(rows)
    reasons = why.build(context, lead["metric"] if lead else None)
    found = quality.build(context)
    run = provenance.build(context)
    join = label_join.build(context, found.queries[0])
    found_verdict = verdict.build(context, rows, changed, performed, reasons, found, join, drift_tally)
    return View(
        head=_head(context),
        verdict=found_verdict,
        history=_history(context),
        tiles=_tiles(context, changed, performed, found.queries[1], drift_tally, run.queries[0]),
        tiles_queries=(drift_tally,),
        changes=changed,
        performance=performed,
        why=reasons,
        quality=found,
        run=run,
        glossary=_glossary(changed, performed),
    )


def _tally_sql(context: Context) -> str:
    """How many columns are judged, and how many have changed."""
    columns = [
        "count(distinct case when drifted then column_name end) as changed",
        "count(distinct column_name) as watched",
    ]
    decides = "comparison = 'reference' and drifted is not null and column_name <> '*'"
    return select("current_drift_metrics", columns, [*context.here(), decides])


def _head(context: Context) -> Head:
    inputs, monitor = context.inputs, context.monitor
    return Head(
        monitor=monitor.monitor,
        description=visible(monitor.description, 400) if monitor.description else "",
        owner=visible(monitor.owner, 120) if monitor.owner else "",
        task=monitor.task_spec.title,
        window=context.title(context.window.start),
        zone=monitor.timezone,
        generated=formats.moment(inputs.generated_at, context.zone),
        index_link=inputs.index_link,
        drilldown_link=inputs.drilldown_link,
    )


def _history(context: Context) -> tuple[PastWindow, ...]:
    past = []
    for start in context.starts:
        facts = context.facts.get(start)
        # A window nobody ran is not a calm one.
        stands = levels.level(facts) if facts else Level.UNJUDGED
        past.append(PastWindow(context.title(start), stands, start == context.window.start))
    return tuple(past)


def _tiles(
    context: Context, changed: Changes, performed: Performance, checks: Query, columns: Query, runs: Query
) -> tuple[Tile, ...]:
    facts = context.this
    tiles = []
    row = next((row for row in performed.rows if row.title == performed.lead), None)
    if row is not None:
        real = row.realized.value is not None
        figure = row.realized if real else row.estimated
        detail: list[str | Figure] = [] if real else ["estimated"]
        if real and row.low.value is not None:
            detail += [row.low, " to ", row.high]
        if row.threshold.value is not None:
            detail += [", " if detail else "", "limit ", row.threshold]
        if real and performed.provisional:
            detail.append(", provisional")
        beyond = row.degraded if real else row.estimate_degraded
        level = Level.UNJUDGED if beyond is None else Level.CALM
        if beyond:
            level = Level.BROKEN if real else Level.SUSPECT
        tiles.append(Tile(row.title, figure, tuple(detail), level))
    else:
        tiles.append(Tile("Performance", Figure(formats.ABSENT), ("not known",), Level.UNJUDGED))
    drift = Cited({"changed": facts.columns, "watched": changed.judged}, columns)
    level = Level.UNJUDGED if not changed.judged else Level.CHANGED if facts.columns else Level.CALM
    tiles.append(
        Tile(
            "Columns changed",
            drift("changed", formats.count) if changed.judged else Figure(formats.ABSENT),
            ("of ", drift("watched", formats.count), " judged") if changed.judged else ("none judged",),
            level,
        )
    )
    quality_tally = Cited({"failed": facts.failed, "checks": facts.checks}, checks)
    level = Level.UNJUDGED if not facts.checks else Level.CHANGED if facts.failed else Level.CALM
    tiles.append(
        Tile(
            "Checks failed",
            quality_tally("failed", formats.count) if facts.checks else Figure(formats.ABSENT),
            ("of ", quality_tally("checks", formats.count)) if facts.checks else ("none published",),
            level,
        )
    )
    run = provenance.current_runs(context).get("data")
    if run is not None and run["rows_read"] is not None:
        cite = Cited(run, runs)
        aside = run["rows_quarantined"]
        level = Level.EMPTY if run["rows_read"] == 0 else Level.CALM
        tail = (cite("rows_quarantined", formats.count), " set aside") if aside else ("none set aside",)
        tiles.append(Tile("Rows", cite("rows_read", formats.count), tail, level))
    else:
        tiles.append(Tile("Rows", Figure(formats.ABSENT), ("no run known",), Level.UNJUDGED))
    return tuple(tiles)


def _glossary(changed: Changes, performed: Performance) -> tuple[Entry, ...]:
    """How the figures on this page are computed: only of those that are on it."""
    everyone = (*changed.shown, *changed.folded, *changed.listed, *changed.quiet)
    drift = {figure.metric for change in everyone for figure in change.figures}
    drift |= {figure.metric for figure in changed.multivariate}
    known = [name for name in glossary.drift_terms() if name in drift] + sorted(
        drift - set(glossary.drift_terms())
    )
    entries = [Entry(name, glossary.drift(name).title, glossary.drift(name).how) for name in known]
    metrics = dict.fromkeys(row.metric for row in (*performed.rows, *performed.classes))
    if entries:
        entries += [Entry(key, term.title, term.how) for key, term in glossary.ALWAYS.items()]
    return (
        *entries,
        *(Entry(m, glossary.performance(m).title, glossary.performance(m).how) for m in metrics),
    )
