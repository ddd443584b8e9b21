"""The benchmark of catch-up works, at a small size, and what it counts holds; no time is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bench.catch_up_bench import logs_on_s3, measure
from tests.bench.store_bench import stores
from tests.end_to_end.builder import REFERENCE_DAYS, day

WINDOWS = 6


@pytest.mark.slow
def test_catch_up_reads_listings_alone_until_something_is_new(tmp_path: Path) -> None:
    (tmp_path / "logs-on-s3").mkdir()
    with logs_on_s3(tmp_path / "logs-on-s3", WINDOWS) as logs, stores(["duckdb"], tmp_path) as urls:
        found = measure(logs, urls["duckdb"], WINDOWS, repetitions=1)
    assert found.read_with_nothing_new == 0
    assert found.requests > 0
    assert found.read_with_one_changed > 0
    assert found.periods == (f"{day(REFERENCE_DAYS + WINDOWS // 2):%Y-%m-%d}",)
    assert found.nothing_new_then == ()
