"""What can be asked of the bins of a column, whatever its form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import pyarrow as pa

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.samples import Sample
from driftline_jobs.profiles.packing import Reader
from driftline_jobs.profiles.state import Profile
from driftline_schemas.serving_log import Storage

if TYPE_CHECKING:
    from driftline_jobs.metrics.nature import Nature
    from driftline_jobs.profiles.cells import Grouping
    from driftline_jobs.profiles.columns.hiding import Hiding
    from driftline_jobs.profiles.kernels.workspace import Workspace

P = TypeVar("P", bound=Profile)
C = TypeVar("C")


class Reading(NamedTuple):
    """What has to be known of a column to read it: its name, how the reference holds it (None where that is
    not known), and what is hidden."""

    name: str
    storage: Storage | None
    hiding: Hiding


class Measured(NamedTuple):
    """A quality check of a column: ``expected`` is a number, or the bounds (low, high) with None for none."""

    name: str
    value: float
    expected: object
    passed: bool


class Scale(NamedTuple):
    """How far apart the values of a column lie: their centre and spread, and its outer edges."""

    centre: float
    spread: float
    lowest: float
    highest: float


class Shown(NamedTuple):
    """How a page lays out a column's rows: inner ``edges``, or what each count is of."""

    edges: FloatArray | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class BinsOf(ABC, Generic[P, C]):
    """Where the values of a column are counted: read as a ``C``, kept as a ``P``.

    ``kind`` is the column's in the tables.
    """

    kind: str
    CODE: ClassVar[int]
    """Of its profiles among bytes."""
    STATE: ClassVar[type[Profile]]
    SAMPLE: ClassVar[type[Sample]]
    ARROW_TYPE: ClassVar[pa.DataType]
    """Of values as they are shown to people."""
    dictionaries: ClassVar[bool] = False
    """Whether texts are best read as dictionaries."""
    is_settled: ClassVar[bool] = True
    """Whether the reference tells what the column is."""

    # of a log

    @abstractmethod
    def read(self, array: pa.Array, about: Reading) -> C:
        """The values of a column as they are counted."""

    @abstractmethod
    def unreadable(self, array: pa.Array, about: Reading) -> C:
        """The same where no value can be compared with the reference's; ``array`` says what is there."""

    @abstractmethod
    def tally(self, column: C, grouping: Grouping, workspace: Workspace) -> Sequence[P]:
        """A profile for each run."""

    def bin_of_rows(self, column: C) -> IntArray:
        """(n,) the bin of each row, numbered as in ``every_row`` of a sample: what is missing in the last."""
        del column
        raise self._unsettled()

    @property
    def places(self) -> IntArray:
        """(N,) for each of those bins, where it lies in a table of columns by score: those of which the
        reference has least share a place."""
        raise self._unsettled()

    @abstractmethod
    def written(self, array: pa.Array, about: Reading) -> pa.Array:
        """The values of a column as they are shown to people, of ``ARROW_TYPE``."""

    @property
    def known_texts(self) -> tuple[str, ...]:
        """Values as the reference has them written."""
        return ()

    @property
    def counts_texts(self) -> bool:
        """Whether what parts the rows by this column is what is counted of it, too."""
        return False

    @property
    def of_classes(self) -> bool:
        """Whether the values are classes, which are compared by value (``driftline_schemas.classes``)."""
        return False

    # of profiles

    def class_counts(self, profile: P) -> dict[str, int]:
        """Rows by class, of the classes that the reference knows; nothing where there are none."""
        del profile
        return {}

    @abstractmethod
    def empty(self) -> P:
        """The profile of no rows."""

    def beside(self, part: P, every: Profile, strange: int) -> P:
        """``part``, the values of this kind, as a profile of ``every`` row, ``strange`` values of other types
        among them."""
        del part, every, strange
        raise self._unsettled()

    @classmethod
    @abstractmethod
    def packed(cls, profile: P) -> list[bytes]:
        """A profile's bytes."""

    @classmethod
    @abstractmethod
    def unpacked(cls, reader: Reader) -> P:
        """The inverse of ``packed``."""

    # of bins

    @abstractmethod
    def entry(self) -> dict[str, Any]:
        """Plain values. Floats are written exactly, as hex."""

    @classmethod
    @abstractmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """The inverse of ``entry``."""

    @property
    def scale(self) -> Scale | None:
        """That of a column that is looked at together with others; None for what is not."""
        return None

    # of figures

    @property
    def deciding(self) -> tuple[str, ...]:
        """The drift metrics that are calibrated."""
        return self.SAMPLE.DECIDING

    def settled(self, profiles: Sequence[P]) -> Iterator[Settled]:
        """The column by what it is in each of its cells: one kind, unless its type is open and changes."""
        yield Settled(self, list(range(len(profiles))), profiles)

    def sample(self, profiles: Sequence[P]) -> Sample:
        """(cells, …) what drift is computed from; a profile that occurs several times is laid out once."""
        del profiles
        raise self._unsettled()

    def described(self, profiles: Sequence[P]) -> dict[str, object]:
        """The figures of ``profile_metrics`` over the cells, by column of the table."""
        del profiles
        raise self._unsettled()

    def checks(self, current: P, before: P | None, usual_nans: float) -> list[Measured]:
        """Checks beside the one of missing values; ``usual_nans`` is the most that a window may have."""
        del current, before, usual_nans
        return []

    def nature(self, windows: Sequence[tuple[datetime, P]], whole: P) -> Nature | None:
        """How the column moves by nature, by its windows (ascending, each with its start) and its whole."""
        del windows, whole
        return None

    # of pages

    def shown(self) -> Shown:
        """How a page lays out the column."""
        raise self._unsettled()

    def shown_counts(self, profile: P) -> IntArray:
        """(bins,) rows with a value as ``shown`` lays them out."""
        del profile
        raise self._unsettled()

    def _unsettled(self) -> TypeError:
        return TypeError(f"{type(self).__name__} have no figures before it is settled what the column is")

    @property
    def shown_kind(self) -> str:
        """How a drill-down treats the values of ``written``."""
        return self.kind


Bins = BinsOf[Any, Any]


@dataclass(frozen=True)
class Settled:
    """A column over several cells, as one kind of column.

    Attributes:
        bins: where its values are counted.
        places: the cells that it is of this kind in, ascending.
        profiles: of all cells, read as of this kind.
        reads: how a profile of the column is read as of this kind; None where it is anyway.
    """

    bins: Bins
    places: list[int]
    profiles: Sequence[Any]
    reads: Callable[[Any], Profile] | None = None

    def alike(self, profiles: Sequence[Profile]) -> Sequence[Profile]:
        """Other profiles of the column, read as of this kind."""
        return profiles if self.reads is None else [self.reads(profile) for profile in profiles]


def distinct(profiles: Sequence[P]) -> tuple[list[P], list[int]]:
    """The profiles that differ, and the place of each among them."""
    at: dict[int, int] = {}
    several: list[P] = []
    place = []
    for profile in profiles:
        if id(profile) not in at:
            at[id(profile)] = len(several)
            several.append(profile)
        place.append(at[id(profile)])
    return several, place
