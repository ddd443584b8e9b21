"""Many small monitors as one DAG: who is in it, who is not, and what one failure does to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.dags.in_airflow import in_airflow
from tests.dags.test_parsing import parse, write

GROUPED = "monitors:\n" + "".join(f"  {name}: {{group: small}}\n" for name in ("one", "two", "three"))

TASK = """
from types import SimpleNamespace
from driftline_dags.group_tasks import {operator} as Operator
sources = [{folder!r} + f"/{{name}}.yaml" for name in {names}]
events, pushed, before = {{}}, {{}}, {before}
class Outlet:
    def add(self, asset, extra): events[asset.name] = extra
class Outlets(dict):
    def __missing__(self, alias): return Outlet()
def pull(task_ids, key, map_indexes):
    assert (key, map_indexes) == ("failed", 0)
    return before.get(task_ids)
ti = SimpleNamespace(
    task_id="monitors.t", map_index=0, try_number={tries}, max_tries=1,
    xcom_push=lambda key, value: pushed.update({{key: value}}), xcom_pull=pull,
)
context = {{"params": {{"period": "2013-07-01"}}, "outlet_events": Outlets(), "ti": ti}}
task = Operator(task_id="t"{more})
try:
    result = task.execute(context)
    answer = ["returned", result, sorted(events), pushed]
except Exception as error:
    answer = [type(error).__name__, str(error), sorted(events), pushed]
"""

COMMAND = """#!/bin/sh
echo "$@" >> "$0.arguments"
cat "$0.answer" >&2
exit %d
"""


Before = dict[str, dict[str, str]]


def execute(
    tmp_path: Path, operator: str, statuses: dict[str, int], worst: int, *, tries: int = 1, **more: Any
) -> list[Any]:
    """What a task makes of a command that ends so for each monitor; of ``more``, ``before`` is what tasks
    before it noted, and ``spelled`` how their folder is written."""
    folder = tmp_path / "monitors"
    each = []
    for name, status in statuses.items():
        write(folder, name)
        said = '"verdict": "calm", "alerts": 0' if status == 0 else f'"error": "wrong with {name}"'
        each.append(f'{{"monitor_file": "{folder}/{name}.yaml", {said}, "exit_status": {status}}}')
    answer = f'{{"event": "all_done", "each": [{", ".join(each)}]}}'
    spelled = more.get("spelled", "monitors")
    return run_task(tmp_path, operator, list(statuses), answer, worst, tries, more.get("before", {}), spelled)


def run_task(
    tmp_path: Path,
    operator: str,
    names: list[str],
    said: str,
    status: int,
    tries: int = 1,
    before: Before | None = None,
    spelled: str = "monitors",
) -> list[Any]:
    """What a task makes of a command that says so."""
    command = tmp_path / "driftline"
    command.write_text(COMMAND % status)
    command.chmod(0o755)
    (tmp_path / "driftline.answer").write_text(f"{said}\n")
    more = "" if operator == "GroupOutcome" else ", sources=sources"
    more += ", alias='driftline_group__small'" if operator == "ReportGroup" else ""
    folder = f"{tmp_path}/{spelled}"
    code = TASK.format(
        operator=operator, folder=folder, names=names, more=more, tries=tries, before=before or {}
    )
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
    assert group["tasks"] == ["members", "monitors.run", "monitors.report", "monitors.outcome"]
    assert (group["schedule"], group["owner"]) == ("every day", "ml@example.com")
    assert all(f"`{name}`" in group["doc"] for name in ("one", "two", "three"))
    # their mails are in the digest, since a mail each is what a group does not send
    assert dags["driftline_digest"]["tasks"] == ["send"]


@pytest.mark.parametrize(
    ("granularity", "zone", "scheduling", "said"),
    [
        ("hour", "UTC", "{group: small}", "its granularity is hour, that of the others day"),
        ("day", "Asia/Tokyo", "{group: small}", "its timezone is Asia/Tokyo, that of the others UTC"),
        ("day", "UTC", "{group: small, delay: 2h}", "its delay is 2:00:00, that of the others 0:00:00"),
    ],
)
def test_what_does_not_fit_is_a_broken_dag(
    tmp_path: Path, granularity: str, zone: str, scheduling: str, said: str
) -> None:
    monitors = tmp_path / "monitors"
    write(monitors, "a_first", granularity, zone)  # the first by name is not the measure of the others
    write(monitors, "one")
    write(monitors, "two")
    lines = [f"a_first: {scheduling}", "one: {group: small}", "two: {group: small}"]
    (monitors / "_airflow.yaml").write_text("monitors:\n" + "".join(f"  {line}\n" for line in lines))
    dags = parse(tmp_path)["dags"]
    assert said in dags["driftline__a_first"]["doc"]
    assert "broken" in dags["driftline__a_first"]["tags"]
    group = dags["driftline_group__small"]
    assert "`one`" in group["doc"]
    assert "a_first" not in group["doc"]


def test_a_file_that_goes_wrong_takes_no_group_apart(tmp_path: Path) -> None:
    monitors = tmp_path / "monitors"
    for name in ("one", "two", "three"):
        write(monitors, name)
    settings = monitors / "_airflow.yaml"
    settings.write_text("defaults: {mail: each}\n" + GROUPED)  # what a group does not send is not inherited
    assert "driftline_group__small" in parse(tmp_path)["dags"]
    settings.write_text("defaults: {dely: 1h}\n" + GROUPED)
    dags = parse(tmp_path)["dags"]
    assert "driftline_group__small" in dags
    assert "driftline__one" not in dags
    assert "defaults.dely" in dags["driftline_settings"]["doc"]


def test_a_file_that_never_was_right_mails_nobody(tmp_path: Path) -> None:
    write(tmp_path / "monitors", "one")
    (tmp_path / "monitors" / "_airflow.yaml").write_text("monitors: 7\n")
    assert "mail" not in parse(tmp_path)["dags"]["driftline__one"]["tasks"]


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
    files = [f"{tmp_path}/monitors/{name}.yaml" for name in ("one", "two")]
    assert answer[:2] == ["returned", files]
    said = (tmp_path / "driftline.arguments").read_text()
    assert said == f"run {' '.join(files)} --period 2013-07-01 --engine local --log-format json\n"


def test_an_odd_spelling_of_the_folder_is_the_same_folder(tmp_path: Path) -> None:
    statuses = {"one": 0, "two": 3}
    returned, _, events, pushed = execute(tmp_path, "ReportGroup", statuses, 3, spelled="/monitors")
    assert (returned, events) == ("returned", ["driftline__one"])
    assert list(pushed["failed"].values()) == ["status 3: wrong with two"]


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
    raised, message, _, pushed = execute(tmp_path, "RunGroup", statuses, worst)
    assert raised == kind
    assert "wrong with two" in message
    assert "wrong with one" not in message
    assert {Path(source).stem for source in pushed["failed"]} == statuses.keys() - {"one"}


def test_who_was_published_is_reported_whatever_became_of_the_others(tmp_path: Path) -> None:
    statuses = {"one": 0, "two": 3, "three": 0}
    returned, result, events, pushed = execute(tmp_path, "ReportGroup", statuses, 3)
    assert returned == "returned"
    assert [each["monitor"] for each in result] == ["one", "three"]
    assert result[0]["verdict"] == "calm"
    assert events == ["driftline__one", "driftline__three"]
    assert {Path(source).stem for source in pushed["failed"]} == {"two"}


def test_of_a_run_that_failed_nobody_is_told_again(tmp_path: Path) -> None:
    before = {"monitors.run": {f"{tmp_path}/monitors/two.yaml": "status 3: wrong"}}
    _, result, events, _ = execute(tmp_path, "ReportGroup", {"one": 0, "two": 0}, 0, before=before)
    assert ([each["monitor"] for each in result], events) == (["one"], ["driftline__one"])


def test_a_report_that_may_come_later_is_tried_again_and_then_the_others_are_told_of(tmp_path: Path) -> None:
    statuses = {"one": 0, "two": 4}
    raised, message, events, _ = execute(tmp_path, "ReportGroup", statuses, 4)
    assert (raised, events) == ("AirflowException", [])
    assert "wrong with two" in message
    returned, _, events, pushed = execute(tmp_path, "ReportGroup", statuses, 4, tries=2)
    assert (returned, events) == ("returned", ["driftline__one"])
    assert list(pushed["failed"].values()) == ["status 4: wrong with two"]


def test_the_last_task_fails_where_a_page_is_missing(tmp_path: Path) -> None:
    before = {"monitors.report": {"two.yaml": "status 4: wrong with two"}}
    raised, message, _, _ = execute(tmp_path, "GroupOutcome", {"one": 0}, 0, before=before)
    assert raised == "AirflowFailException"
    assert "status 4: wrong with two" in message
    assert execute(tmp_path, "GroupOutcome", {"one": 0}, 0)[0] == "returned"


def test_what_the_command_says_of_all_is_said_of_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / "monitors", name)
    said = '{"event": "failed", "error": "no such store"}'
    raised, message, _, _ = run_task(tmp_path, "RunGroup", ["one", "two"], said, 2)
    assert raised == "AirflowFailException"
    assert message.count("status 2: no such store") == 2
