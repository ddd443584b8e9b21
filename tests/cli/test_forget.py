"""``driftline store forget``: by name, or what is not a file's; what it says and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from tests.end_to_end.builder import Bench
from tests.stores.makers import drift, run

from driftline_jobs.stores import open_store

Invoke = Callable[..., tuple[int, str, str]]


def test_a_monitor_is_forgotten_by_its_name(invoke: Invoke, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/tables.duckdb"
    with open_store(url) as store:
        store.migrate()
        record = run("1")
        store.begin([record])
        store.publish([record], {"drift_metrics": drift([record])})
    status, out, _ = invoke("store", "forget", "flights", "--dry-run", "--store", url)
    assert (status, out) == (0, "flights: would delete 5 rows\n  drift_metrics  4\n  runs  1\n")
    status, out, _ = invoke("store", "forget", "flights", "--store", url)
    assert (status, out) == (0, "flights: deleted 5 rows\n  drift_metrics  4\n  runs  1\n")
    status, _, err = invoke("store", "forget", "flights", "--store", url)
    assert status == 2
    assert "nothing is stored about a monitor flights" in err


def test_another_monitors_file_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    path = bench.monitor_file()
    with open_store(bench.store_url) as store:
        store.migrate()
    status, _, err = invoke("store", "forget", "flights", "--other-than", path, "--store", bench.store_url)
    assert status == 2
    assert "is the file of bench, not of flights" in " ".join(err.split())
    status, out, _ = invoke("store", "forget", "bench", "--other-than", path, "--store", bench.store_url)
    assert (status, out) == (0, "bench: nothing to delete\n")


def test_a_name_that_two_files_have_is_run_once(invoke: Invoke, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    content = yaml.safe_load(bench.monitor_file().read_text())
    (tmp_path / "monitors").mkdir()
    for name in ("a", "b"):
        content["logs"]["uri"] = f"../{name}"  # neither is there: what counts is who is asked at all
        (tmp_path / "monitors" / f"{name}.yaml").write_text(yaml.safe_dump(content))
    status, _, err = invoke(
        "run", tmp_path / "monitors", "--period", "2024-01-05", "--store", bench.store_url, "--workers", "1"
    )
    assert status == 2
    said = " ".join(err.split())
    assert f"b.yaml has the monitor name of {tmp_path}/monitors/a.yaml" in said
