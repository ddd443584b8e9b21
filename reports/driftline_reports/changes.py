"""What changed, most telling first: every watched column's drift in this window and how it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from driftline_reports import drift_history, formats, impacts, limits, moving, plots
from driftline_reports.carriers import Carriers
from driftline_reports.column_maker import ColumnMaker
from driftline_reports.column_stories import ColumnStories
from driftline_reports.context import Context, unbroken
from driftline_reports.drift_figures import (
    figures_of,
    has_drifted,
    lead_of,
    of_reference,
    reason_of,
    score_of,
)
from driftline_reports.queries import Query, select
from driftline_reports.view_model import Change, Changes, Impact, Name, Sentence

Row = Mapping[str, Any]

_MULTIVARIATE: Final = "*"


def build(context: Context) -> Changes:
    """All watched columns, ranked and told apart by how much room they get."""
    rows = context.selection.rows("drift_metrics", window=context.window.start, whole=True)
    columns = _by_column(rows)
    everything = context.book.add(
        select(
            "current_drift_metrics",
            ["column_name", "metric", "value", "threshold", "q_value", "drifted"],
            [*context.here(), "comparison = 'reference'"],
            "column_name, metric",
        ),
        ("column_name", "metric"),
    )
    multivariate = columns.pop(_MULTIVARIATE, [])
    natures = moving.columns(context)
    leads = {column: lead for column, found in columns.items() if (lead := lead_of(found)) is not None}
    history = drift_history.read(context, {lead["metric"] for lead in leads.values()})
    effects, of_impacts = impacts.build(context)
    order = _ranked(context, columns, effects, history)
    with_card = [column for column in order if has_drifted(columns[column])][: context.room.cards]
    known = {column: leads[column] for column in with_card if column in leads}
    carriers = Carriers(context, with_card, known)
    maker = ColumnMaker(context, history, carriers, ColumnStories(context), effects, everything)
    made = [
        maker.make(column, f"c{n}", columns[column], leads.get(column), natures.get(column, ""))
        for n, column in enumerate(order, 1)
    ]
    facts_queries = (maker.stories.query, *([of_impacts] if of_impacts else []))
    found = _laid_out(context, columns, made, (rows, multivariate), (everything, *facts_queries))
    return replace(found, main=_main(context, maker.stories, columns, made))


def _main(
    context: Context, stories: ColumnStories, columns: Mapping[str, Sequence[Row]], made: Sequence[Change]
) -> plots.Median | plots.Shares | None:
    """What is drawn over time beside the figure: the changed column that matters most, else the score."""
    course = next((change.course for change in made if change.course is not None), None)
    if course is not None:
        return course
    scores = [name for name, rows in columns.items() if any(row["column_kind"] == "score" for row in rows)]
    return stories.course(scores[0], [False] * len(context.starts)) if scores else None


def _ranked(
    context: Context,
    columns: Mapping[str, Sequence[Row]],
    effects: Mapping[str, Impact],
    history: drift_history.DriftHistory,
) -> list[str]:
    """What drifted first; what is new before what is known, what matters before what does not."""
    weights = {column: impact.weight for column, impact in effects.items()}

    def place(column: str) -> tuple[bool, bool, bool, float, str]:
        drifted, impact = has_drifted(columns[column]), effects.get(column)
        new = drifted and unbroken(context.starts, history.decided.get(column, {}))[1] <= 1
        matters = impact is not None and impact.matters is True
        score = score_of(column, columns[column], weights)
        return not drifted, not (new and drifted), not matters, -score, column

    return sorted(columns, key=place)


def _laid_out(
    context: Context,
    columns: Mapping[str, Sequence[Row]],
    made: Sequence[Change],
    rows: tuple[Sequence[Row], Sequence[Row]],
    queries: tuple[Query, ...],
) -> Changes:
    """The entries by how much room there is for each; ``rows`` are all of them, and those of all columns as
    one."""
    of_all: list[Query] = []
    everything, multivariate = rows
    room = context.room
    cards = [change for change in made if change.drifted]
    quiet = [change for change in made if not change.drifted and not change.nature]
    others = [change for change in made if not change.drifted and change.nature]
    listed = cards[room.cards :][: room.lines]
    return Changes(
        watched=len(columns),
        judged=sum(
            any(row["drifted"] is not None for row in of_reference(found)) for found in columns.values()
        ),
        absent=_absent(context, everything),
        limits=limits.of_columns(context, everything),
        ranking=_ranking(made),
        shown=tuple(cards[: room.shown]),
        folded=tuple(cards[room.shown : room.cards]),
        listed=tuple(listed),
        more_listed=max(len(cards) - room.cards - len(listed), 0),
        quiet=tuple(quiet[: room.lines - len(listed)]),
        more_quiet=max(len(quiet) - (room.lines - len(listed)), 0),
        moving=tuple(others[: room.lines]),
        more_moving=max(len(others) - room.lines, 0),
        multivariate=figures_of(multivariate, context, _MULTIVARIATE, of_all) if multivariate else (),
        multivariate_queries=tuple(of_all),
        query=queries[0],
        facts_queries=queries[1:],
        main=None,
    )


def _by_column(rows: Sequence[Row]) -> dict[str, list[Row]]:
    columns: dict[str, list[Row]] = {}
    for row in rows:
        columns.setdefault(row["column_name"], []).append(row)
    return columns


def _ranking(made: Sequence[Change]) -> str:
    weighed = any(change.impact is not None and change.impact.weight for change in made)
    return (
        "What is new stands first, then what moves the model's scores beyond their noise; then by effect "
        "(Jensen–Shannon distance) times certainty (1 − q; one half where a limit is not calibrated)"
        f"{', times importance to the score' if weighed else ''}."
    )


def _absent(context: Context, rows: Sequence[Row]) -> Sentence:
    if any(row["value"] is not None and row["comparison"] == "reference" for row in rows):
        return ()
    if context.this.rows == 0:
        return ("No row arrived in this window, so there is nothing to compare.",)
    reasons = sorted({reason_of(row) for row in rows if row["value"] is None})
    if reasons:
        return ("Nothing could be compared with the reference: ", Name(formats.listing(reasons)), ".")
    return ("There is nothing to compare with: no reference figure was published for this window.",)
