"""The last criterion: 24 hourly profiles in any order, and a whole run again on either engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.engines import local
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.profiles.moments import MOMENTS, MomentSums
from driftline_jobs.profiles.state import merge
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import ScanResult
from driftline_jobs.stores import open_store
from driftline_jobs.tasks.stored import read_ids_of, read_outcomes, with_ids
from driftline_schemas.settings import Settings
from driftline_schemas.table_definitions import load_tables

Measured = Callable[[int, str], None]
pytestmark = pytest.mark.slow
ORDERS = 20
REFERENCE, WINDOW = 2, 3
"""Days of the reference; the day that is judged, after another one."""
FOUNDED = "founded.duckdb"
ROWS = 480
NOT_HELD = {
    *("run_id", "started_at", "finished_at", "published_at", "superseded_at", "created_at"),
    *("cpu_seconds", "wall_seconds", "peak_memory_bytes", "engine"),
}
"""Run ids, times and costs."""
PLACE = ["column_name", "model_version", "segment", "segment_value"]


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Four days in 24 objects each: numbers with gaps, large and infinite ones, and new categories."""
    bench = Bench(
        tmp_path_factory.mktemp("hourly"),
        {
            "base": "hour",
            "segments": ["city"],
            "reference": {"window": [f"{day(0):%Y-%m-%d}", f"{day(REFERENCE):%Y-%m-%d}"]},
        },
    )
    for number in range(WINDOW + 1):
        rng = np.random.default_rng(number)
        wide = np.exp(rng.normal(0, 6, ROWS)) * rng.choice([-1.0, 1.0], ROWS)
        wide[:3] = np.inf, -np.inf, np.nan
        made = bench.rows(
            number,
            ROWS,
            version=pa.array(["v1", "v2"] * (ROWS // 2)),
            wide=pa.array(wide, mask=rng.random(ROWS) < 0.1),
            code=pa.array([f"{n}" for n in rng.integers(0, 40 + 400 * number, ROWS)]),
        )
        if number == WINDOW:
            made["amount"] = pa.array(made["amount"].to_numpy() * 1.5)
        for hour in range(24):
            several = {name: values.slice(hour * ROWS // 24, ROWS // 24) for name, values in made.items()}
            bench.write(number, several, f"part-{hour:02}.parquet")
        bench.write_labels(number, made)
    return bench


@pytest.fixture(scope="module")
def once(hourly: Bench) -> dict[str, pd.DataFrame]:
    """The tables of one run."""
    hourly.store_name = FOUNDED
    hourly.run(WINDOW - 1)
    return tables_of(hourly, "once.duckdb", initial_known=True)


def tables_of(bench: Bench, store_name: str, *, initial_known: bool = False) -> dict[str, pd.DataFrame]:
    """Run both days into a store of its own. All rows of every table, but for what differs by nature.

    Args:
        founded: begin with a store that holds the reference and the first day.
    """
    bench.store_name = store_name
    if initial_known:
        shutil.copyfile(bench.root / FOUNDED, bench.root / store_name)
    bench.run(WINDOW if initial_known else WINDOW - 1, WINDOW)
    found = {}
    with open_store(bench.store_url) as store:
        for name in load_tables():
            rows: pd.DataFrame = store.execute_read(f"SELECT * FROM {name}").to_pandas()
            kept = rows[[column for column in rows.columns if column not in NOT_HELD]]
            found[name] = kept.sort_values(list(kept.columns), key=lambda values: values.map(repr))
    return found


def assert_identical(some: dict[str, pd.DataFrame], others: dict[str, pd.DataFrame]) -> None:
    assert some.keys() == others.keys() == load_tables().keys()
    for name, rows in some.items():
        pd.testing.assert_frame_equal(
            rows.reset_index(drop=True), others[name].reset_index(drop=True), check_exact=True, obj=name
        )


def merged(column: str, states: Sequence[bytes]) -> bytes:
    """Several stored states of one column as one."""
    if column == "*":
        outcomes = [read_outcomes(state) for state in states]
        ids = [found for state in states if (found := read_ids_of(state)) is not None]
        assert len(ids) in (0, len(states))
        return with_ids(outcomes[0].merged(outcomes).to_bytes(), IdSketch.merged(ids) if ids else None)
    if column == MOMENTS:
        first, *others = (MomentSums.from_bytes(state) for state in states)
        return sum(others, first).to_bytes()
    return encode(merge([decode(state) for state in states]))


def test_criterion_8_hourly_profiles_in_any_order(
    measured: Measured, hourly: Bench, once: dict[str, pd.DataFrame]
) -> None:
    """24 hourly profiles of every column, cell and kind, merged in 20 random orders, two to five at a time,
    are to the bit what one pass over the day has made."""
    by_hour = once["profiles"][once["profiles"]["window_start"] == day(WINDOW)]
    hourly.overrides["base"] = "day"
    try:
        daily = tables_of(hourly, "days.duckdb")["profiles"]
    finally:
        hourly.overrides["base"] = "hour"
    by_day = daily[daily["window_start"] == day(WINDOW)].set_index(PLACE)["state"].to_dict()
    hours: dict[tuple[str, ...], list[bytes]] = {}
    for *names, state in by_hour[[*PLACE, "state"]].itertuples(index=False):
        hours.setdefault(tuple(names), []).append(state)
    rng = np.random.default_rng(8)
    assert hours.keys() == by_day.keys()
    assert {"*", MOMENTS, "amount", "wide", "score", "city", "code"} <= {place[0] for place in hours}
    assert max(len(states) for states in hours.values()) == 24
    for place, states in hours.items():
        for _ in range(ORDERS):
            left = list(states)
            while len(left) > 1:
                left = [left[at] for at in rng.permutation(len(left))]
                few = int(rng.integers(2, 6))
                left = [merged(place[0], left[:few]), *left[few:]]
            assert left[0] == by_day[place], place
    measured(8, f"{len(hours)} profiles of a day from hourly ones in {ORDERS} random orders: the same bytes")


def test_criterion_8_a_run_that_merges_in_any_order(
    measured: Measured, hourly: Bench, once: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order in which the day's 24 hourly objects come in: every table is the same.

    And so it is, the first time, for those of the reference.
    """
    rng = np.random.default_rng(20)
    scan = LocalEngine.scan
    orders = set()

    def in_any_order(
        self: LocalEngine, splits: Sequence[Split], plan: ScanPlan
    ) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        results = list(scan(self, splits, plan))
        order = rng.permutation(len(results)).tolist()
        orders.add(tuple(order))
        yield from (results[at] for at in order)

    # Each object alone, though they are small: what is read together comes in one order.
    monkeypatch.setattr(local, "bundled", lambda splits, *_, **__: [[split] for split in splits])
    monkeypatch.setattr(LocalEngine, "scan", in_any_order)
    for number in range(ORDERS):
        assert_identical(once, tables_of(hourly, f"{number}.duckdb", initial_known=number > 0))
    assert len(orders) > ORDERS  # those of the day, and that of the reference
    measured(8, f"{len(once)} tables of a run whose objects come in {ORDERS} random orders: the same bytes")


@pytest.mark.parametrize("engine", ["local", "spark"])
def test_criterion_8_a_full_rerun_on_either_engine(
    measured: Measured,
    hourly: Bench,
    once: dict[str, pd.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    """From the first reading of the reference on, both days in one go: every table is the same."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("DRIFTLINE_ENGINE", engine)
    monkeypatch.setenv("DRIFTLINE_SPARK_MASTER", "local[2]")
    assert Settings().engine == engine
    assert_identical(once, tables_of(hourly, f"{engine}.duckdb"))
    assert hourly.query("SELECT DISTINCT engine FROM runs") == [{"engine": engine}]
    measured(8, f"{len(once)} tables of a full rerun on the {engine} engine: the same bytes")


def test_what_is_compared_is_there(once: dict[str, pd.DataFrame]) -> None:
    """Else the comparisons above would prove nothing."""
    empty = [name for name, rows in once.items() if not len(rows)]
    assert empty == ["alert_actions", "messages"]
