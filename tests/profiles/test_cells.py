"""Rows of one cell stand side by side, however many windows, versions and segment values there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.cells import Dimension, crossed, groupings, labelled
from driftline_jobs.profiles.columns.arrays import Codes
from driftline_schemas.table_names import ALL, NULL

ROWS = 40_000


def codes(random: np.random.Generator, size: int) -> tuple[np.ndarray, list[str]]:
    return random.integers(0, size, ROWS).astype(np.int32), [f"v{number}" for number in range(size)]


@pytest.mark.parametrize(
    ("windows", "sizes"),
    [
        (1, (1,)),
        (1, (3, 2)),
        (1, (128,)),  # one window has two bounds: 256 codes in all, the first that eight bits cannot count
        (1, (127,)),
        (24, (5, 4, 3)),
        (1, (255, 256)),
        (3, (2, 70_000)),
        (2, ()),
    ],
)
def test_every_cell_holds_the_rows_that_pandas_groups(windows: int, sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(7)
    starts = np.arange(windows + 1) * 1000
    base = random.integers(0, windows, ROWS)
    parts = [codes(random, size) for size in sizes]
    dimensions = [
        Dimension("*" if at == 0 else f"s{at}", values, names) for at, (values, names) in enumerate(parts)
    ]
    version, segments = (dimensions[0], dimensions[1:]) if dimensions else (None, [])

    found: dict[CellKey, list[np.ndarray]] = {}
    rows = np.arange(ROWS)
    for grouping in groupings(base, starts, version, segments):
        order = grouping.order()
        assert (order is None) == grouping.in_order
        ordered = rows if order is None else rows[order]
        for at, run in enumerate(grouping.runs):
            mine = ordered[run.start : run.stop]
            assert (np.diff(mine) > 0).all()  # in the order of the log
            assert (grouping.run_of[mine] == at).all()
            for key in run.keys:
                found.setdefault(key, []).append(mine)

    frame = pd.DataFrame({"base": base, **{d.segment: np.array(d.names)[d.codes] for d in dimensions}})
    groups: Any = frame.groupby("base").indices
    expected = {CellKey(int(s) * 1000, ALL, ALL, ALL): r for s, r in groups.items()}
    for dimension in dimensions:
        groups = frame.groupby(["base", dimension.segment]).indices
        for (at, name), indices in groups.items():
            own = (name, ALL, ALL) if dimension.segment == ALL else (ALL, dimension.segment, name)
            expected[CellKey(int(at) * 1000, *own)] = indices
    assert found.keys() == expected.keys()
    for key, parts_of in found.items():
        assert sorted(np.concatenate(parts_of).tolist()) == expected[key].tolist()


@pytest.mark.parametrize("size", [254, 255, 256, 300, 70_000])
def test_null_is_a_value_of_its_own(size: int) -> None:
    random = np.random.default_rng(3)
    values, texts = codes(random, size)
    valid = random.random(ROWS) < 0.9
    joint, names = crossed([labelled(Codes(values, valid, texts))])
    expected = np.where(valid, np.array(texts)[values], NULL)
    assert (np.array(names)[joint] == expected).all()


@pytest.mark.parametrize("sizes", [(20, 300), (1, 256), (16, 16)])
def test_crossed_values_are_the_tuples_that_occur(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    first, second = (codes(random, size) for size in sizes)
    joint, names = crossed([first, second])
    told = np.array(names)[joint]
    expected = [f'["v{one}","v{two}"]' for one, two in zip(first[0], second[0], strict=True)]
    assert told.tolist() == expected
    assert sorted(names) == sorted(set(expected))
