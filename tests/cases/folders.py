"""Cases of folders: where objects lie, what they are called, and which of them can be read."""

from __future__ import annotations

import pandas as pd
from tests.cases.writing import REFERENCE_DAYS, CaseFolder, day, model_rows

DAYS = 16


def no_suffix(case: CaseFolder) -> None:
    """Parquet objects called as Athena, Hive and Firehose call them: without a suffix."""
    for number in range(DAYS):
        case.put(number, model_rows(number), name=f"20260101_144951_{number:05d}_v74wa")
    case.monitor()


def columns_in_path(case: CaseFolder) -> None:
    """A segment and the model's version stand in ``key=value`` folders and not in the objects."""
    parts = [("eu", "v1"), ("eu", "v2"), ("us", "v1"), ("us", "v2")]
    for number in range(DAYS):
        rows = model_rows(number)
        for part, (region, version) in enumerate(parts):
            case.put(
                number,
                rows.iloc[150 * part : 150 * (part + 1)],
                folder=f"region={region}/model_version={version}/dt={day(number)}",
                name="part-00000-3f1c.c000.snappy.parquet",
            )
    case.monitor(logs={"model_version": "model_version"}, segments=["region"])


def training_set(case: CaseFolder) -> None:
    """The reference is a training set: one object, without times and ids."""
    for number in range(14, 17):
        case.put(number, model_rows(number))
    training = pd.concat([model_rows(number) for number in range(REFERENCE_DAYS)])
    columns = ["x1", "x2", "cat", "flag", "p", "pred", "y"]
    case.put(0, training[columns], below="ref", folder=".", name="train.parquet")
    case.monitor(reference={"uri": "ref"})


def reference_half_there(case: CaseFolder) -> None:
    """Of 14 days of the reference, two have times as texts of another form, and two were cut off."""
    for number in range(DAYS):
        rows = model_rows(number)
        if number in {1, 2}:
            rows["ts"] = rows.ts.dt.strftime("%Y-%m-%d %H:%M:%S UTC")
        path = case.put(number, rows)
        if number in {3, 4}:
            path.write_bytes(path.read_bytes()[:20000])
    case.monitor()
