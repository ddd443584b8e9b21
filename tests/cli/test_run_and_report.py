"""``run`` and ``report`` on a few of the demo's days, from the shell's point of view."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from driftline_jobs.cli import main
from driftline_jobs.stores import open_store

Invoke = Callable[..., tuple[int, str, str]]
FIRST, LAST = "2013-07-01", "2013-07-03"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, flights_folder: Path) -> str:
    """A store in which three days of July are published."""
    url = f"duckdb:///{tmp_path_factory.mktemp('store')}/tables.duckdb"
    monitor = flights_folder / "monitors" / "flight_delay.yaml"
    with pytest.raises(SystemExit) as left:
        main(["run", str(monitor), "--period", FIRST, "--to", LAST, "--store", url])
    assert left.value.code == 0
    return url


def count(url: str, sql: str) -> int:
    with closing(open_store(url)) as tables:
        return int(tables.execute_read(sql).column(0)[0].as_py())


def test_json_tells_what_was_published(
    invoke: Invoke, store: str, monitor: Path, flights_folder: Path
) -> None:
    status, out, err = invoke(
        *("run", monitor, "--period", FIRST, "--to", LAST, "--store", store, "--log-format", "json")
    )
    assert (status, out) == (0, "")
    events = [json.loads(line) for line in err.splitlines()]
    published = events[-1]
    assert published["event"] == "published"
    assert (published["monitor"], published["windows"]) == ("flight_delay", 3)
    days = [flights_folder / "logs" / f"dt=2013-07-0{day}" for day in (1, 2, 3)]
    assert published["rows_read"] == sum(ds.dataset(day).count_rows() for day in days)
    assert published["rows_quarantined"] == 0
    assert count(store, "SELECT count(DISTINCT window_start) FROM current_runs WHERE part = 'data'") == 3


def test_the_environment_names_the_store_and_the_flag_wins(
    invoke: Invoke, monitor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{tmp_path}/environment.duckdb")
    status, out, _ = invoke("run", monitor, "--period", FIRST, "--store", f"duckdb:///{tmp_path}/flag.duckdb")
    assert status == 0
    assert out.startswith("flight_delay: published 1 window, ")
    assert [path.name for path in tmp_path.glob("*.duckdb")] == ["flag.duckdb"]
    assert invoke("run", monitor, "--period", FIRST)[0] == 0
    assert (tmp_path / "environment.duckdb").exists()


def test_alerts_fail_a_run_only_when_asked_to_and_every_time(
    invoke: Invoke, monitor: Path, flights_folder: Path, tmp_path: Path
) -> None:
    # A limit that no day of flights can keep: every day has another mix of carriers than March.
    text = monitor.read_text().replace("uri: ../", f"uri: {flights_folder}/")
    strict = tmp_path / "strict.yaml"
    strict.write_text(text.replace("column: carrier, above: 0.2", "column: carrier, above: 0.0"))
    url = f"duckdb:///{tmp_path}/tables.duckdb"
    run = ("run", strict, "--period", FIRST, "--store", url)
    assert invoke(*run)[0] == 0
    assert invoke(*run, "--fail-on-alert")[0] == 10
    assert invoke(*run, "--fail-on-alert")[0] == 10
    assert (
        count(url, "SELECT count(*) FROM current_alerts WHERE column_name = 'carrier' AND metric = 'psi'")
        == 1
    )


def test_a_page_is_written_where_the_contract_says(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path
) -> None:
    status, out, _ = invoke(
        "report", monitor, "--period", LAST, "--store", store, "--out", tmp_path / "pages"
    )
    assert status == 0
    page = tmp_path / "pages" / "flight_delay" / "day" / f"{LAST}.html"
    assert out == f"{page}\n"
    html = page.read_text()
    assert html.startswith("<!doctype html>")
    assert "Will this flight arrive more than 15 minutes late?" in html
    # A second time it is replaced, and no half-written page is left beside it.
    assert invoke("report", monitor, "--period", LAST, "--store", store, "--out", tmp_path / "pages")[0] == 0
    assert [path.name for path in page.parent.iterdir()] == [page.name]


def test_a_window_that_was_not_published_has_no_page(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path
) -> None:
    status, out, err = invoke(
        *("report", monitor, "--period", "2013-08-01", "--store", store, "--out", tmp_path / "pages")
    )
    assert (status, out) == (2, "")
    assert "2013-08-01 was not published" in err
    assert not (tmp_path / "pages").exists()


def test_a_report_of_a_store_that_is_not_there(invoke: Invoke, monitor: Path, tmp_path: Path) -> None:
    status, _, err = invoke(
        "report", monitor, "--period", FIRST, "--store", f"duckdb:///{tmp_path}/none.duckdb"
    )
    assert status == 2
    assert "none.duckdb" in err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_hold_pages(invoke: Invoke, store: str, monitor: Path, tmp_path: Path) -> None:
    (tmp_path / "flight_delay").write_text("a file where a folder should be")
    status, _, err = invoke("report", monitor, "--period", LAST, "--store", store, "--out", tmp_path)
    assert status == 2
    assert "cannot be written" in err
    assert "--out" in err
