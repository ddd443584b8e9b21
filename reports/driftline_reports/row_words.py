"""Did it break, where, since when, how sure: by the rows of a window, where no incident says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from driftline_reports import formats, glossary, levels, limits, quality
from driftline_reports.chance import chance
from driftline_reports.context import Cited, Context, unbroken
from driftline_reports.label_join import LabelJoin
from driftline_reports.performance import ESTIMATED, REALIZED
from driftline_reports.queries import Query
from driftline_reports.view_model import Alert, Change, Changes, Figure, Name, Part, Quality, Sentence
from driftline_reports.view_performance import Performance, Why
from driftline_schemas.levels import Level

Row = Mapping[str, Any]
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What the verdict is made from: the parts of the page, and the performance figures of the window.

    ``join`` is what its labels lack, ``drift_tally`` the statement that counts columns.
    """

    rows: Sequence[Row]
    changes: Changes
    performance: Performance
    why: Why
    quality: Quality
    join: LabelJoin | None
    drift_tally: Query


def told_as(facts: levels.Facts) -> Level:
    """By which level's words a window is told of: an estimate says more than that a check failed."""
    worst = levels.worst_of(replace(facts, faults=0))
    return Level.CHANGED if facts.faults and worst in {Level.CALM, Level.UNJUDGED} else worst


def _stands(facts: levels.Facts) -> Level:
    """The same, unless its incidents say that nothing counts, or that nothing was there."""
    quiet = {Level.CALM, Level.UNJUDGED, Level.EMPTY}
    return facts.stands if facts.stands in quiet else told_as(facts)


def _worse(rows: Sequence[Row], kind: str) -> Row | None:
    """The degraded figure of ``kind`` that is read first."""
    found = [row for row in rows if row["kind"] == kind and row["degraded"] and row["value"] is not None]
    return min(
        found,
        key=lambda row: (row["class_label"] is not None, glossary.order_of_reading(row["metric"])),
        default=None,
    )


class RowWords:
    """Finds the words for one window from its rows alone."""

    def __init__(self, context: Context, told: Told) -> None:
        self.level = _stands(context.this)
        worse = _worse(told.rows, REALIZED if self.level is Level.BROKEN else ESTIMATED)
        self._context = context
        self._facts = context.this
        self._changes = told.changes
        self._performance = told.performance
        self._why = told.why
        self._quality = told.quality
        self._join = told.join
        self._tally = told.drift_tally
        self._worse: Row | None = worse
        self._cite: Cited | None = Cited(worse, told.performance.queries[0]) if worse else None

    def headline(self) -> Sentence:  # noqa: PLR0911 - one sentence a case
        """Did it break."""
        level = self.level
        if level is Level.EMPTY:
            return ("No data: not one row arrived in this window.",)
        if level is Level.UNJUDGED:
            return ("Nothing could be judged in this window.",)
        if level is Level.CALM:
            if self._join is not None:
                return ("No column changed; how well the model does is not known: ", *self._join.fact, ".")
            if self._facts.columns:
                return (
                    "Nothing that matters: ",
                    self._drifted_columns(),
                    " of ",
                    self._tallied("watched", self._changes.judged),
                    " columns moved, by little for the model, or as is known and accepted.",
                )
            if self._facts.judged:
                return ("Nothing broke.",)
            return ("No column changed; how well the model does is not judged.",)
        if level is Level.BROKEN:
            return (*self._figure_beyond_limit(), ".")
        if level is Level.SUSPECT:
            return (*self._figure_beyond_limit(), ", by an estimate without labels.")
        return self._changed()

    def _figure_beyond_limit(self) -> Sentence:
        row, cite = self._worse, self._cite
        if row is None or cite is None:
            return ("A performance figure is beyond its limit",)
        term = glossary.performance(row["metric"])
        parts: list[Part] = [term.title]
        if row["class_label"] is not None:
            parts += [" of class ", Name(self._context.names.value("", row["class_label"]))]
        parts += [" is ", cite("value", term.write)]
        if row["threshold"] is not None:
            side = "below" if row["value"] < row["threshold"] else "above"
            parts += [f", {side} its limit of ", cite("threshold", term.write)]
        return tuple(parts)

    def _changed(self) -> Sentence:  # noqa: PLR0911 - one sentence a case
        facts = self._facts
        if facts.columns:
            counted: Sentence = (
                self._drifted_columns(),
                " of ",
                self._tallied("watched", self._changes.judged),
                f" {'column' if self._changes.judged == 1 else 'columns'} changed",
            )
            if facts.confirmed:
                return ("The model held, but its data changed: ", *counted, ".")
            if facts.judged and self._join is None:
                return ("The data changed, and the model holds so far: ", *counted, ".")
            return (*counted, "; what that does to the model is not known.")
        if facts.drifted:
            return ("Columns moved together, none of them alone.",)
        if self._join is not None:
            return (*self._join.opening, ".")
        if facts.failed == 1 and self._quality.moving.columns:
            return ("Nothing broke, but columns that move by nature are watched and cannot be judged.",)
        if facts.failed:
            ending = "; the model held." if facts.confirmed else "."
            return ("The data has faults: ", *self._quality.summary[:-1], " checks failed", ending)
        if facts.alerts:
            count = formats.plural(facts.alerts, "alert is", "alerts are")
            if any(not alert.carried for alert in self._open_alerts()):
                return (
                    f"Nothing is wrong with the whole, but {count} open, of parts of the rows among them.",
                )
            return (f"{count} open, by what came before.",)
        return ("An estimate sees a loss that the labels do not confirm.",)

    def _drifted_columns(self) -> Figure:
        return self._tallied("changed", self._facts.columns)

    def _tallied(self, column: str, value: int) -> Figure:
        return Cited({column: value}, self._tally)(column, formats.count)

    def where(self) -> Sentence:
        """Where: columns, segments, checks."""
        level = self.level
        if level is Level.EMPTY:
            return ("In the logs of this window: the run's inputs below say what was looked at.",)
        if level is Level.UNJUDGED:
            return (
                self._changes.absent
                or self._performance.absent
                or ("No figure had a limit to be held against.",)
            )
        if level is Level.CALM:
            step: Sentence = () if self._join is None else (" ", *self._join.step)
            return (*self._calm_where(), *step)
        parts: list[Part] = []
        if self._why.rows and level in {Level.BROKEN, Level.SUSPECT}:
            parts += ["Most of it in ", *self._names([reason.name for reason in self._why.rows[:2]]), ". "]
        cards = self._changes.shown
        if cards:
            linked = [Name(card.name, f"#{card.anchor}") for card in cards[:_NAMED]]
            parts += ["Changed most: ", *joined(linked, self._facts.columns - len(linked)), ". "]
            carried = self._carried(cards[0])
            parts += carried
        elif self._facts.drifted:
            parts.append("In how the numeric columns go together. ")
        elif level in {Level.BROKEN, Level.SUSPECT} and self._changes.watched:
            said = "No input column changed" if self._changes.judged else "No input column was judged"
            parts.append(f"{said}: look at the labels and at what the features cannot see. ")
        moving = self._quality.moving.names
        if moving and self._facts.failed == 1:
            parts += ["List under features.ignore: ", *joined(moving[:_NAMED], len(moving) - _NAMED), "."]
        elif self._quality.failed:
            parts += ["Failed checks: ", *quality.headline(self._quality), "."]
        if not parts and level is Level.CHANGED and self._facts.alerts:
            parts += ["Open alerts: ", *self._alerted(), "."]
        if self._join is not None:
            is_headline = level is Level.CHANGED and not self._facts.drifted
            fact: Sentence = () if is_headline else (*self._join.opening, ". ")
            parts += [" " if parts else "", *fact, *self._join.step]
        return tuple(parts) or ("In the model as a whole.",)

    def where_of_performance(self) -> Sentence:
        """In which parts of the rows the model does worse, and which columns changed with it."""
        parts: list[Part] = []
        worse = [row.name for row in self._performance.segments if row.flag]
        named = [reason.name for reason in self._why.rows[:2]] or worse[:_NAMED]
        if named:
            parts += ["Most of it in ", *self._names(named), ". "]
        cards = self._changes.shown
        if cards:
            linked = [Name(card.name, f"#{card.anchor}") for card in cards[:_NAMED]]
            parts += ["Changed as well: ", *joined(linked, self._facts.columns - len(linked)), "."]
        return tuple(parts) or ("In the model as a whole: no segment does clearly worse than it.",)

    def _open_alerts(self) -> list[Alert]:
        return [alert for alert in self._quality.alerts if alert.state != "resolved"]

    def _alerted(self) -> Sentence:
        named = [Name(f"{alert.subject} ({alert.metric})") for alert in self._open_alerts()]
        return joined(named[:_NAMED], self._facts.alerts - len(named[:_NAMED]))

    def _carried(self, card: Change) -> Sentence:
        names = [carrier.name for carrier in card.carriers[:2]]
        if not names or self._why.rows:
            return ()
        return (Name(card.name), " changed most in ", *self._names(names), ". ")

    def _names(self, names: Sequence[str]) -> Sentence:
        return joined([Name(name) for name in names], 0)

    def _calm_where(self) -> Sentence:
        facts, performance = self._facts, self._performance
        parts: list[Part] = []
        judged = self._changes.judged
        if judged:
            count: Part = self._drifted_columns() if facts.columns else "None"
            parts += [count, " of ", self._tallied("watched", judged), f" {_columns(judged)} changed"]
        if performance.rows and performance.lead:
            row = next((r for r in performance.rows if r.title == performance.lead), performance.rows[0])
            real = row.realized.value is not None
            parts += ["; " if parts else "", f"{row.title} is ", row.realized if real else row.estimated]
            parts += [] if real else [" by an estimate without labels"]
            if row.threshold.value is not None:
                beyond = row.unsure and real
                side = "beyond its limit of " if beyond else "within its limit of "
                parts += [", ", side, row.threshold, ", but by no more than chance may do" if beyond else ""]
        if facts.failed:
            parts += ["; " if parts else "", *self._quality.summary[:-1], " checks failed"]
        elif facts.checks:
            parts += [
                "; " if parts else "",
                f"all {formats.plural(facts.checks, 'check')} of the data passed",
            ]
        return (*parts, ".") if parts else ("Nothing was found anywhere.",)

    def since(self) -> Sentence:
        """Since when."""
        level = self.level
        context = self._context
        if len(context.starts) == 1:
            return ("This is the only window so far: there is no earlier one to tell.",)
        decided, is_level = self._decided(level)
        if level in {Level.CALM, Level.UNJUDGED, Level.EMPTY}:
            first, length, open_ended = unbroken(context.starts, is_level)
            at_least = "at least " if open_ended else ""
            word = {"calm": "Calm", "unjudged": "Not judged", "empty": "Empty"}[level.value]
            return (f"{word} {at_least}since {context.title(first)} ({formats.plural(length, 'window')}).",)
        first, length, open_ended = unbroken(context.starts, decided)
        card = next(iter(self._changes.shown), None)
        if level is Level.CHANGED and card is not None and card.since:
            # Which columns changed may differ from window to window: the one that is told of first counts.
            said: Sentence = (Name(card.name), f": {card.since}.")
            others = f" Some column changed in each of the last {formats.plural(length, 'window')}."
            return (*said, others) if self._changes.judged > 1 and length > card.windows else said
        if length <= 1 and not open_ended:
            return ("New in this window.",)
        at_least = "At least since" if open_ended else "Since"
        return (f"{at_least} {context.title(first)}, {formats.plural(length, 'window')} in a row.",)

    def _decided(self, level: Level) -> tuple[dict[datetime, bool], dict[datetime, bool]]:
        """For each window: whether what is wrong now was wrong then, and whether it stood at this level."""
        same: dict[datetime, bool] = {}
        levelled: dict[datetime, bool] = {}
        for start in self._context.starts:
            facts = self._context.facts.get(start)
            if facts is None:
                continue
            levelled[start] = (facts.stands or told_as(facts)) is level
            if facts.rows == 0:
                # An empty window says nothing about whether the trouble went on.
                continue
            if level is Level.BROKEN:
                if facts.judged:
                    same[start] = bool(set(facts.realized) & set(self._facts.realized))
            elif level is Level.SUSPECT:
                same[start] = bool(facts.estimated or facts.realized)
            elif self._facts.drifted:
                same[start] = facts.drifted > 0
            elif self._facts.failed:
                same[start] = facts.failed > 0
            else:
                same[start] = facts.alerts > 0 or bool(facts.estimated)
        return same, levelled

    def sure(self) -> Sentence:
        """How sure."""
        level = self.level
        if level is Level.EMPTY:
            return ("Certain, as far as the run could see: its objects are listed below.",)
        if level is Level.UNJUDGED:
            return ("Not at all: nothing was held against a limit.",)
        parts: list[Part] = []
        if self._worse is not None and self._cite is not None:
            parts += self._interval(self._worse, self._cite)
        card = next(iter(self._changes.shown), None)
        if level is not Level.CALM and card is not None and card.lead is not None:
            parts += self._drift_certainty(card)
        elif level is Level.CALM:
            rate = formats.percent(self._context.monitor.alerts.false_alarm_rate)
            parts.append(
                f"Limits are set so that about {rate} of clean windows raise an alarm where calibrated. "
                if limits.any_learned(self._context)
                else "Limits are fixed sizes: how often a clean window is beyond one is not known. "
            )
        if self._context.monitor.labels is None:
            parts.append("There are no labels: only inputs and estimates are judged.")
        else:
            parts += self._performance.labels
        return tuple(parts)

    def sure_of_performance(self) -> Sentence:
        """How sure it is that the model does worse."""
        interval = self._interval(self._worse, self._cite) if self._worse and self._cite else ()
        return (*interval, *self._performance.labels) or self.sure()

    def _interval(self, row: Row, cite: Cited) -> Sentence:
        low, high, limit = row["ci_low"], row["ci_high"], row["threshold"]
        term = glossary.performance(row["metric"])
        if low is None or high is None:
            return ("No interval is known for that figure. ",)
        parts: list[Part] = [
            "Its 95% interval, ",
            cite("ci_low", term.write),
            " to ",
            cite("ci_high", term.write),
        ]
        if limit is None:
            return (*parts, ". ")
        if high < limit or low > limit:
            return (*parts, ", lies wholly beyond the limit. ")
        return (*parts, ", reaches across the limit: chance may have a part. ")

    def _drift_certainty(self, card: Change) -> Sentence:
        return (
            Name(card.name),
            ": ",
            *certainty(card, self._context.window.end - self._context.window.start),
            ". ",
        )


def certainty(card: Change, window: timedelta) -> Sentence:
    """How likely chance explains what a column does in so long a window; the figure stands behind."""
    lead = card.lead
    if lead is None or not isinstance(lead.certainty.value, float):
        source = lead.source if lead is not None else ""
        return (f"{source or 'fixed limit'}, so no chance of error is known",)
    what = "q" if lead.certainty.cell is not None and lead.certainty.cell.column == "q_value" else "p"
    return (f"{chance(lead.certainty.value, window)} ({what} ", lead.certainty, ")")


def joined(names: Sequence[Name], more: int) -> Sentence:
    """Names in a row, with how many more there are."""
    parts: list[Part] = []
    for position, name in enumerate(names):
        last = position == len(names) - 1 and more <= 0
        parts += ["" if not position else " and " if last else ", ", name]
    if more > 0:
        parts.append(f" and {formats.count(more)} more")
    return tuple(parts)


def _columns(count: int) -> str:
    return "column" if count == 1 else "columns"
