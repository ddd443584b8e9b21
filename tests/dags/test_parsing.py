"""Every monitor file becomes a DAG, whatever is in the others; and reading them costs little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.dags.in_airflow import in_airflow

MONITOR = """
monitor: {name}
description: Will it be *late*? | <b>yes</b>
owner: ml@example.com
task: binary_classification
logs: {{uri: s3://serving-logs/{name}/, timestamp: at, prediction: late, score: p}}
granularity: {granularity}
timezone: {zone}
reference: {{window: [2013-01-01, 2013-03-01]}}
alerts: {{rules: [{{metric: psi, column: "a|b`c", above: 0.2}}]}}
notify: {{email: [team@example.com, ops@example.com], when: always}}
"""

PARSE = """
import os, sys, time
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
before = set(sys.modules)
began = time.process_time()
folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
seconds = time.process_time() - began
from airflow.serialization.serialized_objects import DagSerialization
answer = {
    "errors": bag.import_errors,
    "seconds": seconds,
    "imported": sorted({name.split(".")[0] for name in set(sys.modules) - before}),
    "dags": {
        name: {
            "tags": sorted(dag.tags),
            "tasks": list(dag.task_dict),
            "owner": dag.tasks[0].owner,
            "doc": dag.doc_md,
            "schedule": DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable.summary,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "pools": {task.task_id: task.pool for task in dag.tasks},
            "retries": {task.task_id: task.retries for task in dag.tasks},
        }
        for name, dag in bag.dags.items()
    },
}
"""


def write(folder: Path, name: str, granularity: str = "day", zone: str = "UTC") -> None:
    folder.mkdir(exist_ok=True)
    text = MONITOR.format(name=name, granularity=granularity, zone=zone)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def parse(tmp_path: Path, **environment: str) -> Any:
    return in_airflow(tmp_path, PARSE, DRIFTLINE_MONITORS=str(tmp_path / "monitors"), **environment)


def test_a_monitor_becomes_a_dag(tmp_path: Path) -> None:
    write(tmp_path / "monitors", "late", "hour", "Europe/Berlin")
    parsed = parse(tmp_path, DRIFTLINE_STORE="postgresql://me:secret@db/x")
    assert parsed["errors"] == {}
    dag = parsed["dags"]["driftline__late"]
    assert dag["tasks"] == ["wait_for_log", "run", "report", "mail"]
    assert dag["schedule"] == "every hour"
    assert dag["tags"] == ["binary_classification", "driftline", "hour"]
    assert dag["owner"] == "ml@example.com"
    assert dag["catchup"] is False
    for said in ("s3://serving-logs/late/", "Europe/Berlin", "2013-01-01", "psi", "team@example.com"):
        assert said in dag["doc"]
    assert "secret" not in dag["doc"]
    assert "<b>" not in dag["doc"]


def test_broken_files_stand_beside_the_others(tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    write(monitors, "good")
    (monitors / "typo.yaml").write_text("monitr: typo\n")
    (monitors / "binary.yml").write_bytes(b"\xff\xfe\x00")
    (monitors / "good.yml").write_text("monitor: good\n")  # broken, and called like a monitor that is right
    (monitors / "twin.yaml").write_text((monitors / "good.yaml").read_text())
    (monitors / "wéird name!.yaml").write_text("[")
    (monitors / "_note.yaml").write_text("not a monitor")
    (monitors / "readme.txt").write_text("nor this")
    parsed = parse(tmp_path)
    assert parsed["errors"] == {}
    broken = {name for name, dag in parsed["dags"].items() if "broken" in dag["tags"]}
    assert broken == {
        "driftline__typo",
        "driftline__binary",
        "driftline__good_broken",
        "driftline__twin",
        "driftline__wéird_name_",
    }
    assert parsed["dags"]["driftline__good"]["tasks"][0] == "wait_for_log"
    assert "monitor" in parsed["dags"]["driftline__typo"]["doc"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DRIFTLINE_STORE": "nonsense"}, "DRIFTLINE_STORE"),
        ({"DRIFTLINE_MONITORS": "/no/such/folder"}, "/no/such/folder"),
    ],
)
def test_wrong_settings_are_shown_and_stop_nothing(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    write(tmp_path / "monitors", "late")
    parsed = in_airflow(tmp_path, PARSE, **{"DRIFTLINE_MONITORS": str(tmp_path / "monitors"), **environment})
    assert parsed["errors"] == {}
    assert said in parsed["dags"]["driftline_settings"]["doc"]
    assert ("driftline__late" in parsed["dags"]) == ("DRIFTLINE_STORE" in environment)


def test_scheduling_per_monitor(tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    write(monitors, "one")
    write(monitors, "two")
    (monitors / "_airflow.yaml").write_text(
        "defaults: {pool: driftline, retries: 2, mail: digest}\n"
        "monitors:\n  two: {start: 2026-01-01, max_active_runs: 1, mail: none}\n"
    )
    dags = parse(tmp_path)["dags"]
    one, two = dags["driftline__one"], dags["driftline__two"]
    assert (one["pools"]["run"], two["pools"]["run"]) == ("driftline", "driftline")
    assert (one["retries"]["run"], two["retries"]["run"]) == (2, 2)
    assert (one["catchup"], two["catchup"]) == (False, True)
    assert two["max_active_runs"] == 1
    assert "mail" not in one["tasks"]
    assert "mail" not in two["tasks"]
    assert dags["driftline_digest"]["tasks"] == ["send"]


def test_a_wrong_scheduling_file_is_shown(tmp_path: Path) -> None:
    write(tmp_path / "monitors", "late")
    (tmp_path / "monitors" / "_airflow.yaml").write_text("defaults:\n  dely: 1h\n")
    parsed = parse(tmp_path)
    assert parsed["errors"] == {}
    assert "_airflow.yaml:2: defaults.dely" in parsed["dags"]["driftline_settings"]["doc"]
    assert "driftline__late" in parsed["dags"]


def test_two_hundred_monitors_load_no_engine(tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path / "monitors", f"m{number}")
    parsed = parse(tmp_path)
    assert parsed["errors"] == {}
    assert sum(name.startswith("driftline__m") for name in parsed["dags"]) == 200
    engines = {"pyspark", "evidently", "duckdb", "pandas", "pyarrow", "sklearn", "scipy", "boto3"}
    assert engines.isdisjoint(parsed["imported"])
    print(f"200 monitors parsed in {parsed['seconds']:.2f} s of CPU")  # noqa: T201 - a figure, not a limit


def test_a_task_reads_its_own_monitor_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / "monitors", name)
    parsed = parse(tmp_path, _AIRFLOW_PARSING_CONTEXT_DAG_ID="driftline__two")
    assert sorted(parsed["dags"]) == ["driftline__two", "driftline_example_retraining"]
