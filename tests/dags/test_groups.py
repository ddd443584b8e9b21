"""Many small monitors as one DAG: who is in it, who is not, and what one failure does to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.dags.in_airflow import in_airflow
from tests.dags.test_parsing import parse, write

GROUPED = "monitors:\n" + "".join(f"  {name}: {{group: small}}\n" for name in ("one", "two", "three"))

TASK = """
from driftline_dags.group_tasks import {operator} as Operator
from driftline_dags.monitor_files import read_monitor
sources = [{folder!r} + f"/{{name}}.yaml" for name in {names}]
monitors = {{source: read_monitor(source).monitor for source in sources}}
events = {{}}
class Outlet:
    def add(self, asset, extra): events[asset.name] = extra
class Outlets(dict):
    def __missing__(self, alias): return Outlet()
from datetime import UTC, datetime
context = {{"params": {{"period": "2013-07-01"}}, "outlet_events": Outlets()}}
task = Operator(task_id="t", monitors=monitors, sources=sources, {more})
try:
    result = task.execute(context)
    answer = ["returned", result, sorted(events)]
except Exception as error:
    answer = [type(error).__name__, str(error), sorted(events)]
"""

COMMAND = """#!/bin/sh
echo "$@" >> "$0.arguments"
cat "$0.answer" >&2
exit %d
"""


def execute(tmp_path: Path, operator: str, statuses: dict[str, int], worst: int) -> list[Any]:
    """What a task makes of a command that ends so for each monitor."""
    folder = tmp_path / "monitors"
    each = []
    for name, status in statuses.items():
        write(folder, name)
        told = '"verdict": "calm", "alerts": 0' if status == 0 else f'"error": "wrong with {name}"'
        each.append(f'{{"monitor_file": "{folder}/{name}.yaml", {told}, "exit_status": {status}}}')
    command = tmp_path / "driftline"
    command.write_text(COMMAND % worst)
    command.chmod(0o755)
    (tmp_path / "driftline.answer").write_text(f'{{"event": "all_done", "each": [{", ".join(each)}]}}\n')
    more = "alias='driftline_group__small'" if operator == "ReportGroup" else ""
    code = TASK.format(operator=operator, folder=str(folder), names=list(statuses), more=more)
    answer: list[Any] = in_airflow(tmp_path, code, DRIFTLINE_COMMAND=str(command))
    return answer


def test_a_group_is_one_dag(tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    for name in ("one", "two", "three", "alone"):
        write(monitors, name)
    (monitors / "_airflow.yaml").write_text(GROUPED)
    parsed = parse(tmp_path)
    assert parsed["errors"] == {}
    dags = parsed["dags"]
    assert {"driftline__alone", "driftline_group__small"} <= dags.keys()
    assert not {"driftline__one", "driftline__two", "driftline__three"} & dags.keys()
    group = dags["driftline_group__small"]
    assert group["tasks"] == ["monitors.run", "monitors.report"]
    assert (group["schedule"], group["owner"]) == ("every day", "ml@example.com")
    assert all(f"`{name}`" in group["doc"] for name in ("one", "two", "three"))
    # their mails are in the digest, since a mail each is what a group does not send
    assert dags["driftline_digest"]["tasks"] == ["send"]


@pytest.mark.parametrize(
    ("granularity", "zone", "scheduling", "said"),
    [
        ("hour", "UTC", "{group: small}", "its granularity is hour, that of 'one' day"),
        ("day", "Asia/Tokyo", "{group: small}", "its timezone is Asia/Tokyo, that of 'one' UTC"),
        ("day", "UTC", "{group: small, delay: 2h}", "its delay is 2:00:00, that of 'one' 0:00:00"),
    ],
)
def test_what_does_not_fit_is_a_broken_dag(
    tmp_path: Path, granularity: str, zone: str, scheduling: str, said: str
) -> None:
    monitors = tmp_path / "monitors"
    write(monitors, "one")
    write(monitors, "two", granularity, zone)
    (monitors / "_airflow.yaml").write_text(f"monitors:\n  one: {{group: small}}\n  two: {scheduling}\n")
    dags = parse(tmp_path)["dags"]
    assert said in dags["driftline__two"]["doc"]
    assert "broken" in dags["driftline__two"]["tags"]
    assert dags["driftline_group__small"]["tasks"] == ["monitors.run", "monitors.report"]


@pytest.mark.parametrize(
    ("scheduling", "said"),
    [
        ("{group: small, engine: spark}", "write local"),
        ("{group: small, mail: each}", "write digest or none"),
        ("{group: 'No Name'}", "group"),
    ],
)
def test_what_no_group_can_do_is_refused(tmp_path: Path, scheduling: str, said: str) -> None:
    write(tmp_path / "monitors", "one")
    (tmp_path / "monitors" / "_airflow.yaml").write_text(f"monitors:\n  one: {scheduling}\n")
    assert said in parse(tmp_path)["dags"]["driftline_settings"]["doc"]


def test_one_call_is_about_all_of_them(tmp_path: Path) -> None:
    answer = execute(tmp_path, "RunGroup", {"one": 0, "two": 0}, 0)
    assert answer[:2] == ["returned", ["one", "two"]]
    files = " ".join(f"{tmp_path}/monitors/{name}.yaml" for name in ("one", "two"))
    said = (tmp_path / "driftline.arguments").read_text()
    assert said == f"run {files} --period 2013-07-01 --engine local --log-format json\n"


@pytest.mark.parametrize(
    ("statuses", "worst", "kind"),
    [
        ({"one": 0, "two": 3}, 3, "AirflowFailException"),
        ({"one": 0, "two": 4, "three": 2}, 2, "AirflowException"),  # what may pass is tried again
    ],
)
def test_who_failed_is_said_and_fails_the_run(
    tmp_path: Path, statuses: dict[str, int], worst: int, kind: str
) -> None:
    raised, message, _ = execute(tmp_path, "RunGroup", statuses, worst)
    assert raised == kind
    assert "wrong with two" in message
    assert "one (status" not in message


def test_who_was_published_is_reported_whatever_became_of_the_others(tmp_path: Path) -> None:
    returned, result, events = execute(tmp_path, "ReportGroup", {"one": 0, "two": 3, "three": 0}, 3)
    assert returned == "returned"
    assert [each["monitor"] for each in result] == ["one", "three"]
    assert result[0]["verdict"] == "calm"
    assert events == ["driftline__one", "driftline__three"]


def test_a_report_that_may_come_later_is_tried_again(tmp_path: Path) -> None:
    raised, message, events = execute(tmp_path, "ReportGroup", {"one": 0, "two": 4}, 4)
    assert (raised, events) == ("AirflowException", [])
    assert "wrong with two" in message
