"""The page as data, which knows no HTML: page, mail and tests read one view, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from driftline_reports import plots
from driftline_reports.queries import Cell, Query
from driftline_schemas.levels import Level


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it reads, as it stands in the tables, and where it stands there."""

    text: str
    value: float | int | str | bool | None = None
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A column, value, segment or version: somebody else's text, set apart from ours."""

    text: str
    link: str = ""


Part = str | Figure | Name
Sentence = tuple[Part, ...]


def plain(sentence: Sequence[Part]) -> str:
    """A sentence as text alone."""
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


@dataclass(frozen=True, slots=True)
class Head:
    """Whose page this is and of when."""

    monitor: str
    description: str
    owner: str
    task: str
    window: str
    zone: str
    generated: str
    index_link: str | None
    drilldown_link: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Did it break, where, since when, how sure."""

    level: Level
    headline: Sentence
    where: Sentence
    since: Sentence
    sure: Sentence


@dataclass(frozen=True, slots=True)
class PastWindow:
    """One cell of the strip of windows."""

    text: str
    level: Level
    is_this: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the summary: what it is, the figure, what to hold it against."""

    title: str
    figure: Figure
    detail: Sentence
    level: Level


@dataclass(frozen=True, slots=True)
class DriftFigure:
    """One drift metric of one column; ``uncounted`` if it is beyond its limit and no drift for all that: its
    effect is too small, or other figures of the column speak against it."""

    metric: str
    title: str
    value: Figure
    beyond_chance: Figure
    bounds: tuple[Figure, Figure] | None
    threshold: Figure
    source: str
    certainty: Figure
    drifted: bool | None
    uncounted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """A segment's cell that carries a column's drift."""

    name: str
    figure: Figure
    title: str
    rows: Figure


@dataclass(frozen=True, slots=True)
class Change:
    """One watched column, with all that is known of how it changed.

    ``nature`` says how it moves by nature, if it does.
    """

    anchor: str
    name: str
    kind: str
    sensitive: bool
    drifted: bool
    effect: str
    summary: Sentence
    lead: DriftFigure | None
    figures: tuple[DriftFigure, ...]
    since: str
    windows: int
    describe: tuple[tuple[str, Figure], ...]
    carriers: tuple[Carrier, ...]
    new_values: tuple[str, ...]
    distribution: plots.Steps | plots.Bars | None
    distribution_note: str
    trend: plots.Trend | None
    spark: plots.Spark
    importance: float | None
    queries: tuple[Query, ...]
    nature: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed most: cards to read first, cards folded away, and rows for everything else.

    ``watched`` columns have rows, ``judged`` ones a figure that decides.
    ``listed`` are drifted columns beyond the cards a page can hold; ``quiet`` ones did not drift or were not
    judged; ``moving`` ones move by nature.
    """

    watched: int
    judged: int
    absent: Sentence
    limits: Sentence
    ranking: str
    shown: tuple[Change, ...]
    folded: tuple[Change, ...]
    listed: tuple[Change, ...]
    more_listed: int
    quiet: tuple[Change, ...]
    more_quiet: int
    moving: tuple[Change, ...]
    more_moving: int
    multivariate: tuple[DriftFigure, ...]
    multivariate_queries: tuple[Query, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class PerformanceRow:
    """One metric of the model as a whole or of one class; ``error`` is what the estimate was off by. It is
    ``unsure`` if it lies beyond its limit by no more than chance may do."""

    metric: str
    title: str
    realized: Figure
    low: Figure
    high: Figure
    bound: Figure
    estimated: Figure
    error: Figure
    reference: Figure
    trivial: Figure
    threshold: Figure
    source: str
    rows: Figure
    degraded: bool | None
    unsure: bool
    estimate_degraded: bool | None
    reason: str
    spark: plots.Spark


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One model version or segment's cell beside the whole."""

    name: str
    rows: Figure
    figure: Figure
    low: Figure
    high: Figure
    whole_gap: str
    flag: str


@dataclass(frozen=True, slots=True)
class Performance:
    """How well the model did, over time and now."""

    absent: Sentence
    labels: Sentence
    provisional: bool
    lead: str
    course: plots.Course | None
    coverage: plots.Coverage | None
    rows: tuple[PerformanceRow, ...]
    classes: tuple[PerformanceRow, ...]
    calibration: plots.Calibration | None
    versions: tuple[GroupRow, ...]
    segments: tuple[GroupRow, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One segment's part in a change of a performance figure."""

    name: str
    mix: Figure
    rate: Figure
    share: Figure
    rows: Figure


@dataclass(frozen=True, slots=True)
class Why:
    """What explains a change of performance; whether its parts add up to it."""

    absent: Sentence
    metric: str
    adds_up: bool
    rows: tuple[Reason, ...]
    more: int
    split: plots.Split | None
    query: Query | None


@dataclass(frozen=True, slots=True)
class Check:
    """One quality check."""

    column: str
    title: str
    value: Figure
    expected: str
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that touches this window; ``muted`` until when it is kept out of mails, if it is; ``carried``
    if it is open by what came before, and not by this window."""

    subject: str
    metric: str
    severity: str
    state: str
    first: str
    last: str
    evidence: str
    muted: str = ""
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Moving:
    """``columns`` says which move by nature, if any do; ``short`` that the reference is too short to tell."""

    names: tuple[Name, ...]
    columns: Sentence
    short: Sentence


@dataclass(frozen=True, slots=True)
class Quality:
    """The state of the data, and the alerts."""

    absent: Sentence
    summary: Sentence
    failed: tuple[Check, ...]
    more_failed: int
    reported: tuple[Check, ...]
    more_reported: int
    moving: Moving
    losses: tuple[Sentence, ...]
    volume: plots.Volume | None
    alerts: tuple[Alert, ...]
    more_alerts: int
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """One object the run looked at."""

    role: str
    uri: str
    etag: str
    size: Figure
    rows: Figure
    matched: Figure
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunPart:
    """One part's run: what it read, under which configuration, at what cost."""

    part: str
    facts: tuple[tuple[str, Figure], ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the figures come from."""

    absent: Sentence
    parts: tuple[RunPart, ...]
    inputs: tuple[Input, ...]
    more_inputs: int
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line on how a figure is computed."""

    anchor: str
    title: str
    how: str


@dataclass(frozen=True, slots=True)
class View:
    """A whole page."""

    head: Head
    verdict: Verdict
    history: tuple[PastWindow, ...]
    tiles: tuple[Tile, ...]
    tiles_queries: tuple[Query, ...]
    changes: Changes
    performance: Performance
    why: Why
    quality: Quality
    run: Provenance
    glossary: tuple[Entry, ...]
