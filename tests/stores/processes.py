"""Other processes, which import what the tests do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]


def python(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """A Python of its own that can import the product and the tests; ``options`` are those of ``Popen``."""
    path = os.pathsep.join(str(_ROOT / part) for part in ("", "schemas", "reports", "jobs"))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, *arguments], env=environment, **options)
