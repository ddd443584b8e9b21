"""Evidently's DataDriftPreset on two days, to compare with.

    python tests/bench/evidently_drift.py /tmp/bench/logs/dt=2026-03-02 /tmp/bench/logs/dt=2026-03-03

Prints rows of the second day, columns, and the seconds of the report from frames that are loaded: neither the
imports nor the reading are counted. Every column's kind is named; left to itself it leaves out some of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd

NOT_FEATURES = ("request_id", "requested_at", "model_version", "prediction", "score")


def load(folder: Path) -> pd.DataFrame:
    """The features of one day."""
    schema = pq.read_schema(next(folder.glob("*.parquet")))
    columns = [name for name in schema.names if name not in NOT_FEATURES]
    frame: pd.DataFrame = pq.ParquetDataset(folder).read(columns=columns).to_pandas()
    return frame


def main() -> None:
    """Measure the report on two folders."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", type=Path)
    parser.add_argument("current", type=Path)
    asked = parser.parse_args()

    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    reference, current = load(asked.reference), load(asked.current)
    numbers = [name for name in current.columns if pd.api.types.is_numeric_dtype(current[name].dtype)]
    texts = [name for name in current.columns if name not in numbers]
    started = time.perf_counter()
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    report = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(current, definition), Dataset.from_pandas(reference, definition)
    )
    report.dict()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{len(current)} {len(current.columns)} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
