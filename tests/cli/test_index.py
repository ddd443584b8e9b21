"""The index of all reports: rebuilt by every command that publishes or reports, whole whoever else writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.reports.readback import read
from tests.sources.s3_server import S3Server, serve

from driftline_jobs.cli import main
from driftline_jobs.reporting import index
from driftline_jobs.reporting.pages import Pages
from driftline_jobs.stores import open_store
from driftline_reports.index import FORMAT, build_entry, entry_from_json, entry_to_json
from driftline_reports.inputs import MonitorHistory
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor, load_monitor
from driftline_schemas.settings import load_settings

Invoke = Callable[..., tuple[int, str, str]]
FIRST, LAST = "2013-07-01", "2013-07-03"
NOW = datetime(2013, 7, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, flights_folder: Path) -> str:
    """A store in which three days of July are published."""
    url = f"duckdb:///{tmp_path_factory.mktemp('store')}/tables.duckdb"
    with pytest.raises(SystemExit) as left:
        main(["run", str(monitor_file(flights_folder)), "--period", FIRST, "--to", LAST, "--store", url])
    assert left.value.code == 0
    return url


def monitor_file(folder: Path) -> Path:
    return folder / "monitors" / "flight_delay.yaml"


def links(page: Path) -> set[str | None]:
    return {attributes["href"] for tag, attributes in read(page.read_text()).tags if tag == "a"}


def test_a_report_is_linked_from_the_index_and_back(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path
) -> None:
    for period in (FIRST, LAST):
        assert invoke("report", monitor, "--period", period, "--store", store, "--out", tmp_path)[0] == 0
    pages = {f"flight_delay/day/{period}.html" for period in (FIRST, LAST)}
    own = tmp_path / "flight_delay" / "index.html"
    assert {"flight_delay/index.html", f"flight_delay/day/{LAST}.html"} <= links(tmp_path / "index.html")
    of_windows = {link for link in links(own) if link and link.startswith("day/")}
    assert {f"flight_delay/{link}" for link in of_windows} == pages
    assert "../index.html#flight_delay" in links(own)
    assert "../index.html" in links(tmp_path / "flight_delay" / "day" / f"{LAST}.html")
    # Windows without a page are in the calendar all the same, and nothing half-written lies about.
    assert "Tue 2\xa0Jul\xa02013" in own.read_text()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        f"{FIRST}.html",
        f"{LAST}.html",
        "entry.json",
        "index.html",
        "index.html",
    ]


def test_a_page_that_is_to_be_sent_stands_alone(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path
) -> None:
    out = ("--store", store, "--out", tmp_path, "--no-index")
    assert invoke("report", monitor, "--period", LAST, *out)[0] == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{LAST}.html"]
    assert "../index.html" not in links(tmp_path / "flight_delay" / "day" / f"{LAST}.html")


def test_a_run_keeps_an_index_up_to_date_and_makes_none(
    invoke: Invoke, monitor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{tmp_path}/tables.duckdb")
    monkeypatch.setenv("DRIFTLINE_REPORTS", str(tmp_path / "pages"))
    assert invoke("run", monitor, "--period", FIRST)[0] == 0
    assert not (tmp_path / "pages").exists()
    assert invoke("report", monitor, "--period", FIRST)[0] == 0
    both = [tmp_path / "pages" / "index.html", tmp_path / "pages" / "flight_delay" / "index.html"]
    assert [page for page in both if "Tue 2\xa0Jul\xa02013" in page.read_text()] == []
    assert invoke("run", monitor, "--period", "2013-07-02")[0] == 0
    assert [page for page in both if "Tue 2\xa0Jul\xa02013" in page.read_text()] == both


def test_reports_out_of_reach_do_not_undo_a_run(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DRIFTLINE_REPORTS", str(tmp_path / "file"))
    status, out, err = invoke("run", monitor, "--period", LAST, "--store", store)
    assert status == 0
    assert "published 1 window" in out
    assert "index not written" in err


def test_what_is_muted_is_neither_counted_nor_mailed(
    invoke: Invoke, store: str, monitor: Path, tmp_path: Path
) -> None:
    def reported() -> dict[str, object]:
        options = ("--store", store, "--out", tmp_path, "--mail-out", tmp_path, "--log-format", "json")
        status, _, err = invoke("report", monitor, "--period", LAST, *options)
        assert status == 0
        answer: dict[str, object] = json.loads(err.splitlines()[-1])
        return answer

    with closing(open_store(store)) as tables:
        found = tables.execute_read(
            "SELECT alert_id, column_name FROM current_alerts WHERE window_start = $1 AND state = 'open'",
            [datetime(2013, 7, 3, tzinfo=UTC)],
        ).to_pylist()
    assert found, "3 July 2013 has alerts"
    assert (reported()["alerts"], reported()["muted"]) == (len(found), 0)
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    for row in found:
        status, out, _ = invoke("alerts", "mute", row["alert_id"], "--until", until, "--store", store)
        assert status == 0
        assert "muted until" in out
    answer = reported()
    # With notify.when: alert the mail task sends nothing: it goes by this number.
    assert (answer["alerts"], answer["muted"]) == (0, len(found))
    mail = json.loads((tmp_path / "mail.json").read_text())
    columns = {row["column_name"] for row in found} - {"*"}
    assert not [column for column in columns if column in mail["text"] + mail["html"] + mail["subject"]]
    page = (tmp_path / "flight_delay" / "day" / f"{LAST}.html").read_text()
    assert page.count("muted until") == len(found)
    assert "muted until" in (tmp_path / "flight_delay" / "index.html").read_text()
    # A mute that lies in the past is none.
    for row in found:
        assert invoke("alerts", "mute", row["alert_id"], "--until", "2013-07-04", "--store", store)[0] == 0
    assert (reported()["alerts"], reported()["muted"]) == (len(found), 0)


@dataclass(frozen=True)
class Meeting(Pages):
    """Pages into which somebody else writes just before our own index gets there, once."""

    intruder: bytes = b""

    def write(self, name: str, content: bytes) -> str:
        """Let the other one be first."""
        if name == index.INDEX and not self.listed("other"):
            Pages(self.place).write("other/entry.json", self.intruder)
        return Pages(self.place).write(name, content)


@pytest.fixture
def watched(flights_folder: Path) -> Monitor:
    return load_monitor(monitor_file(flights_folder))


def test_an_entry_written_meanwhile_is_on_the_page(store: str, watched: Monitor, tmp_path: Path) -> None:
    other = watched.model_copy(update={"monitor": "other"})
    intruder = entry_to_json(build_entry(MonitorHistory(other, {}), NOW))
    place = Pages.open(load_settings({"reports": str(tmp_path)})).place
    with closing(open_store(store)) as tables:
        index.refresh_index(tables, watched, Meeting(place, intruder), NOW)
    page = (tmp_path / "index.html").read_text()
    assert 'id="other"' in page
    assert 'id="flight_delay"' in page


def test_many_at_once_leave_a_whole_index(store: str, watched: Monitor, tmp_path: Path) -> None:
    names = [f"monitor_{number:02}" for number in range(12)]
    pages = Pages.open(load_settings({"reports": str(tmp_path)}))

    def refresh(name: str) -> None:
        with closing(open_store(store)) as tables:
            index.refresh_index(tables, watched.model_copy(update={"monitor": name}), pages, NOW)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(refresh, names * 2))
    html = (tmp_path / "index.html").read_text()
    assert html.endswith("</html>")
    assert [name for name in names if f'id="{name}"' not in html] == []
    assert list(tmp_path.rglob("*.part")) == []


def test_what_is_no_entry_is_passed_over(store: str, watched: Monitor, tmp_path: Path) -> None:
    pages = Pages.open(load_settings({"reports": str(tmp_path)}))
    entry = build_entry(MonitorHistory(watched, {}), NOW)
    assert entry_from_json(entry_to_json(entry)) == entry
    for name, content in (
        ("damaged", b"{"),
        ("newer", entry_to_json(replace(entry, format=FORMAT + 1))),
        ("hostile", entry_to_json(replace(entry, link="javascript:alert(1)"))),
    ):
        assert content != entry_to_json(entry)
        pages.write(f"{name}/entry.json", content.replace(b"flight_delay", name.encode()))
    with closing(open_store(store)) as tables:
        index.refresh_index(tables, watched, pages, NOW)
    html = (tmp_path / "index.html").read_text()
    assert [name for name in ("damaged", "newer", "hostile") if f'id="{name}"' in html] == []
    assert 'id="flight_delay"' in html


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3")) as running:
        yield running


def test_on_s3(
    invoke: Invoke, store: str, monitor: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    for period in (FIRST, LAST):
        out = ("--store", store, "--out", "s3://logs/reports")
        assert invoke("report", monitor, "--period", period, *out)[0] == 0
    client = server.client()
    found = client.get_object(Bucket="logs", Key="reports/index.html")
    assert found["ContentType"].startswith("text/html")
    html = found["Body"].read().decode()
    own = client.get_object(Bucket="logs", Key="reports/flight_delay/index.html")["Body"].read().decode()
    assert f'href="flight_delay/day/{LAST}.html"' in html
    for period in (FIRST, LAST):
        assert f'href="day/{period}.html"' in own
        client.head_object(Bucket="logs", Key=f"reports/flight_delay/day/{period}.html")
    page = client.get_object(Bucket="logs", Key=f"reports/flight_delay/day/{LAST}.html")
    assert 'href="../index.html"' in page["Body"].read().decode()


def test_a_place_that_cannot_be_written(store: str, watched: Monitor, tmp_path: Path) -> None:
    (tmp_path / "flight_delay").write_text("a file where a folder should be")
    pages = Pages.open(load_settings({"reports": str(tmp_path)}))
    with closing(open_store(store)) as tables, pytest.raises(ConfigError):
        index.refresh_index(tables, watched, pages, NOW)
