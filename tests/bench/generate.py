"""Write seeded serving logs of any size: 33 columns, by day and hour, with labels and monitor files.

    python tests/bench/generate.py --dir /tmp/bench --rows 10000000 --days 2

leaves ``logs/dt=…/part-…parquet``, ``labels/dt=…/part-…parquet`` and ``monitors/*.yaml`` below ``--dir``.
The first day is the reference; from then on a few columns drift. A piece of a file (a row group) has a seed
of its own, so memory stays at one piece per thread, the order of writing is free, and the same arguments
give the same rows on any machine with the same numpy.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

FIRST_DAY = date(2026, 3, 2)
ROWS_PER_FILE = 1_250_000
ROWS_PER_PIECE = 1_000_000
LABELLED_SHARE = 0.9
DECISION_THRESHOLD = 0.5
# How far the columns that drift have moved on every day after the first, in their own spread.
DRIFT = 0.25

_DAY_US = 86_400_000_000
_TIME = pa.timestamp("us", tz="UTC")
_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8).reshape(256, 2)

Draw = Callable[[np.random.Generator, int, float], npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric column: how to draw ``rows`` values given its shift, and which shares are missing."""

    name: str
    draw: Draw
    type: str
    nulls: float = 0.0
    nans: float = 0.0
    drifts: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """A text column of ``size`` values, the i-th about ``1 / i**skew`` as frequent as the first."""

    name: str
    size: int
    skew: float = 1.0
    nulls: float = 0.0
    drifts: bool = False


NUMBERS = (
    Number("normal", lambda r, n, d: r.normal(d, 1, n), "float64", drifts=True),
    Number("normal_with_nulls", lambda r, n, _: r.normal(50, 12, n), "float64", nulls=0.05),
    Number("normal_with_nans", lambda r, n, _: r.normal(-3, 2, n), "float64", nans=0.01),
    Number("lognormal", lambda r, n, d: r.lognormal(3 + d, 1, n), "float64", drifts=True),
    Number("lognormal_wide", lambda r, n, _: r.lognormal(8, 2.5, n), "float64", nulls=0.02),
    Number("exponential", lambda r, n, _: r.exponential(250, n), "float64"),
    Number("uniform", lambda r, n, _: r.random(n), "float64"),
    Number("bounded", lambda r, n, _: r.beta(2, 5, n), "float64"),
    Number("heavy_tailed", lambda r, n, _: r.standard_t(3, n), "float64"),
    Number("cents", lambda r, n, _: np.round(r.gamma(2, 40, n), 2), "float64"),
    Number("single_normal", lambda r, n, _: r.normal(0, 1, n), "float32"),
    Number("single_lognormal", lambda r, n, _: r.lognormal(1, 0.7, n), "float32", nulls=0.10),
    Number("single_uniform", lambda r, n, _: r.uniform(-1, 1, n), "float32", nans=0.02),
    Number("single_gamma", lambda r, n, d: r.gamma(3 * (1 + d), 1, n), "float32", drifts=True),
    Number("account_age_seconds", lambda r, n, _: r.lognormal(16, 1.5, n), "int64"),
    Number("sequence", lambda r, n, _: r.integers(0, 1_000_000, n), "int64", nulls=0.01),
    Number("poisson", lambda r, n, d: r.poisson(30 * (1 + d / 5), n), "int32", drifts=True),
    Number("geometric", lambda r, n, _: r.geometric(0.05, n), "int32"),
    Number("five_valued", lambda r, n, _: r.integers(0, 5, n), "int32", nulls=0.03),
    Number("hour_of_day", lambda r, n, _: r.integers(0, 24, n), "int16"),
    Number("flag", lambda r, n, _: r.random(n) < 0.2, "int16"),
)
SEGMENTS = ("region", "channel", "tier")
CATEGORIES = (
    Category("region", 4),
    Category("channel", 2),
    Category("tier", 3),
    Category("device", 12, drifts=True),
    Category("browser", 8, nulls=0.04),
    Category("country", 60, 1.2),
    Category("product", 1000, 0.8),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """``rows`` consecutive rows of a day: they follow ``before`` others of its ``of_day``."""

    day: int
    before: int
    rows: int
    of_day: int
    seed: int

    def random(self, purpose: int) -> np.random.Generator:
        """A generator that no other piece or purpose shares."""
        return np.random.default_rng([self.seed, self.day, self.before, purpose])


def log_piece(piece: Piece) -> pa.Table:
    """The piece's rows of the serving log, in order of time. Text columns are dictionaries."""
    random = piece.random(0)
    drift = DRIFT if piece.day else 0.0
    score = _scores(piece)
    columns: dict[str, pa.Array] = {
        "requested_at": _timestamps(piece, random),
        "request_id": _request_ids(piece),
        "model_version": _texts(np.zeros(piece.rows, np.int32), ["v1"], None),
        "prediction": pa.array((score >= DECISION_THRESHOLD).astype(np.int32)),
        "score": pa.array(score),
    }
    for number in NUMBERS:
        columns[number.name] = _numbers(number, random, piece.rows, drift if number.drifts else 0.0)
    for category in CATEGORIES:
        columns[category.name] = _categories(category, random, piece.rows, drift if category.drifts else 0.0)
    return pa.table(columns)


def label_piece(piece: Piece) -> pa.Table:
    """The labels of the piece's predictions that ever came, a day later and in no order."""
    random = piece.random(1)
    label = (random.random(piece.rows) < _scores(piece)).astype(np.int8)
    came = random.permutation(np.flatnonzero(random.random(piece.rows) < LABELLED_SHARE))
    labelled_at = _midnight_us(piece.day + 1) + random.integers(0, _DAY_US, len(came))
    return pa.table(
        {
            "labelled_at": pa.array(np.sort(labelled_at)).cast(_TIME),
            "request_id": _request_ids(piece).take(pa.array(came)),
            "label": pa.array(label[came]),
        }
    )


def _scores(piece: Piece) -> npt.NDArray[np.float64]:
    """Calibrated by construction: the label is drawn with the score as its probability."""
    return piece.random(2).beta(1.2, 4.0, piece.rows)


def _timestamps(piece: Piece, random: np.random.Generator) -> pa.Array:
    place = (piece.before + np.arange(piece.rows) + random.random(piece.rows)) / piece.of_day
    within = np.minimum((place * _DAY_US).astype(np.int64), _DAY_US - 1)
    return pa.array(_midnight_us(piece.day) + within).cast(_TIME)


def _midnight_us(day: int) -> int:
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC) + timedelta(days=day)
    return int(midnight.timestamp()) * 1_000_000


def _request_ids(piece: Piece) -> pa.StringArray:
    """Sixteen hexadecimal digits that no other row has: a bijection (splitmix64) of the row's number."""
    x = np.arange(piece.before, piece.before + piece.rows, dtype=np.uint64)
    x += np.uint64(piece.day) << np.uint64(40)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    digits = _HEX[x.view(np.uint8)]
    offsets = np.arange(0, 16 * piece.rows + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(piece.rows, pa.py_buffer(offsets), pa.py_buffer(digits.tobytes()))


def _numbers(number: Number, random: np.random.Generator, rows: int, drift: float) -> pa.Array:
    values = number.draw(random, rows, drift).astype(number.type)
    if number.nans:
        values[random.random(rows) < number.nans] = np.nan
    mask = random.random(rows) < number.nulls if number.nulls else None
    return pa.array(values, mask=mask)


def _categories(category: Category, random: np.random.Generator, rows: int, drift: float) -> pa.Array:
    frequency = (1.0 + np.arange(category.size)) ** -(category.skew * (1 - drift))
    codes = np.searchsorted(np.cumsum(frequency / frequency.sum())[:-1], random.random(rows)).astype(np.int32)
    mask = random.random(rows) < category.nulls if category.nulls else None
    return _texts(codes, [f"{category.name}_{i:04d}" for i in range(category.size)], mask)


def _texts(
    codes: npt.NDArray[np.int32], values: Sequence[str], mask: npt.NDArray[np.bool_] | None
) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), pa.array(values))


def generate(
    root: Path,
    *,
    rows: int,
    days: int,
    files: int | None = None,
    seed: int = 1,
    threads: int | None = None,
    reference_rows: int | None = None,
    labels: bool = True,
) -> None:
    """Write ``days`` days of ``rows`` rows into ``root``, each day in ``files`` files, and the monitors.

    The first day, the reference, may be of another size; ``labels`` may be left out.
    """
    with concurrent.futures.ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        writing = []
        for day in range(days):
            of_day = rows if day or reference_rows is None else reference_rows
            count = files or math.ceil(of_day / ROWS_PER_FILE)
            bounds = np.linspace(0, of_day, count + 1).astype(int)
            for part, (start, end) in enumerate(itertools.pairwise(bounds.tolist())):
                pieces = [
                    Piece(day, at, min(ROWS_PER_PIECE, end - at), of_day, seed)
                    for at in range(start, end, ROWS_PER_PIECE)
                ]
                for make, folder, of in ((log_piece, "logs", day), (label_piece, "labels", day + 1)):
                    if folder == "labels" and not labels:
                        continue
                    path = root / folder / f"dt={day_name(of)}" / f"part-{part:05d}.parquet"
                    writing.append(pool.submit(_write, path, make, pieces))
        for written in writing:
            written.result()
    write_monitors(root)


def _write(path: Path, make: Callable[[Piece], pa.Table], pieces: Sequence[Piece]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = make(Piece(day=0, before=0, rows=0, of_day=1, seed=0)).schema
    # Without Arrow's own schema in the footer the dictionaries are read as what they are to others: text.
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for piece in pieces:
            writer.write_table(make(piece), row_group_size=ROWS_PER_PIECE)


def write_monitors(root: Path) -> None:
    """Write the bench's monitors: drift alone, drift by three segments, and performance from labels."""
    segments = f"segments: [{', '.join(SEGMENTS)}]\n"
    labels = "labels: {uri: ../labels, prediction_id: request_id, label: label, timestamp: labelled_at}\n"
    folder = root / "monitors"
    folder.mkdir(parents=True, exist_ok=True)
    for name, extra in (("drift", ""), ("segments", segments), ("labels", labels)):
        monitor = _MONITOR.format(name=name, first=day_name(0), end=day_name(1))
        (folder / f"{name}.yaml").write_text(monitor + extra)


_MONITOR = """\
monitor: bench_{name}
description: Generated rows, to measure by
owner: bench@example.com
task: binary_classification
logs:
  uri: ../logs
  timestamp: requested_at
  prediction_id: request_id
  prediction: prediction
  score: score
  model_version: model_version
positive_label: 1
granularity: day
reference: {{window: [{first}, {end}]}}
"""


def day_name(day: int) -> str:
    """The name of the ``day``-th day, 0 being the reference, as folders and periods have it."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def main() -> None:
    """Generate what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dir", type=Path, required=True, help="the folder to write into")
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of a day")
    parser.add_argument("--days", type=int, default=2, help="days, the first being the reference")
    parser.add_argument(
        "--files", type=int, help=f"files of a day; by default one per {ROWS_PER_FILE:,} rows"
    )
    parser.add_argument("--reference-rows", type=int, help="rows of the first day; by default as many")
    parser.add_argument("--no-labels", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="by default one per core")
    asked = parser.parse_args()
    generate(
        asked.dir,
        rows=asked.rows,
        days=asked.days,
        files=asked.files,
        seed=asked.seed,
        threads=asked.threads,
        reference_rows=asked.reference_rows,
        labels=not asked.no_labels,
    )


if __name__ == "__main__":
    main()
