"""Which rows belong together: base windows, model versions and segment values, and the order in which rows
must be read so that those of one cell stand side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from driftline_jobs.metrics.figures import IntArray
from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.columns.arrays import Codes
from driftline_schemas.table_names import ALL, NULL, OTHER, table_value

MOST_SEGMENT_VALUES = 100
CodeArray = npt.NDArray[np.integer[Any]]
"""Codes from 0 up, in integers that are wide enough and no wider: every row is gone over many times."""
_ROWS_PER_JOINT_CELL = 4096


def labelled(codes: Codes) -> tuple[CodeArray, list[str]]:
    """Codes with null as a value of its own, and the escaped text of each code."""
    texts = [table_value(text) for text in codes.texts]
    if codes.valid is None:
        return codes.codes, texts
    null = np.int64(len(texts)).astype(_wide_enough(len(texts) + 1))
    return np.where(codes.valid, codes.codes, null), [*texts, NULL]


def crossed(parts: Sequence[tuple[CodeArray, list[str]]]) -> tuple[CodeArray, list[str]]:
    """Codes of the tuples of values that occur, and each tuple's text; one part is left as it is."""
    if len(parts) == 1:
        return parts[0]
    joint, size = _mixed_radix([(codes, len(texts)) for codes, texts in parts])
    occurring, _, compact = _compact(joint, size)
    texts: list[str] = []
    for code in occurring.tolist():
        values = []
        for _, names in reversed(parts):
            code, at = divmod(code, len(names))  # noqa: PLW2901  the digits of one number, lowest first
            values.append(names[at])
        texts.append(json.dumps(values[::-1], ensure_ascii=False, separators=(",", ":")))
    return compact, texts


def limited(codes: CodeArray, texts: list[str], named: Sequence[str]) -> tuple[CodeArray, list[str]]:
    """Codes with every value beyond ``named`` and null turned into one code for ``__other__``."""
    place = {text: at for at, text in enumerate([*named, NULL])}
    names = [*named, NULL, OTHER]
    places = (place.get(text, len(names) - 1) for text in texts)
    table = np.fromiter(places, _wide_enough(len(names)), len(texts))
    return table.take(codes) if len(texts) else codes, names


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to part the rows: ``codes`` (n,) into ``names``; ``segment`` is ``*`` for the model version."""

    segment: str
    codes: CodeArray
    names: list[str]


@dataclass(frozen=True, slots=True)
class Run:
    """Rows ``start`` to ``stop`` of a grouping's order, and the cells that they all belong to."""

    start: int
    stop: int
    keys: tuple[CellKey, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Rows parted into runs, each of the same cells.

    ``run_of`` (n,) is the run of each row; ``in_order`` tells whether those of a run stand side by side.
    """

    runs: tuple[Run, ...]
    run_of: CodeArray
    in_order: bool

    def order(self) -> IntArray | None:
        """(n,) the rows of one run after the other, as they follow in the log; None if they stand so."""
        # numpy sorts narrow codes by radix
        return None if self.in_order else np.argsort(self.run_of, kind="stable")


def groupings(
    base: IntArray,
    base_starts: IntArray,
    version: Dimension | None,
    segments: Sequence[Dimension],
    *,
    apart: bool = False,
) -> Iterator[Grouping]:
    """Groupings whose runs together cover every cell exactly once.

    Where rows are many, all dimensions are crossed, and each value is profiled once however many
    segments there are. Where they are few, crossing would leave crumbs: each segment is grouped apart, and
    so it is if ``apart`` says that there are many. Profiles merge exactly, so both ways give the same ones.
    """
    bases = (base, len(base_starts))
    dimensions = [*([version] if version else []), *segments]
    if not (apart and segments):
        joint, size = _mixed_radix([bases, *((d.codes, len(d.names)) for d in dimensions)])
        occurring, counts, compact = _compact(joint, size)
        if not segments or len(occurring) * _ROWS_PER_JOINT_CELL <= len(base):
            yield _grouped(occurring, counts, compact, base_starts, dimensions, whole=True)
            return
    for at, chosen in enumerate([[version] if version else [], *([segment] for segment in segments)]):
        alone = [d for d in chosen if d]
        joint, size = _mixed_radix([bases, *((d.codes, len(d.names)) for d in alone)])
        yield _grouped(*_compact(joint, size), base_starts, alone, whole=at == 0)


def _grouped(
    occurring: IntArray,
    counts: IntArray,
    compact: CodeArray,
    base_starts: IntArray,
    dimensions: Sequence[Dimension],
    *,
    whole: bool,
) -> Grouping:
    stops = np.cumsum(counts)
    runs = []
    for cell, (code, stop) in enumerate(zip(occurring.tolist(), stops.tolist(), strict=True)):
        names = []
        for dimension in reversed(dimensions):
            code, at = divmod(code, len(dimension.names))  # noqa: PLW2901  the digits of one number
            names.append(dimension.names[at])
        start_us = int(base_starts[code])
        keys = [CellKey(start_us, ALL, ALL, ALL)] if whole else []
        for dimension, name in zip(dimensions, reversed(names), strict=True):
            if dimension.segment == ALL:
                keys.append(CellKey(start_us, name, ALL, ALL))
            else:
                keys.append(CellKey(start_us, ALL, dimension.segment, name))
        runs.append(Run(stop - int(counts[cell]), stop, tuple(keys)))
    in_order = len(occurring) == 1 or bool((compact[1:] >= compact[:-1]).all())
    return Grouping(tuple(runs), compact, in_order)


def _wide_enough(size: int) -> type[np.integer[Any]]:
    """The narrowest type for codes below ``size``, and for ``size`` itself."""
    return np.uint8 if size < 1 << 8 else np.uint16 if size < 1 << 16 else np.int64


def _mixed_radix(parts: Sequence[tuple[CodeArray, int]]) -> tuple[CodeArray, int]:
    """Each row's codes as the digits of one number, and how many such numbers there are."""
    size = math.prod(base for _, base in parts)
    wide = _wide_enough(size)
    (codes, base), *others = parts
    joint: CodeArray = codes.astype(wide)
    for codes, base in others:
        if base > 1:  # else it adds nothing, and takes two looks at every row
            joint *= wide(base)
            joint += codes.astype(wide, copy=False)
    return joint, size


def _compact(codes: CodeArray, size: int) -> tuple[IntArray, IntArray, CodeArray]:
    """The codes that occur, ascending, the rows of each, and every code's place among them."""
    if len(codes) and int(codes.min()) == int(codes.max()):
        return codes[:1].astype(np.int64), np.array([len(codes)]), np.zeros(len(codes), np.uint8)
    if size <= 1 << 22:
        counts = np.bincount(codes)
        present = counts > 0
        occurring = np.flatnonzero(present)
        places = (np.cumsum(present) - 1).astype(_wide_enough(len(occurring)))
        return occurring, counts[occurring], places.take(codes)
    occurring, compact, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return occurring, counts, compact


def text_of_names(names: Mapping[str, int]) -> list[str]:
    """Names by descending count, ties by name: the order in which values are kept."""
    return sorted(names, key=lambda name: (-names[name], name))
