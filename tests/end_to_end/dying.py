"""A command that is killed where it is told to: ``python dying.py POINT before|after WORDS…``.

Points are its transactions and the pages that it writes, counted from 0; how many it has passed it says at
its end, if it comes to it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from driftline_jobs.cli import main
from driftline_jobs.reporting.pages import Pages
from driftline_jobs.stores.sql_store import SqlStore


class _Points:
    def __init__(self, deadly: int, *, after: bool) -> None:
        self.deadly, self.after, self.passed = deadly, after, 0

    def of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, at whose call the process may end."""

        def passing(*arguments: Any, **named: Any) -> Any:
            is_deadly = self.passed == self.deadly
            self.passed += 1
            if is_deadly and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = function(*arguments, **named)
            if is_deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return passing


if __name__ == "__main__":
    points = _Points(int(sys.argv[1]), after=sys.argv[2] == "after")
    SqlStore._change = points.of(SqlStore._change)  # type: ignore[method-assign]
    Pages.write = points.of(Pages.write)  # type: ignore[method-assign]
    try:
        main(sys.argv[3:])
    finally:
        sys.stderr.write(f"passed {points.passed}\n")
