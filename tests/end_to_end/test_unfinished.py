"""Whatever a run is ended by, and wherever: one catch-up later the tables are those of a run that was not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from tests.end_to_end.builder import AS_OF, REFERENCE_DAYS, Bench, assert_same_tables, normalised

from driftline_jobs.pipeline.catch_up import Cause, catch_up
from driftline_jobs.pipeline.published_range import published_range
from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.stores import open_store
from driftline_jobs.stores.sql_store import SqlStore
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

Answer = TypeVar("Answer")
FIRST, LAST = REFERENCE_DAYS, REFERENCE_DAYS + 2


class KilledError(BaseException):
    """As much of a kill as there can be in one process: from then on nothing is written."""


class Killer:
    """Ends what writes to a store before or after its Nth transaction."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.written = 0

    def after(self, writes: int, *, committed: bool) -> None:
        """Let so many transactions be, and the next one only where it is ``committed``."""
        original = SqlStore._change
        self.written = 0

        def change(store: SqlStore, work: Callable[..., Answer]) -> Answer:
            self.written += 1
            if self.written <= writes:
                return original(store, work)
            if self.written == writes + 1 and committed:
                original(store, work)
            raise KilledError

        self.patch.setattr(SqlStore, "_change", change)


def _catch_up(bench: Bench) -> list[tuple[str, tuple[Cause, ...]]]:
    path = bench.monitor_file()
    monitor, settings = load_monitor(path), Settings(store=bench.store_url)
    known = published_range(monitor, settings)
    if known is None:
        return []
    changed = catch_up(RunRequest(monitor, path, *known, settings, AS_OF))
    return [(f"{one.window.start:%d}", one.causes) for one in changed]


def _bench(bench: Bench, reference: dict[str, object]) -> Bench:
    bench.overrides = {"reference": reference} if reference else {}
    bench.days(0, LAST)
    return bench


FIXED: dict[str, object] = {}
TRAILING: dict[str, object] = {"window": None, "trailing": "3d"}


@pytest.mark.slow
@pytest.mark.parametrize("reference", [FIXED, TRAILING], ids=["fixed", "trailing"])
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_one_catch_up_completes_a_run_that_was_killed_anywhere(
    bench: Bench, reference: dict[str, object], *, committed: bool
) -> None:
    _bench(bench, reference).run(FIRST, LAST)
    with open_store(bench.store_url) as store:
        undisturbed = normalised(store)
    with pytest.MonkeyPatch.context() as patch:
        counter = Killer(patch)
        counter.after(10_000, committed=False)
        bench.store_name = "counted.duckdb"
        bench.run(FIRST, LAST)
        writes = counter.written
    assert writes >= 8
    for number in range(writes):
        bench.store_name = f"killed{number}.duckdb"
        with open_store(bench.store_url) as store:
            store.migrate()
        with pytest.MonkeyPatch.context() as patch:
            Killer(patch).after(number, committed=committed)
            with pytest.raises(KilledError):
                bench.run(FIRST, LAST)
        _catch_up(bench)
        if number or committed:
            with open_store(bench.store_url) as store:
                assert_same_tables(normalised(store), undisturbed)
            assert _catch_up(bench) == []


def test_a_window_without_its_judgement_is_judged(bench: Bench) -> None:
    _bench(bench, FIXED).run(FIRST, LAST)
    with open_store(bench.store_url) as store:
        undisturbed = normalised(store)
    bench.store_name = "killed.duckdb"
    with open_store(bench.store_url) as store:
        store.migrate()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("driftline_jobs.run.publish_judgement", _killed)
        with pytest.raises(KilledError):
            bench.run(FIRST, LAST - 1)
    # the next window's run judges those before it too
    bench.run(LAST)
    with open_store(bench.store_url) as store:
        assert_same_tables(normalised(store), undisturbed)
    assert _catch_up(bench) == []


def test_a_window_that_was_only_begun_is_run(bench: Bench) -> None:
    _bench(bench, FIXED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("driftline_jobs.run.publish_data", _killed)
        with pytest.raises(KilledError):
            bench.run(FIRST, FIRST + 1)
    assert _catch_up(bench) == [("05", (Cause.UNFINISHED,)), ("06", (Cause.UNFINISHED,))]
    assert len(bench.current("runs", part="judgement")) == 2
    assert _catch_up(bench) == []


def test_performance_on_another_reference_than_the_data_is_made_again(bench: Bench) -> None:
    _bench(bench, FIXED).run(FIRST)
    bench.overrides = {"features": {"ignore": ["city"]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("driftline_jobs.run.publish_performance", _killed)
        with pytest.raises(KilledError):
            bench.run(FIRST)
    assert _catch_up(bench) == [("05", (Cause.UNFINISHED,))]
    assert bench.current("runs")["reference_id"].nunique() == 1
    assert _catch_up(bench) == []


def _killed(*_: object, **__: object) -> None:
    raise KilledError
