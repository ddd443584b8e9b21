"""The generator's rows are what the bench says they are, and the same ones every time."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import yaml

ROWS = 30_000


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The generator, which is a script and on nobody's path."""
    spec = importlib.util.spec_from_file_location("bench_generate", Path(__file__).with_name("generate.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bench")
    bench.generate(root, rows=ROWS, days=2, files=3, seed=7)
    return root


def read(root: Path, folder: str) -> pa.Table:
    return ds.dataset(root / folder, partitioning="hive").to_table()


def test_a_log_has_33_columns_of_plain_types(generated: Path) -> None:
    schema = pq.read_schema(generated / "logs" / "dt=2026-03-02" / "part-00000.parquet")
    assert len(schema) == 33
    kinds = [str(field.type) for field in schema]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "timestamp[us, tz=UTC]": 1,
        "string": 9,
        "double": 10 + 1,
        "float": 4,
        "int64": 2,
        "int32": 3 + 1,
        "int16": 2,
    }


def test_every_day_has_its_rows_inside_the_day_and_its_files(generated: Path) -> None:
    for day in ("2026-03-02", "2026-03-03"):
        files = sorted((generated / "logs" / f"dt={day}").iterdir())
        assert len(files) == 3
        at = pa.concat_tables(pq.ParquetFile(file).read(["requested_at"]) for file in files).column(0)
        assert len(at) == ROWS
        assert set(pc.strftime(at, format="%Y-%m-%d").to_pylist()) == {day}
        assert pc.min_max(pc.hour(at)).as_py() == {"min": 0, "max": 23}


def test_ids_are_unique_and_sixteen_hexadecimal_digits(generated: Path) -> None:
    ids = read(generated, "logs").column("request_id")
    assert pc.count_distinct(ids).as_py() == 2 * ROWS
    assert pc.all(pc.match_substring_regex(ids, "^[0-9a-f]{16}$")).as_py()


def test_missing_values_come_in_the_shares_the_columns_name(bench: ModuleType, generated: Path) -> None:
    table = read(generated, "logs")
    for column in (*bench.NUMBERS, *bench.CATEGORIES):
        share = table.column(column.name).null_count / len(table)
        assert share == pytest.approx(column.nulls, abs=0.01), column.name
    nans = pc.sum(pc.is_nan(table.column("normal_with_nans"))).as_py() / len(table)
    assert nans == pytest.approx(0.01, abs=0.003)


def test_segments_have_four_two_and_three_values_and_a_product_about_a_thousand(generated: Path) -> None:
    table = read(generated, "logs")
    names = ("region", "channel", "tier", "product")
    distinct = [pc.count_distinct(table.column(name)).as_py() for name in names]
    assert distinct == [4, 2, 3, pytest.approx(1000, abs=20)]


def test_only_the_columns_that_are_said_to_drift_do(bench: ModuleType, generated: Path) -> None:
    table = read(generated, "logs").to_pandas()
    first = table[table["dt"].astype(str) == "2026-03-02"]
    second = table[table["dt"].astype(str) == "2026-03-03"]
    for number in bench.NUMBERS:
        then, now = (part[number.name].astype(float).dropna().to_numpy() for part in (first, second))
        then = np.sort(then)
        below, up_to = (np.searchsorted(then, now, side) / len(then) for side in ("left", "right"))
        # How often a value of the second day exceeds one of the first, ties counting half: 0.5 if alike.
        exceeds = ((below + up_to) / 2).mean()
        assert (abs(exceeds - 0.5) > 0.02) == number.drifts, number.name


def test_labels_come_the_next_day_for_nine_in_ten_and_as_often_as_scored(generated: Path) -> None:
    log = read(generated, "logs").select(["request_id", "score"]).to_pandas()
    labels = read(generated, "labels").to_pandas()
    assert set(labels["dt"].astype(str)) == {"2026-03-03", "2026-03-04"}
    joined = labels.merge(log, on="request_id", validate="one_to_one")
    assert len(joined) == len(labels)
    assert len(labels) == pytest.approx(0.9 * 2 * ROWS, rel=0.01)
    assert joined["label"].mean() == pytest.approx(joined["score"].mean(), abs=0.01)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    bench: ModuleType, generated: Path, tmp_path: Path
) -> None:
    bench.generate(tmp_path / "same", rows=ROWS, days=2, files=3, seed=7, threads=1)
    bench.generate(tmp_path / "other", rows=ROWS, days=1, files=3, seed=8)
    name = "logs/dt=2026-03-02/part-00001.parquet"
    assert (tmp_path / "same" / name).read_bytes() == (generated / name).read_bytes()
    assert (tmp_path / "other" / name).read_bytes() != (generated / name).read_bytes()


def test_monitors_are_yaml_that_names_the_reference_day(generated: Path) -> None:
    for name in ("drift", "segments", "labels"):
        monitor = yaml.safe_load((generated / "monitors" / f"{name}.yaml").read_text())
        assert monitor["monitor"] == f"bench_{name}"
        assert [str(bound) for bound in monitor["reference"]["window"]] == ["2026-03-02", "2026-03-03"]
