"""One command about several monitors: each has its own outcome, and the same tables as alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.end_to_end.builder import Bench, day

from driftline_jobs.stores import open_store

Invoke = Callable[..., tuple[int, str, str]]
PERIOD = f"{day(4):%Y-%m-%d}"
FIGURES = ("profile_metrics", "drift_metrics", "quality_metrics", "performance_metrics", "alerts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four monitors of one log: two that are well, one whose column is missing, one without a log."""
    bench = Bench(tmp_path)
    bench.days(0, 4)
    content = yaml.safe_load(bench.monitor_file().read_text())
    (tmp_path / "monitor.yaml").unlink()
    monitors = tmp_path / "monitors"
    monitors.mkdir()
    content["logs"]["uri"], content["labels"]["uri"] = "../logs", "../labels"
    for name, change in {
        "first": {},
        "second": {},
        "no_column": {"features": {"numeric": ["no such column"]}},
        "no_log": {"logs": content["logs"] | {"uri": "../nowhere"}},
    }.items():
        document = content | {"monitor": name} | change
        (monitors / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return monitors


def figures(url: str, monitor: str, table: str) -> pd.DataFrame:
    with open_store(url) as store:
        rows: pd.DataFrame = store.current(table, monitor).to_pandas()
    return rows.drop(columns=["run_id", "monitor"])


def test_each_monitor_has_its_outcome_and_the_worst_status_is_last(
    invoke: Invoke, folder: Path, tmp_path: Path
) -> None:
    url, alone = (f"duckdb:///{tmp_path}/{name}.duckdb" for name in ("several", "alone"))
    status, out, err = invoke(
        "run", folder, "--period", PERIOD, "--store", url, "--workers", "2", "--log-format", "json"
    )
    assert (status, out) == (2, "")
    events = [json.loads(line) for line in err.splitlines()]
    published = {event["monitor"] for event in events if event["event"] == "published"}
    assert published == {"first", "second"}
    failed = {Path(event["monitor_file"]).stem: event for event in events if event["event"] == "failed"}
    assert {name: event["exit_status"] for name, event in failed.items()} == {"no_column": 2, "no_log": 2}
    assert "no such column" in failed["no_column"]["error"]
    assert (events[-1]["event"], events[-1]["monitors"], events[-1]["failed"]) == ("all_done", 4, 2)

    assert invoke("run", folder / "first.yaml", "--period", PERIOD, "--store", alone)[0] == 0
    for table in FIGURES:
        for monitor in sorted(published):
            several = figures(url, monitor, table)
            pd.testing.assert_frame_equal(
                several.drop(columns=[name for name in several if name in {"reference_id", "alert_id"}]),
                figures(alone, "first", table).drop(
                    columns=[name for name in several if name in {"reference_id", "alert_id"}]
                ),
            )


def test_pages_and_one_index_of_all(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/several.duckdb"
    for name in ("no_column", "no_log"):
        (folder / f"{name}.yaml").unlink()
    assert invoke("run", folder, "--period", PERIOD, "--store", url)[0] == 0
    pages = tmp_path / "pages"
    words = ("report", folder, "--period", PERIOD, "--store", url, "--out", pages)
    assert invoke(*words, "--mail-out", tmp_path / "mail")[0] == 0
    for name in ("first", "second"):
        assert (pages / name / "day" / f"{PERIOD}.html").is_file()
        assert json.loads((tmp_path / "mail" / name / "mail.json").read_text())["subject"]
    index = (pages / "index.html").read_text()
    assert "first" in index
    assert "second" in index

    shutil.rmtree(tmp_path / "logs" / f"dt={day(4):%Y-%m-%d}", ignore_errors=True)
    status, out, _ = invoke("catch-up", folder, "--store", url, "--dry-run")
    assert (status, "2 monitors: 2 well" in out) == (0, True)


def test_files_by_name_and_alerts_as_a_status(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/several.duckdb"
    for name in ("first", "second"):
        path = folder / f"{name}.yaml"
        document = yaml.safe_load(path.read_text())
        if name == "first":
            document["alerts"]["rules"] = [{"metric": "psi", "column": "amount", "above": 0.0}]
        path.write_text(yaml.safe_dump(document))
    files = (folder / "first.yaml", folder / "second.yaml")
    assert invoke("run", *files, "--period", PERIOD, "--store", url, "--fail-on-alert")[0] == 10
    assert invoke("run", *files, "--period", PERIOD, "--store", url)[0] == 0
