"""Makes one column's entry: a line of the table, and for what changed a card with charts behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from driftline_reports import describe, distributions, drift_history, formats, glossary, plots
from driftline_reports.carriers import Carriers
from driftline_reports.column_stories import ColumnStories
from driftline_reports.context import Cited, Context, column_condition, unbroken
from driftline_reports.drift_figures import (
    effect_of,
    effect_word,
    figure_of,
    figures_of,
    has_drifted,
    of_reference,
    reason_of,
)
from driftline_reports.queries import Query, select
from driftline_reports.reference_words import noun
from driftline_reports.view_model import Change, DriftFigure, Figure, Impact, Name, Part, Sentence

Row = Mapping[str, Any]
NEW: Final = "new in this window"
"""What is said of a column that has just changed."""


class ColumnMaker:
    """A card gets charts and queries of its own, a line in a list does not."""

    def __init__(
        self,
        context: Context,
        history: drift_history.DriftHistory,
        carriers: Carriers,
        stories: ColumnStories,
        impacts: Mapping[str, Impact],
        everything: Query,
    ) -> None:
        self.stories = stories
        self._context = context
        self._history = history
        self._carriers = carriers
        self._impacts = impacts
        self._everything = everything
        self._minis = 0

    def make(self, column: str, anchor: str, rows: Sequence[Row], lead: Row | None, nature: str) -> Change:
        """The entry of ``column``, whose rows of ``drift_metrics`` are ``rows``, told by ``lead``."""
        context, names = self._context, self._context.names
        card = column in self._carriers.columns
        queries: list[Query] = []
        if card:
            figures = figures_of(rows, context, column, queries)
        else:
            figures = tuple(figure_of(row, Cited(row, self._everything)) for row in ([lead] if lead else []))
        first = next((f for f in figures if lead and f.metric == lead["metric"]), None)
        distribution = context.inputs.distributions.get(column)
        profile = self.stories.profiles.get(column)
        drawing, note = None, "The distribution of this window is not at hand."
        if distribution is not None and (card or self._minis < context.room.minis):
            drawing, note = distributions.plot(distribution, names, profile)
        course, carried, described = self._of_card(column, profile, queries) if card else (None, (), ())
        since, windows = self._since(column)
        usual, today = self.stories.cells(column)
        return Change(
            anchor=anchor,
            name=names.column(column),
            kind=next((row["column_kind"] for row in rows if row["column_kind"]), "") or "",
            sensitive=names.is_sensitive(column),
            drifted=has_drifted(rows),
            effect=effect_word(effect_of(rows)),
            summary=_summary(context, rows, first, since) if card else _why_no_figure(rows, lead),
            lead=first,
            figures=figures,
            since=since,
            windows=windows,
            describe=described,
            carriers=carried,
            new_values=distributions.new_values(distribution, names) if card else (),
            distribution=drawing if card else None,
            distribution_note=note,
            fact=self.stories.fact(column),
            usual=usual,
            today=today,
            course=course,
            spark=_spark(course),
            mini=self._mini(drawing),
            impact=self._impacts.get(column),
            queries=tuple(queries),
            nature=nature,
        )

    def _of_card(
        self, column: str, profile: Row | None, queries: list[Query]
    ) -> tuple[plots.Median | plots.Shares | None, tuple[Any, ...], tuple[tuple[str, Figure], ...]]:
        context = self._context
        decided = self._history.decided.get(column, {})
        course = self.stories.course(column, [decided.get(start, False) for start in context.starts])
        if course is not None:
            queries.append(self._course_query(column))
        described: tuple[tuple[str, Figure], ...] = ()
        if profile is not None:
            described, query = describe.facts(context, column, profile)
            queries.append(query)
        carried, carrier_query = self._carriers.of(column)
        queries += [carrier_query] if carrier_query else []
        return course, carried, described

    def _mini(self, drawing: plots.Steps | plots.Bars | None) -> plots.Mini | None:
        if drawing is None or self._minis >= self._context.room.minis:
            return None
        self._minis += 1
        if isinstance(drawing, plots.Steps):
            widths = tuple(b - a for a, b in zip(drawing.bounds, drawing.bounds[1:], strict=False))
        else:
            widths = (1.0,) * len(drawing.current)
        return plots.Mini(widths, drawing.current, drawing.reference, drawing.summary)

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
            return NEW, 1
        at_least = "at least " if open_ended and len(context.starts) > 1 else ""
        counted = formats.plural(length, noun(context.window.granularity))
        return f"{at_least}since {context.title(first)}, {counted}", length

    def _course_query(self, column: str) -> Query:
        context = self._context
        conditions = [*context.here(window=False), column_condition(column)]
        chosen = ["window_start", "count", "nulls", "nans", "p50", "top_values"]
        return context.book.add(
            select("current_profile_metrics", chosen, conditions, "window_start"), ("window_start",)
        )


def _spark(course: plots.Median | plots.Shares | None) -> plots.Spark:
    if course is None:
        return plots.Spark(())
    if isinstance(course, plots.Median):
        return plots.Spark(course.values, bool(course.beyond and course.beyond[-1]), course.summary)
    return plots.Spark(course.lines[0], title=course.summary)


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
    reason = next((reason_of(row) for row in of_reference(rows)), "no figure")
    return (Name(reason),)
