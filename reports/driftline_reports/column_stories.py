"""Every column of a window in facts: what it looks like now and usually, and how that went over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from driftline_reports import describe, formats, plots
from driftline_reports.context import Cited, Context
from driftline_reports.fact_cells import side_by_side
from driftline_reports.facts import (
    LISTED,
    MISSING_SHARE,
    MISSING_SQL,
    ColumnFacts,
    facts_of,
    missing_share,
    what_changed,
)
from driftline_reports.queries import select
from driftline_reports.view_model import Sentence
from driftline_schemas.column_kinds import Form, kind_spec
from driftline_schemas.table_names import ALL

Row = Mapping[str, Any]
# From here on the share of missing values tells more of a column than its median.
_TELLING: Final = 0.05
_LINES: Final = 3


class ColumnStories:
    """The columns of one window. Its figures are cited by one statement for all of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.profiles = describe.profiles(context)
        columns = ["column_name", "count", MISSING_SQL, "p05", "p50", "p95"]
        conditions = [*context.here(), f"column_name <> '{ALL}'"]
        self.query = context.book.add(
            select("current_profile_metrics", columns, conditions, "column_name"), ("column_name",)
        )
        known = context.inputs.reference.columns if context.inputs.reference else {}
        self._usual = {name: facts_of(row, context.names) for name, row in known.items()}
        self._course: dict[str, dict[datetime, Row]] = {}
        for row in context.selection.rows("profile_course"):
            self._course.setdefault(row["column_name"], {})[row["window_start"]] = row

    def now(self, column: str) -> ColumnFacts | None:
        """The facts of the window."""
        row = self.profiles.get(column)
        if row is None or row["column_kind"] is None:
            return None
        cited = Cited({**row, MISSING_SHARE: missing_share(row)}, self.query)
        return facts_of(row, self._context.names, cited)

    def fact(self, column: str) -> Sentence:
        """What changed in it, most telling first; nothing where one of both is not known."""
        now, usual = self.now(column), self._usual.get(column)
        return () if now is None or usual is None else what_changed(now, usual)

    def cells(self, column: str) -> tuple[Sentence, Sentence]:
        """How it usually is, and how it is now."""
        now = self.now(column)
        return ((), ()) if now is None else side_by_side(now, self._usual.get(column))

    def course(self, column: str, beyond: Sequence[bool]) -> plots.Median | plots.Shares | None:
        """Its median, its missing values or its most frequent ones over the trailing windows.

        ``beyond`` says for each of them whether the column counted as changed.
        """
        rows, now = self._course.get(column), self.now(column)
        if not rows or now is None or len(rows) < 2:
            return None
        usual = self._usual.get(column)
        usually = None if usual is None else usual.missing
        shift = abs((now.missing or 0.0) - (usually or 0.0))
        kind = kind_spec(now.kind)
        if shift >= _TELLING or (now.sensitive and kind.form is not Form.CATEGORIES):
            shares = {start: missing_share(row) for start, row in rows.items()}
            return self._line(f"{now.name}: missing values", shares, None, usually, beyond, ".0%")
        if now.ordered and not kind.times:
            title = f"{now.name}: median{f' {kind.measured}' if kind.measured else ''}"
            medians = {start: row["p50"] for start, row in rows.items()}
            reference = self._context.inputs.reference
            band = reference.medians.get(column) if reference else None
            return self._line(title, medians, band, usual.median if usual else None, beyond, "~g")
        return self._shares(now, usual, rows) if now.top else None

    def _line(
        self,
        title: str,
        by_start: Mapping[datetime, float | None],
        band: tuple[float, float] | None,
        usual: float | None,
        beyond: Sequence[bool],
        form: str,
    ) -> plots.Median | None:
        context = self._context
        values = context.along(by_start)
        known = [value for value in values if value is not None]
        if len(known) < 2:
            return None
        write = formats.percent if form == ".0%" else formats.number
        usually = ""
        if band is not None:
            usually = f", usually {write(band[0])} to {write(band[1])}"
        elif usual is not None:
            usually = f", usually {write(usual)}"
        summary = (
            f"{title}, {formats.plural(len(known), 'window')}: {write(values[-1])} now{usually}, between "
            f"{write(min(known))} and {write(max(known))} over time"
        )
        if form != ".0%":
            form = ".2~r" if max(map(abs, known)) < 1000 else "~s"
        return plots.Median(title, context.times(), values, band, usual, tuple(beyond), form, summary)

    def _shares(
        self, now: ColumnFacts, usual: ColumnFacts | None, rows: Mapping[datetime, Row]
    ) -> plots.Shares | None:
        context = self._context
        here, before = dict(now.top), dict(usual.top) if usual is not None else {}
        moved = sorted(
            {**before, **here}, key=lambda value: (-abs(here.get(value, 0.0) - before.get(value, 0.0)), value)
        )
        names = tuple(moved[:_LINES])
        shares: list[dict[datetime, float | None]] = [{} for _ in names]
        for start, row in rows.items():
            found = dict(facts_of({**row, "column_name": row["column_name"]}, context.names).top)
            for line, name in zip(shares, names, strict=True):
                # A value that is not among the listed ones has at most the share of the last of them.
                line[start] = found.get(name, None if len(found) >= LISTED else 0.0) if found else None
        lines = tuple(context.along(line) for line in shares)
        otherwise = None if len(before) >= LISTED else 0.0
        said = "; ".join(
            f"{name} {_share(line[-1])}, usually {_share(before.get(name, otherwise))}"
            for name, line in zip(names, lines, strict=True)
        )
        title = f"{now.name}: shares of the values that moved most"
        usually = tuple(before.get(name, 0.0) for name in names) if before else None
        return plots.Shares(title, context.times(), names, lines, usually, f"{title}: {said}")


def _share(value: float | None) -> str:
    return "little" if value is None else formats.percent(value)
