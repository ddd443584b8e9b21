"""Spark on one machine says what the local engine says, and fails as it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.engines import workload
from tests.engines.workload import Workload, joined, scanned

from driftline_jobs.engines.base import Engine, JoinRequest
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.spark.engine import SparkEngine, bundles
from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.labels.values import LabelValuesPlan
from driftline_jobs.sources.parquet.splits import Split
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.survey import binning_from
from driftline_jobs.storage.location import Location
from driftline_jobs.storage.s3 import S3
from driftline_jobs.tasks.regression import RegressionTask
from driftline_schemas.errors import TransientError, UnreadableObjectError
from driftline_schemas.serving_log import TimeColumn
from driftline_schemas.window import from_us

Planned = tuple[LogInspection, ScanPlan]


@pytest.fixture(scope="module")
def planned(work: Workload) -> Planned:
    return work.planned()


def test_both_engines_give_the_same_bytes(
    work: Workload, spark: SparkEngine, expected: dict[str, Any]
) -> None:
    found = work.everything(spark)
    for what, value in expected.items():
        assert found[what] == value, what


@pytest.mark.parametrize("ids", [True, False])
def test_a_reference_by_column_and_score_is_the_same_on_both(
    work: Workload, spark: SparkEngine, planned: Planned, *, ids: bool
) -> None:
    request = work.join_by_places(*planned, below=1 << 63)
    if not ids:
        labelled = replace(request.predictions, prediction_id=None, label="late")
        request = replace(request, predictions=labelled, labels=None, label_splits=())
    assert joined(spark, request)["outcomes"] == joined(LocalEngine(2), request)["outcomes"]


def test_the_workload_holds_what_it_is_there_for(expected: dict[str, Any]) -> None:
    """Else the comparison above would prove nothing."""
    for what in ("duplicated", "conflicting", "labels", "set_aside", "timeless"):
        assert sum(expected[what].values()) > 0, what
    versions = {key.model_version for key, _ in expected["profiles"]}
    assert versions == {"*", "v1", "v2"}
    assert {"origin", '["origin","carrier"]', "zip"} <= {key.segment for key, _ in expected["profiles"]}


def test_rows_without_times_are_the_same_on_both(
    work: Workload, spark: SparkEngine, planned: Planned
) -> None:
    """A training set: every row counts, whatever its folder is called, and all of them together."""
    inspection, plan = planned
    splits = tuple(replace(s, accept_start_us=None, accept_end_us=None) for s in inspection.splits)
    untimed = replace(inspection, found=replace(inspection.found, splits=splits))
    plan, survey = replace(plan, time=None), replace(work.survey_plan(inspection), time=None)
    survey = replace(survey, intervals_us=())
    request = work.join(untimed, plan)
    labelled = replace(request.predictions, prediction_id=None, label="late")
    request = replace(request, predictions=labelled, labels=None, label_splits=())
    found = []
    for engine in (spark, LocalEngine(2)):
        seen = engine.survey(splits, survey)
        made = binning_from(seen, survey.watched, survey.hiding).to_bytes()
        found.append((seen.rows, made, scanned(engine, untimed, plan), joined(engine, request)))
    on_spark, on_one_machine = found
    rows = sum(split.rows for split in splits)
    assert on_spark[0] == rows
    assert {(start, of.rows) for start, of in on_spark[2]["windows"].items()} == {(plan.bounds_us[0], rows)}
    assert on_spark == on_one_machine


@pytest.mark.slow
def test_columns_in_the_path_are_the_same_on_both(
    spark: SparkEngine, log_folder: Path, tmp_path: Path
) -> None:
    for number, path in enumerate(sorted((log_folder / "logs").rglob("*.parquet"))):
        tier = ("gold", "__HIVE_DEFAULT_PARTITION__", "caf%C3%A9")[number % 3]
        target = tmp_path / "logs" / path.parent.name / f"tier={tier}" / path.stem
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    parted = Workload.at(str(tmp_path / "logs"), str(log_folder / "labels"))
    monitor = parted.monitor.model_copy(update={"segments": (("tier",), ("tier", "origin"))})
    parted = replace(parted, monitor=monitor, log=replace(parted.log, monitor=monitor))
    found = [parted.everything(engine) for engine in (spark, LocalEngine(2))]
    assert found[0] == found[1]
    tiers = {key.segment_value for key, _ in found[0]["profiles"] if key.segment == "tier"}
    assert tiers == {"gold", "café", "__null__"}
    assert {name for _, name in found[0]["profiles"]} >= {"tier", "distance"}


def test_matched_labels_are_those_that_sets_of_ids_give(work: Workload, expected: dict[str, Any]) -> None:
    """The first prediction of an id in a base window is matched once, if of the labels that are no older the
    newest do not contradict each other; labels of no time, or of none with windows, are none."""
    predicted = _all(work.log.location, ["id", "at"])
    labelled = _all(work.labels.location, ["id", "late", "seen"])
    told: dict[str, list[tuple[Any, int]]] = {}
    seen_us = labelled.column("seen").cast(pa.int64()).to_pylist()
    for name, late, us in zip(
        *(labelled.column(n).to_pylist() for n in ("id", "late")), seen_us, strict=True
    ):
        if name is not None:
            readable = us is not None and abs(us) < workload.YEAR_10000_US
            told.setdefault(name, []).append((from_us(us) if readable else None, late))
    first: dict[tuple[str, Any], Any] = {}
    for name, at in zip(predicted.column("id").to_pylist(), predicted.column("at").to_pylist(), strict=True):
        if name in told and at is not None and at >= workload.FIRST:
            hour = (name, at.replace(minute=0, second=0, microsecond=0))
            first[hour] = min(first.get(hour, at), at)
    matched = early = unreadable = 0
    for (name, _), at in first.items():
        timed = [(seen, late) for seen, late in told[name] if seen is not None]
        unreadable += len(told[name]) - len(timed)
        valid = [(seen, late) for seen, late in timed if seen >= at]
        early += len(timed) - len(valid)
        newest = max((seen for seen, _ in valid), default=None)
        matched += len({late for seen, late in valid if seen == newest}) == 1
    assert early > 1000
    assert unreadable > 1000
    assert sum(expected["unreadable_times"].values()) == unreadable
    assert sum(expected["early"].values()) == early
    assert sum(expected["labels"].values()) == matched


def _all(location: Location, columns: list[str]) -> pa.Table:
    import pyarrow.dataset as ds

    return ds.dataset(location.path, format="parquet", partitioning=None).to_table(columns=columns)


def test_no_splits_are_no_rows(work: Workload, spark: SparkEngine) -> None:
    inspection = work.inspect()
    survey_plan = work.survey_plan(inspection)
    assert spark.survey([], survey_plan).rows == 0
    binning = work.binning(spark, inspection)
    plan = work.scan_plan(inspection, binning)
    assert list(spark.scan([], plan)) == []
    request = replace(work.join(inspection, plan), prediction_splits=())
    assert spark.outcomes(request)[0] == {}


@pytest.mark.slow
@pytest.mark.parametrize(("labels_in_the_log", "has_ids"), [(False, True), (True, True), (True, False)])
def test_joins_of_every_kind(
    work: Workload, spark: SparkEngine, planned: Planned, *, labels_in_the_log: bool, has_ids: bool
) -> None:
    inspection, plan = planned
    request = work.join(inspection, plan)
    if labels_in_the_log:
        predictions = replace(
            request.predictions,
            label="night",
            prediction_id=request.predictions.prediction_id if has_ids else None,
        )
        request = replace(request, predictions=predictions, labels=None, label_splits=())
    assert joined(spark, request) == _on_one_machine(joined, request)


@pytest.mark.slow
@pytest.mark.parametrize("labels_in_the_log", [True, False])
def test_labels_that_are_numbers(
    work: Workload,
    spark: SparkEngine,
    planned: Planned,
    *,
    labels_in_the_log: bool,
) -> None:
    """Their distribution, and the sample that its bins are made from."""
    inspection, plan = planned
    request = work.join(inspection, plan)
    predictions = replace(request.predictions, prediction="p", scores=(), numeric=True)
    labels = request.labels
    if labels_in_the_log:
        predictions, labels = replace(predictions, label="distance"), None
    elif labels is not None:
        labels = replace(labels, numeric=True)
    bins = ordered_bins("label", np.exp(np.linspace(-4, 9, 500)))
    request = replace(
        request,
        predictions=predictions,
        labels=labels,
        label_splits=() if labels is None else request.label_splits,
        task=RegressionTask(ordered_bins("prediction", np.linspace(0, 1, 100)), bins),
    )
    found, here = _outcomes(spark, request), _on_one_machine(_outcomes, request)
    assert {key: one.to_bytes() for key, one in found.items()} == {
        key: one.to_bytes() for key, one in here.items()
    }
    counts = [np.count_nonzero(one.label_counts) for one in here.values()]
    assert max(counts) > (5 if labels_in_the_log else 1)
    request = replace(request, task=LabelValuesPlan(sampled=50))
    found, here = _outcomes(spark, request), _on_one_machine(_outcomes, request)
    samples = [{key: one.sample().tolist() for key, one in few.items()} for few in (found, here)]
    assert samples[0] == samples[1]
    assert max(map(len, samples[1].values())) >= 50


def _outcomes(engine: Engine, request: JoinRequest) -> Any:
    return engine.outcomes(request)[0]


def test_labels_that_have_not_come(work: Workload, spark: SparkEngine, planned: Planned) -> None:
    inspection, plan = planned
    request = replace(work.join(inspection, plan), label_splits=())
    found = joined(spark, request)
    assert found == _on_one_machine(joined, request)
    assert found["labels"] == {}


def _on_one_machine(task: Any, *arguments: Any) -> Any:
    engine = LocalEngine(2)
    try:
        return task(engine, *arguments)
    finally:
        engine.close()


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[Workload, str]:
    """A log with one object whose footer is good and whose pages are not."""
    workload.write(tmp_path, objects_a_day=2)
    path = tmp_path / "logs" / "dt=2013-07-02" / "part-0.parquet"
    content = bytearray(path.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    path.write_bytes(content)
    return Workload.at(str(tmp_path / "logs"), str(tmp_path / "labels")), f"file://{path}"


def _survey(engine: Engine, work: Workload, _: ScanPlan) -> None:
    inspection = work.inspect()
    engine.survey(inspection.splits, work.survey_plan(inspection))


def _scan(engine: Engine, work: Workload, plan: ScanPlan) -> None:
    scanned(engine, work.inspect(), plan)


def _join(engine: Engine, work: Workload, plan: ScanPlan) -> None:
    engine.outcomes(work.join(work.inspect(), plan))


@pytest.mark.slow
@pytest.mark.parametrize("task", [_survey, _scan, _join])
def test_a_damaged_object_is_named(
    damaged: tuple[Workload, str], work: Workload, spark: SparkEngine, task: Any, planned: Planned
) -> None:
    _, plan = planned
    there, uri = damaged
    for engine in (spark, LocalEngine(2)):
        with pytest.raises(UnreadableObjectError) as caught:
            task(engine, there, plan)
        assert caught.value.uri == uri
        if engine is not spark:
            engine.close()
    assert scanned(spark, work.inspect(), plan) == _on_one_machine(scanned, work.inspect(), plan)


@pytest.mark.long
def test_what_is_out_of_reach_is_transient(
    spark: SparkEngine, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setitem(spark._context.environment, name, "key")
    inspection, plan = planned
    nowhere = S3("s3://logs", "logs", "http://127.0.0.1:9")
    split = inspection.splits[0]
    splits = [replace(split, location=nowhere, object=replace(split.object, path="logs/part.parquet"))]
    with pytest.raises(TransientError, match="out of reach"):
        list(spark.scan(splits, plan))


def test_a_defect_of_a_task_stays_a_defect(spark: SparkEngine, planned: Planned) -> None:
    inspection, plan = planned
    broken = replace(plan, time=TimeColumn("no such column"))
    with pytest.raises(Exception, match="no such column") as caught:
        list(spark.scan(inspection.splits[:1], broken))
    assert not isinstance(caught.value, TransientError)


@pytest.mark.slow
def test_a_scan_that_is_given_up_leaves_nothing_running(
    spark: SparkEngine, monkeypatch: pytest.MonkeyPatch, planned: Planned
) -> None:
    monkeypatch.setattr("driftline_jobs.engines.spark.engine._MOST_ROWS_PER_TASK", 1_500)
    inspection, plan = planned
    under_way = iter(spark.scan(inspection.splits * 4, plan))
    splits, _ = next(under_way)
    assert len(splits) < len(inspection.splits)
    del under_way
    assert list(spark._context.statusTracker().getActiveJobsIds()) == []


def _splits(work: Workload, sizes: list[int]) -> list[Split]:
    first = work.inspect().splits[0]
    return [replace(first, rows=rows, part=part) for part, rows in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "slots", "expected_sizes"),
    [
        ([100] * 16, 2, [2] * 8),
        ([100] * 3, 2, [1] * 3),
        ([2_000_000] * 40, 2, [1] * 40),
        ([1] * 1000, 2, [125] * 8),
        ([5_000_000, 1, 1], 1, [1, 2]),
        ([0, 0, 0], 4, [3]),
    ],
)
def test_small_splits_share_a_task(
    work: Workload, sizes: list[int], slots: int, expected_sizes: list[int]
) -> None:
    splits = _splits(work, sizes)
    found = bundles(splits, lambda split: split.rows, slots)
    assert [len(bundle) for bundle in found] == expected_sizes
    assert [split for bundle in found for split in bundle] == splits


def test_a_plan_travels_without_what_it_has_worked_out(work: Workload) -> None:
    import pickle

    from driftline_jobs.engines.spark.tasks import Bare

    _, plan = work.planned()
    size = len(pickle.dumps(Bare(plan)))
    for bins in plan.binning.columns.values():
        if hasattr(bins, "cuts"):
            assert bins.cuts.passes >= 0  # worked out from here on
    sent = pickle.dumps(Bare(plan))
    assert len(sent) == size < 1_000_000
    arrived = pickle.loads(sent)  # noqa: S301  what was just made
    assert arrived.binning.to_bytes() == plan.binning.to_bytes()
    assert np.array_equal(arrived.bounds_us, plan.bounds_us)


def test_rows_of_one_id_meet_in_one_part(work: Workload, planned: Planned) -> None:
    from driftline_jobs.sources.labels.parts import parted
    from driftline_jobs.sources.labels.rows import prediction_rows

    inspection, plan = planned
    request: JoinRequest = work.join(inspection, plan)
    where: dict[str | None, set[int]] = {}
    rows = 0
    for split in inspection.splits[:4]:
        (batch,) = prediction_rows([split], request.predictions)
        for part, data in parted(batch, 7):
            for found in pa.ipc.open_stream(data):
                assert found.schema == batch.schema
                rows += found.num_rows
                for name in found.column("id").to_pylist():
                    where.setdefault(name, set()).add(part)
    assert rows == sum(prediction_rows([s], request.predictions)[0].num_rows for s in inspection.splits[:4])
    without = where.pop(None, set())
    assert all(len(parts) == 1 for parts in where.values())
    assert set.union(*where.values()) == set(range(7))
    assert len(without) >= 1
