"""The drill-down from the log to the browser: a bounded sample that is the same however the rows lie."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from playwright.sync_api import Browser
from tests.reports.readback import read

from driftline_jobs.reporting.drilldown import Sampler
from driftline_jobs.stores import open_store
from driftline_reports import sample
from driftline_reports.names import is_hash

# Evidently and what it brings warn of their own doings; none of that is ours.
pytestmark = pytest.mark.filterwarnings("ignore")

Invoke = Callable[..., tuple[int, str, str]]
DAYS = [datetime(2013, 7, day, tzinfo=UTC) for day in range(1, 7)]
LAST = "2013-07-06"
ROWS = 700
HOSTILE = "<script>window.pwned=1</script>"


def rows(day: int) -> pa.Table:
    """One day of requests; some have no id."""
    rng = np.random.default_rng(day)
    seconds = np.sort(rng.integers(0, 86_400, ROWS))
    times = [DAYS[day] + timedelta(seconds=int(second)) for second in seconds]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "id": [None if n % 50 == 0 else f"{day}-{n}" for n in range(ROWS)],
            "late": rng.integers(0, 2, ROWS),
            "score": rng.random(ROWS),
            "distance": rng.normal(900 + 50 * day, 100, ROWS),
            "carrier": rng.choice(["UA", "B6", HOSTILE], ROWS),
            "home_zip": rng.choice([f"1011{n}" for n in range(9)], ROWS),
        }
    )


def write(folder: Path, parts: int, **changes: Any) -> Path:
    """A log whose days lie in so many objects each, rows in no order, and a monitor of it."""
    for day, start in enumerate(DAYS):
        table = rows(day)
        if parts > 1:
            table = table.take(pa.array(np.random.default_rng(parts).permutation(ROWS)))
        for part in range(parts):
            place = folder / "logs" / f"dt={start:%Y-%m-%d}"
            place.mkdir(parents=True, exist_ok=True)
            mine = table.slice(part * ROWS // parts, (part + 1) * ROWS // parts - part * ROWS // parts)
            pq.write_table(mine, place / f"{part}.parquet", row_group_size=97)
    monitor: dict[str, Any] = {
        "monitor": "flights",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "at", "prediction_id": "id", "prediction": "late"},
        "positive_label": 1,
        "features": {"categorical": ["carrier"], "sensitive": ["home_zip"]},
        "granularity": "day",
        "reference": {"window": ["2013-07-01", "2013-07-05"]},
        "alerts": {"min_rows": 10},
    }
    monitor["logs"]["score"] = "score"
    monitor |= changes
    file = folder / "flights.yaml"
    file.write_text(yaml.safe_dump(monitor))
    return file


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTLINE_SALT", "the same in every test")
    monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{tmp_path}/tables.duckdb")
    monkeypatch.setenv("DRIFTLINE_REPORTS", str(tmp_path / "reports"))
    return tmp_path


def kept(folder: Path, side: str, period: str = LAST) -> pa.Table:
    return pq.read_table(folder / "reports" / "flights" / "day" / f"{period}.{side}.parquet")


def seen(table: pa.Table) -> int:
    return int(json.loads(table.schema.metadata[b"driftline"])["rows"])


@pytest.mark.slow
def test_from_the_log_to_the_browser(invoke: Invoke, deployment: Path, browser: Browser) -> None:
    monitor = write(deployment, 1)
    assert invoke("run", monitor, "--period", LAST, "--drill-down")[0] == 0
    assert invoke("report", monitor, "--period", LAST, "--drill-down")[0] == 0
    folder = deployment / "reports" / "flights" / "day"
    page = read((folder / f"{LAST}.html").read_text())
    assert f"{LAST}.drilldown.html" in {attributes.get("href") for tag, attributes in page.tags if tag == "a"}
    assert "made from a sample of rows, so its figures differ from the ones here" in page.text
    html = (folder / f"{LAST}.drilldown.html").read_text()
    assert "This is a sample: 700 of 700 rows of the window beside 2\u202f800 of 2\u202f800" in html
    assert [zip_code for zip_code in ("10110", "10118") if f'"{zip_code}"' in html] == []
    complaints: list[str] = []
    view = browser.new_page()
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto((folder / f"{LAST}.drilldown.html").as_uri())
    view.get_by_text("Data Drift Summary").wait_for()
    text = view.evaluate("document.body.innerText")
    for column in ("distance", "carrier", "score", "late", "home_zip"):
        assert column in text
    assert view.evaluate("window.pwned") is None
    view.close()
    assert complaints == []
    # A page that is made again without the option keeps its link; a page to be sent has none.
    assert invoke("report", monitor, "--period", LAST)[0] == 0
    assert "drilldown.html" in (folder / f"{LAST}.html").read_text()
    alone = deployment / "alone"
    assert invoke("report", monitor, "--period", LAST, "--no-index", "--out", alone)[0] == 0
    assert "drilldown.html" not in (alone / "flights" / "day" / f"{LAST}.html").read_text()


def test_the_sample_holds_the_rows_as_they_are_watched(invoke: Invoke, deployment: Path) -> None:
    monitor = write(deployment, 1)
    assert invoke("run", monitor, "--period", LAST, "--drill-down")[0] == 0
    now, before = kept(deployment, "current"), kept(deployment, "reference")
    assert (len(now), seen(now), len(before), seen(before)) == (700, 700, 2800, 2800)
    assert set(now.column_names) == {"late", "score", "distance", "carrier", "home_zip"}
    assert sorted(now["distance"].to_pylist()) == sorted(rows(5)["distance"].to_pylist())
    assert sorted(before["distance"].to_pylist()) == sorted(
        value for day in range(4) for value in rows(day)["distance"].to_pylist()
    )
    assert all(is_hash(value) for side in (now, before) for value in side["home_zip"].to_pylist())
    assert b"1011" not in (deployment / "reports/flights/day" / f"{LAST}.current.parquet").read_bytes()


@pytest.mark.parametrize("ids", ["id", None], ids=["by id", "by content"])
def test_a_bounded_sample_is_the_same_however_the_rows_lie(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ids: str | None
) -> None:
    monkeypatch.setenv("DRIFTLINE_SALT", "the same")
    monkeypatch.setattr(sample.IdSample.__init__, "__defaults__", (90,))
    found = []
    for parts in (1, 7):
        folder = tmp_path / str(parts)
        logs = {"uri": "logs", "timestamp": "at", "prediction": "late", "score": "score"}
        if ids:
            logs["prediction_id"] = ids
        features = {
            "categorical": ["carrier"],
            "sensitive": ["home_zip"],
            "ignore": ["id"] if not ids else [],
        }
        monitor = write(folder, parts, logs=logs, features=features)
        monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{folder}/tables.duckdb")
        monkeypatch.setenv("DRIFTLINE_REPORTS", str(folder / "reports"))
        assert invoke("run", monitor, "--period", LAST, "--drill-down")[0] == 0
        found.append([kept(folder, side) for side in ("current", "reference")])
    for one, other, count in zip(*found, (700, 2800), strict=True):
        assert len(one) == 90
        assert (seen(one), seen(other)) == (count, count)
        assert one.equals(other)


def test_a_window_of_the_reference_is_beside_the_others_of_it(invoke: Invoke, deployment: Path) -> None:
    monitor = write(deployment, 1)
    run = ("run", monitor, "--period", "2013-07-02", "--to", "2013-07-03", "--drill-down")
    assert invoke(*run)[0] == 0
    for day in (1, 2):
        before = kept(deployment, "reference", f"2013-07-0{day + 1}")
        expected = [value for n in range(4) if n != day for value in rows(n)["distance"].to_pylist()]
        assert sorted(before["distance"].to_pylist()) == sorted(expected)


def test_a_reference_that_moves_and_one_elsewhere(
    invoke: Invoke, deployment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = write(deployment, 1, reference={"trailing": "2d"})
    assert invoke("run", monitor, "--period", "2013-07-03", "--to", LAST, "--drill-down")[0] == 0
    with closing(open_store(f"duckdb:///{deployment}/tables.duckdb")) as store:
        (judged,) = store.execute_read(
            "SELECT s.window_start, s.window_end, s.rows FROM reference_sets s JOIN current_runs r "
            "ON r.reference_id = s.reference_id WHERE r.part = 'judgement' AND r.window_start = $1",
            [DAYS[-1]],
        ).to_pylist()
    # Which days those are is the judgement's to say: it passes over days in which every column fired.
    within = [
        sorted(rows(day)["distance"].to_pylist())
        for day, start in enumerate(DAYS)
        if judged["window_start"] <= start < judged["window_end"]
    ]
    found = kept(deployment, "reference")["distance"].to_pylist()
    assert len(found) == judged["rows"]
    whole_days = [day for day in within if set(day) <= set(found)]
    assert sorted(found) == sorted(value for day in whole_days for value in day)
    training = tmp_path / "training"
    training.mkdir()
    pq.write_table(rows(0), training / "rows.parquet")
    external = write(deployment, 1, reference={"uri": str(training)})
    monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{tmp_path}/other.duckdb")
    status, _, err = invoke("run", external, "--period", LAST, "--drill-down")
    assert (status, "not kept" in err) == (0, False), err
    found = kept(deployment, "reference")["distance"].to_pylist()
    assert sorted(found) == sorted(rows(0)["distance"].to_pylist())


def test_a_training_set_without_times_is_beside_every_window(invoke: Invoke, deployment: Path) -> None:
    (deployment / "training").mkdir()
    made = rows(0).drop_columns(["at", "id"])
    pq.write_table(made, deployment / "training" / "rows.parquet")
    monitor = write(deployment, 1, reference={"uri": "training"})
    status, _, err = invoke("run", monitor, "--period", LAST, "--drill-down")
    assert (status, "not kept" in err) == (0, False), err
    before = kept(deployment, "reference")
    assert seen(before) == ROWS
    assert sorted(before["distance"].to_pylist()) == sorted(made["distance"].to_pylist())


def test_only_who_asks_gets_one(invoke: Invoke, deployment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = write(deployment, 1)
    assert invoke("run", monitor, "--period", LAST)[0] == 0
    assert not (deployment / "reports").exists()
    assert invoke("report", monitor, "--period", LAST)[0] == 0
    folder = deployment / "reports" / "flights" / "day"
    assert [path.name for path in folder.iterdir()] == [f"{LAST}.html"]
    monkeypatch.setenv("DRIFTLINE_DRILL_DOWN", "true")
    assert invoke("run", monitor, "--period", LAST)[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{LAST}.current.parquet",
        f"{LAST}.html",
        f"{LAST}.reference.parquet",
    ]


def test_a_report_reads_the_log_only_if_its_run_has_kept_nothing(
    invoke: Invoke, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = write(deployment, 1)
    taken: list[str] = []
    keep = Sampler.keep

    def counted(self: Sampler, *given: Any) -> Any:
        taken.append("log")
        return keep(self, *given)

    monkeypatch.setattr(Sampler, "keep", counted)
    assert invoke("run", monitor, "--period", LAST)[0] == 0
    report = ("report", monitor, "--period", LAST, "--drill-down")
    assert invoke(*report)[0] == 0
    assert invoke(*report)[0] == 0
    assert taken == ["log"]
    # What another run has kept is not this one's.
    assert invoke("run", monitor, "--period", LAST)[0] == 0
    assert invoke(*report)[0] == 0
    assert taken == ["log", "log"]


def test_without_the_extra_it_says_what_to_install(
    invoke: Invoke, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = write(deployment, 1)
    monkeypatch.setitem(sys.modules, "evidently", None)
    # A run needs it not: it keeps the rows.
    assert invoke("run", monitor, "--period", LAST, "--drill-down")[0] == 0
    status, _, err = invoke("report", monitor, "--period", LAST, "--drill-down")
    assert status == 2
    assert "the drill-down needs Evidently: install driftline[evidently]" in err
    assert invoke("report", monitor, "--period", LAST)[0] == 0
