"""The little that differs between stores: connecting, locking, bulk writing. All else is SQL on top."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from driftline_schemas.ddl import Dialect


class Session(Protocol):
    """One open transaction. Failures of the store come out of it as Driftline's errors."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Execute one statement with parameters ``$1``, ``$2``, …."""

    def script(self, sql: str) -> None:
        """Execute several statements, separated by semicolons."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The answer to one query, its types made the same for every store."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Add ``rows``, which must be in the table's own Arrow schema, in bulk."""

    def stage(self, name: str, rows: pa.Table) -> None:
        """Make ``rows`` a relation ``name`` that statements of this transaction can join."""

    def lock(self, names: Sequence[str]) -> None:
        """Keep every other transaction that asks for one of ``names`` waiting until this one ends."""

    def now(self) -> datetime:
        """The store's clock, at this moment rather than at the start of the transaction."""


class Database(Protocol):
    """A way to sessions. A session that ends without an exception is committed, otherwise rolled back."""

    dialect: Dialect
    name: str
    """What messages call it: no secret in it."""

    def reading(self, wait_seconds: float) -> AbstractContextManager[Session]:
        """A transaction that cannot change anything."""

    def writing(self, wait_seconds: float) -> AbstractContextManager[Session]:
        """A transaction that can; waits at most ``wait_seconds`` for others, then ``StoreBusyError``."""

    def stay_connected(
        self, wait_seconds: float, *, reading: bool = False, alone: bool = True
    ) -> AbstractContextManager[None]:
        """Transactions within follow upon each other without another connection being made for each."""

    def turn(self, name: str, wait_seconds: float) -> AbstractContextManager[None]:
        """See ``Store.turn``; waits at most ``wait_seconds`` for others, then ``StoreBusyError``."""

    def create(self) -> None:
        """Make an empty database where there is none, if that is for us to do."""

    def published(self, wait_seconds: float) -> None:
        """Told when what readers see has changed; waits at most ``wait_seconds`` for others."""

    def rewrite(self, wait_seconds: float) -> None:
        """Leave nothing in the store's files of what was changed or deleted; in no transaction."""

    def give_back(self, wait_seconds: float) -> None:
        """Let others use the room of what was deleted; in no transaction."""

    def close(self) -> None:
        """Let go of every connection."""
