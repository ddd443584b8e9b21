"""The page of errors and exit statuses, in Markdown: written from the classes, never by hand.

``python -m driftline_jobs.cli.errors_page docs/errors.md`` writes it anew.
"""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from driftline_jobs.cli.console.reporter import UNEXPECTED
from driftline_jobs.cli.run import ALERTS
from driftline_schemas.errors import ConfigError, DataError, DriftlineError, TransientError

_PACKAGES = ("driftline_schemas", "driftline_reports", "driftline_jobs")
_CLASS = re.compile(r"^class (\w+)\((\w+)\)", re.MULTILINE)
_STOPPED = "interrupted, terminated: what was running is noted as failed, nothing is left behind"
_OPENING = """\
# Errors and exit statuses

Written from the code: `python -m driftline_jobs.cli.errors_page docs/errors.md`.

| exit | meaning |
| --- | --- |
"""
_CLASSES = """
A command that is given several monitors works on each of them, and ends with the status that asks for most:
1, then 2, 3, 4, 10, 0.

## What ends a command

The class decides between stop and retry, and is what `error_kind` says, in `runs` and in the lines of
`--log-format json`. The message is for people, and may change.

| class | exit | retry | meaning | when |
| --- | --- | --- | --- | --- |
"""
_INSIDE = """
## What stays inside

| class | meaning | ends as |
| --- | --- | --- |
"""


def exit_statuses() -> dict[int, str]:
    """Every exit status of the command line, and what it means."""
    return {
        0: "published, with or without alerts",
        UNEXPECTED: "a defect in Driftline: please report it",
        ConfigError.exit_code: "the command or the monitor file is wrong",
        DataError.exit_code: "the data is wrong; a retry will not help",
        TransientError.exit_code: "something was out of reach; try again",
        ALERTS: "published, and there are alerts, only with `--fail-on-alert`",
    }


def errors_page() -> str:
    """The whole page."""
    known = list(exceptions())
    ours = [kind for kind in known if issubclass(kind, DriftlineError) and hasattr(kind, "exit_code")]
    ours.sort(key=lambda kind: (kind.exit_code, len(kind.__mro__), kind.__name__))
    inside = [kind for kind in known if not issubclass(kind, DriftlineError)]
    inside.sort(key=lambda kind: kind.__name__)
    statuses = [_row(str(status), meaning) for status, meaning in exit_statuses().items()]
    ending = [
        _row(f"`{kind.__name__}`", str(kind.exit_code), _retry(kind), _first(kind), _after(kind, "When"))
        for kind in ours
    ]
    internal = [_row(f"`{kind.__name__}`", _first(kind), _after(kind, "Ends as")) for kind in inside]
    return "".join([_OPENING, *statuses, _row("130, 143", _STOPPED), _CLASSES, *ending, _INSIDE, *internal])


def exceptions() -> Iterator[type[BaseException]]:
    """Every exception class of our own. Only the modules that define one are imported, not all there are."""
    defined = list(_defined())
    names = {
        name
        for name, kind in vars(builtins).items()
        if inspect.isclass(kind) and issubclass(kind, BaseException)
    }
    found: list[tuple[str, str]] = []
    while more := [each for each in defined if each[2] in names and each[:2] not in found]:
        found += [(module, name) for module, name, _ in more]
        names |= {name for _, name, _ in more}
    for module, name in found:
        yield getattr(import_module(module), name)


def _defined() -> Iterator[tuple[str, str, str]]:
    """Every class that has one base: its module, its name and that of its base."""
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                parts = (package, *path.relative_to(folder).with_suffix("").parts)
                module = ".".join(parts).removesuffix(".__init__")
                for name, base in _CLASS.findall(path.read_text(encoding="utf-8")):
                    yield module, name, base


def _retry(kind: type[BaseException]) -> str:
    return "yes" if issubclass(kind, TransientError) else "no"


def _first(kind: type[BaseException]) -> str:
    """The first sentence of its docstring."""
    return re.split(r"(?<=\.)\s", _paragraphs(kind)[0])[0]


def _after(kind: type[BaseException], word: str) -> str:
    """The paragraph of its docstring that begins with ``word`` and a colon."""
    (found,) = [text for text in _paragraphs(kind) if text.startswith(f"{word}: ")]
    return found.removeprefix(f"{word}: ")


def _paragraphs(kind: type[BaseException]) -> list[str]:
    text = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(errors_page(), encoding="utf-8")
