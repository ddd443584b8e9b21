"""Rows in, a page's view out: the order in which a report is thought up."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_reports import (
    changes,
    formats,
    glossary,
    label_join,
    levels,
    performance,
    provenance,
    quality,
    reference_words,
    standing,
    verdict,
    why,
)
from driftline_reports.context import Cited, Context, Room
from driftline_reports.inputs import ReportInputs
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.row_words import Told
from driftline_reports.view_model import (
    Changes,
    Entry,
    Head,
    Link,
    Part,
    PastWindow,
    Provenance,
    Quality,
    Sentence,
    Standing,
    Verdict,
)
from driftline_reports.view_performance import Performance, Why
from driftline_schemas.levels import Level
from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class View:
    """A whole page."""

    head: Head
    verdict: Verdict
    history: tuple[PastWindow, ...]
    standing: Standing
    tally: Query
    changes: Changes
    performance: Performance
    why: Why
    quality: Quality
    run: Provenance
    glossary: tuple[Entry, ...]


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
    told = Told(rows, changed, performed, reasons, found, join, drift_tally)
    incidents = standing.incidents(context)
    cards = (*changed.shown, *changed.folded)
    return View(
        head=_head(context, run.queries[0]),
        verdict=verdict.build(context, told, incidents),
        history=_history(context),
        standing=standing.build(context, incidents, {card.name: card.anchor for card in cards}),
        tally=drift_tally,
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


def _head(context: Context, runs: Query) -> Head:
    inputs, monitor = context.inputs, context.monitor
    calendar, window = monitor.calendar, context.window
    return Head(
        monitor=monitor.monitor,
        description=visible(monitor.description, 400) if monitor.description else "",
        owner=visible(monitor.owner, 120) if monitor.owner else "",
        task=monitor.task_spec.title,
        window=context.title(window.start),
        zone=monitor.timezone,
        rows=_rows(context, runs),
        compared=reference_words.compared(context),
        before=_link(context, calendar.previous(window)),
        after=_link(context, calendar.containing(window.end)),
        generated=formats.moment(inputs.generated_at, context.zone),
        index_link=inputs.index_link,
        drilldown_link=inputs.drilldown_link,
    )


def _rows(context: Context, runs: Query) -> Sentence:
    """How many rows there are, and how many there usually are."""
    run = provenance.current_runs(context).get("data")
    if run is None or run["rows_read"] is None:
        return ()
    count = Cited(run, runs)("rows_read", formats.count)
    parts: list[Part] = [count, " row" if run["rows_read"] == 1 else " rows"]
    if run["rows_quarantined"]:
        parts += [", ", Cited(run, runs)("rows_quarantined", formats.count), " set aside"]
    reference = context.inputs.reference
    if reference is not None and reference.windows > 1:
        noun = reference_words.noun(context.window.granularity)
        usual = formats.count(round(reference.rows / reference.windows))
        parts.append(f", usually about {usual} a {noun}")
    return tuple(parts)


def _link(context: Context, window: Window) -> Link | None:
    """A window beside this one, if anything is known of it or it has a page."""
    href = context.inputs.pages.get(window.start, "")
    if not href and window.start not in context.facts:
        return None
    return Link(context.title(window.start), href)


def _history(context: Context) -> tuple[PastWindow, ...]:
    past = []
    for start in context.starts:
        facts = context.facts.get(start)
        # A window nobody ran is not a calm one.
        stands = levels.level(facts) if facts else Level.UNJUDGED
        link = context.inputs.pages.get(start, "")
        past.append(PastWindow(context.title(start), stands, start == context.window.start, link))
    return tuple(past)


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
