"""``python -m driftline_stack up | down``: start everything, stop everything."""

from __future__ import annotations

import argparse
import json
import secrets
import shlex
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from driftline_stack.airflow import ROOT, USER, airflow_environment, start_airflow
from driftline_stack.processes import Process, StackError, choose_ports, recall, remember, stop
from driftline_stack.services import (
    DATABASE,
    remove_postgres,
    s3_client,
    start_mail,
    start_postgres,
    start_s3,
)
from driftline_stack.services import USER as DATABASE_USER

_PORTS = {"airflow": 8080, "postgres": 5433, "mail": 8025, "s3_s3": 8333}
_INNER_PORTS = [
    f"s3_{part}{grpc}" for part in ("master", "volume", "filer", "s3", "admin") for grpc in ("", "_grpc")
]


def main() -> int:
    """Do what the command line asks; 1 with a message when it cannot be done."""
    parser = argparse.ArgumentParser(prog="driftline_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "down"):
        command = commands.add_parser(name)
        command.add_argument("--home", type=Path, default=ROOT / ".stack", help="where everything is kept")
    commands.choices["up"].add_argument("--empty", action="store_true", help="load no demo")
    commands.choices["up"].add_argument("--any-ports", action="store_true", help="not the usual ones")
    commands.choices["down"].add_argument("--remove", action="store_true", help="the data too")
    options = parser.parse_args()
    home: Path = options.home.absolute()
    try:
        if options.command == "up":
            up(home, demo=not options.empty, usual_ports=not options.any_ports)
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
        environment = airflow_environment(
            home, ports["airflow"], ports["mail"], _deployment(home, ports, words)
        )
        if demo:
            _load_demo(home, ports, words)
        _say("starting Airflow")
        running.append(start_airflow(home, ports["airflow"], environment, words["airflow"]))
        remember(running, home / "processes.json")
    except BaseException:
        stop(running)
        raise
    _tell(home, ports, words, environment)


def down(home: Path, *, remove: bool) -> None:
    """Stop what ``up`` started in ``home``, the last first."""
    running = recall(home / "processes.json")
    for process in reversed(running):
        _say(f"stopping {process.name}")
        stop([process])
    (home / "processes.json").unlink(missing_ok=True)
    if remove:
        remove_postgres(home)
        shutil.rmtree(home, ignore_errors=True)


def _passwords(home: Path) -> dict[str, str]:
    """Made once for each home: the servers keep them with their data."""
    file = home / "passwords.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())
        return known
    made = {name: secrets.token_urlsafe(12) for name in ("airflow", "postgres", "s3_key", "s3_secret")}
    file.touch(0o600)
    file.write_text(json.dumps(made))
    return made


def _deployment(home: Path, ports: dict[str, int], words: dict[str, str]) -> dict[str, str]:
    """What the jobs are told: the settings of a deployment, as the README names them."""
    at = f"127.0.0.1:{ports['postgres']}"
    return {
        "DRIFTLINE_COMMAND": shlex.quote(str(Path(sys.executable).parent / "driftline")),
        "DRIFTLINE_STORE": f"postgresql://{DATABASE_USER}:{words['postgres']}@{at}/{DATABASE}",
        "DRIFTLINE_REPORTS": "s3://reports",
        "DRIFTLINE_MONITORS": str(home / "monitors"),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3_s3']}",
        "AWS_ACCESS_KEY_ID": words["s3_key"],
        "AWS_SECRET_ACCESS_KEY": words["s3_secret"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _load_demo(home: Path, ports: dict[str, int], words: dict[str, str]) -> None:
    from driftline_jobs.demo.prepare import prepare
    from driftline_jobs.request import SilentProgress
    from driftline_stack.demo_logs import load

    _say("training the demo's model, and loading its logs into S3")
    folder = prepare(home / "demo", SilentProgress())
    load(folder.root, home / "monitors", s3_client(ports["s3_s3"], words["s3_key"], words["s3_secret"]))


def _tell(home: Path, ports: dict[str, int], words: dict[str, str], environment: dict[str, str]) -> None:
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
        "mail": f"127.0.0.1:{ports['mail']}",
        "mail_folder": str(home / "mail"),
        "monitors": str(home / "monitors"),
        "environment": environment,
    }
    for name, content in (
        ("stack.json", json.dumps(facts, indent=2)),
        ("env.sh", "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())),
    ):
        (home / name).touch(0o600)
        (home / name).write_text(content)
    lines = [
        f"Airflow   {facts['airflow']}   user {USER}, password {words['airflow']}",
        f"Postgres  {store}",
        f"S3        {facts['s3']}   key {words['s3_key']}, secret {words['s3_secret']}",
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
