"""Write a log of a given shape, and remember what is true of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tests.property.columns import Day, Random, Truth
from tests.property.shapes import IDS, SPELLINGS, TIMES, LogShape

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
REFERENCE_DAYS = 3
ROWS = 48
WINDOW = FIRST + timedelta(days=REFERENCE_DAYS)
_REGIONS = ("eu", "us")
_DECIDES = 0.5


@dataclass
class Written:
    """A log on disk, and what its window (the day after the reference) holds.

    ``rows`` are predictions in the order of their times: id, region, predicted and label (1, 0 or NaN for
    none), score (NaN for none).
    """

    root: Path
    monitor: Path
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    features: dict[str, Truth] = field(default_factory=dict)


def write(shape: LogShape, root: Path) -> Written:
    """All days of a log, its labels, and the monitor file."""
    random = np.random.default_rng(shape.seed)
    written = Written(root, root / "monitor.yaml")
    for number in range(REFERENCE_DAYS + 1):
        day = Day(number, ROWS, number < REFERENCE_DAYS)
        rows = _rows(shape, day, random)
        features = {name: column.on(day, random) for name, column in shape.columns.items()}
        _write_log(shape, root, day, rows, {name: array for name, (array, _) in features.items()})
        if shape.labels != "in the log":
            _write_labels(shape, root, day, rows, random)
        if not day.is_reference:
            written.rows = rows
            written.features = {name: truth for name, (_, truth) in features.items()}
    written.monitor.write_text(_monitor(shape), encoding="utf-8")
    return written


def _rows(shape: LogShape, day: Day, random: Random) -> pd.DataFrame:
    """The model's own columns of a day; what is missing is NaN."""
    score = np.round(random.beta(2, 3, day.rows), 3)
    label = (random.random(day.rows) < score).astype(np.float64)
    # Neither class may be absent, nor may all labels be missing.
    label[:4], score[:4] = [0, 1, 0, 1], [0.2, 0.8, 0.7, 0.4]
    predicted = (score >= _DECIDES).astype(np.float64)
    ids = np.arange(day.rows) + 1000 * (day.number + 1)
    if shape.repeated_predictions:
        ids[10:14] = ids[4:8]
    if shape.missing_labels:
        label[20:30] = np.nan
    if shape.missing_scores:
        score[26:34] = np.nan
    seconds = np.sort(random.choice(86_400, day.rows, replace=False))
    start = FIRST + timedelta(days=day.number)
    return pd.DataFrame(
        {
            "seconds": seconds + int(start.timestamp()),
            "id": ids,
            "region": [_REGIONS[row * 2 // day.rows] for row in range(day.rows)],
            "predicted": predicted,
            "score": score,
            "label": label,
        }
    )


def _write_log(
    shape: LogShape, root: Path, day: Day, rows: pd.DataFrame, features: dict[str, pa.Array]
) -> None:
    columns: dict[str, Any] = {
        "at": _times(shape, rows.seconds.to_numpy()),
        "id": _ids(shape, rows.id.to_numpy()),
        "class": _classes(shape.classes.predicted, rows.predicted.to_numpy()),
        "score": pa.array(rows.score.to_numpy(), mask=rows.score.isna().to_numpy()),
    }
    if shape.labels == "in the log":
        columns["label"] = _classes(shape.classes.labelled, rows.label.to_numpy())
    if shape.folder != "regions":
        columns["region"] = pa.array(rows.region.to_numpy(object), pa.string())
    for part, (start, end) in enumerate(_parts(shape, day.rows)):
        region = str(rows.region[start])
        path = root / "logs" / _folder(shape, day, region) / f"{day.number}-{shape.name.format(part)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        own = {name: _slice(array, start, end) for name, array in columns.items()}
        theirs = {name: _slice(array, start, end) for name, array in features.items()}
        if shape.in_struct:
            own["payload"] = pa.StructArray.from_arrays(list(theirs.values()), list(theirs))
        else:
            own |= theirs
        pq.write_table(
            pa.table(own),
            path,
            row_group_size=None if _has_nested_views(own) else shape.row_group_size,
            use_deprecated_int96_timestamps=shape.int96,
        )


def _slice(array: pa.Array, start: int, end: int) -> pa.Array:
    """Some rows. Arrow cannot write a part of a view within a struct, so views are made anew."""
    part = array.slice(start, end - start)
    return pa.array(part.to_pylist(), array.type) if _is_view(array.type) else part


def _has_nested_views(columns: dict[str, pa.Array]) -> bool:
    """Arrow cannot write these as several row groups."""
    payload = columns.get("payload")
    return payload is not None and any(_is_view(field.type) for field in payload.type)


def _is_view(arrow_type: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(arrow_type) or pa.types.is_binary_view(arrow_type))


def _parts(shape: LogShape, rows: int) -> list[tuple[int, int]]:
    """Bounds of the rows of each object. Folders of regions hold the rows of one region each."""
    objects = 2 * shape.objects if shape.folder == "regions" else shape.objects
    bounds = np.linspace(0, rows, objects + 1).astype(int).tolist()
    return list(itertools.pairwise(bounds))


def _folder(shape: LogShape, day: Day, region: str) -> str:
    date = FIRST + timedelta(days=day.number)
    return {
        "flat": ".",
        "dt": f"dt={date:%Y-%m-%d}",
        "dates": f"{date:%Y/%m/%d}",
        "year and month": f"year={date:%Y}/month={date:%m}",
        "regions": f"region={region}/dt={date:%Y-%m-%d}",
    }[shape.folder]


def _times(shape: LogShape, seconds: Any) -> pa.Array:
    kind = TIMES[shape.time]
    if kind is None:
        return pa.array([datetime.fromtimestamp(int(each), UTC).isoformat() for each in seconds])
    if pa.types.is_integer(kind):
        return pa.array(seconds * 1000, kind)
    return pa.array(seconds, pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp(kind.unit)).cast(kind)


def _ids(shape: LogShape, ids: Any) -> pa.Array:
    kind = IDS[shape.id]
    if pa.types.is_integer(kind):
        return pa.array(ids, kind)
    texts = pa.array([f"id-{each}" for each in ids])
    return texts.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else texts.cast(kind)


def _classes(spelling: str, values: Any) -> pa.Array:
    positive, negative = SPELLINGS[spelling]
    return pa.array([None if np.isnan(each) else positive if each else negative for each in values])


def _write_labels(shape: LogShape, root: Path, day: Day, rows: pd.DataFrame, random: Random) -> None:
    """Labels of a day in an object of the next. A missing label has no row; repeated ones say the same, and
    where there are times also the opposite, earlier."""
    known = rows.drop_duplicates("id").dropna(subset=["label"])
    known = known.assign(at=(day.number + 1) * 86_400 + int(FIRST.timestamp()) + 60)
    if shape.repeated_labels:
        again = known.iloc[::3]
        known = pd.concat([known, again])
        if shape.labels == "objects":
            opposite = again.assign(label=1 - again.label, at=again["at"] - 30)
            known = pd.concat([opposite, known])
    known = known.iloc[random.permutation(len(known))]
    columns = {
        "id": _ids(shape, known.id.to_numpy()),
        "truth": _classes(shape.classes.labelled, known.label.to_numpy()),
    }
    if shape.labels == "objects":
        columns["seen"] = pa.array(known["at"].to_numpy(), pa.int64()).cast(pa.timestamp("s"))
    date = FIRST + timedelta(days=day.number + 1)
    path = root / "labels" / f"dt={date:%Y-%m-%d}" / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def _monitor(shape: LogShape) -> str:
    unit = ", timestamp_unit: ms" if shape.time == "int64" else ""
    labels = {
        "in the log": "{column: label}",
        "objects": "{uri: labels, prediction_id: id, label: truth, timestamp: seen}",
        "objects without times": "{uri: labels, prediction_id: id, label: truth}",
    }[shape.labels]
    return (
        "monitor: any\n"
        "task: binary_classification\n"
        f"logs: {{uri: logs, timestamp: at, prediction_id: id, prediction: class, score: score{unit}}}\n"
        f"labels: {labels}\n"
        f"positive_label: {shape.classes.positive}\n"
        "segments: [region]\n"
        f"reference: {{window: [{FIRST:%Y-%m-%d}, {WINDOW:%Y-%m-%d}]}}\n"
        "alerts: {min_rows: 5}\n"
    )
