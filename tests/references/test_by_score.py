"""A reference's rows by column and score, as bytes."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from driftline_jobs.references.by_score import ByScore
from driftline_jobs.tasks.binary import BinaryOutcomes
from driftline_schemas.errors import DataError


def outcomes(rows: int) -> BinaryOutcomes:
    nothing = BinaryOutcomes.nothing_by_score(3)
    return BinaryOutcomes(**nothing | {"scored": [rows, 0, 2]}, predictions=rows + 2)


TABLE = ByScore(
    outcomes(7),
    {"fare": {0: outcomes(3), 4: outcomes(4)}, "city": {1: outcomes(7)}},
    {"city": [[3, 4], [0, 0]], "fare": [[3, 0, 0, 0, 4]]},
    {("mean_score", None): 0.1, ("roc_auc", "no"): 1 / 3},
    {("fare", "mean_score", None): 0.1 + 0.2, ("fare", "roc_auc", "no"): 1e-9},
)


def test_it_comes_back_as_it_was() -> None:
    assert ByScore.from_bytes(TABLE.to_bytes()) == TABLE


def test_the_order_in_which_it_was_made_leaves_no_trace() -> None:
    turned = ByScore(
        TABLE.whole,
        {name: dict(reversed(list(TABLE.columns[name].items()))) for name in ("city", "fare")},
        dict(reversed(list(TABLE.by_window.items()))),
        dict(reversed(list(TABLE.spread.items()))),
        dict(reversed(list(TABLE.noise.items()))),
    )
    assert turned.to_bytes() == TABLE.to_bytes()


def test_a_newer_format_is_refused() -> None:
    table = pa.ipc.open_stream(TABLE.to_bytes()).read_all()
    newer = json.dumps({"format": 2}).encode()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata({b"driftline": newer})) as writer:
        writer.write_table(table.replace_schema_metadata({b"driftline": newer}))
    with pytest.raises(DataError, match=r"format 2.*rebase"):
        ByScore.from_bytes(bytes(sink.getvalue()))
