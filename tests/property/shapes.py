"""The shapes that hypothesis chooses from: folders, classes, ids, labels, and the log made of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from tests.property.columns import NULLS, TYPES, VALUES, ColumnShape

# How the positive class and the other are written in a column; and how a monitor file may call the positive.
ONES: dict[str, tuple[Any, Any]] = {
    "bool": (True, False),
    "int": (1, 0),
    "float": (1.0, 0.0),
    "true": ("true", "false"),
    "True": ("True", "False"),
    "TRUE": ("TRUE", "FALSE"),
    "1": ("1", "0"),
    "1.0": ("1.0", "0.0"),
}
ONES_IN_YAML = ("1", "true", "True", "1.0", '"1"', '"true"', '"1.0"')
WORDS: dict[str, tuple[Any, Any]] = {
    "yes": ("yes", "no"),
    "on": ("on", "off"),
    "churn": ("churn", "stay"),
    "null": ("null", "none"),
    "2": ("2", "10"),
}
WORDS_IN_YAML = {
    "yes": ("yes", '"yes"'),
    "on": ("on", "'on'"),
    "churn": ("churn",),
    "null": ('"null"',),
    "2": ("2", '"2"', "2.0"),
}
SPELLINGS = {**ONES, **WORDS}

FOLDERS = ("flat", "dt", "dates", "year and month", "regions")
NAMES = ("part-{}.parquet", "00000{}_0", "part-{}.parq", "topic+0+{}.snappy.parquet")
TIMES: dict[str, pa.DataType | None] = {
    "us": pa.timestamp("us"),
    "us, UTC": pa.timestamp("us", "UTC"),
    "ms, New York": pa.timestamp("ms", "America/New_York"),
    "ns": pa.timestamp("ns"),
    "s": pa.timestamp("s"),
    "ISO text": None,
    "int64": pa.int64(),
}
IDS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "int64": pa.int64(),
    "uint32": pa.uint32(),
}
LABELS = ("in the log", "objects", "objects without times")


@dataclass(frozen=True)
class ClassShape:
    """How predictions and labels are spelled, and what the monitor file calls the positive class."""

    predicted: str = "int"
    labelled: str = "int"
    positive: str = "1"


@dataclass(frozen=True)
class LogShape:
    """A whole log. ``seed`` decides its values, all else what they are written as."""

    seed: int = 0
    columns: Mapping[str, ColumnShape] = field(default_factory=dict)
    in_struct: bool = False
    classes: ClassShape = ClassShape()
    folder: str = "dt"
    name: str = NAMES[0]
    objects: int = 1
    row_group_size: int | None = None
    int96: bool = False
    time: str = "us"
    id: str = "string"
    labels: str = "in the log"
    missing_labels: bool = False
    missing_scores: bool = False
    repeated_predictions: bool = False
    repeated_labels: bool = False


def columns() -> st.SearchStrategy[ColumnShape]:
    """A feature of any type, with any values and nulls."""
    return st.builds(
        ColumnShape,
        type=st.sampled_from(sorted(TYPES)),
        values=st.sampled_from(VALUES),
        nulls=st.sampled_from(sorted(NULLS)),
    )


def classes() -> st.SearchStrategy[ClassShape]:
    """Predictions and labels spelled alike or not; words have one spelling only."""
    ones = st.builds(
        ClassShape,
        st.sampled_from(sorted(ONES)),
        st.sampled_from(sorted(ONES)),
        st.sampled_from(ONES_IN_YAML),
    )
    words = st.sampled_from(sorted(WORDS)).flatmap(
        lambda word: st.builds(ClassShape, st.just(word), st.just(word), st.sampled_from(WORDS_IN_YAML[word]))
    )
    return ones | words


def logs() -> st.SearchStrategy[LogShape]:
    """Any log."""
    return st.builds(
        LogShape,
        seed=st.integers(0, 2**32 - 1),
        columns=st.lists(columns(), min_size=3, max_size=6).map(
            lambda found: {f"f{number}": shape for number, shape in enumerate(found)}
        ),
        in_struct=st.booleans(),
        classes=classes(),
        folder=st.sampled_from(FOLDERS),
        name=st.sampled_from(NAMES),
        objects=st.integers(1, 3),
        row_group_size=st.sampled_from([None, 7, 16]),
        int96=st.booleans(),
        time=st.sampled_from(sorted(TIMES)),
        id=st.sampled_from(sorted(IDS)),
        labels=st.sampled_from(LABELS),
        missing_labels=st.booleans(),
        missing_scores=st.booleans(),
        repeated_predictions=st.booleans(),
        repeated_labels=st.booleans(),
    )
