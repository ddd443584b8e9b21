"""What a report is made from: rows of the summary tables, and the decoded distributions of one window.

Tables hold the rows that the ``current_<table>`` views give, with the columns of the contract; a timestamp
may be aware or naive (then it is UTC). A table that is not there counts as empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from driftline_schemas.monitor import Monitor
    from driftline_schemas.window import Window

    Counts = np.ndarray[Any, np.dtype[np.int64]]
    Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """One column's counts per bin, now and in the reference, whole rows only (all versions, no segment).

    Either ``edges``, the B - 1 inner edges of an ordered column, ascending, its outer bins open; or
    ``labels``, the B values of a column with one bin per value (the last ones may be ``__other__`` and
    ``__unseen__``).
    Missing values are counted apart. Raises ValueError when the lengths do not fit.
    """

    column: str
    kind: str
    current: Counts
    reference: Counts | None
    edges: Floats | None = None
    labels: tuple[str, ...] | None = None
    current_missing: int = 0
    reference_missing: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        """Hold the lengths against each other."""
        if (self.edges is None) == (self.labels is None):
            raise ValueError(f"the distribution of {self.column!r} needs edges or labels, and not both")
        bins = len(self.edges) + 1 if self.edges is not None else len(self.labels or ())
        for side, counts in (("current", self.current), ("reference", self.reference)):
            if counts is not None and len(counts) != bins:
                raise ValueError(
                    f"the {side} counts of {self.column!r} are {len(counts)}, its bins are {bins}"
                )


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by what they are and what they were predicted to be, of a binary classifier."""

    hits: int
    misses: int
    false_alarms: int
    rejections: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.hits + self.misses + self.false_alarms + self.rejections


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFacts:
    """What the window was compared with, as a person needs it; a window of its own is left out of it.

    Attributes:
        windows: how many windows it is made of; 0 where it is a data set without times.
        start, end: the first and the last moment that it covers, if it has times.
        rows: of all of it.
        season: whether it is the same weeks of a year or more.
        columns: by a column's name in the tables, a row with the columns of ``profile_metrics``.
        medians: between which values the medians of its windows lie, by column: all but one in twenty.
        performance: the same of its windows' figures by labels, by metric.
        confusion: of all its labelled rows.
    """

    windows: int
    rows: int
    start: datetime | None = None
    end: datetime | None = None
    season: bool = False
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    medians: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    performance: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    confusion: Confusion | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReportInputs:
    """One monitor's page for one window.

    ``tables``: runs, run_inputs, profile_metrics, drift_metrics, quality_metrics, performance_metrics,
    performance_curves, attributions, alerts, incidents, impacts, window_levels; profile_course has the
    trailing windows of columns that are drawn over time. Of the windows before this one only rows of the
    whole (``'*'`` as version, segment and value) are used: 90 windows of them make the trends.
    ``index_link``, ``drilldown_link``: addresses relative to the page, or http(s).
    ``reference``: what the window was compared with, if anything; ``confusion``: of its own rows.
    ``pages``: the addresses of other windows' pages that exist, by the window's start.
    """

    monitor: Monitor
    window: Window
    tables: Mapping[str, pa.Table]
    distributions: Mapping[str, Distribution]
    generated_at: datetime
    index_link: str | None = None
    drilldown_link: str | None = None
    reference: ReferenceFacts | None = None
    confusion: Confusion | None = None
    pages: Mapping[datetime, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be right on any page."""
        if self.generated_at.tzinfo is None:
            raise ValueError(f"generated_at needs a zone, {self.generated_at.isoformat()} has none")
        for link in (self.index_link, self.drilldown_link, *self.pages.values()):
            check_link(link)


@dataclass(frozen=True, slots=True, eq=False)
class MonitorHistory:
    """One monitor's rows over as much time as its calendar shall show, for the index.

    ``tables``: runs, drift_metrics, quality_metrics, performance_metrics, alerts; of the metric tables the
    rows of the whole (``'*'``). ``pages`` are the addresses of the reports that exist, by window start.
    """

    monitor: Monitor
    tables: Mapping[str, pa.Table]
    pages: Mapping[datetime, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse addresses that could run something."""
        for link in self.pages.values():
            check_link(link)


@dataclass(frozen=True, slots=True, eq=False)
class IndexInputs:
    """Everything the index shows: its monitors in the order of their names."""

    monitors: Sequence[MonitorHistory]
    generated_at: datetime


def check_link(link: str | None) -> None:
    """Raise ValueError for an address that is neither relative nor http(s): it could run something."""
    if link is None:
        return
    if urlsplit(link).scheme.lower() not in {"", "http", "https"} or any(ord(c) < 0x21 for c in link):
        raise ValueError(f"{link!r} is not an address a page may link to: relative or http(s) is")


def page_name(monitor: Monitor, window: Window) -> str:
    """Where a window's page lies below the reports folder: ``flight_delay/day/2013-07-01.html``."""
    period = monitor.calendar.label(window).replace(":", "")
    return f"{monitor.monitor}/{window.granularity.value}/{period}.html"
