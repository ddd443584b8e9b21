"""References of every kind, and what makes a bad one."""

from __future__ import annotations

import pytest
from tests.end_to_end.builder import ROWS, Bench

from driftline_schemas.errors import DataError


@pytest.mark.parametrize("reference", [{"trailing": "4d"}, {"same_weekday": 2}, {"model_version": "v1"}])
def test_a_moving_reference_keeps_the_bins_of_the_first_run(
    bench: Bench, reference: dict[str, object]
) -> None:
    bench.overrides = {"reference": {"window": None, **reference}}
    bench.days(0, 16)
    bench.run(14)
    bench.run(15, 16)
    runs = bench.current("runs", part="data")
    assert len(runs) == 3
    assert runs["binning_id"].nunique() == 1
    assert bench.described(16, "amount")["count"] == ROWS


@pytest.mark.parametrize("reference", [{"trailing": "4d"}, {"same_weekday": 2}])
def test_a_moving_reference_before_the_log_began(bench: Bench, reference: dict[str, object]) -> None:
    bench.overrides = {"reference": {"window": None, **reference}}
    bench.days(0, 1)
    with pytest.raises(DataError, match="start with a later window"):
        bench.run(0)
