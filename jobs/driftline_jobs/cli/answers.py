"""What a command answers about one monitor, and about many."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import typer

from driftline_jobs.cli.console.reporter import UNEXPECTED, Reporter, defect, in_words
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

_MILDEST_FIRST = (0, 10, 4, 3, 2, 1)
"""Exit statuses: a retry may cure 4, somebody has to change something for 3 and 2, and 1 is a defect."""
_WELL = frozenset({0, 10})
_EVENTS_MOST = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended for one monitor.

    Attributes:
        text: for a person; event, fields: the same for a machine.
        status: the exit status that it would have had alone.
        events: what happened on the way, in words.
    """

    text: str
    event: str
    fields: dict[str, object] = field(default_factory=dict)
    status: int = 0
    events: tuple[str, ...] = ()


Command = Callable[..., Answer]
"""A monitor file, where to report progress, and ``alone``: whether the command is about it alone. Pickles."""


class _Collected:
    """A ``driftline_jobs.pipeline.request.Progress`` of a worker process: what happened, and no bars."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def stage(self, name: str, total: int | None = None) -> None:
        """Nothing to show."""

    def advance(self, steps: int = 1) -> None:
        """Nothing to show."""

    def event(self, name: str, **fields: object) -> None:
        """Note what happened, up to a bound."""
        if len(self.events) < _EVENTS_MOST:
            self.events.append(in_words(name, fields))


def answer_each(
    progress: Reporter,
    given: Sequence[Path],
    command: Command,
    workers: int | None,
    *,
    debug: bool,
    finish: Callable[[], None] | None = None,
) -> None:
    """Carry a command out for the monitor files that are given, and end with its status, or the worst one.

    Several are worked on in processes of their own, as many at a time as ``workers``, or the settings, say;
    ``finish`` is called when all are done.
    """
    from driftline_jobs.cli.fleet.files import monitor_files
    from driftline_jobs.engines.process import spare_pandas

    spare_pandas()
    files = monitor_files(given)
    if len(files) == 1 and not any(path.is_dir() for path in given):
        answer = command(files[0], progress)
        progress.answer(answer.text, answer.event, **answer.fields)
        status = answer.status
    else:
        answers = list(_each(progress, files, command, _workers(workers), debug=debug))
        if finish is not None:
            finish()
        status = worst(answer.status for answer in answers)
        failed = sum(answer.status not in _WELL for answer in answers)
        text = f"{len(files):,} monitors: {len(files) - failed:,} well, {failed:,} failed"
        each = [answer.fields for answer in answers]
        progress.answer(text, "all_done", monitors=len(files), failed=failed, exit_status=status, each=each)
    if status:
        raise typer.Exit(status)


def _workers(asked: int | None) -> int:
    from driftline_schemas.settings import load_settings

    return load_settings({"workers": asked}).workers or len(os.sched_getaffinity(0))


def _each(
    progress: Reporter, files: Sequence[Path], command: Command, workers: int, *, debug: bool
) -> Iterator[Answer]:
    from driftline_jobs.cli.fleet.files import namesakes
    from driftline_jobs.cli.fleet.processes import ProcessDiedError, in_processes

    progress.stage("monitors", len(files))
    twice = namesakes(files)
    for path, earlier in twice.items():
        progress.advance()
        answer = _namesake(path, earlier)
        about = {"monitor_file": str(path), "error": answer.text, "exit_status": answer.status}
        progress.event("failed", **about)
        yield replace(answer, fields=about)
    files = [path for path in files if path not in twice]
    task = partial(_in_worker, command=partial(command, alone=False), debug=debug)
    for path, found in in_processes(task, files, workers):
        answer = _died(path) if isinstance(found, ProcessDiedError) else found
        progress.advance()
        for event in answer.events:
            progress.event("said", monitor_file=path, event=event)
        about = {"monitor_file": str(path), **answer.fields}
        if answer.status not in _WELL:
            about |= {"error": answer.text, "exit_status": answer.status}
        progress.event(answer.event if answer.status in _WELL else "failed", **about)
        yield replace(answer, events=(), fields={**about, "exit_status": answer.status})


def worst(statuses: Iterable[int]) -> int:
    """Of several exit statuses the one that asks for most."""
    return max(statuses, key=_MILDEST_FIRST.index, default=0)


def _in_worker(path: Path, command: Command, *, debug: bool) -> Answer:
    progress = _Collected()
    try:
        answer = command(path, progress)
    except Exception as error:  # noqa: BLE001 - one monitor's fault is no other's
        known = isinstance(error, DriftlineError)
        status = error.exit_code if isinstance(error, DriftlineError) else UNEXPECTED
        text = str(error) if known else defect(error)
        origin = "".join(traceback.format_exception(error)) if debug else ""
        answer = Answer(text + origin, "failed", {"error_kind": type(error).__name__}, status)
    return replace(answer, events=tuple(progress.events))


def _namesake(path: Path, earlier: Path) -> Answer:
    text = (
        f"{path} has the monitor name of {earlier}, and their windows would replace each other's: give one "
        "of them another name"
    )
    return Answer(text, "failed", {"error_kind": ConfigError.__name__}, ConfigError.exit_code)


def _died(path: Path) -> Answer:
    text = (
        f"the process that worked on {path} ended without a word: for want of memory, or by a fault in a "
        "library; run it alone to see more"
    )
    return Answer(text, "failed", {"error_kind": "ProcessDied"}, TransientError.exit_code)
