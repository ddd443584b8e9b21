"""What a store is to the rest of the job: runs in, current rows out. All kinds keep the same promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

import pyarrow as pa

from driftline_schemas.errors import DataError


class QueryError(DataError):
    """The store refused a statement; the message holds the statement and what the store said.

    When: somebody has changed the store's tables by other means.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One attempt to publish one part of one window: a row of ``runs``, column for column.

    ``status``, ``published_at`` and ``superseded_at`` are the store's to set; what is given for them is not
    looked at. Times are aware. ``run_id`` is made by the caller: unique, and sortable by time.
    """

    run_id: str
    monitor: str
    window_start: datetime
    window_end: datetime
    granularity: str
    part: str
    as_of: datetime
    status: str = "running"
    published_at: datetime | None = None
    superseded_at: datetime | None = None
    engine: str | None = None
    code_version: str | None = None
    config_hash: str | None = None
    reference_id: str | None = None
    binning_id: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rows_read: int | None = None
    rows_quarantined: int | None = None
    bytes_read: int | None = None
    labels_matched: int | None = None
    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    peak_memory_bytes: int | None = None
    error_kind: str | None = None
    error: str | None = None
    configuration: str | None = None


class Store(Protocol):
    """Where summary tables live.

    Every method raises ``ConfigError`` for a store that is not there, not ours, or of another version,
    ``TransientError`` when it is out of reach (``StoreBusyError``: another process writes), ``QueryError``
    for a statement it refuses. Every writing method may be called again after any failure, even one that left
    open whether the first call was carried out: it does its work once. Instants are aware, in tables
    ``timestamp[us, UTC]``.
    """

    def migrate(self) -> int:
        """Set up an empty store, or bring an older one up to date; returns the version. Cheap if it is."""

    def begin(self, runs: Sequence[RunRecord]) -> None:
        """Note attempts as running. What earlier attempts at these windows left running becomes failed."""

    def publish(
        self,
        runs: Sequence[RunRecord],
        tables: Mapping[str, pa.Table],
        inputs: pa.Table | None = None,
    ) -> None:
        """Make ``runs`` and all their rows visible at once, in place of the runs they replace.

        ``tables`` holds, by table name, the rows of all these runs together, ``inputs`` their ``run_inputs``.
        Raises ``ValueError`` for rows that do not fit (see ``publication.checked``).
        """

    def fail(self, runs: Sequence[RunRecord], error_kind: str, error: str) -> None:
        """Note attempts as failed, and why. A run that is published stays published."""

    def current(
        self,
        table: str,
        monitor: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        granularity: str | None = None,
        columns: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pa.Table:
        """Rows of ``current_<table>``, or of the table itself if no run publishes it, in order of its key.

        ``start`` and ``end`` bound ``window_start``, half-open. With ``as_of``: as the view stood then.
        """

    def current_runs(
        self,
        monitor: str,
        part: str,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pa.Table:
        """Rows of ``current_runs`` for one part, in order of ``window_start``."""

    def put_once(self, table: str, rows: pa.Table, monitor: str | None = None) -> int:
        """Add ``rows`` of a table that is never changed, unless their key is there; returns how many were.

        ``monitor`` is whose they are, if they do not say so themselves: the objects of a reference, which are
        the only rows of ``run_inputs`` that no run publishes.
        """

    def execute_read(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Answer one query with parameters ``$1``, ``$2``, …. Whatever it says, nothing changes.

        Exact numerics come back as float64, so that both stores answer with the same types.
        """

    def stay_connected(self, *, reading: bool = False, alone: bool = True) -> AbstractContextManager[None]:
        """For several calls that follow upon each other at once: faster, where connecting takes time.

        Others may have to wait until it ends, so nothing that takes long should happen within; unless not
        ``alone``: then they come in whenever the store is not in use for a moment. While only ``reading``,
        nothing can be written, and others may read.
        """

    def turn(self, name: str) -> AbstractContextManager[None]:
        """Be alone with ``name``: others who ask for the same wait, on other machines too.

        Nobody else waits: within it the store is used as ever, and what takes long may be done. It ends with
        the process, however that ends.
        """

    def prune(self, keep: timedelta) -> int:
        """Delete runs that were superseded, or failed, longer than ``keep`` ago; returns how many.

        The newest run of a window is never deleted. References that nothing rests on any more go too.
        """

    def forget(
        self, monitor: str, reference_ids: Collection[str] | None = None, *, dry_run: bool = False
    ) -> dict[str, int]:
        """Delete everything about ``monitor``, or what rests on these references; rows by table.

        With ``reference_ids`` the runs that these had replaced are the present answer again. With ``dry_run``
        nothing changes.
        """

    def export(self, to: str) -> int:
        """Write the current tables as Parquet under a folder or ``s3://`` URI; returns how many files."""

    def close(self) -> None:
        """Let go of every connection. The store may be used again: it connects anew."""

    def __enter__(self) -> Self:
        """The store itself, closed at the end of the ``with``."""

    def __exit__(self, *_: object) -> None:
        """Close it."""
