"""The part of the page about how well the model did, as data."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_reports import plots
from driftline_reports.queries import Query
from driftline_reports.view_model import Figure, Sentence


@dataclass(frozen=True, slots=True)
class PerformanceRow:
    """One metric of the model as a whole or of one class; ``error`` is what the estimate was off by. It is
    ``unsure`` if it lies beyond its limit by no more than chance may do."""

    metric: str
    title: str
    realized: Figure
    low: Figure
    high: Figure
    bound: Figure
    estimated: Figure
    error: Figure
    reference: Figure
    trivial: Figure
    threshold: Figure
    source: str
    rows: Figure
    degraded: bool | None
    unsure: bool
    estimate_degraded: bool | None
    reason: str
    spark: plots.Spark
    usual: str = ""


@dataclass(frozen=True, slots=True)
class PooledRow:
    """A figure of the outcomes of several windows together, this one the last."""

    title: str
    windows: int
    realized: Figure
    low: Figure
    high: Figure
    reference: Figure
    threshold: Figure
    rows: Figure
    degraded: bool | None


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """Shares of the labelled rows, now and in the reference: name, now, rows now, usually."""

    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One model version or segment's cell beside the whole."""

    name: str
    rows: Figure
    figure: Figure
    low: Figure
    high: Figure
    whole_gap: str
    flag: str


@dataclass(frozen=True, slots=True)
class Performance:
    """How well the model did, over time and now."""

    absent: Sentence
    labels: Sentence
    provisional: bool
    lead: str
    course: plots.Course | None
    coverage: plots.Coverage | None
    rows: tuple[PerformanceRow, ...]
    pooled: tuple[PooledRow, ...]
    confusion: ConfusionTable | None
    classes: tuple[PerformanceRow, ...]
    calibration: plots.Calibration | None
    versions: tuple[GroupRow, ...]
    segments: tuple[GroupRow, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One segment's part in a change of a performance figure."""

    name: str
    mix: Figure
    rate: Figure
    share: Figure
    rows: Figure


@dataclass(frozen=True, slots=True)
class Why:
    """What explains a change of performance; whether its parts add up to it."""

    absent: Sentence
    metric: str
    adds_up: bool
    rows: tuple[Reason, ...]
    more: int
    split: plots.Split | None
    query: Query | None
