"""The wanted parts of a remote object in few, large, concurrent reads.

A column chunk may be small and the way to it is long: read one by one, thousands of chunks cost minutes of
waiting. Neighbouring ones are therefore fetched together, ahead of their decoding, and held until the split
is done; a split is small enough for that. One that is not (a single huge row group) is fetched chunk by
chunk, as it is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftline_jobs.sources.parquet.footer_layout import Layout, Tail, read_tail

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    from _typeshed import WriteableBuffer

    from driftline_jobs.storage.object_store import RemoteObject

_HOLE = 1 << 20
"""Unwanted bytes that cost less to fetch than one more request."""
_BLOCK = 16 << 20
_MOST_LOADED = 256 << 20
_AT_ONCE = 4


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes ``start`` to ``stop`` of an object, half-open."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    def holds(self, other: Span) -> bool:
        """Whether all of ``other`` lies within."""
        return self.start <= other.start and other.stop <= self.stop


def chunk_spans(
    tail: Tail, metadata: pq.FileMetaData, row_groups: Iterable[int], paths: Iterable[tuple[str, ...]]
) -> list[Span]:
    """Where the column chunks lie that hold the columns at ``paths``, in these row groups.

    Raises FooterError when the footer makes no sense.
    """
    wanted = {".".join(path) for path in paths}
    schema, count = metadata.schema, metadata.num_columns
    leaves = [at for at in range(count) if any(stem in wanted for stem in _stems(schema.column(at).path))]
    places = Layout(tail.footer, tail.footer_start, count, leaves).places(row_groups)
    return sorted(Span(start, start + length) for start, length in places.tolist())


def _stems(path: str) -> Iterator[str]:
    names = path.split(".")
    return (".".join(names[:length]) for length in range(1, len(names) + 1))


def blocks(spans: Iterable[Span]) -> list[Span]:
    """Ascending spans joined where they lie close to each other, up to some 16 MB."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        stop = max(span.stop, last.stop) if last else span.stop
        if last and span.start <= last.stop + _HOLE and stop - last.start <= _BLOCK:
            joined[-1] = Span(last.start, stop)
        else:
            joined.append(span)
    return joined


class FetchedObject(io.RawIOBase):
    """An object as a file, read through what was fetched ahead; other bytes are fetched when asked for.

    Errors of getting the bytes are OSErrors; the first is kept in ``failure``, so that
    it can be told from bytes that are there and make no sense.
    """

    def __init__(self, source: RemoteObject) -> None:
        super().__init__()
        self._source = source
        self._size: int = source.size()
        self._position = 0
        self._fetched: list[tuple[Span, Future[bytes]]] = []
        self._threads: ThreadPoolExecutor | None = None
        self.failure: OSError | None = None

    def tail(self) -> Tail:
        """The end of the object, with its footer. Raises FooterError if there is none."""
        try:
            return read_tail(lambda size, start: self._read(Span(start, start + size)), self._size)
        except OSError as error:
            self.failure = self.failure or error
            raise

    def fetch(self, spans: Iterable[Span]) -> None:
        """Begin to fetch ``spans`` (ascending), all of them unless they are too much to hold."""
        wanted = blocks(spans)
        if not wanted or sum(block.size for block in wanted) > _MOST_LOADED:
            return
        self._threads = ThreadPoolExecutor(min(_AT_ONCE, len(wanted)), thread_name_prefix="driftline-fetch")
        self._fetched = [(block, self._threads.submit(self._read, block)) for block in wanted]

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to where the next read begins."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """The next ``size`` bytes, or all that are left."""
        left = max(self._size - self._position, 0)
        span = Span(self._position, self._position + (left if size < 0 else min(size, left)))
        try:
            data = self._bytes(span)
        except OSError as error:
            self.failure = self.failure or error
            raise
        self._position = span.stop
        return data

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The next bytes into ``buffer``; how many there were."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _bytes(self, span: Span) -> bytes:
        if not span.size:
            return b""
        for block, data in self._fetched:
            if block.holds(span):
                return data.result()[span.start - block.start : span.stop - block.start]
        return self._read(span)

    def _read(self, span: Span) -> bytes:
        data = self._source.read_at(span.size, span.start)
        if len(data) != span.size:
            raise OSError(f"{len(data)} of {span.size} bytes came")
        return data

    def close(self) -> None:
        """Let go of what was fetched. What is still under way is waited for."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None
        self._fetched = []
        self._source.close()
        super().close()
