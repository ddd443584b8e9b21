"""The example of a source: a log of Feather files gives what the same log of Parquet gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather
from tests.end_to_end.builder import REFERENCE_DAYS, WINDOWED, Bench, day, normalised
from tests.extensions import Example

from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.sources.listing.arrivals import arrived
from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import load_monitor

DAY = REFERENCE_DAYS
FEATHER = {"logs": {"format": "feather"}}


class FeatherBench(Bench):
    """The same log, in Feather files; labels are Parquet."""

    def put(self, table: pa.Table, path: str, **options: Any) -> Path:
        if not path.startswith("logs/"):
            return super().put(table, path, **options)
        target = (self.root / path).with_suffix(".feather")
        target.parent.mkdir(parents=True, exist_ok=True)
        feather.write_feather(table, target)
        return target


def filled(bench: Bench) -> Bench:
    bench.root.mkdir(parents=True, exist_ok=True)
    bench.reference()
    bench.days(DAY, DAY + 1, city=pa.array(["Lima", "Bergen", None] * 40))
    return bench


def figures(bench: Bench) -> dict[str, pd.DataFrame]:
    with open_store(bench.store_url) as store:
        tables = normalised(store)
    return {name: tables[name].drop(columns=["reference_id", "basis"], errors="ignore") for name in WINDOWED}


def test_figures_are_those_of_the_same_log_of_parquet(example: Example, tmp_path: Path) -> None:
    example("feather")
    plain = filled(Bench(tmp_path / "plain"))
    plain.run(DAY, DAY + 1)
    expected = figures(plain)
    assert len(expected["drift_metrics"]) > 50

    for name, logs in (
        ("by_format", {"format": "feather"}),
        ("by_scheme", {"uri": f"feather://{tmp_path}/by_scheme/logs"}),
    ):
        bench = filled(FeatherBench(tmp_path / name, {"logs": logs}))
        bench.run(DAY, DAY + 1)
        found = figures(bench)
        for table, rows in expected.items():
            pd.testing.assert_frame_equal(found[table], rows, check_exact=True, obj=f"{table} {name}")
        assert bench.inputs(DAY)[f"logs/dt={day(DAY):%Y-%m-%d}/part-0.feather"] == ("read", None)


def test_what_is_no_feather_is_set_aside_and_said(example: Example, tmp_path: Path) -> None:
    example("feather")
    bench = filled(FeatherBench(tmp_path, FEATHER))
    folder = tmp_path / "logs" / f"dt={day(DAY):%Y-%m-%d}"
    whole = (folder / "part-0.feather").read_bytes()
    (folder / "torn.feather").write_bytes(whole[: len(whole) // 2])
    bench.run(DAY)
    assert bench.one("runs", DAY, part="data")["rows_read"] == 120
    state, reason = bench.inputs(DAY)[f"logs/dt={day(DAY):%Y-%m-%d}/torn.feather"]
    assert state == "quarantined"
    assert reason is not None
    assert reason.startswith("it cannot be read as feather: ")


def test_other_commands_know_it_too(example: Example, tmp_path: Path) -> None:
    example("feather")
    bench = filled(FeatherBench(tmp_path, FEATHER))
    monitor = load_monitor(bench.monitor_file())
    checked = check_log(monitor, tmp_path)
    assert (checked.log.objects, checked.log.examined) == (REFERENCE_DAYS + 2, REFERENCE_DAYS + 2)
    assert "city" in checked.kinds["categorical"]
    calendar = monitor.calendar
    assert arrived(monitor, calendar.parse(f"{day(DAY):%Y-%m-%d}"), tmp_path)
    assert not arrived(monitor, calendar.parse(f"{day(DAY + 2):%Y-%m-%d}"), tmp_path)
    command = [
        sys.executable,
        "-c",
        "from driftline_jobs.cli import main; main()",
        "run",
        str(bench.monitor_file()),
    ]
    ran = subprocess.run(
        [*command, "--period", f"{day(DAY):%Y-%m-%d}", "--store", bench.store_url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert bench.drift(DAY, "city", "psi")["value"] > 0


@pytest.mark.parametrize("logs", [{"format": "feather"}, {"uri": "feather:///data/logs"}])
def test_without_it_the_monitor_file_is_refused(tmp_path: Path, logs: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="feather"):
        load_monitor(Bench(tmp_path, {"logs": logs}).monitor_file())
