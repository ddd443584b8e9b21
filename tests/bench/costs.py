"""What processes cost, and comparisons of two of them as lines of one table.

Standard library alone: the measuring process stays small, for a child's peak memory is never counted below
its parent's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took.

    Attributes:
        work: the seconds that it says the work alone took: imports, and what was loaded before, apart.
        cpu, peak: core-seconds and peak bytes of the whole process and the children it waited for; 0 where
            they cannot be told.
        rows, columns: of what it read.
    """

    work: float
    cpu: float
    peak: int
    rows: int
    columns: int


def measure(command: Sequence[str], *, folder: Path | None = None) -> tuple[float, float, int, str, str]:
    """Wall seconds, core-seconds, peak resident bytes and both outputs of ``command``, which must succeed.

    What this shell has settled for Driftline, or for threads of linear algebra, is not passed on.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DRIFTLINE_") and not name.endswith("_NUM_THREADS")
    }
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors, env=environment, cwd=folder)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        answer, said = out.read(), errors.read()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {child.returncode}:\n{answer}{said}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, answer, said


def told(command: Sequence[str], *, folder: Path | None = None) -> Cost:
    """The cost of a command whose last line is rows, columns and seconds of work."""
    _, cpu, peak, answer, _ = measure(command, folder=folder)
    rows, columns, seconds = answer.splitlines()[-1].split()
    return Cost(float(seconds), cpu, peak, int(rows), int(columns))


def by_turns(
    this: Callable[[], Cost], other: Callable[[], Cost], repetitions: int, folders: Sequence[Path]
) -> tuple[list[Cost], list[Cost]]:
    """Costs of both, one after the other: whatever else the machine does falls on both.

    Both find the Parquet of ``folders`` in the page cache, from which a machine may drop it in minutes.
    """
    ours: list[Cost] = []
    others: list[Cost] = []
    for _ in range(repetitions):
        for costs, cost in ((others, other), (ours, this)):
            read_through(folders)
            costs.append(cost())
    return ours, others


@contextmanager
def busy_cores(cores: int) -> Iterator[None]:
    """As many processes as there are cores, each of which takes all it can get of one."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for child in spinning:
            child.kill()
            child.wait()


def read_through(folders: Sequence[Path]) -> None:
    """Have the Parquet of ``folders`` in the page cache."""
    for folder in folders:
        for path in sorted(folder.glob("*.parquet")):
            with path.open("rb") as file:
                while file.read(1 << 20):
                    pass


@dataclass(frozen=True, slots=True)
class Comparison:
    """This against something else, pair by pair.

    Attributes:
        what: the names of this and of the other.
        costs: of this and of the other, as many of each.
        goal: the ratio that is asked for, None where none is.
        divided: the other's seconds divided by this one's are asked to be at least ``goal``; otherwise this
            one's by the other's at most.
    """

    what: tuple[str, str]
    costs: tuple[list[Cost], list[Cost]]
    goal: float | None
    divided: bool = False

    @property
    def ratios(self) -> list[float]:
        """Ascending."""
        ours, others = self.costs
        pairs = ((mine.work, other.work) for mine, other in zip(ours, others, strict=True))
        return sorted(other / mine if self.divided else mine / other for mine, other in pairs)

    def lines(self) -> Iterator[str]:
        """Both, this one with the ratio."""
        ratio = statistics.median(self.ratios)
        yield line(self.what[1], self.costs[1])
        yield line(
            self.what[0],
            self.costs[0],
            f"{ratio:.2f} ({self.ratios[0]:.2f}–{self.ratios[-1]:.2f})",
            *verdict(ratio, self.goal, at_least=self.divided),
        )


def verdict(figure: float, goal: float | None, *, at_least: bool = False) -> tuple[str, str]:
    """The goal in words, and whether it is met."""
    if goal is None:
        return "–", "–"
    met = figure >= goal if at_least else figure <= goal
    return f"{'≥' if at_least else '≤'} {goal:g}", "yes" if met else "**missed**"


HEADING = (
    "| what | rows | columns | seconds | core-s | peak MB | core-s per 10⁹ rows | ratio | goal | met |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | --- |"
)


def line(what: str, costs: Sequence[Cost], ratio: str = "", goal: str = "", met: str = "") -> str:
    """One line of the table: medians."""
    work, cpu, peak = (
        statistics.median(figures)
        for figures in zip(*((cost.work, cost.cpu, cost.peak / 1e6) for cost in costs), strict=True)
    )
    rows, columns = costs[0].rows, costs[0].columns
    spent = f"{cpu:.2f} | {peak:.0f} | {cpu / rows * 1e9:.0f}" if cpu and rows else "– | – | –"
    return f"| {what} | {rows:,} | {columns} | {work:.2f} | {spent} | {ratio} | {goal} | {met} |"
