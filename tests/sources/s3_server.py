"""A real S3 server (SeaweedFS) for tests, on ports that are free."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEY, _SECRET = "test-key", "test-secret"
_PORTS = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True)
class S3Server:
    """A running server: where it is and who may use it."""

    url: str
    key: str
    secret: str

    def client(self) -> S3Client:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
        )


@contextmanager
def serve(folder: Path) -> Iterator[S3Server]:
    """Run a server with one bucket, ``logs``, that keeps its data in ``folder``; stop it in the end."""
    data = folder / "data"
    data.mkdir()
    numbers = _free_ports(2 * len(_PORTS))
    ports = dict(zip(_PORTS, numbers[: len(_PORTS)], strict=True))
    # Unless told, each gRPC port is its HTTP port plus 10,000, which another test's server may have.
    grpc = dict(zip(_PORTS, numbers[len(_PORTS) :], strict=True))
    listen = [f"-{name}.port={ports[name]}" for name in _PORTS]
    listen += [f"-{name}.port.grpc={grpc[name]}" for name in _PORTS]
    command = [
        str(Path(sys.executable).parent / "weed"),
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *listen,
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-bucket=logs",
    ]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "TMPDIR": str(folder),
        "HOME": str(folder),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
        try:
            server = S3Server(f"http://127.0.0.1:{ports['s3']}", _KEY, _SECRET)
            _wait_for(server, process, folder / "log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for port in (*ports.values(), *grpc.values()):
                # The admin's socket has no option: it lies beside those of every other server.
                Path(f"/tmp/seaweedfs-admin-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_for(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    client = server.client()
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            client.head_bucket(Bucket="logs")
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}")
