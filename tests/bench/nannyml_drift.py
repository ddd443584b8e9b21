"""NannyML's univariate drift on two days, to compare with.

    python -m venv .venv-nannyml && .venv-nannyml/bin/pip install nannyml==0.13.1 statsmodels
    cd /tmp/bench/logs
    …/.venv-nannyml/bin/python …/tests/bench/nannyml_drift.py dt=2026-03-02 dt=2026-03-03

Runs in an environment of its own, since it pins what the project does not. Prints rows of the second day,
columns, and the seconds of fit and calculate from frames that are loaded: neither the imports nor the reading
are counted. One method for each kind of column, those that are its defaults.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NOT_FEATURES = ("request_id", "requested_at", "model_version", "prediction", "score")
TIMESTAMP = "requested_at"


def load(folder: Path) -> pd.DataFrame:
    """One day: its features, and the timestamp."""
    import pandas as pd

    files = sorted(folder.glob("*.parquet"))
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    return frame.drop(columns=[name for name in NOT_FEATURES if name != TIMESTAMP and name in frame])


def main() -> None:
    """Measure fit and calculate on two folders."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reference", type=Path)
    parser.add_argument("current", type=Path)
    asked = parser.parse_args()

    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # else it tells its makers of every call

    import nannyml  # type: ignore[import-not-found]
    import pandas as pd

    reference, current = load(asked.reference), load(asked.current)
    names = [name for name in current.columns if name != TIMESTAMP]
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(current[name].dtype)]
    started = time.perf_counter()
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=names,
        treat_as_categorical=texts,
        timestamp_column_name=TIMESTAMP,
        chunk_period="D",
    )
    calculator.fit(reference)
    calculator.calculate(current)
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{len(current)} {len(names)} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
