"""Airflow's own scheduler, with real S3, Postgres and SMTP: what a platform engineer relies on."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from tests.end_to_end.airflow_stack import FIRST, REFERENCE, ROWS, Stack, days, logged, until

pytestmark = pytest.mark.slow

# Where windows of long ago may be filled in, yesterday's is scheduled, too: after noon it would be published,
# though its log never comes.
NEVER = "30d"


def test_a_dropped_in_monitor_is_scheduled_published_and_mailed(stack: Stack) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    for day in days(yesterday - timedelta(days=7), 8):
        stack.put_day("dropped", day)
    stack.add_monitor("dropped", yesterday - timedelta(days=7), yesterday, start=None)
    until(lambda: bool({"success", "failed"} & set(_states(stack, "dropped"))), "a scheduled run", 150)
    assert "failed" not in _states(stack, "dropped")

    rows = stack.query(
        "SELECT count FROM driftline.current_profile_metrics WHERE monitor = 'dropped'"
        " AND column_name = 'distance' AND segment = '*' AND model_version = '*' AND window_start = %s",
        yesterday,
    )
    assert rows == [{"count": ROWS}]
    page = stack.page("dropped", yesterday)
    assert page.startswith(b"<!")

    (mail,) = stack.mails("dropped")
    assert mail["To"] == "team@example.com"
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert len(html) < 100_000
    assert "<script" not in html
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{yesterday}.html"
    assert bytes(attached.get_content()).startswith(b"<!")

    (event,) = stack.api("/assets/events?source_dag_id=driftline__dropped")["asset_events"]
    assert event["extra"]["period"] == str(yesterday)
    assert event["extra"]["level"] in {
        "broken",
        "faulty",
        "suspect",
        "changed",
        "ongoing",
        "calm",
        "unjudged",
    }
    assert event["extra"]["run_id"]
    told = stack.query("SELECT channel, change FROM driftline.messages WHERE monitor = 'dropped'")
    assert {row["channel"] for row in told} == {"email"}
    assert event["extra"]["page"] == f"/plugin/driftline/driftline/reports/dropped/day/{yesterday}.html"


def _states(stack: Stack, name: str) -> list[str]:
    try:
        return list(stack.runs(name).values())
    except OSError:  # The DAG is not known yet.
        return []


def test_a_drift_is_named_in_the_asset(stack: Stack) -> None:
    (day,) = logged(stack, "drifting", 1)
    stack.put_day("drifting", day, shifted=2000)
    stack.add_monitor("drifting", REFERENCE, FIRST)
    stack.wait_for_dag("drifting")
    run = stack.trigger("drifting", day)
    stack.finish("drifting", run)
    found = stack.result("drifting", run, "report")
    assert found["worst_column"] == "distance"
    assert found["alerts"] > 0
    assert found["level"] not in {"empty", "unjudged"}
    assert found["incidents"], found


def test_a_backfill_equals_single_runs(stack: Stack) -> None:
    windows = logged(stack, "filled", 10)
    monitor = stack.add_monitor("filled", REFERENCE, FIRST, start=None, deadline=NEVER)
    stack.wait_for_dag("filled")
    store = stack.another_store("single")
    _backfill(stack, "filled", windows)
    for day in windows:
        stack.driftline("run", str(monitor), "--period", str(day), store=store)
    _finish_backfill(stack, "filled", len(windows))
    assert stack.mails("filled") == []

    once = stack.tables("filled")
    assert once["drift_metrics"]
    assert once == stack.tables("filled", store)


@pytest.mark.long
def test_a_backfill_again_changes_nothing_but_runs(stack: Stack) -> None:
    windows = logged(stack, "refilled", 2)
    stack.add_monitor("refilled", REFERENCE, FIRST, start=None, deadline=NEVER, mail="none")
    stack.wait_for_dag("refilled")
    seen = []
    for _ in range(2):
        # The scheduler notes the end a while after the last run: until then no other backfill may begin.
        until(lambda: not _backfills_under_way(stack, "refilled"), "the end of the backfill", 60)
        _backfill(stack, "refilled", windows)
        _finish_backfill(stack, "refilled", len(windows))
        runs = stack.query(
            "SELECT run_id FROM driftline.current_runs WHERE monitor = 'refilled' ORDER BY run_id"
        )
        seen.append((stack.tables("refilled"), runs))
    (first, runs), (second, runs_again) = seen
    assert first == second
    assert runs != runs_again


def _backfill(stack: Stack, name: str, windows: list[date]) -> None:
    stack.airflow(
        *("backfill", "create", "--dag-id", f"driftline__{name}", "--reprocess-behavior", "completed"),
        *("--from-date", f"{windows[0]}T00:00:00", "--to-date", f"{windows[-1]}T00:00:00"),
        *("--max-active-runs", "4"),
    )


def _backfills_under_way(stack: Stack, name: str) -> bool:
    backfills = stack.api(f"/backfills?dag_id=driftline__{name}")["backfills"]
    return not all(backfill["completed_at"] for backfill in backfills)


def _finish_backfill(stack: Stack, name: str, windows: int) -> None:
    def over() -> bool:
        states = [state for run, state in stack.runs(name).items() if run.startswith("backfill")]
        return len(states) == windows and set(states) <= {"success", "failed"}

    until(over, f"the backfill of {name}", 200)
    assert {state for run, state in stack.runs(name).items() if run.startswith("backfill")} == {"success"}


def test_a_killed_task_that_is_cleared_ends_with_the_same_tables(stack: Stack) -> None:
    (day,) = logged(stack, "killed", 1)
    monitor = stack.add_monitor("killed", REFERENCE, FIRST, retries=0)
    stack.wait_for_dag("killed")
    run = stack.trigger("killed", day)
    killed = _kill_command(str(monitor), "run")
    stack.finish("killed", run, state="failed")
    assert killed.is_set()
    assert stack.tasks("killed", run)["run"] == "failed"
    assert "What to do: " in stack.log("killed", run, "run")
    assert all(not rows for rows in stack.tables("killed").values())

    stack.api(
        "/dags/driftline__killed/clearTaskInstances",
        "POST",
        {
            "dry_run": False,
            "dag_run_id": run,
            "only_failed": True,
            "include_downstream": True,
        },
    )
    stack.finish("killed", run, seconds=120)
    store = stack.another_store("unharmed")
    stack.driftline("run", str(monitor), "--period", str(day), store=store)
    assert stack.tables("killed") == stack.tables("killed", store)


def _kill_command(monitor: str, command: str) -> threading.Event:
    """Kill ``driftline COMMAND MONITOR …`` as soon as it runs, as the kernel would for want of memory."""
    done = threading.Event()

    def look() -> bool:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if monitor.encode() in words and command.encode() in words and b"driftline" in words[1]:
                os.kill(int(entry.parent.name), signal.SIGKILL)
                done.set()
                return True
        return False

    until(look, f"driftline {command} {monitor}", 90)
    return done


@pytest.mark.long
def test_two_runs_of_one_window_at_once_do_no_harm(stack: Stack) -> None:
    (day,) = logged(stack, "twice", 1)
    monitor = stack.add_monitor("twice", REFERENCE, FIRST, mail="none")
    stack.wait_for_dag("twice")
    runs = [stack.trigger("twice", day) for _ in range(2)]
    stack.finish("twice", *runs)
    store = stack.another_store("alone")
    stack.driftline("run", str(monitor), "--period", str(day), store=store)
    assert stack.tables("twice") == stack.tables("twice", store)


@pytest.mark.long
def test_a_log_that_never_comes_is_published_as_missing(stack: Stack) -> None:
    logged(stack, "missing", 0)
    stack.add_monitor("missing", REFERENCE, FIRST, mail="none")
    stack.wait_for_dag("missing")
    run = stack.trigger("missing", FIRST)
    stack.finish("missing", run)
    assert stack.result("missing", run, "wait_for_log") == {"arrived": False, "objects": 0}
    failed = stack.query(
        "SELECT check_name FROM driftline.current_quality_metrics"
        " WHERE monitor = 'missing' AND passed IS FALSE"
    )
    assert failed
    assert stack.result("missing", run, "report")["level"] in {"faulty", "empty"}


def test_a_late_log_is_picked_up_by_catch_up(stack: Stack) -> None:
    windows = logged(stack, "belated", 2)
    stack.s3().delete_object(Bucket="serving-logs", Key=f"belated/dt={windows[1]}/part-0.parquet")
    monitor = stack.add_monitor("belated", REFERENCE, FIRST, mail="none")
    stack.wait_for_dag("belated")
    stack.finish("belated", *[stack.trigger("belated", day) for day in windows])
    empty = stack.page("belated", windows[1])

    stack.put_day("belated", windows[1])
    states = stack.run_upkeep("driftline_catch_up")
    assert set(states.values()) == {"success"}
    assert sum(task.startswith("catch_up ") for task in states) == len(
        list(monitor.parent.glob("[!_]*.yaml"))
    )
    store = stack.another_store("punctual")
    stack.driftline("run", str(monitor), "--period", str(windows[0]), "--to", str(windows[1]), store=store)
    assert stack.tables("belated") == stack.tables("belated", store)
    assert stack.page("belated", windows[1]) != empty


def test_maintenance_looks_after_the_store_and_every_file(stack: Stack) -> None:
    logged(stack, "kept", 1)
    stack.add_monitor("kept", REFERENCE, FIRST, mail="none")
    states = stack.run_upkeep("driftline_maintenance")
    assert set(states.values()) == {"success"}
    assert {"migrate_store -1", "prune_store -1"} <= set(states)


@pytest.mark.long
def test_a_digest_tells_of_many_windows_in_one_mail(stack: Stack) -> None:
    windows = logged(stack, "digested", 2)
    stack.add_monitor("digested", REFERENCE, FIRST, mail="digest")
    stack.wait_for_dag("digested")
    stack.finish("digested", *[stack.trigger("digested", day) for day in windows])
    assert stack.mails("digested") == []
    before = len(stack.mails("driftline"))
    assert set(stack.run_upkeep("driftline_digest").values()) == {"success"}
    *_, mail = stack.mails("driftline")
    assert len(stack.mails("driftline")) == before + 1
    assert mail["Subject"].startswith("[driftline] 2 windows of 1 monitor: ")
    body = mail.get_body(("html",))
    assert body is not None
    for day in windows:
        address = f"{stack.facts['airflow']}/plugin/driftline/driftline/reports/digested/day/{day}.html"
        assert f'<a href="{address}">{day}</a>' in body.get_content()


def test_a_group_of_monitors_is_run_in_one_task_each_with_its_own_outcome(stack: Stack) -> None:
    names = ["grouped_one", "grouped_two", "grouped_broken"]
    for name in names[:2]:
        (day,) = logged(stack, name, 1)
    for name in names:
        stack.add_monitor(name, REFERENCE, FIRST, group="small")
    stack.wait_for_dag("small", prefix="driftline_group__")
    dag = "driftline_group__small"
    run = stack.start_run(dag, {"period": str(day)})
    path = f"/dags/{dag}/dagRuns/{run}"
    until(lambda: stack.api(path)["state"] in {"success", "failed"}, "a run of the group", 150)

    # the log of one of them is nowhere: its failure is said, and the others are published and reported
    found = stack.api(f"{path}/taskInstances")["task_instances"]
    assert {task["task_id"]: task["state"] for task in found} == {
        "members": "success",
        "monitors.run": "failed",
        "monitors.report": "success",
        "monitors.outcome": "upstream_failed",
    }
    assert stack.api(path)["state"] == "failed"
    for name in names[:2]:
        rows = stack.query(
            "SELECT count FROM driftline.current_profile_metrics WHERE monitor = %s"
            " AND column_name = 'distance' AND segment = '*' AND model_version = '*' AND window_start = %s",
            name,
            day,
        )
        assert rows == [{"count": ROWS}]
        assert stack.page(name, day).startswith(b"<!")
    events = stack.api(f"/assets/events?source_dag_id={dag}")["asset_events"]
    assert {event["extra"]["monitor"] for event in events} == set(names[:2])
    assert {event["name"] for event in events} == {f"driftline__{name}" for name in names[:2]}


@pytest.mark.long
def test_a_log_is_waited_for_without_holding_a_worker(stack: Stack) -> None:
    today = datetime.now(UTC).date()
    for day in days(today - timedelta(days=7), 7):
        stack.put_day("awaited", day)
    stack.add_monitor(
        "awaited", today - timedelta(days=7), today, mail="none", deadline="30d", look_every="1min"
    )
    stack.wait_for_dag("awaited")
    run = stack.trigger("awaited", today)
    until(lambda: stack.tasks("awaited", run).get("wait_for_log") == "deferred", "the wait", 60)
    stack.put_day("awaited", today)
    stack.finish("awaited", run)
    assert stack.result("awaited", run, "wait_for_log") == {"arrived": True, "objects": 1}


def test_reports_are_read_in_airflow_s_pages_by_those_who_may(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    (day,) = logged(stack, "shown", 1)
    stack.add_monitor("shown", REFERENCE, FIRST, mail="none", deadline="0")
    stack.wait_for_dag("shown")
    run = stack.trigger("shown", day)
    stack.finish("shown", run)
    page = f"/driftline/reports/shown/day/{day}.html"
    _refuses_strangers(stack, page)

    # Kept for the documentation where the caller names a folder.
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    view = browser.new_page(viewport={"width": 1400, "height": 900})
    view.goto(stack.facts["airflow"])
    view.locator("input[name=username]").fill(stack.facts["airflow_user"])
    view.locator("input[name=password]").fill(stack.facts["airflow_password"])
    view.locator("button[type=submit]").click()
    view.wait_for_url(lambda url: "/auth/" not in url)

    view.goto(f"{stack.facts['airflow']}/dags/driftline__shown")
    view.locator("[data-testid^='grid-']").first.wait_for()
    view.wait_for_timeout(1000)  # The squares fade in.
    view.screenshot(path=pictures / "airflow-grid.png")

    view.goto(f"{stack.facts['airflow']}/dags/driftline__shown/runs/{quote(run)}/tasks/run/details")
    link = view.get_by_role("link", name="Report", exact=True)
    link.wait_for()
    view.screenshot(path=pictures / "airflow-task.png")
    address = link.get_attribute("href")
    assert address == f"/plugin/driftline{page}"
    view.goto(stack.facts["airflow"] + address)
    report = view.frame_locator("iframe")
    report.get_by_text("Mon 2 Mar 2026").first.wait_for()
    view.screenshot(path=pictures / "airflow-report.png")

    view.goto(f"{stack.facts['airflow']}/plugin/driftline")
    view.frame_locator("iframe").get_by_role("link", name=str(day)).first.click()
    report.get_by_text("Mon 2 Mar 2026").first.wait_for()
    # In the folder this link leads to the index of all; here to what its reader may see.
    report.get_by_role("link", name="All windows").click()
    report.get_by_role("link", name="All monitors").click()
    report.get_by_role("heading", name="Drift reports").wait_for()
    view.close()


def _refuses_strangers(stack: Stack, page: str) -> None:
    """Neither a page nor the list without a login, and no file but a report with one."""
    for path in (page, "/driftline/", "/driftline/reports/index.html"):
        assert stack.status(path, logged_in=False) == 401
    assert stack.status(page) == 200
    for path in (
        "/driftline/reports/shown/day/..%2f..%2fother.html",
        "/driftline/reports/../../etc/passwd",
        "/driftline/reports/shown/day/2026-03-02.html%00.txt",
        "/driftline/reports/%2e%2e/day/2026-03-02.html",
        "/driftline/reports/shown/year/2026-03-02.html",
        "/driftline/reports/shown/day/1999-01-01.html",
        "/driftline/reports/..%2f/index.html",
        # The index of all monitors and what it is made from are for those who have the folder.
        "/driftline/index.html",
        "/driftline/reports/shown/entry.json",
        "/driftline/reports/shown/day/2026-03-02.current.parquet",
        "/driftline/reports/shown/day/2026-03-02.drilldown.html",
    ):
        assert stack.status(path) == 404


def test_a_window_is_run_on_spark(stack: Stack) -> None:
    (day,) = logged(stack, "spread", 1)
    stack.start_spark()
    conf = {"spark.executor.memory": "600m"}
    monitor = stack.add_monitor(
        "spread", REFERENCE, FIRST, engine="spark", spark_conf=conf, mail="none", deadline="0", retries=0
    )
    stack.wait_for_dag("spread")
    run = stack.trigger("spread", day)
    stack.finish("spread", run, seconds=200)

    engines = stack.query(
        "SELECT DISTINCT engine FROM driftline.runs WHERE monitor = 'spread' AND status = 'published'"
    )
    assert engines == [{"engine": "spark"}]
    page = f"http://127.0.0.1:{stack.facts['ports']['spark_page']}/json/"
    with urllib.request.urlopen(page, timeout=30) as answer:
        applications = json.load(answer)["completedapps"]
    assert "driftline-spread" in {application["name"] for application in applications}

    store = stack.another_store("gathered")
    stack.driftline("run", str(monitor), "--period", str(day), "--engine", "local", store=store)
    assert stack.tables("spread") == stack.tables("spread", store)
