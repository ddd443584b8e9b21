"""However many threads the local engine shares the work among, and however it does, it says the same."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines import workload
from tests.engines.workload import Workload, joined, merged_scan, scanned

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.profiles.state import merge
from driftline_jobs.sources.labels.rows import EVERY_HASH
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.sources.parquet.small_splits import ReadSplit, bundled, of_one_kind, read_small
from driftline_jobs.sources.profiling.scan import scan_splits
from driftline_schemas.errors import UnreadableObjectError
from driftline_schemas.serving_log import TimeColumn


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_that_share_the_columns_of_a_split_give_the_same_bytes(work: Workload, threads: int) -> None:
    inspection, plan = work.planned()
    some = inspection.splits[::5]
    alone = merged_scan(scan_splits([split], plan) for split in some)
    shared = merged_scan(scan_splits([split], plan, threads) for split in some)
    assert alone["moments"]
    assert shared == alone


def test_a_single_large_split_is_shared_by_threads(
    tmp_path: Path, work: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day in one file of one row group takes all threads, and says what one thread says."""
    files = sorted((Path(work.log.location.path) / "dt=2013-07-01").glob("*.parquet"))
    day = pa.concat_tables([pq.read_table(file) for file in files] * 4)
    for name in ("logs", "labels"):
        (tmp_path / name / "dt=2013-07-01").mkdir(parents=True)
    pq.write_table(day, tmp_path / "logs" / "dt=2013-07-01" / "part-0.parquet")
    large = Workload.at(str(tmp_path / "logs"), str(tmp_path / "labels"))
    inspection = large.inspect()
    assert len(inspection.splits) == 1

    opened: list[SplitReader] = []
    enter = SplitReader.__enter__

    def counted(self: SplitReader) -> SplitReader:
        opened.append(self)
        return enter(self)

    monkeypatch.setattr(SplitReader, "__enter__", counted)
    with closing(LocalEngine(1)) as one, closing(LocalEngine(3)) as three:
        plan = large.scan_plan(inspection, large.binning(one, inspection))
        opened.clear()
        alone: dict[str, Any] = scanned(one, inspection, plan)
        assert len(opened) == 1
        assert scanned(three, inspection, plan) == alone
        assert len(opened) == 1 + 3


def test_an_object_replaced_between_two_threads_is_not_read_by_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload.write(tmp_path, objects_a_day=1, rows=200)
    inspection, plan = Workload.at(str(tmp_path / "logs"), str(tmp_path / "labels")).planned()
    path = Path(inspection.splits[0].object.path)
    table = pq.read_table(path)
    changed = table.set_column(table.column_names.index("p"), "p", pa.array(np.zeros(len(table))))
    read = SplitReader.timestamps

    def then_replaced(self: SplitReader, time: TimeColumn) -> Any:
        times = read(self, time)
        path.unlink()
        pq.write_table(changed, path)
        return times

    monkeypatch.setattr(SplitReader, "timestamps", then_replaced)
    with pytest.raises(UnreadableObjectError, match="replaced since it was listed"):
        scan_splits(inspection.splits[:1], plan, 2)


def test_small_splits_that_are_read_together_give_the_same_bytes(work: Workload) -> None:
    inspection, plan = work.planned()
    alone = merged_scan(scan_splits([split], plan) for split in inspection.splits)
    together = list(bundled(inspection.splits, len(plan.columns)))
    assert len(together) < len(inspection.splits) / 4
    assert merged_scan(scan_splits(splits, plan) for splits in together) == alone


def test_columns_of_several_splits_are_theirs_one_after_the_other(work: Workload) -> None:
    """Whatever the objects have in common or not: those that are not stored alike are not read as one."""
    inspection, plan = work.planned()
    names = [column.name for column in plan.columns]
    read = []
    for split in inspection.splits:
        with SplitReader(split, plan.columns, ["zip"]) as reader:
            read.append((ReadSplit.of(reader, names), split.part))
    kinds = [kind for kind, _ in of_one_kind(read)]
    assert 1 < len(kinds) < len(read)
    assert sum(len(kind.parts) for kind in kinds) == len(read)
    for kind in kinds:
        for name in filter(kind.has, names):
            several = [value for part in kind.parts for value in part.column(name).to_pylist()]
            assert repr(kind.column(name).to_pylist()) == repr(several)  # NaN is NaN here
            assert len(several) == kind.rows


def test_indices_of_a_few_bits_make_room_for_the_values_of_all_splits(work: Workload) -> None:
    split = work.inspect().splits[0]
    few = pa.dictionary(pa.int8(), pa.string())
    parts = [
        (
            ReadSplit(
                replace(split, rows=100), {"a": pa.array([f"{at}-{n}" for n in range(100)], few)}, (100,)
            ),
            at,
        )
        for at in range(3)
    ]
    ((together, ats),) = of_one_kind(parts)
    assert ats == [0, 1, 2]
    assert together.column("a").to_pylist() == [f"{at}-{n}" for at in range(3) for n in range(100)]


def test_what_is_more_than_it_seemed_is_not_held_all_at_once(work: Workload) -> None:
    split = work.inspect().splits[0]
    texts = pa.array(["x" * 4096] * 1000)
    several = [(ReadSplit(replace(split, rows=1000), {"a": texts}, (1000,)), at) for at in range(40)]
    found = [ats for _, ats in read_small(several)]
    assert [at for ats in found for at in ats] == list(range(40))
    assert max(map(len, found)) * texts.nbytes < 80 << 20


def test_of_objects_without_a_row_that_counts_only_the_times_are_read(
    work: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspection, plan = work.planned()
    beside = replace(plan, bounds_us=plan.bounds_us + 10 * 86_400_000_000)
    read: list[str] = []
    column = SplitReader.column

    def noted(self: SplitReader, name: str) -> pa.Array:
        read.append(name)
        return column(self, name)

    monkeypatch.setattr(SplitReader, "column", noted)
    assert plan.time is not None
    assert scan_splits(inspection.splits[:4], beside).profiles == {}
    assert set(read) == {plan.time.name}


def test_threads_find_imported_what_they_share() -> None:
    """In a process of its own: by the time there are threads, none of them has pandas to import."""
    script = (
        "import sys, threading\n"
        "from driftline_jobs.engines.process import spare_pandas\n"
        "spare_pandas()\n"
        "assert 'pandas' not in sys.modules\n"
        "from driftline_jobs.engines import local\n"
        "seen = local._each(range(8), 4, lambda _: 'pandas.core.util.hashing' in sys.modules)\n"
        "there = [found for _, found in seen]\n"
        "assert there == [True] * 8, there\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def without_ids(request: JoinRequest) -> JoinRequest:
    """Every row counts, also those of one id."""
    predictions = replace(request.predictions, prediction_id=None, label="late")
    return replace(request, predictions=predictions, labels=None, label_splits=())


def test_rows_lie_at_the_places_where_the_profiles_count_them(work: Workload) -> None:
    inspection, plan = work.planned()
    whole = replace(plan, model_version=None, segments=())
    with closing(LocalEngine(2)) as engine:
        parts = [result.profiles for _, result in engine.scan(inspection.splits, whole)]
        outcomes, _ = engine.outcomes(without_ids(work.join_by_places(inspection, plan)))
    for name, bins in plan.binning.columns.items():
        if name in {"late", "p"}:
            continue
        total = merge([cell[name] for part in parts for cell in part.values()])
        expected = np.zeros(int(bins.places.max()) + 1, np.int64)
        np.add.at(expected, bins.places, bins.sample([total]).every_row()[0])
        found = {
            int(key.segment_value): of.predictions for key, of in outcomes.items() if key.segment == name
        }
        assert found == {place: count for place, count in enumerate(expected.tolist()) if count}, name
    # missing, infinite, unseen, hashed and dropped values are all there
    assert set(plan.binning.columns) >= {"distance", "gust", "carrier", "zip", "name", "night"}


@pytest.mark.parametrize("ids", [True, False])
def test_rows_are_chosen_by_hash_however_they_are_split(work: Workload, *, ids: bool) -> None:
    inspection, plan = work.planned()
    half = work.join_by_places(inspection, plan, 1 << 63)
    request = half if ids else without_ids(half)
    turned = replace(request, prediction_splits=request.prediction_splits[::-1])
    with closing(LocalEngine(1)) as one, closing(LocalEngine(3)) as three:
        found = joined(one, request)
        assert joined(three, turned)["outcomes"] == found["outcomes"]
        every, _ = one.outcomes(replace(request, predictions=replace(request.predictions, below=EVERY_HASH)))
        chosen, _ = one.outcomes(request)
    assert chosen.keys() <= every.keys()
    for key, outcome in chosen.items():
        assert outcome.predictions <= every[key].predictions
    whole = next(key for key in every if key.segment == "*")
    rows = every[whole].predictions
    assert abs(chosen[whole].predictions - rows / 2) < 5 * (rows / 4) ** 0.5
    assert rows > 10_000
