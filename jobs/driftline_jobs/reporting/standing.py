"""How a window stands, for those who act on it by program: its level, and the incidents that make it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from driftline_jobs.pipeline.judged_by import Run
from driftline_jobs.reporting.messages.changes import SEVERITIES, Row, is_muted
from driftline_jobs.reporting.messages.window import incidents_of, muted_now
from driftline_jobs.reporting.messages.words import Teller
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.incidents import course
from driftline_jobs.tables.window_levels import level_of
from driftline_schemas.levels import Level
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

_UNDER_WAY: Final = frozenset({"new", "escalated", "ongoing"})
_TOPICS: Final = ("performance", "data", "drift")
_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """What schedulers learn of a window.

    Attributes:
        level: as in ``window_levels``.
        incidents: the worst that are under way, none that is acknowledged, accepted or muted, at most five:
            id, headline, severity, topic, certain, state, first_window, and windows, in how many it stood.
        impact: the largest of all that are under way, see ``incidents.impact``.
        run_id, reference_id: the run that published the window's data, and what it was held against: together
            they name a snapshot that later runs do not change.
    """

    level: str
    incidents: tuple[dict[str, Any], ...]
    impact: float | None
    run_id: str
    reference_id: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """The same by name; ``incident`` is the worst, ``severity`` its severity."""
        worst = self.incidents[0] if self.incidents else None
        return {
            "level": self.level,
            "incident": worst,
            "severity": None if worst is None else worst["severity"],
            "impact": self.impact,
            "incidents": list(self.incidents),
            "run_id": self.run_id,
            "reference_id": self.reference_id,
        }


def standing_of(store: Store, monitor: Monitor, window: Window, run: Run, now: datetime) -> Standing:
    """How a published window stands; ``run`` is the one that published its data."""
    muted = muted_now(store, monitor, now)
    rows = [
        row
        for row in incidents_of(store, monitor, window.start, window.end)
        if row["state"] in _UNDER_WAY and not is_muted(row, muted)
    ]
    rows.sort(key=_worst_first)
    impacts = [abs(row["impact"]) for row in rows if row["impact"] is not None]
    teller = Teller(monitor)
    return Standing(
        level=(level_of(store, monitor, window.start) or Level.UNJUDGED).value,
        incidents=tuple(_facts(store, teller, row) for row in rows[:_MOST]),
        impact=max(impacts, default=None),
        run_id=run["run_id"],
        reference_id=run["reference_id"],
    )


def _worst_first(row: Row) -> tuple[int, int, datetime, str]:
    return (
        -SEVERITIES.index(row["severity"]),
        _TOPICS.index(row["topic"]),
        row["first_window"],
        row["incident_id"],
    )


def _facts(store: Store, teller: Teller, row: Row) -> dict[str, Any]:
    told = teller.told(row, "ongoing")
    seen = [one for one in course(store, row["incident_id"]) if one["window_start"] <= row["window_start"]]
    return {
        "id": told.incident_id,
        "headline": told.headline,
        "severity": told.severity,
        "topic": told.topic,
        "certain": told.certain,
        "state": row["state"],
        "first_window": told.first_window.astimezone(UTC).isoformat(),
        "windows": len(seen),
    }
