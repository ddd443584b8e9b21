"""References that move: each window has its own, put together from the profiles of others.

It has an identity like any reference: the digests of what it is made of. Of its profiles only those of the
whole are kept with it, for the page; the others are those of the windows themselves, which share one set of
bins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE, Cell
from driftline_jobs.profiles.codec import encode
from driftline_jobs.profiles.moments import MOMENTS, MomentSums, added
from driftline_jobs.profiles.state import Profile, subtract
from driftline_jobs.references.members import OUTCOMES
from driftline_jobs.references.reference import Reference, ReferenceWindow
from driftline_jobs.references.state_rows import merged_cells, totals_table
from driftline_jobs.tasks.outcomes import Outcomes
from driftline_schemas.rows import canonical_json
from driftline_schemas.window import Window


@dataclass(frozen=True)
class Piece:
    """One window's profiles and outcomes.

    Attributes:
        base: profiles of the whole of each base window by its start; empty where windows are as fine.
        moments: of the columns together, by the start of the base window.
    """

    window: Window
    cells: Mapping[Cell, dict[str, Profile]]
    outcomes: Mapping[Cell, Outcomes]
    base: Mapping[datetime, dict[str, Profile]]
    moments: Mapping[datetime, MomentSums] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """16 hex digits of the SHA-256 of its profiles and outcomes, wherever they were read."""
        digest = hashlib.sha256()
        for cell in sorted(self.cells):
            for name in sorted(self.cells[cell]):
                _say(digest, cell, name, encode(self.cells[cell][name]))
        for cell in sorted(self.outcomes):
            _say(digest, cell, "*", self.outcomes[cell].to_bytes())
        if self.moments:
            _say(digest, WHOLE, MOMENTS, added(self.moments.values()).to_bytes())
        return digest.hexdigest()[:16]

    def only(self, columns: Collection[str]) -> Piece:
        """The same as far as it is about these columns; with ``OUTCOMES`` among them, of the outcomes too.

        Moments are of all columns together and stay: without them one column that drifts for long would leave
        nothing to hold the others' relations against.
        """
        every = all(name in columns for name in self.cells.get(WHOLE, {}))
        if every and OUTCOMES in columns:
            return self

        def those(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
            return {name: profile for name, profile in profiles.items() if name in columns}

        return Piece(
            self.window,
            {cell: kept for cell, found in self.cells.items() if (kept := those(found))},
            self.outcomes if OUTCOMES in columns else {},
            {start: kept for start, found in self.base.items() if (kept := those(found))},
            self.moments,
        )

    @property
    def rows(self) -> int:
        """Rows of the window."""
        return rows_of(self.cells.get(WHOLE, {}))

    def of_version(self, version: str) -> Piece:
        """The rows of one model version alone, as if they were all."""
        cell = Cell(version, WHOLE.segment, WHOLE.segment_value)
        return Piece(
            self.window,
            {WHOLE: self.cells[cell]} if cell in self.cells else {},
            {WHOLE: self.outcomes[cell]} if cell in self.outcomes else {},
            {},
        )

    def without_version(self, version: str) -> Piece:
        """All rows but those of one version; parts of the window by segment are not known without it."""
        own = Cell(version, WHOLE.segment, WHOLE.segment_value)
        cells = {cell: found for cell, found in self.cells.items() if cell.segment == WHOLE.segment}
        outcomes = {cell: found for cell, found in self.outcomes.items() if cell.segment == WHOLE.segment}
        ours, known = cells.pop(own, None), outcomes.pop(own, None)
        if ours is not None and WHOLE in cells:
            cells[WHOLE] = {
                name: subtract(profile, ours[name]) if name in ours else profile
                for name, profile in cells[WHOLE].items()
            }
        if known is not None and WHOLE in outcomes:
            outcomes[WHOLE] = outcomes[WHOLE].without(known)
        return Piece(self.window, cells, outcomes, {})


def _say(digest: hashlib._Hash, cell: Cell, name: str, state: bytes) -> None:
    where = (cell.model_version, cell.segment, cell.segment_value, name)
    # each part with its length, so that no two lists of parts read the same
    digest.update("".join(f"{len(text)}:{text}" for text in where).encode() + state)


def rows_of(profiles: Mapping[str, Profile]) -> int:
    """Rows of a cell: every column's profile counts them all."""
    return next(iter(profiles.values())).rows if profiles else 0


@dataclass
class MovingReference(Reference):
    """The reference of one window: the windows it is made of, merged."""

    pieces: Sequence[Piece] = field(default=(), repr=False)
    pool: Sequence[Piece] = field(default=(), repr=False)
    filling: frozenset[datetime] = frozenset()

    @cached_property
    def reference_id(self) -> str:
        """16 hex digits of the SHA-256 of what it is made of, and learned from."""
        made_of = [[piece.window.start.isoformat(), piece.digest] for piece in self.pieces]
        learned = [[piece.window.start.isoformat(), piece.digest] for piece in self.pool]
        said = canonical_json(
            [self.binning.binning_id, self.source, made_of, *([learned] if learned else [])]
        )
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def tells_rows(self, window: ReferenceWindow) -> bool:
        """Not where it is there for some columns alone."""
        return window.start not in self.filling

    @property
    def moves(self) -> bool:
        """Always."""
        return True

    @property
    def by_weekday(self) -> bool:
        """Whether there is a pool."""
        return bool(self.pool)

    @cached_property
    def cells(self) -> dict[Cell, dict[str, Profile]]:
        """Profiles of every cell over all pieces."""
        return merged_cells([piece.cells for piece in self.pieces])

    @cached_property
    def outcomes(self) -> dict[Cell, Outcomes]:
        """Outcomes of every cell over all pieces."""
        parts: dict[Cell, list[Outcomes]] = {}
        for piece in self.pieces:
            for cell, outcome in piece.outcomes.items():
                parts.setdefault(cell, []).append(outcome)
        return {cell: several[0].merged(several) for cell, several in parts.items()}

    @cached_property
    def moments(self) -> MomentSums | None:
        """Of the numeric columns together, over all pieces."""
        found = [sums for piece in self.pieces for sums in piece.moments.values()]
        return added(found) if found else None

    def moments_by_window(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each window by its start, ascending."""
        for piece in self.pool or self.pieces:
            if piece.moments:
                yield piece.window.start, added(piece.moments.values())

    def moments_by_base(self) -> Iterator[tuple[datetime, MomentSums]]:
        """The same of each base window by its start, ascending; nothing where windows are as fine."""
        for piece in self.pieces:
            yield from sorted(piece.moments.items()) if piece.base else ()

    def holds(self, window: Window) -> bool:  # noqa: ARG002 - of no window
        """Never: a window is not among those it is compared with."""
        return False

    def whole_by_window(self) -> Iterator[tuple[ReferenceWindow, dict[str, Profile]]]:
        """The profiles of each window's whole, ascending."""
        for piece in self.pool or self.pieces:
            about = ReferenceWindow(piece.window.start, piece.window.end, piece.rows, 0.0)
            yield about, piece.cells.get(WHOLE, {})

    def whole_by_base(self) -> Iterator[tuple[datetime, dict[str, Profile]]]:
        """The whole of each base window by its start, ascending."""
        for piece in self.pieces:
            yield from sorted(piece.base.items())

    def whole_outcomes(self) -> Iterator[tuple[datetime, Outcomes]]:
        """The outcomes of each window's whole by its start, ascending, where there are labels."""
        for piece in self.pieces:
            found = piece.outcomes.get(WHOLE)
            if found is not None and found.labelled:
                yield piece.window.start, found


def moving_reference(
    monitor: str,
    source: str,
    binning: Binning,
    window: Window,
    pieces: Sequence[Piece],
    pool: Sequence[Piece] = (),
    filling: frozenset[Window] = frozenset(),
) -> MovingReference:
    """The reference of ``window``, made of those of ``pieces`` (ascending) that have rows.

    Args:
        pool: what clean windows are learned from instead of ``pieces``, each against those of its weekday.
        filling: see ``Members``. They are none of its windows, which tell how many there are of what size.
    """
    with_rows = [piece for piece in pieces if piece.rows or piece.outcomes]
    whole = [piece for piece in with_rows if piece.window not in filling]
    about = tuple(ReferenceWindow(p.window.start, p.window.end, p.rows, 0.0) for p in whole)
    # not the words of the monitor alone: by those a founding reference is found again
    identity = canonical_json({"of": window.start.isoformat(), "source": source})
    made = MovingReference(
        monitor,
        identity,
        binning,
        about,
        totals_table({}),
        pieces=with_rows,
        pool=[piece for piece in pool if piece.rows],
        filling=frozenset(one.start for one in filling),
    )
    made.table = totals_table({cell: found for cell, found in made.cells.items() if cell == WHOLE})
    return made
