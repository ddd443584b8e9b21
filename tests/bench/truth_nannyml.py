"""What NannyML says of a log with known faults: daily chunks, its calculators and their own limits.

    .venv-nannyml/bin/python tests/bench/truth_nannyml.py FOLDER [--faults nulls ...]

Runs in an environment of its own, as ``nannyml_drift.py`` does. Univariate and multivariate drift, missing
and unseen values, the number of rows, realized performance and CBPE. Prints JSON as ``truth_driftline.py``
does, the farthest beyond its limit first, in widths of its band.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

AT, ID, SCORE, PREDICTION, LABEL = "requested_at", "request_id", "score", "prediction", "label"
FIGURES = ["roc_auc", "f1", "accuracy"]
Words = dict[str, list[list[str]]]


def load(folder: Path, dates: Sequence[str], case: dict[str, Any]) -> pd.DataFrame:
    """The rows of these days with their labels."""
    import pandas as pd

    def read(kind: str) -> pd.DataFrame:
        paths = [folder / kind / f"dt={date}" / "part.parquet" for date in dates]
        return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)

    frame = read("log").merge(read("labels"), how="left", on=ID)
    texts = dict.fromkeys(case["categorical"], str)
    frame[AT] = frame[AT].dt.tz_localize(None)
    return frame.astype(texts)


class Calculators:
    """What is calculated, with the kind and the column that its alarms are about."""

    def __init__(self, case: dict[str, Any]) -> None:
        import nannyml  # type: ignore[import-not-found]

        numeric, texts = case["numeric"], case["categorical"]
        common = {"timestamp_column_name": AT, "chunk_period": "D"}
        columns = [*numeric, *texts, SCORE, PREDICTION, LABEL]
        task = {
            "y_pred_proba": SCORE,
            "y_pred": PREDICTION,
            "y_true": LABEL,
            "problem_type": "classification_binary",
            "metrics": FIGURES,
        }
        self._made = {
            "drift": nannyml.UnivariateDriftCalculator(
                column_names=columns, treat_as_categorical=[*texts, PREDICTION, LABEL], **common
            ),
            "together": nannyml.DataReconstructionDriftCalculator(column_names=[*numeric, *texts], **common),
            "missing": nannyml.MissingValuesCalculator(column_names=columns, **common),
            "unseen": nannyml.UnseenValuesCalculator(column_names=texts, **common),
            "rows": nannyml.SummaryStatsRowCountCalculator(**common),
            "performance": nannyml.PerformanceCalculator(**task, **common),
            "estimated": nannyml.CBPE(**task, **common),
        }

    def fit(self, reference: pd.DataFrame) -> None:
        """Learn the limits."""
        labelled = reference[reference[LABEL].notna()]
        for kind, calculator in self._made.items():
            calculator.fit(labelled if kind in {"performance", "estimated"} else reference)

    def words(self, frame: pd.DataFrame) -> Words:
        """What is beyond its limit on each day, the worst first."""
        said: dict[str, list[tuple[float, list[str]]]] = {}
        for kind, calculator in self._made.items():
            run = calculator.estimate if kind == "estimated" else calculator.calculate
            found = run(frame).filter(period="analysis").to_df()
            for day, column, beyond in _alarms(found):
                about = "*" if kind in {"performance", "estimated", "together", "rows"} else column
                said.setdefault(day, []).append((beyond, [kind, about, column]))
        return {day: [word for _, word in sorted(said[day], key=lambda pair: -pair[0])] for day in said}


def _alarms(found: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Day, column (or metric) and widths of the band beyond it."""
    names: list[Any] = list(found.columns)
    starts = next(name for name in names if name[-1] == "start_date")
    alarms = []
    for name in (name for name in names if name[-1] == "alert"):
        value = next(
            other
            for other in names
            if other[:-1] == name[:-1] and other[-1] in {"value", "realized", "estimated"}
        )
        low, high = (*name[:-1], "lower_threshold"), (*name[:-1], "upper_threshold")
        for at in found.index[found[name].fillna(False).astype(bool)]:
            lower = found[low][at] if low in names else None
            upper = found[high][at] if high in names else None
            day = f"{found[starts][at]:%Y-%m-%d}"
            alarms.append((day, str(name[0]), _beyond(float(found[value][at]), lower, upper)))
    return alarms


def _beyond(value: float, lower: float | None, upper: float | None) -> float:
    low = None if lower is None or math.isnan(lower) else float(lower)
    high = None if upper is None or math.isnan(upper) else float(upper)
    width = max((high if high is not None else abs(low or 0)) - (low or 0.0), 1e-6)
    return max(value - high if high is not None else 0, low - value if low is not None else 0) / width


def said_of(folder: Path, faults: Sequence[str]) -> dict[str, Words]:
    """Of the clean log, and of each fault."""
    case: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    dates, at = case["dates"], case["fault_at"]
    calculators = Calculators(case)
    calculators.fit(load(folder / "clean", dates[: case["reference_days"]], case))
    said = {"clean": calculators.words(load(folder / "clean", dates[case["reference_days"] :], case))}
    for name in faults:
        days = dates[at : at + case["days_of"][name]]
        said[name] = calculators.words(load(folder / name, days, case))
    return said


def main() -> None:
    """Print what was said as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", nargs="*", default=[])
    asked = parser.parse_args()
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # else it tells its makers of every call
    warnings.filterwarnings("ignore")
    said = said_of(asked.folder, asked.faults)
    sys.stdout.write(json.dumps({"NannyML": said}))


if __name__ == "__main__":
    main()
