"""Where the bins of a monitor lie: edges, vocabularies and segment values, fixed when the reference is
first profiled and kept, under ``binning_id``, with every profile made at them."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.profiles.log_buckets import BucketGrid, FloatArray, IntArray
from driftline_schemas.errors import DataError

FORMAT = 2
TEXT_KIND = "text"
"""The kind of a column of texts that are watched by their lengths."""
CLASS_KINDS = frozenset({"prediction", "label"})
"""Kinds of the columns that hold classes."""


@dataclass(frozen=True)
class OrderedBins:
    """Bins of a numeric column, a datetime, a score, or the length of a text.

    Bin ``b`` holds ``edges[b-1] <= x < edges[b]``; the outer ones are open. ``pivot`` and ``exponent``
    place the log buckets (see ``buckets``). ``whole_numbers``: the reference's column is of an integer type.
    ``valueless``: the reference has no value, and the edges are those of ``later``.
    """

    kind: str
    edges: tuple[float, ...]
    pivot: float
    exponent: int
    whole_numbers: bool = False
    valueless: bool = False

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) + 1

    def written(self) -> dict[str, Any]:
        """Plain values. Floats are written exactly, as hex."""
        return {
            "kind": self.kind,
            "edges": [edge.hex() for edge in self.edges],
            "pivot": self.pivot.hex(),
            "exponent": self.exponent,
            "whole_numbers": self.whole_numbers,
        } | ({"valueless": True} if self.valueless else {})

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> OrderedBins:
        """The inverse of ``written``."""
        return cls(
            kind=entry["kind"],
            edges=tuple(float.fromhex(edge) for edge in entry["edges"]),
            pivot=float.fromhex(entry["pivot"]),
            exponent=entry["exponent"],
            whole_numbers=entry["whole_numbers"],
            valueless=entry.get("valueless", False),
        )

    @property
    def has_spread(self) -> bool:
        """Whether the edges tell how far apart values lie: two at least, not those around one value."""
        if self.valueless:
            return False
        return len(self.edges) > 2 or (
            len(self.edges) == 2 and self.edges[1] > math.nextafter(self.edges[0], math.inf)
        )

    @cached_property
    def cuts(self) -> BucketCuts:
        """The log buckets cut at the edges: one look-up then serves bins and quantiles alike."""
        return BucketCuts(self)

    def bin_of(self, values: FloatArray) -> IntArray:
        """Bin of each finite value; float64 in, int64 of the same shape out."""
        cuts = self.cuts
        found = cuts.bin_of.take(cuts.bucket_of(values))
        outer = ~cuts.grid.covers(values - self.pivot)
        if outer.any():
            found[outer] = np.searchsorted(self.edges, values[outer], side="right")
        return found


class BucketCuts:
    """Log buckets further cut at the bin edges, so that every cut bucket lies in exactly one bin.

    Attributes:
        grid: the log buckets.
        first: (grid.finite,) first cut bucket of each.
        next_edge: (finite,) the edge inside the same log bucket that ends this cut bucket, NaN if none.
        passes: how many times ``x >= next_edge`` must be looked at; 0 when all edges lie on bounds.
        bin_of: (finite,) bin of each cut bucket.
        lower, upper: (finite,) bounds of the values in each.
        lead, shift: (finite,) see ``BucketGrid.leads``.
    """

    def __init__(self, bins: OrderedBins) -> None:
        grid = self.grid = BucketGrid(bins.pivot, bins.exponent)
        self._pivot = bins.pivot
        edges = np.asarray(bins.edges, np.float64)
        distance = edges - bins.pivot
        bucket = grid.bucket_of(distance)
        before = grid.bucket_of(np.nextafter(edges, -np.inf) - bins.pivot)
        inside = (before == bucket) & grid.covers(distance) & (distance != 0.0)
        cuts_in = np.bincount(bucket[inside], minlength=grid.finite)
        first = np.arange(grid.finite) + np.concatenate([[0], np.cumsum(cuts_in)[:-1]])

        self.finite = grid.finite + int(inside.sum())
        self.passes = int(cuts_in.max(initial=0))
        self.first: npt.NDArray[np.int32] = first.astype(np.int32)

        starts = first[bucket] + np.where(inside, _rank_within(bucket, inside), 0)
        # an edge between the pivot and the least distance parts the pivot from what is above it
        starts[(distance > 0.0) & (distance < grid.least)] = first[grid.zero] + 1
        starts[distance >= grid.limit] = self.finite
        self.next_edge: FloatArray = np.full(self.finite, np.nan)
        self.next_edge[starts[inside] - 1] = edges[inside]
        self.bin_of: IntArray = np.searchsorted(starts, np.arange(self.finite), side="right")
        owner = np.searchsorted(first, np.arange(self.finite), side="right") - 1
        self.lower: FloatArray = bins.pivot + grid.lower[owner]
        self.upper: FloatArray = bins.pivot + grid.upper[owner]
        self.lower[starts[inside]] = edges[inside]
        self.upper[starts[inside] - 1] = edges[inside]
        lead, shift = grid.leads()
        self.lead: IntArray = lead[owner]
        self.shift: IntArray = shift[owner]

    def bucket_of(self, values: FloatArray) -> IntArray:
        """Cut bucket of each value that the buckets cover; float64 in, int64 of the same shape out."""
        bucket: IntArray = self.first.take(self.grid.bucket_of(values - self._pivot)).astype(np.int64)
        for _ in range(self.passes):
            bucket += values >= self.next_edge.take(bucket)
        return bucket


def _rank_within(bucket: IntArray, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> IntArray:
    """For each inside edge, its 1-based rank among the inside edges of its bucket."""
    rank = np.zeros(len(bucket), np.int64)
    retained = bucket[inside]
    if len(retained):
        new = np.concatenate([[True], retained[1:] != retained[:-1]])
        start = np.maximum.accumulate(np.where(new, np.arange(len(retained)), 0))
        rank[inside] = np.arange(len(retained)) - start + 1
    return rank


@dataclass(frozen=True)
class CategoryBins:
    """Bins of a categorical column: one per value of ``vocabulary``, then ``other`` for the values of
    the reference that did not fit in it (known by their 64-bit hashes in ``tail``), then ``unseen``.
    ``dropped``: one text stands for all values, so that only rows and nulls are counted."""

    kind: str
    vocabulary: tuple[str, ...]
    tail: IntArray = field(default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False)
    sensitive: bool = False
    dropped: bool = False

    @property
    def bins(self) -> int:
        """How many there are, ``other`` and ``unseen`` included."""
        return len(self.vocabulary) + 2

    @property
    def of_classes(self) -> bool:
        """Whether the values are classes, which are compared by value (``driftline_schemas.classes``)."""
        return self.kind in CLASS_KINDS


@dataclass(frozen=True)
class OpenBins:
    """Bins of a column of which the reference has neither a value nor a type: what comes later is counted at
    bins by its own type, the same for every such column (see ``profiles.late_columns``)."""

    kind: str = "categorical"


SettledBins = OrderedBins | CategoryBins
Bins = SettledBins | OpenBins


@dataclass(frozen=True)
class Binning:
    """All bins of one monitor.

    Attributes:
        columns: the bins of each watched column.
        segments: for each segment (its columns' names joined as the contract says) the values that
            get a cell of their own; further ones share ``__other__``.
        storages: how each column was stored in the reference; what came later is held against it.
        salt_fingerprint: tells which salt sensitive values are hashed with; empty when none are.
        moment_share: of the rows, those that the moments of the columns together are taken of.
        labels: the bins of labels that are numbers and no column of the log; None for others, where the
            reference has none, and where an older version has made it.
        known_as: the id of bins of an older version, which followed from more than what is kept of them.
    """

    columns: Mapping[str, Bins]
    segments: Mapping[str, tuple[str, ...]]
    storages: Mapping[str, str]
    salt_fingerprint: str = ""
    moment_share: float = 1.0
    labels: OrderedBins | None = None
    known_as: str = ""

    @cached_property
    def binning_id(self) -> str:
        """16 hex digits of the SHA-256 of the bins themselves."""
        return self.known_as or hashlib.sha256(self.to_bytes()).hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal binnings give equal bytes. Floats are written exactly, as hex."""
        columns: dict[str, Any] = {}
        for name, bins in self.columns.items():
            if isinstance(bins, OrderedBins):
                columns[name] = bins.written()
            elif isinstance(bins, OpenBins):
                columns[name] = {"kind": bins.kind, "open": True}
            else:
                tail = base64.b64encode(bins.tail.astype("<i8").tobytes()).decode()
                columns[name] = {
                    "kind": bins.kind,
                    "vocabulary": bins.vocabulary,
                    "tail": tail,
                    "sensitive": bins.sensitive,
                } | ({"dropped": True} if bins.dropped else {})
        document: dict[str, Any] = {
            "format": FORMAT,
            "columns": columns,
            "segments": dict(self.segments),
            "storages": dict(self.storages),
            "moment_share": self.moment_share.hex(),
        }
        if self.labels is not None:
            document["labels"] = self.labels.written()
        if self.salt_fingerprint:
            document["salt_fingerprint"] = self.salt_fingerprint
        else:
            document["salt"] = ""  # never anything else: bins that hash nothing keep the ids they always had
        if self.known_as:
            document["id"] = self.known_as
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Binning:
        """Raises DataError when the bytes are of another format."""
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise DataError(
                f"a binning of format {document['format']} was found, this version reads format {FORMAT}: "
                "run the version of driftline that wrote it, or `driftline rebase` the monitor"
            )
        columns: dict[str, Bins] = {}
        for name, entry in document["columns"].items():
            if "edges" in entry:
                columns[name] = OrderedBins.read(entry)
            elif "open" in entry:
                columns[name] = OpenBins(kind=entry["kind"])
            else:
                columns[name] = CategoryBins(
                    kind=entry["kind"],
                    vocabulary=tuple(entry["vocabulary"]),
                    tail=np.frombuffer(base64.b64decode(entry["tail"]), "<i8").astype(np.int64),
                    sensitive=entry["sensitive"],
                    dropped=entry.get("dropped", False),
                )
        return cls(
            columns=columns,
            segments={name: tuple(values) for name, values in document["segments"].items()},
            storages=document["storages"],
            salt_fingerprint=document.get("salt_fingerprint", ""),
            moment_share=float.fromhex(document["moment_share"]),
            labels=OrderedBins.read(document["labels"]) if "labels" in document else None,
            known_as=document.get("id", ""),
        )
