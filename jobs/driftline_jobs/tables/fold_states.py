"""``fold_states``: one row per window, with what the judgement knew after it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import PLACE, SPAN, place_of, rows_of, span_of
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.table_names import ALL
from driftline_schemas.window import Window

States = Mapping[str, Mapping[str, Any]]
"""What each step of the judgement knew, by its name, as JSON values."""

_NEWEST = (
    "SELECT max(window_start) AS newest FROM current_fold_states "  # noqa: S608 - our words
    f"WHERE {PLACE} AND window_start < $3 AND basis = $4"
)
_STATE = f"SELECT digest, state FROM current_fold_states WHERE {PLACE} AND window_start = $3"  # noqa: S608
_DIGESTS = f"SELECT window_start, digest, follows FROM current_fold_states WHERE {SPAN}"  # noqa: S608
# of windows that an older version has judged nothing is kept, and nothing is known
_BROKEN = (
    "SELECT min(window_start) AS first FROM (SELECT r.window_start AS window_start, f.follows AS follows, "
    "lag(f.digest) OVER (ORDER BY r.window_start) AS before FROM current_runs r "
    "LEFT JOIN current_fold_states f ON f.run_id = r.run_id "
    "WHERE r.monitor = $1 AND r.granularity = $2 AND r.part = 'judgement') s "
    "WHERE follows <> before AND window_start >= $3"
)


@dataclass(frozen=True)
class Known:
    """What the judgement knew after a window: its ``digest``, and the one that it ``follows``."""

    digest: str | None = None
    states: States | None = None
    follows: str | None = None

    @classmethod
    def of(cls, states: States, follows: str | None) -> Known:
        """That of these states."""
        return cls(digest_of(states), states, follows)

    def state_of(self, step: str) -> Mapping[str, Any] | None:
        """What one of the steps knew; None if that is not kept."""
        return None if self.states is None else self.states.get(step)


def digest_of(states: States) -> str:
    """16 hex digits of the SHA-256 of the states."""
    return hashlib.sha256(canonical_json(states).encode()).hexdigest()[:16]


def add_state(
    table: TableBuilder, monitor: str, window: Window, run_id: str, basis: str, known: Known
) -> None:
    """Append the state of one window."""
    table.add(
        1,
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=ALL,
        segment=ALL,
        segment_value=ALL,
        run_id=run_id,
        basis=basis,
        digest=known.digest,
        follows=known.follows,
        state=canonical_json(known.states),
    )


def newest_before(store: Store, monitor: Monitor, start: datetime, basis: str) -> datetime | None:
    """The start of the last window before ``start`` whose state rests on ``basis``."""
    (row,) = rows_of(store, _NEWEST, [*place_of(monitor), start, basis])
    newest: datetime | None = row["newest"]
    return newest


def known_after(store: Store, monitor: Monitor, start: datetime) -> Known:
    """What was known after the window that starts then; nothing if nothing is kept of it."""
    for row in rows_of(store, _STATE, [*place_of(monitor), start]):
        return Known(row["digest"], json.loads(row["state"]))
    return Known()


def published_digests(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, tuple[str, str | None]]:
    """``digest`` and ``follows`` as they are published, by the start of the window."""
    rows = rows_of(store, _DIGESTS, span_of(monitor, start, end))
    return {row["window_start"]: (row["digest"], row["follows"]) for row in rows}


def first_broken(store: Store, monitor: Monitor, start: datetime) -> datetime | None:
    """The start of the first window from ``start`` on that follows another state than the window before it
    has, as where a run was ended before it had published all that it changed."""
    (row,) = rows_of(store, _BROKEN, [*place_of(monitor), start])
    first: datetime | None = row["first"]
    return first
