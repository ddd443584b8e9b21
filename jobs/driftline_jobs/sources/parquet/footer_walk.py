"""Walk through a Parquet footer without Parquet's own library: what it throws there ends the process.

pyarrow declares the metadata of row groups and column chunks as if nothing in them could throw. A chunk whose
metadata are encrypted throws, and so do statistics of a wrong length; nothing catches it. Hence these parts
of a footer are only ever read here. See https://parquet.apache.org/docs/file-format/metadata/ for what they
are, and Thrift's doc/specs/thrift-compact-protocol.md for how they are written.

Compiled, since a footer of many columns has a hundred thousand fields. Every length is held against the bytes
that are left before it is believed, so no loop is longer than the footer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.kernels.compiling import compiled, inner, readable

ByteArray = npt.NDArray[np.uint8]
Number = int | np.int64

ENDS = ("read", "broken", "encrypted", "unlike schema", "beyond object")
"""How a walk ends: well; not a footer; with a column that is encrypted; with other columns than the schema's;
with a column that lies outside of the object."""
READ, BROKEN, ENCRYPTED, UNLIKE_SCHEMA, BEYOND_OBJECT = range(len(ENDS))
ROWS, SIZE = range(2)
"""What is kept of a row group."""
TYPE, START, LENGTH, NULLS, MINIMUM, MAXIMUM, OLD_MINIMUM, OLD_MAXIMUM = 0, 1, 2, 3, 4, 6, 8, 10
"""What is kept of a column chunk: its physical type, its place in the object, how many values are null, and
for each bound in its statistics where in the footer it lies and how long it is; -1 for what is not there."""
_STORED = 12
_DEEPEST = 32
_LEAST_GROUP, _LEAST_CHUNK = 7, 3
"""Bytes: no row group and no column chunk is shorter."""
# Wire types of the compact protocol. A boolean field's value is its type.
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(14)


@inner
def _varint(data: ByteArray, at: Number) -> tuple[Number, Number]:
    """An unsigned number and where it ends; a negative end where there is none."""
    value = np.uint64(0)
    for place in range(10):
        if at < 0 or at >= len(data):
            return 0, -1
        byte = np.uint64(data[at])
        at += 1
        value |= (byte & np.uint64(0x7F)) << np.uint64(7 * place)
        if byte < 128:
            return np.int64(value), at
    return 0, -1


@inner
def _integer(data: ByteArray, at: Number) -> tuple[Number, Number]:
    """A signed number and where it ends."""
    raw, at = _varint(data, at)
    bits = np.uint64(raw)
    return np.int64((bits >> np.uint64(1)) ^ (np.uint64(0) - (bits & np.uint64(1)))), at


@inner
def _bytes(data: ByteArray, at: Number) -> tuple[Number, Number]:
    """Where some bytes begin and where they end."""
    length, start = _varint(data, at)
    if start < 0 or length < 0 or length > len(data) - start:
        return 0, -1
    return start, start + length


@inner
def _field(data: ByteArray, at: Number, before: Number) -> tuple[Number, Number, Number]:
    """The type and number of a struct's next field, and where its value begins; a type of 0 at its end."""
    if at < 0 or at >= len(data):
        return 0, 0, -1
    head = np.int64(data[at])
    at += 1
    kind, step = head & 15, head >> 4
    if kind == _STOP:
        return 0, 0, at
    if step:
        return kind, before + step, at
    number, at = _integer(data, at)
    return kind, number, at


@inner
def _list(data: ByteArray, at: Number) -> tuple[Number, Number, Number]:
    """The type of a list's members, how many there are, and where the first begins."""
    if at < 0 or at >= len(data):
        return 0, 0, -1
    head = np.int64(data[at])
    at += 1
    kind = head & 15
    size: Number = head >> 4
    if size == 15:
        size, at = _varint(data, at)
    if at < 0 or size < 0 or size > len(data) - at:
        return 0, 0, -1
    return kind, size, at


@compiled(types.int64(readable(types.uint8), types.int64, types.int64, types.int64))
def _past(data: ByteArray, at: Number, kind: Number, depth: int) -> Number:  # noqa: C901, PLR0911, PLR0912 - a kernel, one branch a type of Thrift
    """Where a value ends that is of no interest; negative where it is none."""
    if at < 0 or at > len(data) or depth > _DEEPEST:
        return -1
    if kind in (_TRUE, _FALSE):
        return at
    if kind in (_BYTE, _DOUBLE, _UUID):
        at += 1 if kind == _BYTE else 8 if kind == _DOUBLE else 16
        return at if at <= len(data) else -1
    if kind in (_I16, _I32, _I64):
        _, at = _varint(data, at)
        return at
    if kind == _BINARY:
        _, at = _bytes(data, at)
        return at
    if kind in (_LIST, _SET):
        member, size, at = _list(data, at)
        for _ in range(size):
            if at < 0:
                return -1
            at = _past(data, at, _BYTE if member in (_TRUE, _FALSE) else member, depth + 1)
        return at
    if kind == _MAP:
        size, at = _varint(data, at)
        if at < 0 or size == 0:
            return at
        if at >= len(data) or size < 0 or size > len(data) - at:
            return -1
        key, member = np.int64(data[at]) >> 4, np.int64(data[at]) & 15
        at += 1
        for _ in range(size):
            if at < 0:
                return -1
            at = _past(data, at, _BYTE if key in (_TRUE, _FALSE) else key, depth + 1)
            at = _past(data, at, _BYTE if member in (_TRUE, _FALSE) else member, depth + 1)
        return at
    if kind == _STRUCT:
        number: Number = 0
        while True:
            kind, number, at = _field(data, at, number)
            if at < 0 or kind == _STOP:
                return at
            at = _past(data, at, kind, depth + 1)
    return -1


@inner
def _statistics(data: ByteArray, at: Number, retained: IntArray) -> Number:
    """Keep what the statistics of a chunk say; where they end."""
    number: Number = 0
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0 or kind == _STOP:
            return at
        if number == 3 and kind == _I64:
            retained[NULLS], at = _integer(data, at)
        elif kind == _BINARY and number in (1, 2, 5, 6):
            start, at = _bytes(data, at)
            place = (
                MAXIMUM
                if number == 5
                else MINIMUM
                if number == 6
                else OLD_MINIMUM
                if number == 2
                else OLD_MAXIMUM
            )
            retained[place], retained[place + 1] = start, at - start
        else:
            at = _past(data, at, kind, 0)


@inner
def _chunk_metadata(data: ByteArray, at: Number, end: int, retained: IntArray) -> tuple[int, Number]:
    """Keep what the metadata of a chunk say; how they end, and where."""
    number: Number = 0
    start: Number = np.int64(-1)
    size = dictionary = start
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return BROKEN, -1
        if kind == _STOP:
            break
        if kind == _I32 and number == 1:
            retained[TYPE], at = _integer(data, at)
        elif kind == _I64 and number == 7:
            size, at = _integer(data, at)
        elif kind == _I64 and number == 9:
            start, at = _integer(data, at)
        elif kind == _I64 and number == 11:
            dictionary, at = _integer(data, at)
        elif kind == _STRUCT and number == 12:
            at = _statistics(data, at, retained)
        else:
            at = _past(data, at, kind, 0)
    if 0 < dictionary < start:
        start = dictionary
    if start < 0 or size < 0 or start > end or size > end - start:
        return BEYOND_OBJECT, at
    retained[START], retained[LENGTH] = start, size
    return READ, at


@inner
def _chunk(data: ByteArray, at: Number, end: int, retained: IntArray) -> tuple[int, Number]:
    """Keep what a column chunk says; how it ends, and where."""
    number: Number = 0
    found, encrypted = BROKEN, False
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return BROKEN, -1
        if kind == _STOP:
            return ENCRYPTED if encrypted else found, at
        if kind == _STRUCT and number == 3:
            found, at = _chunk_metadata(data, at, end, retained)
        else:
            encrypted |= number in (8, 9)
            at = _past(data, at, kind, 0)


@inner
def _row_group(
    data: ByteArray, at: Number, end: int, slots: IntArray, group: IntArray, chunks: IntArray
) -> tuple[int, Number]:
    """Keep what a row group says; how it ends, and where."""
    number: Number = 0
    columns: Number = -1
    unwanted = np.empty(_STORED, np.int64)
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return BROKEN, -1
        if kind == _STOP:
            break
        if kind == _LIST and number == 1:
            member, columns, at = _list(data, at)
            if member != _STRUCT and columns:
                return BROKEN, -1
            if columns != len(slots):
                return UNLIKE_SCHEMA, -1
            for leaf in range(columns):
                slot = slots[leaf]
                found, at = _chunk(data, at, end, unwanted if slot < 0 else chunks[slot])
                if found != READ:
                    return found, at
        elif kind == _I64 and number == 2:
            group[SIZE], at = _integer(data, at)
        elif kind == _I64 and number == 3:
            group[ROWS], at = _integer(data, at)
        else:
            at = _past(data, at, kind, 0)
    if columns < 0 or group[ROWS] < 0 or group[SIZE] < 0:
        return BROKEN, -1
    return READ, at


@inner
def _orders(data: ByteArray, at: Number, ordered: npt.NDArray[np.bool_]) -> Number:
    """Note which columns' values have the order of their type; where the list ends."""
    member, size, at = _list(data, at)
    for leaf in range(size):
        if at < 0 or member != _STRUCT:
            return -1
        kind, number, inside = _field(data, at, 0)
        if leaf < len(ordered):
            ordered[leaf] = inside > 0 and kind == _STRUCT and number == 1
        at = _past(data, at, _STRUCT, 0)
    return at


_Walked = types.Tuple(  # type: ignore[no-untyped-call]
    (types.int64, types.int64[:, ::1], types.int64[:, :, ::1], types.boolean[::1])
)


@compiled(_Walked(readable(types.uint8), types.int64, types.int64, readable(types.int64)))
def walk_footer(
    data: ByteArray, end: int, wanted: int, slots: IntArray
) -> tuple[int, IntArray, IntArray, npt.NDArray[np.bool_]]:
    """Go through a footer from its first byte to its last.

    Args:
        data: (bytes,) the footer alone.
        end: where the footer begins in the object, and hence no column goes beyond.
        wanted: of how many columns the chunks are kept.
        slots: (leaves,) the place of each leaf column among those, or -1.

    Returns:
        How it ends (``READ`` if well); (groups, 2) of row groups; (groups, wanted, 12) of column chunks;
        (leaves,) whether values have the order of their type, so that a column's newer bounds mean something.
    """
    groups = np.zeros((0, 2), np.int64)
    chunks = np.zeros((0, wanted, _STORED), np.int64)
    ordered = np.zeros(len(slots), np.bool_)
    number: Number = 0
    at: Number = 0
    seen = False
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return BROKEN, groups, chunks, ordered
        if kind == _STOP:
            return READ if seen else BROKEN, groups, chunks, ordered
        if kind == _LIST and number == 4:
            member, size, at = _list(data, at)
            least = _LEAST_GROUP + _LEAST_CHUNK * len(slots)
            if at < 0 or seen or (size and member != _STRUCT) or size > (len(data) - at) // least:
                return BROKEN, groups, chunks, ordered
            seen = True
            groups = np.full((size, 2), -1, np.int64)
            chunks = np.full((size, wanted, _STORED), -1, np.int64)
            for group in range(size):
                found, at = _row_group(data, at, end, slots, groups[group], chunks[group])
                if found != READ:
                    return found, groups, chunks, ordered
        elif kind == _LIST and number == 7:
            at = _orders(data, at, ordered)
        else:
            at = _past(data, at, kind, 0)
