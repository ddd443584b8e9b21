"""Columns with an order: numbers, times, scores, lengths of texts. Counted between edges."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from driftline_jobs.metrics.descriptions import MOMENTS, QUANTILES, Buckets, Description, describe
from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.metrics.samples import OrderedSample
from driftline_jobs.profiles import packing
from driftline_jobs.profiles.bucket_cuts import BucketCuts
from driftline_jobs.profiles.columns.arrays import Numbers
from driftline_jobs.profiles.columns.conversion import numbers_as, uncomparable
from driftline_jobs.profiles.distinct import estimate
from driftline_jobs.profiles.edges import edges_from
from driftline_jobs.profiles.grouped import ordered_runs
from driftline_jobs.profiles.kinds.base import BinsOf, Measured, Reading, Scale, Shown, distinct
from driftline_jobs.profiles.kinds.registry import column_kind
from driftline_jobs.profiles.outer import bounds as outer_bounds
from driftline_jobs.profiles.state import OrderedProfile, Profile
from driftline_schemas.serving_log import Storage, storage_of

if TYPE_CHECKING:
    from driftline_jobs.metrics.nature import Nature
    from driftline_jobs.profiles.cells import Grouping
    from driftline_jobs.profiles.kernels.workspace import Workspace

NAN_SLACK = 0.05
"""How far the share of NaN may exceed the most that a window of the reference has."""
RANGE_SLACK = 0.5
"""Of the reference's range: how far values may lie outside of it."""
JOINT_KIND = "numeric"
"""The kind of columns that are looked at together."""
_SCORE = "score"
_DESCRIBED_AT_ONCE = 256
_CENTRAL = 1.349
"""Width of the middle half of a normal distribution in standard deviations."""
_HEADER = struct.Struct("<6q2d")
_NONE: IntArray = np.empty(0, np.int64)

_DECADES = tuple(10.0**power for power in range(-6, 13))
_YEARS = tuple(datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in range(1900, 2101))
_EXPONENT, _EXPONENT_OF_TIMES = 16, 32
"""About where most values may be expected: other ones are profiled as exactly, but more slowly."""
_SHARES = tuple(part / 100 for part in range(1, 100))


@dataclass(frozen=True)
class OrderedBins(BinsOf[OrderedProfile, Numbers]):
    """Bins of a numeric column, a datetime, a score, or the length of a text.

    Bin ``b`` holds ``edges[b-1] <= x < edges[b]``; the outer ones are open. ``pivot`` and ``exponent``
    place the log buckets (see ``log_buckets``). ``whole_numbers``: the reference's column is of an integer
    type. ``valueless``: the reference has no value, and the edges are those of ``wide_bins``. ``single``: the
    bins that hold one value of the reference each, where it has few.
    """

    edges: tuple[float, ...]
    pivot: float
    exponent: int
    whole_numbers: bool = False
    valueless: bool = False
    single: tuple[int, ...] = ()
    CODE = 1
    STATE = OrderedProfile
    SAMPLE: ClassVar[type[OrderedSample]] = OrderedSample
    ARROW_TYPE = pa.float64()

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) + 1

    @property
    def has_spread(self) -> bool:
        """Whether the edges tell how far apart values lie: two at least, not those around one value."""
        if self.valueless:
            return False
        if self.single:
            return len(self.single) > 2
        return len(self.edges) > 2 or (
            len(self.edges) == 2 and self.edges[1] > math.nextafter(self.edges[0], math.inf)
        )

    @cached_property
    def cuts(self) -> BucketCuts:
        """The log buckets cut at the edges: one look-up then serves bins and quantiles alike."""
        return BucketCuts(self.edges, self.pivot, self.exponent)

    def bin_of(self, values: FloatArray) -> IntArray:
        """Bin of each finite value; float64 in, int64 of the same shape out."""
        cuts = self.cuts
        found = cuts.bin_of.take(cuts.bucket_of(values))
        outer = ~cuts.grid.covers(values - self.pivot)
        if outer.any():
            found[outer] = np.searchsorted(self.edges, values[outer], side="right")
        return found

    # of a log

    def read(self, array: pa.Array, about: Reading) -> Numbers:
        """Numbers, seconds, or the lengths of texts; without a value where there is none at all."""
        if array.null_count == len(array):
            return Numbers(np.zeros(len(array)), np.zeros(len(array), np.bool_))
        own = column_kind(self.kind).read_numbers(about.name, array)
        if own is not None:
            return own
        stored = about.storage
        if stored is None or stored is Storage.NOTHING:
            stored = Storage.DATETIME if storage_of(array.type) is Storage.DATETIME else Storage.NUMBER
        return numbers_as(array, stored)

    def unreadable(self, array: pa.Array, about: Reading) -> Numbers:
        """See ``BinsOf``: none of the values is missing."""
        del about
        return uncomparable(len(array))

    def tally(self, column: Numbers, grouping: Grouping, workspace: Workspace) -> Sequence[OrderedProfile]:
        """See ``BinsOf``."""
        return ordered_runs(column, grouping, self, workspace)

    def bin_of_rows(self, column: Numbers) -> IntArray:
        """See ``BinsOf``: infinities lie in the open outer bins, NaN among what is missing."""
        values = column.values.astype(np.float64, copy=False)
        there = ~np.isnan(values) if column.valid is None else column.valid & ~np.isnan(values)
        finite = there & np.isfinite(values)
        found = np.where(there & (values > 0.0), self.bins - 1, 0)
        found[~there] = self.bins
        found[finite] = self.bin_of(values[finite])
        return found

    @property
    def places(self) -> IntArray:
        """See ``BinsOf``: each bin its own."""
        return np.arange(self.bins + 1)

    def written(self, array: pa.Array, about: Reading) -> pa.Array:
        """See ``BinsOf``."""
        found = self.read(array, about)
        values = found.values.astype(np.float64, copy=False)
        return pa.array(values, mask=None if found.valid is None else ~found.valid)

    # of profiles

    def empty(self) -> OrderedProfile:
        """See ``BinsOf``."""
        return OrderedProfile()

    def beside(self, part: OrderedProfile, every: Profile, strange: int) -> OrderedProfile:
        """See ``BinsOf``: what is strange counts as NaN."""
        return replace(part, rows=every.rows, nulls=every.nulls, nans=part.nans + strange)

    @classmethod
    def packed(cls, profile: OrderedProfile) -> list[bytes]:
        """See ``BinsOf``."""
        return [
            _HEADER.pack(
                profile.rows,
                profile.nulls,
                profile.nans,
                profile.below_infinity,
                profile.above_infinity,
                profile.zeros,
                profile.minimum,
                profile.maximum,
            ),
            packing.steps(profile.buckets),
            packing.counts(profile.bucket_counts, profile.rows),
            packing.sums(profile.sums),
            *packing.outer(profile.outer),
            packing.registers(profile.registers),
        ]

    @classmethod
    def unpacked(cls, reader: packing.Reader) -> OrderedProfile:
        """See ``BinsOf``."""
        rows, nulls, nans, below, above, zeros, minimum, maximum = reader.unpack(_HEADER)
        buckets = reader.steps()
        bucket_counts = reader.counts(len(buckets), rows)
        sums = reader.sums()
        outer = reader.outer()
        return OrderedProfile(
            rows, nulls, nans, below, above, zeros, minimum, maximum,
            buckets, bucket_counts, sums, outer, reader.registers(),
        )  # fmt: skip

    # of bins

    def entry(self) -> dict[str, Any]:
        """See ``BinsOf``."""
        return {
            "kind": self.kind,
            "edges": [edge.hex() for edge in self.edges],
            "pivot": self.pivot.hex(),
            "exponent": self.exponent,
            "whole_numbers": self.whole_numbers,
            **({"valueless": True} if self.valueless else {}),
            **({"single": list(self.single)} if self.single else {}),
        }

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """See ``BinsOf``."""
        return cls(
            kind=entry["kind"],
            edges=tuple(float.fromhex(edge) for edge in entry["edges"]),
            pivot=float.fromhex(entry["pivot"]),
            exponent=entry["exponent"],
            whole_numbers=entry["whole_numbers"],
            valueless=entry.get("valueless", False),
            single=tuple(entry.get("single", ())),
        )

    @property
    def scale(self) -> Scale | None:
        """Of numbers: the middle of the edges, and the spread of a normal column with their quartiles."""
        if self.kind != JOINT_KIND or not self.has_spread:
            return None
        edges = np.asarray(self.edges, np.float64)
        low, centre, high = np.interp([0.25, 0.5, 0.75], np.linspace(0.0, 1.0, len(edges)), edges)
        spread = float(high - low) / _CENTRAL or float(edges[-1] - edges[0]) / len(edges)
        if not (np.isfinite(spread) and spread > 0.0):
            return None
        return Scale(float(centre), spread, self.edges[0], self.edges[-1])

    # of figures

    def sample(self, profiles: Sequence[OrderedProfile]) -> OrderedSample:
        """See ``BinsOf``."""
        ordered, place = distinct(profiles)

        def scalars(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.array(values, np.float64)[place]

        return OrderedSample(
            counts=np.stack([p.bin_counts(self) for p in ordered])[place],
            sums=np.stack([p.bin_sums(self) for p in ordered])[place],
            edges=np.asarray(self.edges, np.float64),
            missing=np.array([p.missing for p in ordered], np.int64)[place],
            below_inf=np.array([p.below_infinity for p in ordered], np.int64)[place],
            above_inf=np.array([p.above_infinity for p in ordered], np.int64)[place],
            minimum=scalars([p.minimum if p.finite else np.nan for p in ordered]),
            maximum=scalars([p.maximum if p.finite else np.nan for p in ordered]),
        )

    def described(self, profiles: Sequence[OrderedProfile]) -> dict[str, object]:
        """See ``BinsOf``."""
        parts = self.descriptions(profiles)
        columns: dict[str, object] = {
            "distinct_count": [estimate(profile.registers) for profile in profiles],
            "nans": [profile.nans for profile in profiles],
            "infinities": [profile.below_infinity + profile.above_infinity for profile in profiles],
            "zeros": [profile.zeros for profile in profiles],
        }
        figures = {"min": "minimum", "max": "maximum"} | {name: name for name in (*MOMENTS, *QUANTILES)}
        return columns | {
            column: [value for part in parts for value in part.published(figure)]
            for column, figure in figures.items()
        }

    def descriptions(self, profiles: Sequence[OrderedProfile]) -> list[Description]:
        """Of the cells, in order, some cells at a time: their buckets are laid out densely."""
        found = []
        for start in range(0, len(profiles), _DESCRIBED_AT_ONCE):
            part = profiles[start : start + _DESCRIBED_AT_ONCE]
            found.append(
                describe(
                    *self._bucket_counts(part),
                    np.array([p.minimum for p in part]),
                    np.array([p.maximum for p in part]),
                    np.array([p.mean(self) for p in part]),
                )
            )
        return found

    def _bucket_counts(self, profiles: Sequence[OrderedProfile]) -> tuple[Buckets, IntArray]:
        """The N buckets that any of the profiles has values in, ascending, and (profiles, N) counts."""
        inner = np.unique(np.concatenate([np.zeros(1, np.int64), *(p.buckets for p in profiles)]))
        outer = np.unique(np.concatenate([_NONE, *(p.outer.buckets for p in profiles if p.outer)]))
        counts = np.zeros((len(profiles), len(inner) + len(outer)), np.int64)
        for row, profile in enumerate(profiles):
            counts[row, np.searchsorted(inner, profile.buckets)] = profile.bucket_counts
            if profile.outer:
                counts[row, len(inner) + np.searchsorted(outer, profile.outer.buckets)] = profile.outer.counts
        lower, upper = self.cuts.lower[inner], self.cuts.upper[inner]
        if len(outer):
            outer_lower, outer_upper = outer_bounds(outer, self)
            lower, upper = np.concatenate([lower, outer_lower]), np.concatenate([upper, outer_upper])
            order = np.lexsort((upper, lower))
            lower, upper, counts = lower[order], upper[order], counts[:, order]
        return Buckets(lower, upper, self.pivot, self.whole_numbers), counts

    def checks(
        self, current: OrderedProfile, before: OrderedProfile | None, usual_nans: float
    ) -> list[Measured]:
        """NaN, infinities where the reference has none, and the extremes."""
        known = before is not None and before.below_infinity + before.above_infinity > 0
        share, limit = current.nans / current.rows, usual_nans + NAN_SLACK
        infinite = current.below_infinity + current.above_infinity
        found = [
            Measured("nan_fraction", share, limit, share <= limit),
            Measured("infinities", float(infinite), None if known else 0, known or infinite == 0),
        ]
        if before is None or not before.finite or not current.finite:
            return found
        slack = RANGE_SLACK * (before.maximum - before.minimum)
        low, high = before.minimum - slack, before.maximum + slack
        return [
            *found,
            Measured("minimum", current.minimum, [_finite(low), None], current.minimum >= low),
            Measured("maximum", current.maximum, [None, _finite(high)], current.maximum <= high),
        ]

    def nature(
        self, windows: Sequence[tuple[datetime, OrderedProfile]], whole: OrderedProfile
    ) -> Nature | None:
        """See ``BinsOf``. Texts that are profiled by their lengths are ids if they are of one length: the
        others are prose."""
        from driftline_jobs.metrics.nature import MIN_ROWS, Nature, OrderedWindows, nature_of_ordered

        kind = column_kind(self.kind)
        if kind.numbers is not None:
            return Nature.ID if whole.finite >= MIN_ROWS and whole.minimum == whole.maximum else None
        known = [(start, profile) for start, profile in windows if profile.finite]
        profiles = [profile for _, profile in known]
        return nature_of_ordered(
            OrderedWindows(
                starts=np.array([start.timestamp() for start, _ in known]),
                means=np.array([profile.total(self) / profile.finite for profile in profiles]),
                lows=np.array([profile.minimum for profile in profiles]),
                highs=np.array([profile.maximum for profile in profiles]),
                alike=np.array([_alike(*pair) for pair in pairwise(profiles)]),
                are_times=kind.spec.times,
            )
        )

    # of pages

    def shown(self) -> Shown:
        """See ``BinsOf``: where each value has a bin, what follows it is drawn with it."""
        starts = [self.edges[at - 1] for at in self.single[1:]] if len(self.single) > 1 else self.edges
        return Shown(edges=np.asarray(starts, np.float64))

    def shown_counts(self, profile: OrderedProfile) -> IntArray:
        """Infinities stand in the open outer bins, as they do in the drift figures."""
        counts = profile.bin_counts(self)
        counts[0] += profile.below_infinity
        counts[-1] += profile.above_infinity
        return np.add.reduceat(counts, [0, *self.single[1:]]) if len(self.single) > 1 else counts

    @property
    def shown_kind(self) -> str:
        """See ``BinsOf``."""
        return JOINT_KIND


def ordered_bins(
    kind: str, sample: FloatArray, threshold: float | None = None, *, whole_numbers: bool = False
) -> OrderedBins:
    """Bins from ``sample``, the finite reference values, ascending; ``threshold`` is where a score decides.

    Without a value there is one bin.
    """
    if not len(sample):
        return OrderedBins(kind, (), 0.0, 0, whole_numbers)
    found = edges_from(sample, threshold, is_score=kind == _SCORE)
    return OrderedBins(kind, found.edges, found.pivot, found.exponent, whole_numbers, single=found.single)


def wide_bins(kind: str, *, whole_numbers: bool = False) -> OrderedBins:
    """Bins of an ordered column of which the reference has no value.

    Nothing says where edges should lie, so they are the same for every column, and so wide that they
    serve any value.
    """
    edges, exponent = (*(-edge for edge in reversed(_DECADES)), 0.0, *_DECADES), _EXPONENT
    if column_kind(kind).spec.times:
        edges, exponent = _YEARS, _EXPONENT_OF_TIMES
    elif kind == _SCORE:
        edges, exponent = _SHARES, 0
    return OrderedBins(kind, edges, 0.0, exponent, whole_numbers, valueless=True)


def _finite(bound: float) -> float | None:
    """A bound, or none where the slack has carried it beyond what a float can hold."""
    return bound if math.isfinite(bound) else None


def _alike(some: OrderedProfile, others: OrderedProfile) -> float:
    """1 less the distance of Kolmogorov and Smirnov at the bounds of the log buckets: never less than that
    of the rows."""
    keys = np.union1d(some.buckets, others.buckets)
    shares = np.zeros((2, len(keys)))
    for side, profile in enumerate((some, others)):
        shares[side, np.searchsorted(keys, profile.buckets)] = profile.bucket_counts / profile.finite
    return 1.0 - float(np.abs(np.cumsum(shares[0] - shares[1])).max(initial=0.0))
