"""Start programs that outlive us, find them again, and end exactly those."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_PATIENCE = 20.0


class StackError(Exception):
    """The stack cannot do what is asked; the message says why and where to look."""


@dataclass(frozen=True, slots=True)
class Process:
    """A program that was started, leader of a session of its own.

    ``born`` is when the kernel says it started: another process may have its number by now.
    """

    name: str
    pid: int
    born: str

    @property
    def running(self) -> bool:
        """Whether it is still there, and not merely its number."""
        return _born(self.pid) == self.born


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    folder: Path,
    identity: Mapping[str, Any] | None = None,
) -> Process:
    """Start ``command`` in a session of its own, with its output in ``log``."""
    with log.open("ab") as output:
        # Not a pipe: it would break when we end. The session lets us end its children with it.
        process = subprocess.Popen(  # noqa: S603 - our own words
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            **(identity or {}),
        )
    return Process(name, process.pid, _born(process.pid))


def stop(processes: Sequence[Process]) -> None:
    """End the processes and all they started; those that do not listen are killed."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        while _group_lives(process) and time.monotonic() < deadline:
            _reap(process.pid)
            time.sleep(0.1)
        _signal(process, signal.SIGKILL)
        _reap(process.pid)


def wait_for(
    what: str, answers: Callable[[], bool], *, process: Process, log: Path, seconds: float = 90
) -> None:
    """Wait until ``answers``; StackError with the end of the log when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers():
            return
        _reap(process.pid)
        if not process.running:
            break
        time.sleep(0.2)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
    raise StackError(f"{what} did not start; the end of {log}:\n{tail}")


def listens(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose_ports(wished: Mapping[str, int]) -> dict[str, int]:
    """A free port for every name: the wished one, or any if that is taken or 0."""
    with ExitStack() as open_until_all_are_chosen:
        chosen = {}
        for name, port in wished.items():
            holder = open_until_all_are_chosen.enter_context(socket.socket())
            # Without this the ports of a stack that was just stopped would count as taken.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                holder.bind(("127.0.0.1", port))
            except OSError:
                holder.bind(("127.0.0.1", 0))
            chosen[name] = int(holder.getsockname()[1])
        return chosen


def remember(processes: Sequence[Process], file: Path) -> None:
    """Note what runs, so that another process can end it."""
    file.write_text(json.dumps([asdict(process) for process in processes]))


def recall(file: Path) -> list[Process]:
    """What ``remember`` noted, as far as it still runs."""
    if not file.exists():
        return []
    noted = [Process(**entry) for entry in json.loads(file.read_text())]
    return [process for process in noted if process.running or _group_lives(process)]


def _born(pid: int) -> str:
    """The start time in the kernel's ticks since boot, "" if there is no such process or it is a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The program's name, in brackets, may hold anything: what follows the last bracket is regular.
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _members(process: Process) -> list[int]:
    """Every process of the session that ``process`` leads, those that moved to a group of their own too."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == process.pid and fields[0] != "Z" and int(fields[19]) >= int(process.born):
                found.append(int(entry.name))
    return found


def _group_lives(process: Process) -> bool:
    return bool(_members(process))


def _signal(process: Process, number: signal.Signals) -> None:
    for pid in _members(process):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap(pid: int) -> None:
    """Take the exit status of a child of ours; of others there is none to take."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
