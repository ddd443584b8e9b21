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
class Link:
    """A window and the address of its page, which is empty where it has none."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Whose page this is, of when, and what the window was compared with; ``before`` and ``after`` are the
    windows beside it."""

    monitor: str
    description: str
    owner: str
    task: str
    window: str
    zone: str
    rows: Sentence
    compared: Sentence
    before: Link | None
    after: Link | None
    generated: str
    index_link: str | None
    drilldown_link: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Is it new, does it matter, what exactly, what to do.

    ``news`` says whether it is new; ``others`` are further things that happened, ``more`` how many there are
    beyond them; ``steps`` what to do next, each with a command or empty.
    """

    level: Level
    news: str
    headline: Sentence
    others: tuple[Sentence, ...]
    more: int
    model: Sentence
    where: Sentence
    since: Sentence
    sure: Sentence
    steps: tuple[tuple[Sentence, str], ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that stands in the window: an incident, or alerts of one kind where no incidents are."""

    identity: str
    headline: Sentence
    severity: str
    state: str
    since: str
    columns: tuple[Name, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the window: what is new, what goes on, what people have accepted, what has ended."""

    new: tuple[Matter, ...]
    ongoing: tuple[Matter, ...]
    accepted: tuple[Matter, ...]
    ended: tuple[Matter, ...]
    more: int
    noun: str
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a column's change does to the model by itself: to ``what``, beyond its noise or not, if that is
    known. ``weight`` is the importance as a number, 0 where it is not known."""

    what: str
    value: Figure
    usual: Figure
    matters: bool | None
    importance: Figure | None
    weight: float


@dataclass(frozen=True, slots=True)
class PastWindow:
    """One cell of the strip of windows."""

    text: str
    level: Level
    is_this: bool
    link: str = ""


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

    ``fact`` is what changed, in a sentence, ``usual`` and ``today`` the same in two cells; ``course`` is
    drawn over time, ``mini`` the distribution as high as a word. ``nature`` says how it moves by nature, if
    it does.
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
    fact: Sentence
    usual: Sentence
    today: Sentence
    course: plots.Median | plots.Shares | None
    spark: plots.Spark
    mini: plots.Mini | None
    impact: Impact | None
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
    facts_queries: tuple[Query, ...]
    main: plots.Median | plots.Shares | None


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
    """The state of the data, and the alerts. ``together`` has one of the failed checks for all columns that
    fail it alike, with their names."""

    absent: Sentence
    summary: Sentence
    failed: tuple[Check, ...]
    together: tuple[tuple[Check, tuple[str, ...]], ...]
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
