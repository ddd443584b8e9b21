"""Other processes, which import what the tests do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def python(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """A Python of its own that can import the product and the tests."""
    path = os.pathsep.join(str(_ROOT / part) for part in ("", "schemas", "reports", "jobs"))
    return subprocess.Popen([sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path})
