"""``python -m driftline_stack up | down``: start everything, stop everything."""

from __future__ import annotations

import argparse
import json
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from driftline_stack.airflow import (
    ROOT,
    USER,
    airflow_environment,
    await_airflow,
    prepare_airflow,
    start_airflow,
)
from driftline_stack.processes import Process, StackError, choose_ports, recall, remember, stop
from driftline_stack.services import (
    AIRFLOW_DATABASE,
    DATABASE,
    remove_postgres,
    s3_client,
    start_mail,
    start_postgres,
    start_s3,
)
from driftline_stack.services import USER as DATABASE_USER
from driftline_stack.spark import await_spark, java_is_there, spark_environment, spark_home, start_spark

_PORTS = {
    "airflow": 8080,
    "postgres": 5433,
    "mail": 8025,
    "s3_s3": 8333,
    "spark_master": 7077,
    "spark_page": 8081,
    "spark_worker_page": 8082,
}
_SERVERS = {"s3", "postgres", "mail"}
_INNER_PORTS = [
    f"s3_{part}{grpc}" for part in ("master", "volume", "filer", "s3", "admin") for grpc in ("", "_grpc")
]


def main() -> int:
    """Do what the command line asks; 1 with a message when it cannot be done."""
    parser = argparse.ArgumentParser(prog="driftline_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("up", "start everything"),
        ("down", "stop everything"),
        ("spark", "start Spark beside a stack that runs without it"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--home", type=Path, default=ROOT / ".stack", help="where everything is kept")
    commands.choices["up"].add_argument("--empty", action="store_true", help="neither the demo nor Spark")
    commands.choices["up"].add_argument("--any-ports", action="store_true", help="not the usual ones")
    commands.choices["down"].add_argument("--remove", action="store_true", help="the data too")
    options = parser.parse_args()
    home: Path = options.home.absolute()
    try:
        if options.command == "up":
            up(home, demo=not options.empty, usual_ports=not options.any_ports)
        elif options.command == "spark":
            add_spark(home)
        else:
            down(home, remove=options.remove)
    except StackError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def up(home: Path, *, demo: bool, usual_ports: bool) -> None:
    """Start everything and say where it is; what was started before a failure is stopped again."""
    if recall(home / "processes.json"):
        raise StackError(f"the stack in {home} is running: stop it with make down")
    for folder in (home, home / "logs", home / "monitors"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wished = {name: port if usual_ports else 0 for name, port in _PORTS.items()}
    ports = choose_ports({**dict.fromkeys(_INNER_PORTS, 0), **wished})
    words = _passwords(home)
    running: list[Process] = []
    try:
        with ThreadPoolExecutor() as starters:
            _say("starting S3, Postgres and the mail catcher")
            begun = [
                starters.submit(start_s3, home, ports, words["s3_key"], words["s3_secret"]),
                starters.submit(start_postgres, home, ports["postgres"], words["postgres"]),
                starters.submit(start_mail, home, ports["mail"]),
            ]
            # All that did start must be known before the first failure is told.
            running += [one.result() for one in begun if one.exception() is None]
            remember(running, home / "processes.json")
            for one in begun:
                one.result()
        deployment = _deployment(home, ports, words)
        environment = airflow_environment(
            home, ports["airflow"], ports["mail"], _database(ports, words, AIRFLOW_DATABASE), deployment
        )
        with ThreadPoolExecutor() as starters:
            # Airflow's tables take a while to make, and Spark a while to start; neither waits for the other.
            prepared = starters.submit(prepare_airflow, home, environment, words["airflow"])
            if demo:
                _start_spark(home, ports, deployment, running)
                _load_demo(home, ports, words)
            prepared.result()
        _say("starting Airflow")
        parts = start_airflow(home, environment)
        running += parts
        remember(running, home / "processes.json")
        await_airflow(home, ports["airflow"], parts, words["airflow"])
    except BaseException:
        stop(running)
        raise
    with_spark = any(process.name == "spark-master" for process in running)
    _report(home, ports, words, environment, with_spark=with_spark)


def add_spark(home: Path) -> None:
    """Start Spark beside the rest, on the ports that were kept for it."""
    running = recall(home / "processes.json")
    if not running:
        raise StackError(f"no stack runs in {home}")
    facts = json.loads((home / "stack.json").read_text())
    if any(process.name == "spark-master" for process in running):
        raise StackError(f"Spark runs already: {facts['spark']}")
    already = len(running)
    try:
        _start_spark(home, facts["ports"], facts["environment"], running)
    except BaseException:
        stop(running[already:])
        raise


def _start_spark(
    home: Path, ports: Mapping[str, int], deployment: Mapping[str, str], running: list[Process]
) -> None:
    """Start it if there is Java, which nothing else needs, and add it to what is ``running``."""
    if not java_is_there():
        _say("no Java on this machine: going on without Spark")
        return
    _say("starting Spark")
    running += start_spark(home, ports, spark_environment(deployment))
    remember(running, home / "processes.json")
    await_spark(home, running[-1])


def down(home: Path, *, remove: bool) -> None:
    """Stop what ``up`` started in ``home``: first those who use the servers, then the servers."""
    running = recall(home / "processes.json")
    users = [process for process in running if process.name not in _SERVERS]
    for processes in (users, [process for process in running if process.name in _SERVERS]):
        if processes:
            _say(f"stopping {', '.join(process.name for process in processes)}")
            stop(processes)
    (home / "processes.json").unlink(missing_ok=True)
    if remove:
        remove_postgres(home)
        shutil.rmtree(home, ignore_errors=True)


def _passwords(home: Path) -> dict[str, str]:
    """Made once for each home: the servers keep them with their data."""
    file = home / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    made = {name: secrets.token_urlsafe(12) for name in ("airflow", "postgres", "s3_key", "s3_secret")}
    made["salt"] = secrets.token_hex(32)
    if made.keys() - known.keys():
        file.touch(0o600)
        file.write_text(json.dumps(made | known))
    return made | known


def _deployment(home: Path, ports: dict[str, int], words: dict[str, str]) -> dict[str, str]:
    """What the jobs are told: the settings of a deployment, as the README names them."""
    spark = spark_environment({})
    return {
        **{name: spark[name] for name in ("SPARK_LOCAL_IP", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")},
        "PATH": f"{spark_home() / 'bin'}:{spark['PATH']}",
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(
            {"conn_type": "spark", "host": "spark://127.0.0.1", "port": ports["spark_master"]}
        ),
        "DRIFTLINE_COMMAND": shlex.quote(str(Path(sys.executable).parent / "driftline")),
        "DRIFTLINE_STORE": _database(ports, words, DATABASE),
        "DRIFTLINE_REPORTS": "s3://reports",
        "DRIFTLINE_MONITORS": str(home / "monitors"),
        "DRIFTLINE_SALT": words["salt"],
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3_s3']}",
        "AWS_ACCESS_KEY_ID": words["s3_key"],
        "AWS_SECRET_ACCESS_KEY": words["s3_secret"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _database(ports: dict[str, int], words: dict[str, str], name: str) -> str:
    return f"postgresql://{DATABASE_USER}:{words['postgres']}@127.0.0.1:{ports['postgres']}/{name}"


def _load_demo(home: Path, ports: dict[str, int], words: dict[str, str]) -> None:
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.pipeline.request import SilentProgress
    from driftline_stack.demo_logs import load

    _say("training the demo's model, and loading its logs into S3")
    folder = prepare(home / "demo", SilentProgress())
    load(folder.root, home / "monitors", s3_client(ports["s3_s3"], words["s3_key"], words["s3_secret"]))


def _report(
    home: Path,
    ports: dict[str, int],
    words: dict[str, str],
    environment: dict[str, str],
    *,
    with_spark: bool,
) -> None:
    """Print where everything is, and leave the same for programs."""
    store = environment["DRIFTLINE_STORE"]
    facts = {
        "airflow": environment["AIRFLOW__API__BASE_URL"],
        "airflow_user": USER,
        "airflow_password": words["airflow"],
        "postgres": store,
        "s3": environment["AWS_ENDPOINT_URL"],
        "s3_key": words["s3_key"],
        "s3_secret": words["s3_secret"],
        "spark": f"spark://127.0.0.1:{ports['spark_master']}",
        "mail": f"127.0.0.1:{ports['mail']}",
        "mail_folder": str(home / "mail"),
        "monitors": str(home / "monitors"),
        "ports": ports,
        "environment": environment,
    }
    for name, content in (
        ("stack.json", json.dumps(facts, indent=2)),
        ("env.sh", "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())),
    ):
        (home / name).touch(0o600)
        (home / name).write_text(content)
    spark = f"{facts['spark']}, its page http://127.0.0.1:{ports['spark_page']}"
    lines = [
        f"Airflow   {facts['airflow']}   user {USER}, password {words['airflow']}",
        f"Postgres  {store}",
        f"S3        {facts['s3']}   key {words['s3_key']}, secret {words['s3_secret']}",
        *([f"Spark     {spark}"] if with_spark else ()),
        f"mail      {facts['mail']}, kept in {facts['mail_folder']}",
        f"monitors  {facts['monitors']}: drop a file in, and its DAG appears",
        f"logs      {home / 'logs'};  for the airflow command: . {home / 'env.sh'}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text} …\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
