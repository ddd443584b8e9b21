"""Which monitor files a command line means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from driftline_schemas.errors import ConfigError

_NAME = re.compile(r"""^["']?monitor["']?\s*:\s*["']?(?P<name>[a-z][a-z0-9_]*)""", re.MULTILINE)
SUFFIXES = (".yaml", ".yml")


def monitor_files(given: Iterable[Path]) -> list[Path]:
    """The files that are named, and those in folders that are named, each once, in that order.

    Of a folder, every YAML file directly in it but those whose names begin with ``_`` or ``.``: these hold
    settings, or are not finished. Raises ConfigError for a folder that has none.
    """
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            found |= dict.fromkeys(_in_folder(path))
        else:
            found[path] = None
    return list(found)


def namesakes(files: Iterable[Path]) -> dict[Path, Path]:
    """Files whose monitor is called like that of an earlier one, with that one: they would share windows.

    Only the line that names the monitor is looked at; a file that cannot be read is for its own command to
    refuse.
    """
    first: dict[str, Path] = {}
    found = {}
    for path in files:
        try:
            named = _NAME.search(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if named is not None and (earlier := first.setdefault(named["name"], path)) != path:
            found[path] = earlier
    return found


def _in_folder(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be read: {error.strerror}") from error
    files = [
        path
        for path in entries
        if path.suffix in SUFFIXES and not path.name.startswith(("_", ".")) and path.is_file()
    ]
    if not files:
        raise ConfigError(f"there is no monitor file in the folder {folder}: they end in .yaml")
    return files
