"""Say on the terminal which checks failed: one line for each, however many windows it failed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftline_jobs.evaluate.check import Check
from driftline_jobs.pipeline.request import Progress
from driftline_jobs.pipeline.steps.alerts import window_label
from driftline_schemas.window import Window


def report_failed(progress: Progress, checks: Mapping[Window, Sequence[Check]]) -> None:
    """Report an event for every check that failed, with the first window in which it did and its value."""
    failed: dict[tuple[str, str], list[tuple[Window, Check]]] = {}
    for window in sorted(checks):
        for check in checks[window]:
            if check.passed is False:
                failed.setdefault((check.name, check.column), []).append((window, check))
    for (name, column), several in failed.items():
        first, check = several[0]
        progress.event(
            "check_failed",
            check=name,
            column=None if column == "*" else column,
            windows=len(several),
            first=window_label(first),
            value=check.value,
            expected=check.expected,
        )
