"""How each window stands: as ``window_levels`` says, or by the rows of the whole where nothing was said.

One rule for the page, its strip, the mail and the index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from driftline_reports import matching
from driftline_reports.matching import Apart
from driftline_reports.selection import Selection, newest
from driftline_schemas.levels import Level
from driftline_schemas.metrics import MOVES_BY_NATURE, REFERENCE_OUTDATED


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables say of one window, counted.

    ``rows`` is None where no data run was published. ``watched`` columns have a figure that decides, the row
    as a whole among them; ``columns`` counts those that drifted, it not among them.
    ``realized`` and ``estimated`` name the metrics that have become worse; ``confirmed`` says that realized
    figures were judged on complete labels and none has; ``apart`` is what keeps labels from predictions.
    ``faults`` are failed checks of the data itself, ``news`` alerts opened here, ``stands`` is what incidents
    give.
    """

    rows: int | None = None
    watched: int = 0
    drifted: int = 0
    columns: int = 0
    judged: bool = False
    confirmed: bool = False
    realized: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()
    checks: int = 0
    failed: int = 0
    faults: int = 0
    alerts: int = 0
    news: int = 0
    apart: Apart | None = None
    stands: Level | None = None


def level(facts: Facts) -> Level:
    """The level that its incidents give, else the worst that its rows say."""
    if facts.stands is not None:
        return facts.stands
    worst = worst_of(facts)
    known_before = facts.alerts and not facts.news
    return Level.ONGOING if known_before and worst in _NEWS else worst


_NEWS: Final = frozenset({Level.BROKEN, Level.FAULTY, Level.SUSPECT, Level.CHANGED})


def worst_of(facts: Facts) -> Level:
    """The worst that the rows of a window say, whether or not it was known before."""
    if facts.rows == 0:
        return Level.EMPTY
    if facts.realized:
        return Level.BROKEN
    if facts.faults:
        return Level.FAULTY
    if facts.estimated and not facts.confirmed:
        return Level.SUSPECT
    if facts.drifted or facts.failed or facts.alerts or facts.estimated:
        return Level.CHANGED
    if not facts.watched and not facts.judged:
        return Level.UNJUDGED
    return Level.CALM


def gather(selection: Selection) -> dict[datetime, Facts]:
    """Facts of every window that has a published run or any row."""
    found: dict[datetime, Facts] = {}

    def note(start: datetime, **values: Any) -> None:  # noqa: ANN401 - fields of Facts, checked there
        found[start] = replace(found.get(start, Facts()), **values)

    rows_of = rows_read(selection)
    for start, rows in rows_of.items():
        note(start, rows=rows)
    drift = selection.part("drift_metrics", whole=True)
    if drift is not None:
        decides = pc.and_(pc.equal(drift["comparison"], "reference"), pc.is_valid(drift["drifted"]))
        drift = drift.filter(decides)
        for start, count in _distinct_columns(drift).items():
            note(start, watched=count)
        drift = drift.filter(drift["drifted"])
        for start, count in _distinct_columns(drift).items():
            note(start, drifted=count)
        for start, count in _distinct_columns(drift.filter(pc.not_equal(drift["column_name"], "*"))).items():
            note(start, columns=count)
    _performance(selection, note)
    _checks_and_alerts(selection, note)
    for start, reason in matching.gather(selection, rows_of).items():
        # What the labels of a few say is no word on the model.
        note(start, apart=reason, confirmed=False)
    for row in selection.rows("window_levels", columns=("window_start", "level")):
        note(row["window_start"], stands=Level(row["level"]))
    return found


def _checks_and_alerts(selection: Selection, note: Callable[..., None]) -> None:
    quality = selection.part("quality_metrics", whole=True)
    if quality is not None:
        quality = quality.filter(pc.is_valid(quality["passed"]))
        for start, count in _count(quality).items():
            note(start, checks=count)
        quality = quality.filter(pc.invert(quality["passed"]))
        for start, count in _count(quality).items():
            note(start, failed=count)
        by_nature = pc.is_in(quality["check_name"], pa.array([MOVES_BY_NATURE, REFERENCE_OUTDATED]))
        for start, count in _count(quality.filter(pc.invert(by_nature))).items():
            note(start, faults=count)
    alerts = selection.part("alerts")
    if alerts is not None:
        alerts = alerts.filter(pc.not_equal(alerts["state"], "resolved"))
        for start, count in _count(alerts).items():
            note(start, alerts=count)
        opened = pc.equal(alerts["first_window"], alerts["window_start"])
        for start, count in _count(alerts.filter(opened)).items():
            note(start, news=count)


def rows_read(selection: Selection) -> dict[datetime, int]:
    """Rows of each window by its published data run."""
    runs: dict[datetime, list[dict[str, Any]]] = {}
    wanted = ("window_start", "rows_read", "published_at", "superseded_at")
    for run in selection.rows("runs", columns=wanted, part="data", status="published"):
        if run.get("superseded_at") is None:
            runs.setdefault(run["window_start"], []).append(run)
    found: dict[datetime, int] = {}
    for start, rows in runs.items():
        latest = newest(rows, "published_at")
        if latest is not None and latest["rows_read"] is not None:
            found[start] = latest["rows_read"]
    return found


def _performance(selection: Selection, note: Callable[..., None]) -> None:
    table = selection.part("performance_metrics", whole=True)
    if table is None:
        return
    columns = ["window_start", "metric", "kind", "degraded", "is_final"]
    windows: dict[datetime, list[dict[str, Any]]] = {}
    for row in table.filter(pc.is_valid(table["degraded"])).select(columns).to_pylist():
        windows.setdefault(row["window_start"], []).append(row)
    for start, rows in windows.items():
        realized = [row for row in rows if row["kind"] == "realized"]
        worse = {kind: _metrics(rows, kind) for kind in ("realized", "estimated")}
        final = bool(realized) and all(row["is_final"] for row in realized)
        note(start, judged=True, confirmed=final and not worse["realized"], **worse)


def _metrics(rows: Sequence[Mapping[str, Any]], kind: str) -> tuple[str, ...]:
    return tuple(sorted({row["metric"] for row in rows if row["kind"] == kind and row["degraded"]}))


def _distinct_columns(table: pa.Table) -> dict[datetime, int]:
    counted = table.group_by("window_start").aggregate([("column_name", "count_distinct")])
    pairs = zip(counted["window_start"], counted["column_name_count_distinct"], strict=True)
    return {start.as_py(): count.as_py() for start, count in pairs}


def _count(table: pa.Table) -> dict[datetime, int]:
    counted = table.group_by("window_start").aggregate([([], "count_all")])
    pairs = zip(counted["window_start"], counted["count_all"], strict=True)
    return {start.as_py(): count.as_py() for start, count in pairs}
