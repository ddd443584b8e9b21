"""Is it new, does it matter, what exactly, what to do: what a page opens with, by incidents or by rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from driftline_reports import formats, levels, model_line
from driftline_reports.context import Context
from driftline_reports.performance import lead_row
from driftline_reports.row_words import RowWords, Told, certainty, joined
from driftline_reports.standing import Incident, linked, since
from driftline_reports.view_model import Change, Name, Part, Sentence, Verdict
from driftline_schemas.levels import Level
from driftline_schemas.table_names import ALL

_OTHERS: Final = 3
_TODAY: Final[Mapping[str, str]] = {
    "day": "today",
    "hour": "this hour",
    "week": "this week",
    "month": "this month",
}
Step = tuple[Sentence, str]
_QUIET: Final = frozenset({Level.CALM, Level.UNJUDGED, Level.EMPTY})


def build(context: Context, told: Told, incidents: Sequence[Incident]) -> Verdict:
    """The verdict of the window; ``incidents`` are those that stand in it, the worst first."""
    level = levels.level(context.this)
    rows = RowWords(context, told)
    model = _model(context, told)
    under_way = [one for one in incidents if one.under_way]
    if under_way and level not in {Level.UNJUDGED, Level.EMPTY}:
        words = _IncidentWords(context, told, rows, under_way)
        return Verdict(
            level=level,
            news=words.news(),
            headline=words.headline(),
            others=words.others(),
            more=words.more(),
            model=model,
            where=words.where(),
            since=words.since(),
            sure=words.sure(),
            steps=words.steps(),
        )
    since_when = rows.since()
    changed = [] if level in _QUIET else [change for change in told.changes.shown if change.fact]
    return Verdict(
        level=level,
        news=_news(context, level, since_when),
        headline=rows.headline(),
        others=tuple((*change.fact, ".") for change in changed[:_OTHERS]),
        more=0,
        model=model,
        where=rows.where(),
        since=since_when,
        sure=rows.sure(),
        steps=_steps_of_rows(context, told, level),
    )


def today(context: Context) -> str:
    """What this window is called by somebody who reads of it when it has ended."""
    return _TODAY.get(context.window.granularity.value, "in this window")


def _news(context: Context, level: Level, since_when: Sentence) -> str:
    if level is Level.ONGOING:
        return "nothing new"
    if level in _QUIET:
        return ""
    first = since_when[0] if since_when else ""
    return f"new {today(context)}" if isinstance(first, str) and first.startswith("New") else ""


def _model(context: Context, told: Told) -> Sentence:
    if told.join is not None:
        return ("How well it does is not known: ", *told.join.fact, ".")
    return model_line.build(context, lead_row(told.rows), told.performance)


class _IncidentWords:
    """The words for a window of which incidents tell; the first of them is the worst."""

    def __init__(self, context: Context, told: Told, rows: RowWords, incidents: Sequence[Incident]) -> None:
        self._context = context
        self._told = told
        self._rows = rows
        self._worst = incidents[0]
        # What is new stands with what is new: all that goes on is listed below.
        self._alike = [one for one in incidents[1:] if one.new and self._worst.new]
        changes = told.changes
        self._changes: dict[str, Change] = {
            change.name: change for change in (*changes.shown, *changes.folded, *changes.listed)
        }
        self._columns = [context.names.column(name) for name in self._worst.columns if name != ALL]

    def news(self) -> str:
        when = today(self._context)
        if not self._worst.new:
            return "nothing new"
        if self._worst.state == "escalated":
            return f"got worse {when}"
        return f"again {when}" if self._worst.first < self._context.window.start else f"new {when}"

    def headline(self) -> Sentence:
        said = _stopped(self._worst.headline)
        return (Name(said),) if self._worst.new else ("Nothing new. Still: ", Name(said))

    def others(self) -> tuple[Sentence, ...]:
        return tuple((Name(_stopped(one.headline)),) for one in self._alike[:_OTHERS])

    def more(self) -> int:
        return max(len(self._alike) - _OTHERS, 0)

    def where(self) -> Sentence:
        if self._worst.topic == "performance":
            return self._rows.where_of_performance()
        anchors = {name: change.anchor for name, change in self._changes.items()}
        names = linked(self._columns, anchors)
        parts: list[Part] = []
        for name in names:
            parts += [", " if parts else "", name]
        if not parts:
            parts.append("All rows")
        change = next((self._changes[name] for name in self._columns if name in self._changes), None)
        carriers = [carrier.name for carrier in change.carriers[:2]] if change is not None else []
        if carriers and self._worst.topic == "drift":
            parts += [" · most in ", *joined([Name(name) for name in carriers], 0)]
        return (*parts, ".")

    def since(self) -> Sentence:
        said = since(self._context, self._worst.first)
        if said != "new":
            again = "First " if self._worst.state == "new" else "Since "
            return (f"{again}{said.removeprefix('since ')}.",)
        when = today(self._context)
        return (f"{when[:1].upper()}{when[1:]}.",)

    def sure(self) -> Sentence:
        if self._worst.topic == "data" and self._worst.certain:
            return ("Certain: the rows were counted, nothing is estimated.",)
        if self._worst.topic == "performance":
            return self._rows.sure_of_performance()
        change = next((self._changes[name] for name in self._columns if name in self._changes), None)
        if change is None:
            return self._rows.sure()
        found = certainty(change, self._context.window.end - self._context.window.start)
        return (Name(change.name), ": ", *found, ".")

    def steps(self) -> tuple[Step, ...]:
        worst = self._worst
        steps: list[Step] = [(self._first_step(), "")]
        if worst.new or worst.state == "ongoing":
            steps.append((("On it:",), f"driftline incidents acknowledge {worst.identity}"))
            if worst.topic == "drift":
                steps.append((("The new norm:",), f"driftline incidents accept {worst.identity}"))
        return tuple(steps)

    def _first_step(self) -> Sentence:
        if self._worst.topic == "data":
            few = self._columns[:3]
            return (
                ("Check the source of ", *joined([Name(name) for name in few], len(self._columns) - 3), ".")
                if few
                else ("See whether all of the log arrived: the run’s inputs, at the end, say what was read.",)
            )
        if self._worst.topic == "performance":
            step = self._told.join.step if self._told.join is not None else ()
            return step or ("See where it does worst, below; retrain, or go back to the version before.",)
        impacts = [self._changes[name].impact for name in self._columns if name in self._changes]
        if any(impact is not None and impact.matters for impact in impacts):
            return ("It moves the model’s scores: find what changed upstream, then retrain or accept it.",)
        if any(impact is not None and impact.matters is False for impact in impacts):
            return ("It moves the scores by no more than noise: accept it if it is there to stay.",)
        return ("Find what changed upstream; accept it if it is there to stay.",)


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _steps_of_rows(context: Context, told: Told, level: Level) -> tuple[Step, ...]:
    """What to do where no incident is known."""
    if told.join is not None and told.join.step:
        return ((told.join.step, ""),)
    if level is Level.EMPTY:
        return ((("See whether the log arrived; once it has:",), "driftline catch-up MONITOR.yaml"),)
    if level is Level.UNJUDGED:
        return ((("Run more windows, or give the monitor a reference and limits.",), ""),)
    if level is Level.CALM:
        return ((("Nothing.",), ""),)
    if told.quality.failed:
        columns = list(dict.fromkeys(check.column for check in told.quality.failed))
        return (
            (
                ("Check the source of ", *joined([Name(one) for one in columns[:3]], len(columns) - 3), "."),
                "",
            ),
        )
    if told.changes.shown:
        return ((("Find what changed upstream; the columns are below, those that matter first.",), ""),)
    count = formats.plural(context.this.alerts, "alert")
    return ((((f"See the {count} below.") if context.this.alerts else "See the figures below.",), ""),)
