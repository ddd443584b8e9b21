"""What runs on Spark's workers: the same functions as on one machine, with their results as records.

A record is a pair of a number, which says where it is merged, and its content. An error that no retry would
mend travels as a record too: raised, Spark would try the task four times and then bury it in a stack trace.
What may pass (``TransientError``) is raised, so that Spark tries again, on another worker if there is one.
Nothing here imports Spark.
"""

from __future__ import annotations

import io
import pickle
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, Protocol, TypeVar

from driftline_jobs.engines.process import Spent, peak_memory_bytes
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.kinds.base import BinsOf
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.sources.parquet.small_splits import bundled
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan, scan_splits
from driftline_jobs.sources.profiling.scan_result import ScanResult, merge_results
from driftline_jobs.sources.profiling.survey import Survey, SurveyPlan, merge_surveys, survey_split
from driftline_schemas.errors import TerminalError

MERGE_EVERY = 16
"""How many results of one key wait to be merged: merging is cheaper for several at once."""
ProfileRecord = tuple[CellKey, str, bytes]
ScanRecord = ProfileRecord | ScanResult | TerminalError
S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Shared(Protocol[T_co]):
    """What every task is given once per worker process: one of Spark's broadcast variables."""

    @property
    def value(self) -> T_co:
        """The content."""


class Till(Protocol):
    """Where tasks leave what they have spent: one of Spark's accumulators, which counts a task once."""

    def add(self, term: Spent) -> None:
        """Add to it."""


def metered(till: Till, task: Callable[[Iterable[S]], Iterator[T]], records: Iterable[S]) -> Iterator[T]:
    """What the task gives; the processor seconds it takes in this process are added to ``till``, and the most
    memory that the process has held."""
    before = time.process_time()
    yield from task(records)
    till.add(Spent(time.process_time() - before, peak_memory_bytes()))


def scanned(plan: Shared[ScanPlan], bundles: Iterable[Sequence[Split]]) -> Iterator[tuple[int, ScanRecord]]:
    """Profiles of each bundle of splits as bytes, placed by cell and column; what else was counted at 0."""
    width = len(plan.value.columns)
    for bundle in bundles:
        try:
            result = merge_results([scan_splits(some, plan.value) for some in bundled(bundle, width)])
        except TerminalError as error:
            yield 0, error
            return
        for key, columns in result.profiles.items():
            for name, profile in columns.items():
                yield place(key, name), (key, name, encode(profile))
        result.profiles = {}
        yield 0, result


def merged(records: Iterable[tuple[int, ScanRecord]]) -> Iterator[ScanRecord]:
    """One profile per cell and column, and one of everything else that was counted."""
    parts: dict[tuple[CellKey, str], list[Profile]] = {}
    counts: list[ScanResult] = []
    for _, record in records:
        if isinstance(record, TerminalError):
            yield record
            return
        if isinstance(record, ScanResult):
            counts.append(record)
            continue
        key, name, state = record
        several = parts.setdefault((key, name), [])
        several.append(decode(state))
        if len(several) == MERGE_EVERY:
            several[:] = [merge(several)]
    if counts:
        yield merge_results(counts)
    for (key, name), several in parts.items():
        yield key, name, encode(merge(several))


def assembled(records: Iterable[ScanRecord]) -> ScanResult:
    """The records of all places as one result. Raises the error that one of them is."""
    counts: list[ScanResult] = []
    profiles: dict[CellKey, dict[str, Profile]] = {}
    for record in records:
        if isinstance(record, TerminalError):
            raise record
        if isinstance(record, ScanResult):
            counts.append(record)
        else:
            key, name, state = record
            profiles.setdefault(key, {})[name] = decode(state)
    result = merge_results(counts)
    result.profiles = profiles
    return result


def surveyed(
    plan: Shared[SurveyPlan], bundles: Iterable[Sequence[Split]]
) -> Iterator[Survey | TerminalError]:
    """The first look at each bundle of splits."""
    for bundle in bundles:
        try:
            yield merge_surveys([survey_split(split, plan.value) for split in bundle])
        except TerminalError as error:
            yield error


def survey_of_both(a: Survey | TerminalError, b: Survey | TerminalError) -> Survey | TerminalError:
    """Two looks as one."""
    if isinstance(a, TerminalError):
        return a
    if isinstance(b, TerminalError):
        return b
    return merge_surveys([a, b])


def place(key: CellKey, name: str = "") -> int:
    """A number that depends on the key alone: the same in every process, as ``hash`` would not be."""
    words = (str(key.base_start_us), key.model_version, key.segment, key.segment_value, name)
    return zlib.crc32("\0".join(words).encode())


class Bare:
    """A value to be sent without what its bins have worked out: tables of each column, which a worker makes
    as soon as it would read them."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __reduce__(self) -> tuple[Any, ...]:
        sink = io.BytesIO()
        _BarePickler(sink, protocol=5).dump(self._value)
        return pickle.loads, (sink.getvalue(),)


class _BarePickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:  # noqa: ANN401  as the library has it
        if isinstance(value, BinsOf):
            return type(value), tuple(getattr(value, field.name) for field in fields(value))
        return NotImplemented
