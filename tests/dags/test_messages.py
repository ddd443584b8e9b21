"""Who is told of a window: the calls of the command, the mail that Airflow sends, the secrets it hands on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.dags.in_airflow import in_airflow
from tests.dags.test_parsing import MONITOR, parse, write

COMMAND = """#!/bin/sh
echo "$@" >> "$0.arguments"
env | grep DRIFTLINE_WEBHOOK >> "$0.secrets"
case "$1" in
  notify) cat "$0.answer" >&2;;
  catch-up) echo '{"event": "caught_up", "periods": ["2013-07-01"]}' >&2;;
  *) echo '{"event": "done"}' >&2;;
esac
"""

TASK = """
import json
from types import SimpleNamespace
from airflow.providers.smtp.hooks import smtp
sent = []
class Hook:
    def __init__(self, smtp_conn_id): self.connection = smtp_conn_id
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def send_email_smtp(self, **mail): sent.append([self.connection, mail])
smtp.SmtpHook = Hook
from driftline_dags import messages, upkeep, group_tasks
from driftline_schemas.monitor import parse_monitor
source = {source!r}
monitor = parse_monitor(open(source).read(), source)
run = SimpleNamespace(run_type={run_type!r}, run_after=None)
pull = lambda task_ids, key, map_indexes: {{}}
ti = SimpleNamespace(task_id="monitors.t", map_index=0, xcom_pull=pull)
context = {{"params": {{"period": "2013-07-01"}}, "dag_run": run, "ti": ti}}
task = {task}
try:
    answer = ["returned", task.execute(context), sent]
except Exception as error:
    answer = [type(error).__name__, str(error), sent]
"""

MAIL = "messages.MailChanges(task_id='t', monitor=monitor, source=source, connection='smtp', backfills=False)"
POST = "messages.PostChanges(task_id='t', monitor=monitor, source=source, connection={}, backfills=False)"


def execute(
    tmp_path: Path, task: str, answer: dict[str, Any], run_type: str = "scheduled", **environment: str
) -> list[Any]:
    command = tmp_path / "driftline"
    command.write_text(COMMAND)
    command.chmod(0o755)
    (tmp_path / "driftline.answer").write_text(json.dumps({"event": "notified", **answer}) + "\n")
    source = tmp_path / "late.yaml"
    text = MONITOR.format(name="late", granularity="day", zone="UTC")
    text = text.replace("when: always", "webhook: 'https://hooks.example.com/s3cret'")
    source.write_text(text)
    code = TASK.format(source=str(source), task=task, run_type=run_type)
    found: list[Any] = in_airflow(
        tmp_path,
        code,
        DRIFTLINE_COMMAND=str(command),
        AIRFLOW__API__BASE_URL="https://airflow.example.com",
        **environment,
    )
    return found


def arguments(tmp_path: Path) -> list[str]:
    return (tmp_path / "driftline.arguments").read_text().splitlines()


def written(tmp_path: Path) -> str:
    folder = tmp_path / "m1"
    folder.mkdir()
    (folder / "2013-07-01.html").write_text("<!doctype html>")
    mail = {"to": ["a@example.com"], "subject": "S", "html": "H", "page": "2013-07-01.html", "rows": []}
    (folder / "mail.json").write_text(json.dumps(mail))
    return str(folder)


def test_a_mail_that_is_due_is_sent_and_noted(tmp_path: Path) -> None:
    folder = written(tmp_path)
    returned, count, sent = execute(tmp_path, MAIL, {"mails": [folder]})
    assert (returned, count) == ("returned", 1)
    files = [f"{folder}/2013-07-01.html"]
    mail = {"to": ["a@example.com"], "subject": "S", "html_content": "H", "files": files}
    assert sent == [["smtp", mail]]
    asked, noted = arguments(tmp_path)
    page = "https://airflow.example.com/plugin/driftline/driftline/reports/late/day/2013-07-01.html"
    assert asked.startswith(f"notify {tmp_path}/late.yaml --period 2013-07-01 --channel email --mail-out ")
    assert asked.endswith(f" --page-link {page} --log-format json")
    assert noted == f"sent {folder} --log-format json"


@pytest.mark.parametrize(("task", "answer"), [(MAIL, {"mails": []}), (POST.format(None), {"sent": []})])
def test_where_nothing_is_due_the_task_is_skipped(tmp_path: Path, task: str, answer: dict[str, Any]) -> None:
    assert execute(tmp_path, task, answer)[0] == "AirflowSkipException"


@pytest.mark.parametrize("task", [MAIL, POST.format(None)])
def test_nobody_is_told_of_a_backfill(tmp_path: Path, task: str) -> None:
    assert execute(tmp_path, task, {}, "backfill")[0] == "AirflowSkipException"
    assert not (tmp_path / "driftline.arguments").exists()


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        (
            {"host": "https://hooks.slack.com/services/", "password": "T0/B0/x"},
            "https://hooks.slack.com/services/T0/B0/x",
        ),
        ({"host": "hooks.example.com", "port": 8443, "password": "/x"}, "https://hooks.example.com:8443/x"),
        ({"host": "hooks.example.com", "schema": "http"}, "http://hooks.example.com"),
    ],
)
def test_the_address_of_a_connection_is_handed_on_in_the_environment(
    tmp_path: Path, connection: dict[str, Any], address: str
) -> None:
    text = json.dumps({"conn_type": "http", **connection})
    done = execute(tmp_path, POST.format("'team'"), {"sent": [{}]}, AIRFLOW_CONN_TEAM=text)
    assert done[:2] == ["returned", 1], done
    assert (tmp_path / "driftline.secrets").read_text() == f"DRIFTLINE_WEBHOOK={address}\n"
    assert address not in arguments(tmp_path)[0]


def test_without_a_connection_the_file_s_own_address_is_for_the_command_to_read(tmp_path: Path) -> None:
    assert execute(tmp_path, POST.format(None), {"sent": [{}]})[:2] == ["returned", 1]
    assert (tmp_path / "driftline.secrets").read_text() == ""
    assert "s3cret" not in arguments(tmp_path)[0]


def test_catch_up_tells_what_late_labels_have_shown(tmp_path: Path) -> None:
    task = "upkeep.CatchUp(task_id='t', source=source, telling={'*': ['each', None]}, connection='smtp')"
    returned, _, sent = execute(tmp_path, task, {"mails": [written(tmp_path)], "sent": []})
    assert (returned, len(sent)) == ("returned", 1)
    called = [line.split()[0] for line in arguments(tmp_path)]
    assert called == ["catch-up", "report", "notify", "notify", "sent"]


def test_a_week_is_told_to_each_reader_in_one_call(tmp_path: Path) -> None:
    task = (
        f"upkeep.SendWeekly(task_id='t', folder={str(tmp_path)!r}, telling={{'*': ['each', None]}}, "
        "connection='smtp', timezone='Europe/Berlin')"
    )
    more = (
        "task\nfrom datetime import datetime, UTC\n"
        "context['data_interval_start'] = datetime(2013, 7, 1, 5, tzinfo=UTC)\n"
        "context['data_interval_end'] = datetime(2013, 7, 8, 5, tzinfo=UTC)\n"
    )
    returned, count, sent = execute(tmp_path, f"{task}; {more}", {"mails": [written(tmp_path)], "sent": [{}]})
    assert (returned, count, len(sent)) == ("returned", 2, 1), count
    posted, mailed, _ = arguments(tmp_path)
    days = "--digest --period 2013-07-01 --to 2013-07-07"
    assert posted == f"notify {tmp_path}/late.yaml {days} --channel webhook --log-format json"
    assert mailed.startswith(f"notify {tmp_path}/late.yaml {days} --channel email --mail-out ")


def test_the_webhook_has_a_task_and_its_address_stays_where_it_is(tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    for name in ("one", "two", "three", "four"):
        write(monitors, name)
    for name in ("one", "three"):
        path = monitors / f"{name}.yaml"
        path.write_text(
            path.read_text().replace("when: always", "webhook: 'https://hooks.example.com/s3cret'")
        )
    (monitors / "_airflow.yaml").write_text(
        "monitors:\n  two: {webhook_connection: team, mail: none}\n"
        "  three: {group: small}\n  four: {group: small}\n"
    )
    parsed = parse(tmp_path)
    assert parsed["errors"] == {}
    dags = parsed["dags"]
    assert dags["driftline__one"]["tasks"] == ["wait_for_log", "run", "report", "mail", "webhook"]
    assert dags["driftline__two"]["tasks"] == ["wait_for_log", "run", "report", "webhook"]
    assert "`team`" in dags["driftline__two"]["doc"]
    assert dags["driftline_group__small"]["tasks"][-1] == "monitors.webhook"
    assert dags["driftline_weekly"]["tasks"] == ["send"]
    assert "s3cret" not in json.dumps(parsed)
    assert "hooks.example.com" not in json.dumps(parsed)


def test_a_group_posts_of_those_that_ask_for_it(tmp_path: Path) -> None:
    task = "group_tasks.PostGroup(task_id='t', sources=[source], connection=None, backfills=False)"
    assert execute(tmp_path, task, {"sent": [{}, {}]})[:2] == ["returned", 2]
    assert arguments(tmp_path)[0].startswith(
        f"notify {tmp_path}/late.yaml --period 2013-07-01 --channel webhook"
    )


RETRAINING = """
import sys
from driftline_example_retraining import calls_for_training
answer = [calls_for_training(found) for found in {found!r}]
"""


def test_the_example_trains_after_a_loss_that_lasts_and_not_on_damaged_data(tmp_path: Path) -> None:
    lost = {"id": "i", "topic": "performance", "severity": "critical", "windows": 3}
    cases = [
        {"incidents": [lost]},
        {"incidents": [{**lost, "windows": 2}]},
        {"incidents": [{**lost, "severity": "high"}]},
        {"incidents": [lost, {**lost, "topic": "data", "severity": "high", "windows": 1}]},
        {"incidents": [lost, {**lost, "topic": "data", "severity": "low", "windows": 1}]},
        {"incidents": [{**lost, "topic": "drift"}]},
        {},
    ]
    assert in_airflow(tmp_path, RETRAINING.format(found=cases)) == [
        True,
        False,
        False,
        False,
        True,
        False,
        False,
    ]


DIGEST = """
from driftline_dags.digest import digest_html, digest_subject
found = {found!r}
answer = [digest_subject(found), digest_html(found, "https://airflow.example.com/sub")]
"""


def test_the_daily_digest_has_the_worst_level_first(tmp_path: Path) -> None:
    def window(monitor: str, level: str | None, **values: Any) -> dict[str, Any]:
        return {"monitor": monitor, "level": level, "period": "2013-07-01", "page": f"/p/{monitor}", **values}

    bad = {"headline": "AUC <fell>", "severity": "critical"}
    found = [
        window("calm_one", "calm"),
        window("broken_one", "broken", incident=bad, severity="critical"),
        window("faulty_one", "faulty"),
        window("older_one", None, headline="as older reports have it"),
        window("ongoing_one", "ongoing"),
    ]
    subject, html = in_airflow(tmp_path, DIGEST.format(found=found))
    assert subject == "[driftline] 5 windows of 5 monitors: 1 broken, 1 faulty"
    order = [
        html.index(name) for name in ("broken_one", "faulty_one", "ongoing_one", "calm_one", "older_one")
    ]
    assert order == sorted(order)
    assert "AUC &lt;fell&gt;" in html
    assert 'href="https://airflow.example.com/p/broken_one"' in html
