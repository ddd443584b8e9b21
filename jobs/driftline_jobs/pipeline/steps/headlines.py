"""What happened, in one sentence that names the cause and a fact: the headline of an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from driftline_jobs.detection.alerts import ALL, Finding, Place, Topic
from driftline_jobs.detection.causes import leading
from driftline_jobs.detection.problems import (
    CHANGED_TYPE,
    MISSING_COLUMN,
    MISSING_SHARES,
    ROWS,
    Problem,
)
from driftline_jobs.detection.problems import Topic as About
from driftline_jobs.evaluate.estimates import ESTIMATED
from driftline_jobs.pipeline.steps.fold import Said
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.state import Profile
from driftline_reports import facts, formats, glossary
from driftline_reports.names import Names
from driftline_reports.view_model import plain
from driftline_schemas.metrics import NEW_COLUMN, SUSTAINED_SHIFT, TIME_OF_DAY
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import table_column

_NAMED: Final = 3
_OBJECTS: Final = {
    "quarantined_objects": "of the log",
    "quarantined_label_objects": "with labels",
}
_COUNTED: Final = {
    "rows_set_aside": ("row was set aside", "rows were set aside"),
    "values_of_another_type": ("value is of another type", "values are of another type"),
    "unknown_classes": ("row has a class that is not known", "rows have classes that are not known"),
    "scores_out_of_range": ("score is no probability", "scores are no probabilities"),
    "infinities": ("value is infinite", "values are infinite"),
    "repeated_ids": ("id repeats earlier ones", "ids repeat earlier ones"),
    "duplicated_ids": ("id is there more than once", "ids are there more than once"),
    "inexact_ids": ("id lost digits", "ids lost digits"),
    "inexact_label_ids": ("label's id lost digits", "labels' ids lost digits"),
    "conflicting_labels": ("prediction has conflicting labels", "predictions have conflicting labels"),
    "unreadable_labels": ("label cannot be read", "labels cannot be read"),
    "unreadable_label_times": ("label's time cannot be read", "labels' times cannot be read"),
    "early_labels": ("label is older than its prediction", "labels are older than their predictions"),
    "unlike_ids": ("label's id is written otherwise", "labels' ids are written otherwise"),
    NEW_COLUMN: ("column is new in the log", "columns are new in the log"),
}
_SHARES: Final = {
    "label_coverage": "of the predictions have a label",
    "missing_prediction_fraction": "of the labelled rows have no prediction",
    "missing_score_fraction": "of the labelled rows have no score",
}


class Words:
    """Finds the words for the incidents of one window: ``tell`` is what ``incidents.Fold`` takes."""

    def __init__(self, monitor: Monitor, said: Said) -> None:
        self._said = said
        self._monitor = monitor
        self._names = Names(monitor.features.sensitive_columns)

    def tell(self, topic: About, cause: str | None, problems: Sequence[Problem]) -> str:  # noqa: ARG002
        """See ``incidents.Tell``."""
        if topic is About.PERFORMANCE:
            return self._loss([problem for problem in problems if problem.topic is topic] or problems)
        damage = [problem for problem in problems if problem.topic is About.DATA]
        if damage:
            return self._damage(leading(damage))
        return self._drift(problems)

    # -- performance ---------------------------------------------------------------------------------

    def _loss(self, problems: Sequence[Problem]) -> str:
        several = [(finding, problem) for problem in problems for finding in problem.findings]
        if not several:
            return "The model does worse"
        finding, _ = min(several, key=lambda one: _order(one[0]))
        term = glossary.performance(finding.metric)
        verb = "fell" if finding.direction == "below" else "rose"
        verb = f"probably {verb}" if finding.kind == ESTIMATED else verb
        unit = self._monitor.granularity.value
        span = f" over the last {finding.windows} {unit}s" if finding.windows > 1 else ""
        usual = "" if finding.usual is None else f", {term.write(finding.usual)} in the reference"
        ending = ", by an estimate without labels" if finding.kind == ESTIMATED else ""
        value = term.write(finding.value)
        return f"{term.title}{self._where(finding.place)} {verb} to {value}{span}{usual}{ending}"

    # -- data ----------------------------------------------------------------------------------------

    def _damage(self, problems: Sequence[Problem]) -> str:
        first = problems[0]
        check, value = first.metric, first.findings[0].value if first.findings else None
        columns = list(dict.fromkeys(problem.column for problem in problems if problem.column != ALL))
        if check == ROWS:
            return self._rows(first)
        if check in MISSING_SHARES:
            return self._missing(problems, columns, gone=first.gone)
        if check in {MISSING_COLUMN, CHANGED_TYPE}:
            return self._gone(columns, check)
        if check in _OBJECTS:
            count = formats.plural(int(value or 0), "object")
            return f"{count} {_OBJECTS[check]} could not be read"
        if check in _COUNTED:
            text = formats.plural(int(value or 0), *_COUNTED[check])
            return f"{self._name(first.column)}: {text}" if columns else text
        if check in _SHARES:
            return f"{formats.percent(value)} {_SHARES[check]}{_limit(first, formats.percent)}"
        if check in {"freshness", TIME_OF_DAY}:
            return _of_times(first, value)
        found = f"{glossary.words(check)} {formats.number(value)}{_limit(first, formats.number)}"
        return f"{self._name(first.column)}: {found}" if columns else f"The log: {found}"

    def _rows(self, problem: Problem) -> str:
        finding = problem.findings[0] if problem.findings else None
        if finding is None or not finding.value:
            return "No rows arrived"
        verb = "fell" if finding.direction == "below" else "rose"
        limit = formats.count(finding.threshold)
        beyond = f"under the {limit}" if finding.direction == "below" else f"over the {limit}"
        told = f"The number of rows {verb} to {formats.count(finding.value)}"
        return told if finding.threshold is None else f"{told}, {beyond} that chance allows"

    def _missing(self, problems: Sequence[Problem], columns: Sequence[str], *, gone: bool) -> str:
        if len(columns) == 1 and (fact := self._fact_of_missing(columns[0])):
            return fact
        if gone:
            rows = max((profile.rows for profile in self._now.values()), default=0)
            return (
                f"{len(columns)} columns are empty in all {formats.count(rows)} rows: {self._listed(columns)}"
            )
        shares = [problem.findings[0].value or 0.0 for problem in problems if problem.findings]
        most = formats.percent(max(shares, default=0.0))
        if len(columns) == 1:
            return f"{self._name(columns[0])} has no value in {most} of rows"
        up_to = "" if len({formats.percent(share) for share in shares}) == 1 else "up to "
        return f"{len(columns)} columns have no value in {up_to}{most} of rows: {self._listed(columns)}"

    def _gone(self, columns: Sequence[str], check: str) -> str:
        missing = check == MISSING_COLUMN
        if len(columns) == 1:
            return f"{self._name(columns[0])} {'is missing from the log' if missing else 'changed its type'}"
        verb = "are missing from the log" if missing else "changed their type"
        return f"{len(columns)} columns {verb}: {self._listed(columns)}"

    # -- drift ---------------------------------------------------------------------------------------

    def _drift(self, problems: Sequence[Problem]) -> str:
        first = problems[0]
        others = list(dict.fromkeys(one.column for one in problems if one.column not in {ALL, first.column}))
        if first.column == ALL:
            return "The columns changed together, none of them alone" if not others else self._moved(others)
        fact = self._fact(first.column) if first.place == first.place.whole else ""
        lasting = next((one.detail for one in first.findings[:1] if one.metric == SUSTAINED_SHIFT), None)
        if lasting and not fact:  # no single figure shows it
            fact = f"{self._name(first.column)} has shifted a little for long, {lasting}"
        fact = fact or f"{self._name(first.column)} changed{self._where(first.place)}"
        if not others:
            return fact
        return f"{fact}; {formats.plural(len(others), 'more column')} changed: {self._listed(others)}"

    def _moved(self, columns: Sequence[str]) -> str:
        return f"The columns changed together, {self._listed(columns)} also alone"

    # -- facts ---------------------------------------------------------------------------------------

    @cached_property
    def _now(self) -> Mapping[str, Profile]:
        return self._said.profiles()

    @cached_property
    def _usual(self) -> Mapping[str, Profile]:
        return self._said.reference.without(self._said.window).get(WHOLE, {})

    def _fact(self, column: str) -> str:
        """What changed in a column, as a sentence; empty where it has no profile, as labels have none, and
        where no single figure shows it."""
        both = self._both(column)
        return "" if both is None else plain(facts.what_changed(*both, at_rest=False))

    def _fact_of_missing(self, column: str) -> str:
        both = self._both(column)
        said = None if both is None else facts.missing(*both)
        return "" if said is None else plain(said.sentence)

    def _both(self, column: str) -> tuple[facts.ColumnFacts, facts.ColumnFacts] | None:
        """The facts of a column now and in the reference."""
        binning = self._said.reference.binning
        name = next((one for one in binning.columns if table_column(one) == column), None)
        if name is None or name not in self._now or name not in self._usual:
            return None
        now, usual = (self._facts(binning, name, one[name]) for one in (self._now, self._usual))
        return (now, usual) if now and usual else None

    def _facts(self, binning: Binning, name: str, profile: Profile) -> facts.ColumnFacts | None:
        for found in binning.columns[name].settled([profile]):
            row: dict[str, Any] = {
                "column_name": table_column(name),
                "column_kind": found.bins.kind,
                "count": profile.rows,
                "nulls": profile.nulls,
            }
            for column, values in found.bins.described(found.profiles).items():
                row[column] = values[0] if isinstance(values, list) else values
            return facts.facts_of(row, self._names)
        return None

    def _name(self, column: str) -> str:
        return self._names.column(column)

    def _listed(self, columns: Sequence[str]) -> str:
        return formats.listing([self._name(column) for column in columns], _NAMED)

    def _where(self, place: Place) -> str:
        parts = []
        if place.segment != ALL:
            parts.append(f" in {self._names.segment(place.segment, place.segment_value)}")
        if place.model_version != ALL:
            parts.append(f" in version {self._names.value('', place.model_version)}")
        return "".join(parts)


def _order(finding: Finding) -> tuple[object, ...]:
    """What is sure comes first, then what labels say, the model as a whole, and the figure most read."""
    return (
        not finding.certain,
        finding.topic is Topic.ESTIMATE,
        finding.place != Place(),
        glossary.order_of_reading(finding.metric),
        -finding.windows,
        finding.place,
    )


def _of_times(problem: Problem, value: float | None) -> str:
    if problem.metric == TIME_OF_DAY:
        way = "later" if (value or 0.0) > 0.0 else "earlier"
        return f"Rows come {formats.decimals(abs(value or 0.0), 1)} hours {way} in the day than usual"
    early = f"{formats.seconds(value)} before the window's end"
    return f"The last row came {early}{_limit(problem, formats.seconds)}"


def _limit(problem: Problem, write: Callable[[float | None], str]) -> str:
    finding = problem.findings[0] if problem.findings else None
    if finding is None or finding.threshold is None:
        return ""
    side = "at least" if finding.direction == "below" else "at most"
    return f", usually {side} {write(finding.threshold)}"
