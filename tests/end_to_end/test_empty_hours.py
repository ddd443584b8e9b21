"""Hours in which nothing comes by nature."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

DAYS, LAST, PER_HOUR = 14, 15, 12
OPEN = range(6, 24)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Rows from six on; on the last day noon fell out."""
    made = Bench(
        tmp_path_factory.mktemp("hours"),
        {
            "granularity": "hour",
            "base": "hour",
            "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(DAYS):%Y-%m-%d}"]},
            "features": {"ignore": ["city", "amount"]},
            "labels": None,
            "alerts": {"min_rows": 500},  # hours that are too small to be tested are judged none the less
        },
    )
    for number in range(LAST + 1):
        hours = [hour for hour in OPEN if (number, hour) != (LAST, 12)]
        minutes = np.linspace(0, 59, PER_HOUR).tolist()
        at = [day(number) + timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes]
        columns = made.rows(number, count=len(at))
        made.write(number, columns | {"at": pa.array(at, pa.timestamp("us", "UTC"))})
    made.run(f"{day(LAST):%Y-%m-%d}", f"{day(LAST):%Y-%m-%d}T23")
    return made


def test_they_fail_no_check(bench: Bench) -> None:
    rows = bench.current("quality_metrics", LAST, check_name="rows")
    failed = rows[~rows["passed"].astype(bool)]["window_start"].dt.hour.tolist()
    assert failed == [12]
    assert len(rows) == 24
