"""Progress on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from driftline_jobs.cli.console.reporter import Reporter, in_words, printable


class Bars(Reporter):
    """A bar per stage, on standard error; events scroll by above them."""

    def __init__(self, *, debug: bool) -> None:
        super().__init__(debug=debug)
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._bars.start()

    def _begin(self, stage: str, total: int | None) -> None:
        self._bars.add_task(printable(stage), total=total)

    def _advance(self, steps: int) -> None:
        if self._bars.task_ids:
            self._bars.advance(self._bars.task_ids[-1], steps)

    def _end(self, stage: str, steps: int, seconds: float) -> None:
        del stage, seconds
        # A stage of unknown length is full when it is over, whatever it counted.
        done = max(steps, 1)
        self._bars.update(self._bars.task_ids[-1], total=done, completed=done)

    def _say(self, event: str, fields: dict[str, object]) -> None:
        self._bars.console.print(Text(printable(in_words(event, fields)), style="dim"))

    def _close(self) -> None:
        self._bars.stop()
