"""What is known of a log's objects once they were looked at, and the pieces that are read one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.sources.listing.partitions import Served
from driftline_jobs.sources.parquet.id_range import IdRange
from driftline_jobs.storage.location import Location
from driftline_schemas.serving_log import LogColumn

InputRole = Literal["prediction", "label", "reference"]
SchemaCheck = Literal["missing_column", "new_column", "changed_type"]


@dataclass(frozen=True, slots=True)
class Split:
    """Consecutive row groups of one object: the unit of work, small enough to be retried. It pickles.

    Attributes:
        row_groups: positions in the object, ascending.
        rows: how many rows they hold together.
        size_bytes: what their columns take when decompressed.
        min_us, max_us: bounds of their timestamps (UTC microseconds, both inclusive) by the statistics, None
            when one of the row groups has none (see ``times.bounds_us``).
        accept_start_us, accept_end_us: the folder's interval widened by the lateness (half-open); rows
            outside are set aside. None where no folder names a date.
        part: position of this split among those of the object.
        absent: columns of the inspection that this object does not hold, or in another type.
        home_us: the time that rows without one of their own belong to, if their neighbours have none either:
            the start of the folder, or the first time in the object. None where nothing tells.
        in_path: columns that the object does not hold, and the one value that its path gives each.
        unreadable: columns that the object holds as a type that is left out, such as a list, and that type.
        ids: between which values the prediction ids lie by the statistics, None where these do not tell.
    """

    object: LogObject
    location: Location
    row_groups: tuple[int, ...]
    rows: int
    size_bytes: int
    min_us: int | None
    max_us: int | None
    accept_start_us: int | None
    accept_end_us: int | None
    part: int
    absent: frozenset[str] = frozenset()
    home_us: int | None = None
    in_path: Served = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    ids: IdRange | None = None

    def lies_within(self, start_us: int, end_us: int) -> bool:
        """Whether by the statistics all of its times lie in ``start_us <= t < end_us``."""
        if self.min_us is None or self.max_us is None:
            return False
        return start_us <= self.min_us and self.max_us < end_us


@dataclass(frozen=True, slots=True)
class InputState:
    """One object as a row of ``run_inputs``.

    ``rows``, ``min_us`` and ``max_us`` are of the whole object, whether or not all of it is read; they are
    None where the footer could not be read or does not tell. ``reason`` says why it is not ``read``. What is
    no Parquet and does not claim to be it is passed over: it holds no rows, so its state is ``empty``.
    ``all_timed`` says that every row has a time, and between those bounds.
    """

    object: LogObject
    role: InputRole
    rows: int | None
    min_us: int | None
    max_us: int | None
    state: Literal["read", "quarantined", "empty"]
    reason: str | None = None
    is_passed_over: bool = False
    all_timed: bool = False


@dataclass(frozen=True, slots=True)
class SchemaFinding:
    """A column of one object that is not as in the others, or not as the monitor file has it."""

    column: str
    check: SchemaCheck
    object_uri: str
    detail: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the footers of some objects say.

    Attributes:
        splits: what is to be read, in the order of the objects.
        inputs: one per object.
        columns: every column that can be read from at least one object, roles included.
        names: those of all columns that some object has, ignored and left out ones too.
        left_out: columns of types that are not watched, with the reason.
        schema_findings: what differs between objects, in their order.
    """

    splits: tuple[Split, ...] = ()
    inputs: tuple[InputState, ...] = ()
    columns: tuple[LogColumn, ...] = ()
    names: frozenset[str] = frozenset()
    left_out: Mapping[str, str] = field(default_factory=dict)
    schema_findings: tuple[SchemaFinding, ...] = ()
