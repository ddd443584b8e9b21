"""Which ids a window has, by a bounded sample: the ids of the least hashes, the same in any order of rows.

Ids that two windows share have the same hashes, so samples of both tell how many they share. The hash is that
of ``loose``: a label's id that is written otherwise than its prediction's has the same, and is found too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from driftline_jobs.profiles.distinct import UIntArray
from driftline_schemas.errors import DataError

SKETCH_SIZE = 1024
"""Distinct ids of a base window that are kept: of fewer all are, and what is told of them is exact."""
IDS = "*ids"
"""What sketches are called among the states of a reference."""
_FORMAT = 1
_HEADER = struct.Struct("<Bq")
_EVERY = np.uint64(2**64 - 1)


def _nothing() -> UIntArray:
    return np.empty(0, np.uint64)


@dataclass(frozen=True, eq=False)
class IdSketch:
    """The ids of some predictions.

    Attributes:
        count: how many predictions have an id, of equal ones in a base window the first.
        hashes: ascending, distinct, and at most ``SKETCH_SIZE``.
    """

    count: int = 0
    hashes: UIntArray = field(default_factory=_nothing)

    @property
    def limit(self) -> np.uint64:
        """The greatest hash up to which no id is left out."""
        return self.hashes[-1] if len(self.hashes) == SKETCH_SIZE else _EVERY

    @classmethod
    def of(cls, count: int, hashes: UIntArray) -> IdSketch:
        """The sketch of ids of these hashes, in any order, each any number of times."""
        return cls(count, np.unique(hashes)[:SKETCH_SIZE])

    @classmethod
    def merged(cls, several: Iterable[IdSketch]) -> IdSketch:
        """The sketch of all their ids."""
        parts = list(several)
        hashes = np.concatenate([_nothing(), *(part.hashes for part in parts)])
        return cls.of(sum(part.count for part in parts), hashes)

    def to_bytes(self) -> bytes:
        """A format byte, how many there are, then the hashes."""
        return _HEADER.pack(_FORMAT, self.count) + self.hashes.astype("<u8").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> IdSketch:
        """Raises DataError when the bytes are of another format."""
        found, count = _HEADER.unpack_from(data)
        if found != _FORMAT:
            raise DataError(
                f"a sketch of ids of format {found} was found, this version reads format {_FORMAT}: "
                "run the window again"
            )
        return cls(count, np.frombuffer(data, "<u8", offset=_HEADER.size).astype(np.uint64))


@dataclass(frozen=True)
class Unlike:
    """A prediction and a label whose ids are the same but for how they are written."""

    hash: int
    prediction: str
    label: str


@dataclass(frozen=True, eq=False)
class SampledIds:
    """What a sample tells of the ids of a base window.

    Attributes:
        sketch: of the predictions' ids.
        unlike: hashes of the sketch whose predictions and labels are written differently, so that some of
            either side meet nothing.
        example: one of them, that of the least hash; None if there is none.
    """

    sketch: IdSketch = field(default_factory=IdSketch)
    unlike: UIntArray = field(default_factory=_nothing)
    example: Unlike | None = None

    @classmethod
    def merged(cls, several: Iterable[SampledIds]) -> SampledIds:
        """What samples of parts of the ids, no hash in two of them, tell together."""
        parts = list(several)
        sketch = IdSketch.merged(part.sketch for part in parts)
        unlike = np.sort(np.concatenate([_nothing(), *(part.unlike for part in parts)]))
        examples = [part.example for part in parts if part.example and part.example.hash <= int(sketch.limit)]
        return cls(
            sketch,
            unlike[unlike <= sketch.limit],
            min(examples, key=lambda example: example.hash, default=None),
        )

    @property
    def count_unlike(self) -> float:
        """How many predictions are ``unlike``; exact where the sketch holds all of their ids."""
        hash_count = len(self.sketch.hashes)
        return self.sketch.count * len(self.unlike) / hash_count if hash_count else 0.0
