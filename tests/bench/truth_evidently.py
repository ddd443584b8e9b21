"""What Evidently says of a log with known faults: a report a day, by its presets and their own limits.

    python tests/bench/truth_evidently.py FOLDER [--faults nulls ...]

``Evidently`` is DataDriftPreset and ClassificationPreset with the tests that they bring, ``Evidently, all
tests`` has DataSummaryPreset too. Reference are the same days as for the others. Prints JSON as
``truth_driftline.py`` does: what is said of drift first, the farthest beyond its limit before the others.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ID, SCORE, PREDICTION, LABEL = "request_id", "score", "prediction", "label"
Words = dict[str, Any]
CLEAN = 30
LESS, MORE = "Evidently", "Evidently, all tests"


def load(folder: Path, dates: Sequence[str]) -> pd.DataFrame:
    """The rows of these days with their labels."""
    import pandas as pd

    def read(kind: str) -> pd.DataFrame:
        paths = [folder / kind / f"dt={date}" / "part.parquet" for date in dates]
        return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)

    return read("log").merge(read("labels"), how="left", on=ID)


class Judge:
    """The reference, and what is said of a day beside it."""

    def __init__(self, folder: Path, case: dict[str, Any]) -> None:
        from evidently import BinaryClassification, DataDefinition

        self._definition = DataDefinition
        self._numbers = [*case["numeric"], SCORE]
        self._texts = [*case["categorical"], PREDICTION, LABEL]
        task = BinaryClassification(
            target=LABEL, prediction_labels=PREDICTION, prediction_probas=SCORE, pos_label=1
        )
        self._task = DataDefinition(
            numerical_columns=[SCORE], categorical_columns=[PREDICTION, LABEL], classification=[task]
        )
        reference = load(folder / "clean", case["dates"][: case["reference_days"]])
        self._reference, self._labelled = self._texts_of(reference), _labelled(reference)

    def words(self, day: pd.DataFrame) -> list[list[str]]:
        """What is beyond its limit on a day, the worst first."""
        from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset

        both = [DataDriftPreset(), DataSummaryPreset()]
        # one empty column would fail the whole report
        empty = {name for name in self._numbers if day[name].isna().all()}
        numbers = [name for name in self._numbers if name not in empty]
        definition = self._definition(numerical_columns=numbers, categorical_columns=self._texts)
        frames = [frame.drop(columns=list(empty)) for frame in (self._texts_of(day), self._reference)]
        said = _failed(both, frames, definition)
        said += _failed([ClassificationPreset()], [_labelled(day), self._labelled], self._task)
        return [word for _, word in sorted(said, key=lambda pair: -pair[0])]

    def _texts_of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What is watched, all categories as text."""
        texts = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in self._texts}
        texts = {name: column.map(str, na_action="ignore") for name, column in texts.items()}
        return frame[[*self._numbers, *self._texts]].assign(**texts)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[frame[LABEL].notna()].reset_index(drop=True)
    return rows[[SCORE, PREDICTION, LABEL]].astype({LABEL: "int64", PREDICTION: "int64"})


def _failed(presets: list[Any], frames: list[pd.DataFrame], definition: Any) -> list[tuple[float, list[str]]]:
    """The tests that failed, each with how far it is beyond its limit."""
    from evidently import Dataset, Report

    sets = [Dataset.from_pandas(frame, definition) for frame in frames]
    found = Report(presets, include_tests=True).run(*sets).dict()
    values = {metric["id"]: metric["value"] for metric in found["metrics"]}
    failed = (test for test in found["tests"] if test["status"].name == "FAIL")
    return [_word(test["metric_config"], values, test["name"]) for test in failed]


def _word(config: dict[str, Any], values: dict[str, Any], name: str) -> tuple[float, list[str]]:
    kind, column = config["params"]["type"].rpartition(":")[2], config["params"].get("column") or "*"
    if kind == "ValueDrift":
        return float(values[config["metric_id"]]) / config["params"]["threshold"], ["drift", column, ""]
    if kind == "DriftedColumnsCount":
        return 0.5, ["drift", "*", "share"]
    if kind == "DuplicatedRowCount":
        return 0.1, ["duplicates", "*", "summary"]
    if name.split(" ", maxsplit=1)[0] in _FIGURES:
        return 0.2, ["performance", "*", name.split(":", maxsplit=1)[0]]
    return 0.1, [kind, column, "summary"]


_FIGURES = {"Accuracy", "Precision", "Recall", "F1", "RocAuc", "LogLoss", "TPR", "TNR", "FPR", "FNR"}


def said_of(folder: Path, faults: Sequence[str]) -> dict[str, dict[str, Words]]:
    """Of the clean log, and of each fault, by both."""
    case: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    dates, at, judge = case["dates"], case["fault_at"], Judge(folder, case)
    # a report takes seconds: of the clean windows these alone
    wanted = {"clean": dates[at - CLEAN // 2 : at + CLEAN // 2]}
    wanted |= {name: dates[at : at + case["days_of"][name]] for name in faults}
    said: dict[str, dict[str, Words]] = {LESS: {}, MORE: {}}
    for name, days in wanted.items():
        found = {day: judge.words(load(folder / name, [day])) for day in days}
        said[MORE][name] = found
        said[LESS][name] = {
            day: [word for word in words if word[2] != "summary"] for day, words in found.items()
        }
    for by_tool in said.values():
        by_tool["clean"]["seen"] = wanted["clean"]
    return said


def main() -> None:
    """Print what was said as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", nargs="*", default=[])
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    sys.stdout.write(json.dumps(said_of(asked.folder, asked.faults)))


if __name__ == "__main__":
    main()
