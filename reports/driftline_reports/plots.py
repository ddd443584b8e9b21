"""What a chart shows, as plain data: the view makes these, ``charts`` draws them.

Times are milliseconds of the wall clock in the monitor's zone, so that a day's tick stands at its midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Steps:
    """Shares of an ordered column over its bins, now and in the reference.

    ``bounds`` are the B + 1 places where bins begin and end on the axis; ``current`` and ``reference`` the B
    shares. ``ticks`` pairs a place with its text.
    """

    bounds: tuple[float, ...]
    current: tuple[float, ...]
    reference: tuple[float, ...] | None
    ticks: tuple[tuple[float, str], ...]
    summary: str
    reference_swatch: ClassVar[str] = "s-ref"


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares of categories, most changed first; ``reference`` is None where there is none."""

    labels: tuple[str, ...]
    current: tuple[float, ...]
    reference: tuple[float, ...] | None
    summary: str
    reference_swatch: ClassVar[str] = "f-ref"


@dataclass(frozen=True, slots=True)
class Median:
    """What a column's rows have in their middle over windows, and where that usually lies.

    ``values`` holds None where a window has none: the line breaks there. ``band`` is where the reference's
    windows lie, ``usual`` what the whole reference has; ``beyond`` which windows counted as changed.
    """

    title: str
    times: tuple[int, ...]
    values: tuple[float | None, ...]
    band: tuple[float, float] | None
    usual: float | None
    beyond: tuple[bool, ...]
    form: str
    summary: str

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Swatch and meaning of what is drawn."""
        there = {
            ("s-now", "each window"): True,
            ("f-band", "windows of the reference"): self.band is not None,
            ("s-quiet", "reference"): self.band is None and self.usual is not None,
            ("dot", "counted as changed"): any(self.beyond),
        }
        return [entry for entry, shown in there.items() if shown]


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of at most three values over windows, ``usual`` in the reference."""

    title: str
    times: tuple[int, ...]
    names: tuple[str, ...]
    lines: tuple[tuple[float | None, ...], ...]
    usual: tuple[float, ...] | None
    summary: str
    STROKES: ClassVar[tuple[str, ...]] = ("now", "rate", "mix")

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Swatch and name of each line."""
        lines = [(f"s-{stroke}", name) for stroke, name in zip(self.STROKES, self.names, strict=False)]
        return [*lines, ("s-quiet", "reference")] if self.usual is not None else lines


@dataclass(frozen=True, slots=True)
class Mini:
    """A distribution as high as a word: shares from left to right, each of a width, now and usually."""

    widths: tuple[float, ...]
    now: tuple[float, ...]
    usual: tuple[float, ...] | None
    title: str


@dataclass(frozen=True, slots=True)
class Course:
    """A performance figure over windows: realized with its interval, estimated, limit.

    ``final`` says where labels are complete; ``usual`` is where the reference's windows lie.
    """

    times: tuple[int, ...]
    realized: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    estimated: tuple[float | None, ...]
    limits: tuple[float | None, ...]
    reference: float | None
    final: tuple[bool, ...]
    beyond: tuple[bool, ...]
    form: str
    summary: str
    usual: tuple[float, float] | None = None

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Swatch and meaning of what is drawn: nothing that is not there."""
        waiting = (v is not None and not done for v, done in zip(self.realized, self.final, strict=True))
        there = {
            ("s-now", "realized"): _any(self.realized),
            ("f-band", "95% interval"): self.usual is None and _any(self.low),
            ("f-quiet", "usual windows"): self.usual is not None,
            ("s-guess", "estimated without labels"): _any(self.estimated),
            ("s-limit", "limit"): _any(self.limits),
            ("s-quiet", "reference"): self.reference is not None,
            ("dot", "beyond the limit"): any(self.beyond),
            ("hollow", "labels incomplete"): any(waiting),
        }
        return [entry for entry, shown in there.items() if shown]


def _any(values: tuple[float | None, ...]) -> bool:
    return any(value is not None for value in values)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of each window's rows that have a label."""

    times: tuple[int, ...]
    shares: tuple[float | None, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Rows of each window."""

    times: tuple[int, ...]
    counts: tuple[int | None, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Split:
    """Mix and rate effects of segment values on a figure, in the figure's unit."""

    labels: tuple[str, ...]
    mix: tuple[float, ...]
    rate: tuple[float, ...]
    form: str
    summary: str


@dataclass(frozen=True, slots=True)
class Spark:
    """A figure over windows small enough to stand in a table's row."""

    values: tuple[float | None, ...]
    beyond: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Mean score against the share of positives, from low scores to high."""

    scores: tuple[float, ...]
    shares: tuple[float, ...]
    estimated: tuple[tuple[float, float], ...]
    summary: str
    bounds: tuple[tuple[float, float, float], ...] = ()
