"""Which monitor files a command line means."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from driftline_schemas.errors import ConfigError

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
