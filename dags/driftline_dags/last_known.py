"""What was last read of the monitors on S3, for the time S3 is out of reach.

Airflow takes a DAG that a parse does not find for one that was removed: without this, a minute without S3
would take every monitor off the schedule.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path


def keep(place: str, text: str) -> None:
    """Remember that ``place`` reads ``text``. Where nothing can be written, nothing is remembered."""
    file = _file(place)
    with suppress(OSError):
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Several processes parse at once: each writes a file of its own, and the last one stays, whole.
        handle, unfinished = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(unfinished).replace(file)


def known(place: str) -> str | None:
    """What ``place`` read when it was last reached; None if it never was."""
    try:
        return _file(place).read_text(encoding="utf-8")
    except OSError:
        return None


def _file(place: str) -> Path:
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return home / "driftline-monitors" / hashlib.sha256(place.encode()).hexdigest()
