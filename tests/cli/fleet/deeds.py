"""Tasks for processes of their own: they must be found by import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def squared_unless_deadly(number: int) -> int:
    """Its square; 13 ends its process as the system would for want of memory."""
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)  # so that others are under way when it happens
    return number * number


def process_of(_: int) -> int:
    """Which process does it."""
    time.sleep(0.05)
    return os.getpid()


def wait_and_tidy(mark: Path) -> None:
    """Say that it has begun, wait, and say whether it was let to tidy up."""
    mark.touch()
    try:
        time.sleep(120)
    finally:
        mark.with_suffix(".tidied").touch()
