"""The first look at a reference: what its bins are made from.

Every value of a text column is counted. Of an ordered column a sample of some 260,000 rows is kept,
chosen by a hash of the row's place in its object: the same rows whatever the split, the engine or the
order, and enough to place a 0.1 % quantile within a hundredth of a per cent.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from driftline_jobs.metrics.figures import FloatArray, IntArray
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cells import MOST_SEGMENT_VALUES, crossed, labelled, text_of_names
from driftline_jobs.profiles.columns.arrays import Codes, Numbers, class_codes, hash_texts
from driftline_jobs.profiles.columns.conversion import numbers_as
from driftline_jobs.profiles.columns.hiding import NOTHING_HIDDEN, Hiding
from driftline_jobs.profiles.distinct import UIntArray, mix
from driftline_jobs.profiles.kinds.base import Bins, Reading
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.open import OpenBins
from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins, wide_bins
from driftline_jobs.profiles.kinds.registry import column_kind
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.placing import accepted_rows, row_times
from driftline_jobs.sources.profiling.survey_words import (
    PASSED_OVER,
    WordCounts,
    count_words,
    merge_words,
)
from driftline_schemas.column_kinds import Form, default_kind, kind_spec
from driftline_schemas.serving_log import LogColumn, Storage, TimeColumn
from driftline_schemas.table_names import NULL, table_segment

SAMPLE_ROWS = 1 << 18
_COUNTED_VALUES = 1 << 20
TEXT_FROM = 1000
TEXT_SHARE = 0.5
TEXT_KIND = "text"
_MAYBE_TEXT = 0.2
"""Share of values that differ within a split from which on a column may be one of texts."""


@dataclass(frozen=True)
class Watched:
    """A column to be watched: its ``kind`` in the tables, and whether its values have an order."""

    column: LogColumn
    kind: str
    ordered: bool
    declared: bool = False


@dataclass(frozen=True)
class SurveyPlan:
    """What to look at. ``intervals_us`` (k, 2) are the half-open times of the reference, none for all;
    without a ``timestamp`` rows have no times."""

    watched: tuple[Watched, ...]
    columns: tuple[LogColumn, ...]
    time: TimeColumn | None
    segments: tuple[tuple[str, ...], ...]
    intervals_us: tuple[tuple[int, int], ...]
    sample_share: float
    hiding: Hiding = NOTHING_HIDDEN
    decision: Decision | None = None


@dataclass(frozen=True)
class Decision:
    """The columns of a binary model's score and class, to find the score at which it decides for
    ``positive``, the predicted class as ``class_text`` writes it."""

    score: str
    prediction: str
    positive: str


@dataclass(slots=True)
class ValueCounts:
    """Counts of texts by their hash; beyond a million distinct ones, those of lowest hash."""

    hashes: UIntArray = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    texts: np.ndarray[tuple[int], np.dtype[np.object_]] = field(default_factory=lambda: np.empty(0, object))
    full: bool = False


@dataclass(slots=True)
class Survey:
    """What was seen of a reference, in one split or in several merged."""

    rows: int = 0
    windows: int = 0
    samples: dict[str, list[FloatArray]] = field(default_factory=dict)
    values: dict[str, ValueCounts] = field(default_factory=dict)
    words: dict[str, WordCounts] = field(default_factory=dict)
    segments: dict[str, dict[str, int]] = field(default_factory=dict)
    highest_negative: float = -math.inf
    lowest_positive: float = math.inf

    @property
    def names(self) -> frozenset[str]:
        """The columns that any object with rows of the reference has."""
        return frozenset(self.samples) | frozenset(self.values)

    @property
    def threshold(self) -> float | None:
        """The score at which the model decides, if one parts its classes."""
        parted = self.highest_negative < self.lowest_positive < math.inf
        return self.lowest_positive if parted and self.highest_negative > -math.inf else None


def survey_split(split: Split, plan: SurveyPlan) -> Survey:
    """Look at the rows of one split that belong to the reference."""
    seen = Survey(windows=len(plan.intervals_us))
    with SplitReader(split, plan.columns) as reader:
        times = row_times(reader, plan.time, 0)
        chosen = np.flatnonzero(_wanted(times, split, plan))
        seen.rows = len(chosen)
        if not len(chosen):
            return seen
        sampled = chosen[_sampled(split, len(times), plan.sample_share)[chosen]]
        for watched in plan.watched:
            name = watched.column.name
            if not reader.has(name):
                continue
            array, about = reader.column(name), Reading(name, watched.column.storage, plan.hiding)
            if watched.ordered:
                values = OrderedBins(watched.kind, (), 0.0, 0).read(array.take(sampled), about)
                seen.samples[name] = [_finite(values)]
            else:
                seen.values[name] = _counted(CategoryBins(watched.kind, ()).read(array.take(chosen), about))
            if _has_words(watched, plan.hiding):
                seen.words[name] = PASSED_OVER
                if watched.declared or len(seen.values[name].hashes) > _MAYBE_TEXT * len(chosen):
                    window = _window_of(times[chosen], plan)
                    seen.words[name] = count_words(array.take(chosen), plan.hiding.salt_of(name), window)
        if plan.decision is not None and reader.has(plan.decision.score):
            _find_decision(seen, reader, chosen, plan.decision)
        for columns in plan.segments:
            parts = []
            for name in columns:
                array = (
                    reader.column(name).take(chosen)
                    if reader.has(name)
                    else pa.nulls(len(chosen), pa.string())
                )
                parts.append(labelled(plan.hiding.codes(name, array)))
            joint, texts = crossed(parts)
            counts = np.bincount(joint, minlength=len(texts)).tolist()
            seen.segments[table_segment(columns)] = {
                text: count for text, count in zip(texts, counts, strict=True) if count
            }
    return seen


def _has_words(watched: Watched, hiding: Hiding) -> bool:
    """Whether the column may turn out to be one of texts."""
    if watched.column.name in hiding.dropped or watched.column.storage is not Storage.TEXT:
        return False
    return watched.kind == TEXT_KIND or (watched.kind == "categorical" and not watched.declared)


def _window_of(times: IntArray, plan: SurveyPlan) -> IntArray:
    """(n,) windows of the reference, by their order."""
    starts = np.array([start for start, _ in plan.intervals_us], np.int64)
    return np.maximum(np.searchsorted(np.sort(starts), times, side="right") - 1, 0).astype(np.int64)


def _find_decision(seen: Survey, reader: SplitReader, chosen: IntArray, decision: Decision) -> None:
    if not reader.has(decision.prediction):
        return
    score = numbers_as(reader.column(decision.score).take(chosen), Storage.NUMBER)
    predicted = class_codes(reader.column(decision.prediction).take(chosen))
    known = np.isfinite(np.asarray(score.values, np.float64))
    for valid in (score.valid, predicted.valid):
        known = known if valid is None else known & valid
    positive = np.array([text == decision.positive for text in predicted.texts], np.bool_)
    if not len(positive):
        return
    is_positive = positive.take(predicted.codes)
    seen.lowest_positive = float(np.min(score.values[known & is_positive], initial=math.inf))
    seen.highest_negative = float(np.max(score.values[known & ~is_positive], initial=-math.inf))


def _wanted(times: IntArray, split: Split, plan: SurveyPlan) -> npt.NDArray[np.bool_]:
    accepted = accepted_rows(times, split)
    if not plan.intervals_us:
        return accepted
    inside = np.zeros(len(times), np.bool_)
    for start, end in plan.intervals_us:
        inside |= (times >= start) & (times < end)
    return accepted & inside


def _sampled(split: Split, rows: int, share: float) -> npt.NDArray[np.bool_]:
    if share >= 1:
        return np.ones(rows, np.bool_)
    seed = hashlib.blake2b(f"{split.object.uri}\0{split.row_groups[0]}".encode(), digest_size=8).digest()
    places = np.arange(rows, dtype=np.uint64) + np.frombuffer(seed, "<u8")[0]
    return mix(mix(places)) < np.uint64(int(share * (2**64 - 1)))


def _finite(column: Numbers) -> FloatArray:
    values = column.values if column.valid is None else column.values[column.valid]
    floats = np.asarray(values, np.float64)
    return floats[np.isfinite(floats)]


def _counted(column: Codes) -> ValueCounts:
    values = column.codes if column.valid is None else column.codes[column.valid]
    counts = np.bincount(values, minlength=len(column.texts))
    occurring = np.flatnonzero(counts)
    texts = np.array(column.texts, object)[occurring]
    return _combined(hash_texts(texts.tolist()), counts[occurring], texts, full=False)


def _combined(
    hashes: UIntArray, counts: IntArray, texts: np.ndarray[tuple[int], np.dtype[np.object_]], *, full: bool
) -> ValueCounts:
    distinct, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    totals = np.zeros(len(distinct), np.int64)
    np.add.at(totals, inverse, counts)
    return ValueCounts(
        distinct[:_COUNTED_VALUES],
        totals[:_COUNTED_VALUES],
        texts[first][:_COUNTED_VALUES],
        full or len(distinct) > _COUNTED_VALUES,
    )


def merge_surveys(surveys: Sequence[Survey]) -> Survey:
    """All splits' surveys as one; the order does not matter, since samples are sorted before use."""
    merged = Survey(
        rows=sum(survey.rows for survey in surveys),
        windows=max((survey.windows for survey in surveys), default=0),
        highest_negative=max((survey.highest_negative for survey in surveys), default=-math.inf),
        lowest_positive=min((survey.lowest_positive for survey in surveys), default=math.inf),
    )
    for survey in surveys:
        for name, samples in survey.samples.items():
            merged.samples.setdefault(name, []).extend(samples)
        for name, counts in survey.segments.items():
            counts_of = merged.segments.setdefault(name, {})
            for text, count in counts.items():
                counts_of[text] = counts_of.get(text, 0) + count
    for name in {name for survey in surveys for name in survey.words}:
        merged.words[name] = merge_words([s.words[name] for s in surveys if name in s.words])
    for name in {name for survey in surveys for name in survey.values}:
        parts = [survey.values[name] for survey in surveys if name in survey.values]
        merged.values[name] = _combined(
            np.concatenate([part.hashes for part in parts]),
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.texts for part in parts]),
            full=any(part.full for part in parts),
        )
    return merged


def binning_from(survey: Survey, watched: Sequence[Watched], hiding: Hiding) -> Binning:
    """The bins of every watched column. A column that the reference does not hold gets one open bin."""
    columns: dict[str, Bins] = {}
    for watch in watched:
        name = watch.column.name
        if watch.column.is_null_type and not watch.declared:
            columns[name] = OpenBins()
            continue
        if watch.ordered:
            parts = survey.samples.get(name, [])
            sample = np.sort(np.concatenate(parts)) if parts else np.empty(0)
            whole = pa.types.is_integer(watch.column.type)
            if column_kind(watch.kind).convert is not None:
                whole = bool(len(sample)) and bool((sample == np.rint(sample)).all())
            found = (
                ordered_bins(watch.kind, sample, survey.threshold, whole_numbers=whole)
                if len(sample)
                else wide_bins(watch.kind, whole_numbers=whole)
            )
            columns[name] = _texts(found, survey, watch) if watch.kind == TEXT_KIND else found
            continue
        values = survey.values.get(name, ValueCounts())
        if _is_text(values, survey.rows) and not watch.declared and watch.kind == "categorical":
            lengths = survey.words.get(name, PASSED_OVER).lengths()
            if not len(lengths):  # some split had them all alike
                lengths = np.sort(np.repeat([float(len(text)) for text in values.texts], values.counts))
            columns[name] = _texts(ordered_bins(TEXT_KIND, lengths, whole_numbers=True), survey, watch)
        else:
            counts = dict(zip(values.texts.tolist(), values.counts.tolist(), strict=True))
            columns[name] = CategoryBins.learned(watch.kind, name, text_of_names(counts), hiding)
    segments = {
        name: tuple([text for text in text_of_names(counts) if text != NULL][:MOST_SEGMENT_VALUES])
        for name, counts in survey.segments.items()
    }
    storages = {
        watch.column.name: (Storage.NOTHING if watch.column.is_null_type else watch.column.storage).value
        for watch in watched
    }
    return Binning(columns, segments, storages, hiding.fingerprint, winsorised=True)


def _texts(of_lengths: OrderedBins, survey: Survey, watched: Watched) -> Bins:
    counted = survey.words.get(watched.column.name, PASSED_OVER)
    windows = survey.windows > 1
    return counted.bins(of_lengths, several_windows=windows, declared=watched.declared)


def _is_text(values: ValueCounts, rows: int) -> bool:
    distinct = len(values.hashes)
    return values.full or (distinct > TEXT_FROM and distinct > TEXT_SHARE * rows)


def watched_columns(
    columns: Sequence[LogColumn], roles: Mapping[str, str], declared: Mapping[str, str]
) -> list[Watched]:
    """How each column is watched.

    ``roles`` gives columns that are not features their kind (prediction, score, label). Of the others, those
    that are ``declared`` are of that kind, the rest by how they are stored.
    """
    found = []
    for column in columns:
        if column.name in roles:
            kind, _, value = roles[column.name].partition(":")
            ordered = bool(value) or kind_spec(kind).form is Form.ORDERED
            found.append(Watched(column, kind, ordered, declared=True))
        else:
            named = declared.get(column.name)
            spec = default_kind(column.storage) if named is None else kind_spec(named)
            found.append(Watched(column, spec.name, spec.form is Form.ORDERED, declared=named is not None))
    return found
