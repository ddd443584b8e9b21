"""How much of the alarms a column may use: of the same shift in three columns one is not to be heard of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

from driftline_schemas.errors import ConfigError

DAYS, LATER, COUNT = 14, 15, 400
NAMES = ("a", "b", "c", "d")


def written(root: Path, sensitivity: dict[str, str]) -> Bench:
    """Days of normal features; on the later one all are .4 off."""
    made = Bench(
        root,
        {
            "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(DAYS):%Y-%m-%d}"]},
            "features": {"numeric": list(NAMES), "ignore": ["city", "amount"]},
            "labels": None,
            "alerts": {"min_rows": 10, **({"sensitivity": sensitivity} if sensitivity else {})},
        },
    )
    for number in range(LATER + 1):
        random = np.random.default_rng([number, 41])
        values = random.normal(0.4 if number == LATER else 0.0, 1.0, (len(NAMES), COUNT))
        features = {name: pa.array(column) for name, column in zip(NAMES, values, strict=True)}
        made.write(number, made.rows(number, count=COUNT, **features))
    return made


def test_a_column_that_is_off_is_published_and_decides_nothing(tmp_path: Path) -> None:
    made = written(tmp_path, {"a": "off", "b": "high", "c": "low"})
    made.run(DAYS, LATER)
    rows: dict[str, Any] = {name: made.drift(LATER, name, "mean_shift") for name in NAMES}
    assert rows["a"]["value"] == pytest.approx(0.4, abs=0.2)
    assert rows["a"]["drifted"] is None
    assert rows["a"]["reason"] == "alerts.sensitivity has it off"
    assert all(rows[name]["drifted"] for name in "bcd")
    # weights of 3, 1/3 and 1: the limits lie in this order, and chance is what it was
    plain = written(tmp_path / "plain", {})
    plain.run(LATER)
    for name in "bcd":
        assert rows[name]["p_value"] == pytest.approx(plain.drift(LATER, name, "mean_shift")["p_value"])
    assert rows["b"]["q_value"] < rows["d"]["q_value"] <= rows["c"]["q_value"] or rows["b"]["q_value"] < 1e-6
    assert "a" not in made.current("alerts", LATER)["column_name"].tolist()


def test_a_name_that_is_no_column_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path, {"bb": "low"})
    with pytest.raises(ConfigError, match=r"alerts\.sensitivity: 'bb' is no column that is watched"):
        made.run(DAYS)


def test_a_word_that_is_none_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path, {"b": "lower"})
    with pytest.raises(ConfigError, match=r"alerts\.sensitivity\.b"):
        made.run(DAYS)
