"""What changed, most telling first: every watched column's drift in this window and how it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from driftline_reports import (
    describe,
    distributions,
    drift_history,
    formats,
    glossary,
    limits,
    moving,
    plots,
)
from driftline_reports.carriers import Carriers
from driftline_reports.context import Cited, Context, column_condition, unbroken
from driftline_reports.names import visible
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Change, Changes, DriftFigure, Figure, Name, Part, Sentence

Row = Mapping[str, Any]

_MULTIVARIATE: Final = "*"
# The usual reading of PSI (0.1, 0.25) as Jensen-Shannon distances: JS² is about PSI / (8 ln 2).
_MODERATE: Final = 0.134
_LARGE: Final = 0.212
_UNCALIBRATED: Final = 0.5

_COLUMNS: Final = (
    "column_name", "comparison", "metric", "value", "value_debiased", "lower_bound", "upper_bound", "p_value",
    "q_value", "threshold", "threshold_source", "drifted", "n_current", "n_reference", "status", "reason",
)  # fmt: skip


def build(context: Context) -> Changes:
    """All watched columns, ranked and told apart by how much room they get."""
    rows = context.selection.rows("drift_metrics", window=context.window.start, whole=True)
    columns = _by_column(rows)
    table = "current_drift_metrics"
    everything = context.book.add(
        select(
            table,
            ["column_name", "metric", "value", "threshold", "q_value", "drifted"],
            [*context.here(), "comparison = 'reference'"],
            "column_name, metric",
        ),
        ("column_name", "metric"),
    )
    multivariate = columns.pop(_MULTIVARIATE, [])
    natures = moving.columns(context)
    leads = {column: lead for column, found in columns.items() if (lead := _lead(found)) is not None}
    history = drift_history.read(context, {lead["metric"] for lead in leads.values()})
    drifted = {column: any(row["drifted"] for row in _reference(found)) for column, found in columns.items()}
    scores = {column: _score(context, column, found) for column, found in columns.items()}
    order = sorted(columns, key=lambda column: (not drifted[column], -scores[column], column))
    with_card = [column for column in order if drifted[column]][: context.room.cards]
    carriers = Carriers(
        context, with_card, {column: leads[column] for column in with_card if column in leads}
    )
    profiles = describe.profiles(context)
    made = [
        _Maker(context, history, carriers, profiles, everything).make(
            column,
            f"c{n}",
            columns[column],
            leads.get(column),
            card=column in carriers.columns,
            nature=natures.get(column),
        )
        for n, column in enumerate(order, 1)
    ]
    return _laid_out(context, rows, columns, made, multivariate, everything)


def _laid_out(
    context: Context,
    rows: Sequence[Row],
    columns: Mapping[str, Sequence[Row]],
    made: Sequence[Change],
    multivariate: Sequence[Row],
    everything: Query,
) -> Changes:
    """The entries by how much room there is for each."""
    of_all: list[Query] = []
    room = context.room
    cards = [change for change in made if change.drifted]
    quiet = [change for change in made if not change.drifted and not change.nature]
    others = [change for change in made if not change.drifted and change.nature]
    listed = cards[room.cards :][: room.lines]
    return Changes(
        watched=len(columns),
        judged=sum(
            any(row["drifted"] is not None for row in _reference(found)) for found in columns.values()
        ),
        absent=_absent(context, rows),
        limits=limits.of_columns(context, rows),
        ranking=_ranking(context),
        shown=tuple(cards[: room.shown]),
        folded=tuple(cards[room.shown : room.cards]),
        listed=tuple(listed),
        more_listed=max(len(cards) - room.cards - len(listed), 0),
        quiet=tuple(quiet[: room.lines - len(listed)]),
        more_quiet=max(len(quiet) - (room.lines - len(listed)), 0),
        moving=tuple(others[: room.lines]),
        more_moving=max(len(others) - room.lines, 0),
        multivariate=_figures(multivariate, context, _MULTIVARIATE, of_all) if multivariate else (),
        multivariate_queries=tuple(of_all),
        query=everything,
    )


class _Maker:
    """Makes one column's entry; a card gets charts and queries of its own, a line in a list does not."""

    def __init__(
        self,
        context: Context,
        history: drift_history.DriftHistory,
        carriers: Carriers,
        profiles: Mapping[str, Row],
        everything: Query,
    ) -> None:
        self._context = context
        self._history = history
        self._carriers = carriers
        self._profiles = profiles
        self._everything = everything

    def make(
        self,
        column: str,
        anchor: str,
        rows: Sequence[Row],
        lead: Row | None,
        *,
        card: bool,
        nature: str | None = None,
    ) -> Change:
        context, names = self._context, self._context.names
        queries: list[Query] = []
        if card:
            figures = _figures(rows, context, column, queries)
        else:
            figures = tuple(_figure(row, Cited(row, self._everything)) for row in ([lead] if lead else []))
        first = next((f for f in figures if lead and f.metric == lead["metric"]), None)
        series = self._history.series.get((column, lead["metric"])) if lead else None
        distribution = context.inputs.distributions.get(column)
        drawing, note = None, "The distribution of this window is not at hand."
        carried: tuple[Any, ...] = ()
        facts: tuple[tuple[str, Figure], ...] = ()
        trend = None
        since, windows = self._since(column)
        if card:
            if lead and series:
                queries.append(self._trend_query(column, lead["metric"]))
                trend = _trend(context, column, lead["metric"], series)
            profile = self._profiles.get(column)
            if distribution is not None:
                drawing, note = distributions.plot(distribution, names, profile)
            if profile is not None:
                facts, query = describe.facts(context, column, profile)
                queries.append(query)
            carried, carrier_query = self._carriers.of(column)
            queries += [carrier_query] if carrier_query else []
        drifted = any(row["drifted"] for row in _reference(rows))
        return Change(
            anchor=anchor,
            name=names.column(column),
            kind=next((row["column_kind"] for row in rows if row["column_kind"]), "") or "",
            sensitive=names.is_sensitive(column),
            drifted=drifted,
            effect=_effect_word(_effect(rows)),
            summary=_summary(context, rows, first, since) if card else _why_no_figure(rows, lead),
            lead=first,
            figures=figures,
            since=since,
            windows=windows,
            describe=facts,
            carriers=carried,
            new_values=distributions.new_values(distribution, names) if card else (),
            distribution=drawing,
            distribution_note=note,
            trend=trend,
            spark=plots.Spark(tuple(series.values), series.beyond[-1]) if series else plots.Spark(()),
            importance=context.inputs.importance.get(column),
            queries=tuple(queries),
            nature=nature or "",
        )

    def _since(self, column: str) -> tuple[str, int]:
        """Since when the column has been beyond its limit without a break: in words, and how many windows."""
        context = self._context
        decided = self._history.decided.get(column, {})
        if not decided.get(context.window.start):
            return "", 0
        first, length, open_ended = unbroken(context.starts, decided)
        if length == 1 and len(context.starts) == 1:
            return "in the only window there is", 1
        if length == 1 and not open_ended:
            return "new in this window", 1
        at_least = "at least " if open_ended and len(context.starts) > 1 else ""
        return f"{at_least}since {context.title(first)}, {formats.plural(length, 'window')} in a row", length

    def _trend_query(self, column: str, metric: str) -> Query:
        context = self._context
        conditions = [*context.here(window=False), column_condition(column)]
        conditions += [f"comparison = 'reference' and metric = '{metric}'"]
        chosen = ["window_start", "value", "threshold", "drifted"]
        return context.book.add(
            select("current_drift_metrics", chosen, conditions, "window_start"), ("window_start",)
        )


def _by_column(rows: Sequence[Row]) -> dict[str, list[Row]]:
    columns: dict[str, list[Row]] = {}
    for row in rows:
        columns.setdefault(row["column_name"], []).append(row)
    return columns


def _reference(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["comparison"] == "reference"]


def _lead(rows: Sequence[Row]) -> Row | None:
    """The figure a column is told by: of those that decide the one farthest beyond its limit.

    What a column does in this window says more than what it has summed up to.
    """
    known = [row for row in _reference(rows) if row["value"] is not None]
    deciding = [row for row in known if row["drifted"] is not None]
    if deciding:

        def weight(row: Row) -> tuple[bool, bool, float, bool]:
            own = row["metric"] != glossary.SUSTAINED
            return bool(row["drifted"]), own, _excess(row), row["metric"] == "psi"

        return max(deciding, key=weight)
    order = list(glossary.drift_terms())
    ranked = sorted(
        known, key=lambda row: order.index(row["metric"]) if row["metric"] in order else len(order)
    )
    return ranked[0] if ranked else None


def _excess(row: Row) -> float:
    value, limit = row["value"], row["threshold"]
    return abs(value) / abs(limit) if limit and value is not None else 0.0


def _effect(rows: Sequence[Row]) -> float:
    """How far the column moved, 0 to 1: the Jensen-Shannon distance, or what comes nearest to it."""
    values = {row["metric"]: row["value"] for row in _reference(rows) if row["value"] is not None}
    for metric in ("js_distance", "tvd", "ks", "l_infinity"):
        if metric in values:
            return float(min(max(values[metric], 0.0), 1.0))
    psi = max(float(values.get("psi", 0.0)), 0.0)
    return float(min((psi / 5.545) ** 0.5, 1.0))


def _effect_word(effect: float) -> str:
    return "large" if effect >= _LARGE else "moderate" if effect >= _MODERATE else "small"


def _score(context: Context, column: str, rows: Sequence[Row]) -> float:
    """Effect times certainty times importance, each between 0 and 1."""
    certainties = [
        1.0 - (row["q_value"] if row["q_value"] is not None else row["p_value"])
        for row in _reference(rows)
        if row["drifted"] is not None and (row["q_value"] is not None or row["p_value"] is not None)
    ]
    weights = context.inputs.importance
    heaviest = max(weights.values(), default=0.0)
    # A column without a weight (the score, a label) is nobody's input: it counts in full.
    weight = max(weights[column] / heaviest, 0.02) if heaviest > 0 and column in weights else 1.0
    return _effect(rows) * max(certainties, default=_UNCALIBRATED) * weight


def _ranking(context: Context) -> str:
    weighted = ", times the model's own feature importance" if context.inputs.importance else ""
    return (
        "Ranked by effect (Jensen–Shannon distance) times certainty (1 − q; one half where a limit is not "
        f"calibrated){weighted}."
    )


def _figures(
    rows: Sequence[Row], context: Context, column: str, queries: list[Query] | None = None
) -> tuple[DriftFigure, ...]:
    """Every figure against the reference, and the deciding ones against the window before."""
    query = context.book.add(
        select(
            "current_drift_metrics",
            _COLUMNS[1:],
            [*context.here(), column_condition(column)],
            "comparison, metric",
        ),
        ("comparison", "metric"),
    )
    if queries is not None:
        queries.append(query)
    order = {metric: n for n, metric in enumerate(glossary.drift_terms())}
    ranked = sorted(_reference(rows), key=lambda row: (order.get(row["metric"], len(order)), row["metric"]))
    return tuple(_figure(row, Cited(row, query)) for row in ranked)


def _figure(row: Row, cite: Cited) -> DriftFigure:
    term = glossary.drift(row["metric"])
    bounds = None
    if row["lower_bound"] is not None and row["upper_bound"] is not None:
        bounds = (cite("lower_bound", term.write), cite("upper_bound", term.write))
    certainty = "q_value" if row["q_value"] is not None else "p_value"
    return DriftFigure(
        metric=row["metric"],
        title=term.title,
        value=cite("value", term.write),
        beyond_chance=cite("value_debiased", term.write),
        bounds=bounds,
        threshold=cite("threshold", term.write),
        source=glossary.source(row["threshold_source"]),
        certainty=cite(certainty, formats.probability),
        drifted=row["drifted"],
        uncounted=row["drifted"] is False and _excess(row) > 1.0,
        reason=_reason(row),
    )


def _reason(row: Row) -> str:
    """Why a figure is not to be had, or what is to be said of it."""
    if row["reason"]:
        return visible(row["reason"], 240)
    return "" if row["value"] is not None else glossary.words(row["status"])


def _trend(context: Context, column: str, metric: str, series: drift_history.Series) -> plots.Trend:
    term = glossary.drift(metric)
    known = [(value, n) for n, value in enumerate(series.values) if value is not None]
    most, where = max(known)
    beyond = sum(series.beyond)
    summary = (
        f"{term.title} of {context.names.column(column)} over {formats.plural(len(known), 'window')}: "
        f"{term.write(series.values[-1])} now, at most {term.write(most)} "
        f"({context.title(context.starts[where])}); {beyond} beyond the limit"
    )
    form = ".0%" if term.write is formats.percent else "~r" if most < 1000 else "~s"
    return plots.Trend(
        context.times(),
        tuple(series.values),
        tuple(series.limits),
        tuple(series.beyond),
        form if form != "~r" else ".2~r",
        summary,
    )


def _summary(context: Context, rows: Sequence[Row], lead: DriftFigure | None, since: str) -> Sentence:
    if lead is None:
        return ("No figure could be had.",)
    parts: list[Part] = [f"{lead.title} is ", lead.value]
    if lead.threshold.value is not None:
        side = "beyond" if lead.drifted or lead.uncounted else "within"
        parts += [f", {side} its limit of ", lead.threshold, f" ({lead.source})" if lead.source else ""]
    if since:
        parts += [f"; {since}" if since.startswith(("new", "in")) else f"; changed {since}"]
    parts.append(".")
    if lead.certainty.cell is not None:
        what = "false discovery rate q" if lead.certainty.cell.column == "q_value" else "p"
        parts += [f" How sure: {what} ", lead.certainty, "."]
    previous = [row for row in rows if row["comparison"] == "previous" and row["metric"] == lead.metric]
    if previous and previous[0]["value"] is not None and lead.value.cell is not None:
        figure = Cited(previous[0], context.book.query(lead.value.cell.query))(
            "value", glossary.drift(lead.metric).write
        )
        parts += [" Beside the window before: ", figure, "."]
    return tuple(parts)


def _why_no_figure(rows: Sequence[Row], lead: Row | None) -> Sentence:
    if lead is not None:
        return ()
    reason = next((_reason(row) for row in _reference(rows)), "no figure")
    return (Name(reason),)


def _absent(context: Context, rows: Sequence[Row]) -> Sentence:
    if any(row["value"] is not None and row["comparison"] == "reference" for row in rows):
        return ()
    if context.this.rows == 0:
        return ("No row arrived in this window, so there is nothing to compare.",)
    reasons = sorted({_reason(row) for row in rows if row["value"] is None})
    if reasons:
        return ("Nothing could be compared with the reference: ", Name(formats.listing(reasons)), ".")
    return ("There is nothing to compare with: no reference figure was published for this window.",)
