"""``reference_sets``: one row per reference, with all that it holds; never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.references.by_score import ByScore
from driftline_jobs.references.reference import Reference, ReferenceWindow
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import Row, rows_of
from driftline_schemas.rows import TableBuilder

_OF_SOURCE = (
    "SELECT reference_id, effective_from FROM reference_sets WHERE monitor = $1 AND source = $2 "
    "ORDER BY created_at, reference_id"
)
_WITH_BINS = (
    "SELECT s.monitor AS monitor, s.source AS source, s.state AS state, b.state AS binning "
    "FROM reference_sets s JOIN binnings b ON b.binning_id = s.binning_id "
)
_BINNING = "SELECT binning_id FROM reference_sets WHERE reference_id = $1"
_BY_SCORE = "SELECT by_score FROM reference_sets WHERE reference_id = $1"
_STATE = "SELECT monitor, source, state FROM reference_sets WHERE reference_id = $1"
_SOURCES = "SELECT reference_id, source FROM reference_sets WHERE monitor = $1"
_PUBLISHED = (
    "SELECT s.reference_id AS reference_id, s.source AS source, MIN(r.window_start) AS first, "
    "MAX(r.window_start) AS last, COUNT(*) AS windows FROM current_runs r "
    "JOIN reference_sets s ON s.reference_id = r.reference_id "
    "WHERE r.monitor = $1 AND r.part = 'data' GROUP BY s.reference_id, s.source"
)
_REBASED = (
    "SELECT source, MIN(effective_from) AS since FROM reference_sets "
    "WHERE monitor = $1 AND effective_from IS NOT NULL GROUP BY source"
)


class Stored(Protocol):
    """What the row of a reference says, whatever its kind."""

    @property
    def reference_id(self) -> str:
        """What it holds, as a digest."""

    @property
    def monitor(self) -> str:
        """The monitor's name."""

    @property
    def source(self) -> str:
        """Canonical JSON of what it was made by."""

    @property
    def binning(self) -> Binning:
        """Its bins."""

    @property
    def windows(self) -> Sequence[ReferenceWindow]:
        """The windows that it is made of."""

    @property
    def rows(self) -> int:
        """Its rows."""

    def to_bytes(self) -> bytes:
        """All of it."""


def add_reference(
    table: TableBuilder,
    reference: Stored,
    created_at: datetime,
    effective_from: datetime | None = None,
    by_score: ByScore | None = None,
) -> None:
    """Append a reference; ``effective_from`` is the window from which it was rebased, if it was, ``by_score``
    its rows by column and score."""
    windows = reference.windows
    table.add(
        1,
        reference_id=reference.reference_id,
        monitor=reference.monitor,
        source=reference.source,
        window_start=windows[0].start if windows else None,
        window_end=windows[-1].end if windows else None,
        effective_from=effective_from,
        binning_id=reference.binning.binning_id,
        rows=reference.rows,
        created_at=created_at,
        state=[reference.to_bytes()],
        by_score=[None if by_score is None else by_score.to_bytes()],
    )


def of_source(store: Store, monitor: str, source: str) -> list[Row]:
    """``reference_id`` and ``effective_from`` of those that were made by the same words, the oldest first."""
    return rows_of(store, _OF_SOURCE, [monitor, source])


def row_with_bins(store: Store, reference_id: str) -> Row:
    """``monitor``, ``source`` and the states of a reference and its ``binning``."""
    (row,) = rows_of(store, _WITH_BINS + "WHERE s.reference_id = $1", [reference_id])
    return row


def newest_at(store: Store, monitor: str, binning_id: str) -> Reference | None:
    """The last reference that was made at these bins."""
    where = "WHERE s.monitor = $1 AND s.binning_id = $2 ORDER BY s.created_at DESC LIMIT 1"
    rows = rows_of(store, _WITH_BINS + where, [monitor, binning_id])
    return read_reference(rows[0]) if rows else None


def read_reference(row: Row) -> Reference:
    """The reference of a row with bins."""
    return Reference.from_bytes(
        row["monitor"], row["source"], Binning.from_bytes(row["binning"]), row["state"]
    )


def reference_at(store: Store, reference_id: str | None, binning: Binning) -> Reference | None:
    """The reference with that id, made at these bins; None where there is none."""
    rows = rows_of(store, _STATE, [reference_id])
    return (
        Reference.from_bytes(rows[0]["monitor"], rows[0]["source"], binning, rows[0]["state"])
        if rows
        else None
    )


def by_score_of(store: Store, reference_id: str) -> ByScore | None:
    """The rows of a reference by column and score; None where it was made without.

    Raises DataError when they are of a newer format.
    """
    rows = rows_of(store, _BY_SCORE, [reference_id])
    state = rows[0]["by_score"] if rows else None
    return None if state is None else ByScore.from_bytes(state)


def binning_of(store: Store, reference_id: str) -> str | None:
    """The id of a reference's bins; None where there is no such reference."""
    rows = rows_of(store, _BINNING, [reference_id])
    return rows[0]["binning_id"] if rows else None


def sources(store: Store, monitor: str) -> list[Row]:
    """``reference_id`` and ``source`` of every reference under the monitor's name."""
    return rows_of(store, _SOURCES, [monitor])


def published_by(store: Store, monitor: str) -> list[Row]:
    """How many windows rest on each reference (``source``), and the first and the last of them."""
    return rows_of(store, _PUBLISHED, [monitor])


def rebased(store: Store, monitor: str) -> list[Row]:
    """From which window on (``since``) the monitor was first rebased to each ``source``."""
    return rows_of(store, _REBASED, [monitor])
