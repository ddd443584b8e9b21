"""Labels that do not fit into memory are joined in parts, to the same bytes; what does not go is said."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.engines.workload import Workload, joined

from driftline_jobs.engines.base import JoinRequest
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.sources.labels import join as label_join
from driftline_jobs.sources.labels.join import LabelJoin
from driftline_jobs.sources.labels.loose_ids import loose_hashes
from driftline_jobs.sources.labels.rows import PredictionPlan, label_schema, prediction_rows
from driftline_schemas.errors import ConfigError, DataError, TransientError
from driftline_schemas.window import Granularity

MIB = 1 << 20
WINDOW = SimpleNamespace(bounds_us=np.array([0, 10**15]), segments=(), model_version=None)
PLAN = PredictionPlan(WINDOW, "id", "y", (), None, numeric=True)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def spill_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is put aside lies here while it is needed."""
    folder = tmp_path / "spill"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def predictions(ids: list[str]) -> pa.RecordBatch:
    """Predictions of one window, one a microsecond; the n-th predicts n."""
    rows, texts = np.arange(len(ids)), pa.array(ids, pa.string())
    none = np.zeros(len(ids), np.int8)
    return pa.record_batch(
        [
            pa.array(none, pa.int32()),
            texts,
            pa.array(loose_hashes(texts)),
            pa.array(none),
            pa.array(rows),
            pa.array(rows, pa.float64()),
            pa.nulls(len(ids), pa.float64()),
        ],
        schema=PLAN.schema(),
    )


def labels(ids: list[str], values: np.ndarray[Any, Any]) -> pa.RecordBatch:
    """Labels without times, of one object, for any window."""
    texts, none = pa.array(ids, pa.string()), np.zeros(len(ids), np.int32)
    times = pa.nulls(len(ids), pa.int64())
    return pa.record_batch(
        [none, texts, loose_hashes(texts), none.astype(np.int8), values, times, times, none, none + 9],
        schema=label_schema(numeric=True),
    )


def within(memory_limit: int, rows: list[list[str]], told: list[list[str]], threads: int = 2) -> LabelJoin:
    """A join whose rows are counted beforehand, as footers do."""
    expected = (sum(map(len, rows)), sum(map(len, told)))
    return LabelJoin(PLAN, memory_limit=memory_limit, threads=threads, expected=expected)


@pytest.fixture(scope="module")
def request_of_all(work: Workload) -> JoinRequest:
    """The join of all days, by days."""
    monitor = work.monitor.model_copy(update={"base": Granularity.DAY})
    inspection, plan = replace(work, monitor=monitor).planned()
    return work.join(inspection, plan)


@pytest.mark.parametrize("kind", ["labels apart", "labels in the log"])
def test_parts_leave_the_bytes_of_the_whole(
    request_of_all: JoinRequest, monkeypatch: pytest.MonkeyPatch, spill_folder: Path, kind: str
) -> None:
    join = request_of_all
    if kind != "labels apart":
        plan = replace(join.predictions, label="night")
        join = replace(join, predictions=plan, labels=None, label_splits=())
    with closing(LocalEngine(2)) as engine:
        whole = joined(engine, join)
        asked: list[tuple[int, int, int]] = []

        def seven(_: pa.RecordBatch, rows: int, told: int, limit: int) -> int:
            asked.append((rows, told, limit))
            return 7

        monkeypatch.setattr(label_join, "parts_needed", seven)
        assert joined(engine, join) == whole
    assert asked == [(3 * 6 * 1500, sum(split.rows for _, split in join.label_splits), 256 * MIB)]
    assert not list(spill_folder.iterdir())


def test_rows_without_ids_pass_in_one_piece(
    request_of_all: JoinRequest, monkeypatch: pytest.MonkeyPatch, spill_folder: Path
) -> None:
    """They meet nothing, so no join is made of them."""
    plan = replace(request_of_all.predictions, label="night", prediction_id=None)
    join = replace(request_of_all, predictions=plan, labels=None, label_splits=())
    with closing(LocalEngine(2)) as engine:
        monkeypatch.setattr(label_join, "PartJoin", None)
        outcomes, counts = engine.outcomes(join)
    whole = [one for key, one in outcomes.items() if (key.model_version, key.segment) == ("*", "*")]
    assert len(whole) == 3
    batches = [batch for split in join.prediction_splits for batch in prediction_rows([split], plan)]
    assert sum(one.predictions for one in whole) == sum(batch.num_rows for batch in batches)
    nights = [batch.num_rows - batch.column("label").null_count for batch in batches]
    assert sum(one.labelled for one in whole) == sum(nights)
    assert counts.duplicated == {}
    assert not list(spill_folder.iterdir())


def test_a_small_limit_suffices_however_many_rows_there_are(spill_folder: Path) -> None:
    ids = [f"{number:036}" for number in range(60_000)]
    with within(16 * MIB, [ids, ids], [ids, ids[:9]], threads=8) as join:
        join.add_predictions([predictions(ids), predictions(ids)])
        join.add_labels([labels(ids, np.arange(60_000) * 2.0), labels(ids[:9], np.full(9, -1.0))])
        table = pa.concat_tables(join.joined())
        assert list(spill_folder.iterdir())
    assert not list(spill_folder.iterdir())
    # the first of each id, and its label, but for the nine that have two different ones
    assert table.num_rows == 60_000
    told = table.filter(table.column("label").is_valid())
    assert np.array_equal(told.column("label").to_numpy(), 2 * told.column("prediction").to_numpy())
    assert sorted(told.column("prediction").to_pylist()) == list(range(9, 60_000))
    assert join.counts.duplicated == {0: 60_000}
    assert join.counts.conflicting == {0: 9}
    assert join.counts.met == {0: 60_009}
    assert join.counts.ids[0].sketch.count == 60_000


def test_one_id_in_all_rows_is_no_more_work_than_many() -> None:
    same = ["unknown-unknown-unknown"] * 200_000
    with within(16 * MIB, [same], [same]) as join:
        join.add_predictions([predictions(same)])
        join.add_labels([labels(same, np.ones(len(same)))])
        (row,) = pa.concat_tables(join.joined()).to_pylist()
    assert (row["prediction"], row["label"]) == (0.0, 1.0)
    assert join.counts.duplicated == {0: 199_999}


def test_a_limit_that_is_too_low_is_named() -> None:
    ids = [f"{number:036}" for number in range(60_000)]
    told = labels(ids, np.ones(len(ids)))
    with LabelJoin(PLAN, memory_limit=3 * MIB, threads=1) as join:
        join.add_predictions([predictions(ids)])
        with pytest.raises(DataError, match="DRIFTLINE_MEMORY_LIMIT, 3 MiB: set it") as raised:
            join.add_labels([told])
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.ENOSPC, TransientError), (errno.EIO, TransientError), (errno.EROFS, ConfigError)],
)
def test_a_spill_folder_that_takes_no_more_is_named(
    monkeypatch: pytest.MonkeyPatch, spill_folder: Path, code: int, kind: type[Exception]
) -> None:
    def refused(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    ids = [f"{number:036}" for number in range(60_000)]
    monkeypatch.setattr(os, "pwrite", refused)
    with within(3 * MIB, [ids], []) as join:
        join.add_predictions([predictions(ids)])
        with pytest.raises(kind, match=re.escape(str(spill_folder))):
            list(join.joined())
    assert not list(spill_folder.iterdir())


def test_a_spill_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"nowhere: .*TMPDIR"), within(MIB, [], []):
        pass


@pytest.mark.parametrize("failure", [MemoryError("no memory"), KeyboardInterrupt()])
def test_what_stops_the_reading_is_not_turned_into_words(failure: BaseException, spill_folder: Path) -> None:
    def batches() -> Any:
        yield predictions(["a"])
        raise failure

    with pytest.raises(type(failure)), within(64 * MIB, [["a"]], []) as join:
        join.add_predictions(batches())
    assert not list(spill_folder.iterdir())


@pytest.mark.slow
def test_millions_of_rows_within_the_least_memory() -> None:
    """On as many threads as large machines have, every id twice: what did not fit before by half."""
    batches = [[f"{number:036}" for number in range(at, at + 250_000)] for at in range(0, 1_500_000, 250_000)]
    rows = matched = 0
    with within(64 * MIB, batches * 2, batches, threads=8) as join:
        join.add_predictions(map(predictions, batches * 2))
        join.add_labels(labels(ids, np.ones(len(ids))) for ids in batches)
        for table in join.joined():
            rows += table.num_rows
            matched += table.num_rows - table.column("label").null_count
    assert rows == matched == 1_500_000
    assert join.counts.duplicated == {0: 1_500_000}
