"""A column's counts beside the reference's, as a plot: which kind of drawing tells the truth about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from driftline_reports import formats, plots
from driftline_reports.inputs import Distribution
from driftline_reports.names import OTHER, Names

_MOST_BARS: Final = 8
_UNSEEN: Final = "__unseen__"
# Where a bin towers this far over the rest, areas hide everything else: bins are drawn equally wide then.
_UNEVEN: Final = 12.0
_LABEL: Final = 22

Row = Mapping[str, Any]
Writer = Callable[[float], str]


def plot(
    distribution: Distribution, names: Names, profile: Row | None
) -> tuple[plots.Steps | plots.Bars | None, str]:
    """The drawing of ``distribution`` and a line on how to read it; no drawing where nothing was counted.

    ``profile`` is the column's row of ``profile_metrics``: its quantiles say how far the open outer bins
    reach in this window.
    """
    total = int(distribution.current.sum())
    if not total:
        return None, "No value of this column in this window."
    notes = [distribution.note] if distribution.note else []
    missing = _missing_note(distribution)
    if distribution.labels is not None:
        bars = _bars(distribution, names)
        hidden = len(distribution.labels) - len(bars.labels)
        if hidden > 0:
            of = formats.count(len(distribution.labels))
            notes.insert(0, f"The {len(bars.labels)} values whose share moved most, of {of}.")
        return bars, " ".join([*notes, *missing])
    hide = names.is_sensitive(distribution.column)
    steps = None if hide else _areas(distribution, profile)
    if steps is None:
        steps = _equal_bins(distribution, hide=hide)
        how = "Height is the share of rows; the bins are the reference's, drawn equally wide."
        notes.insert(0, f"{how} Values are withheld." if hide else how)
    else:
        notes.insert(0, "Area is the share of rows.")
    return steps, " ".join([*notes, *missing])


def new_values(distribution: Distribution | None, names: Names) -> tuple[str, ...]:
    """Values that the window has and the reference has not, most frequent first."""
    if distribution is None or distribution.labels is None or distribution.reference is None:
        return ()
    found = [
        (int(now), label)
        for label, now, before in zip(
            distribution.labels, distribution.current, distribution.reference, strict=True
        )
        if now and not before and label not in {OTHER, _UNSEEN}
    ]
    return tuple(
        names.value(distribution.column, label) for _, label in sorted(found, key=lambda f: -f[0])[:5]
    )


def _shares(counts: np.ndarray[Any, Any]) -> list[float]:
    total = counts.sum()
    return [float(count) / float(total) for count in counts] if total else [0.0] * len(counts)


def _bars(distribution: Distribution, names: Names) -> plots.Bars:
    labels = distribution.labels or ()
    now = _shares(distribution.current)
    before = _shares(distribution.reference) if distribution.reference is not None else None
    moved = [abs(share - (before[n] if before else 0.0)) for n, share in enumerate(now)]
    chosen = sorted(range(len(labels)), key=lambda n: (-moved[n], -now[n], n))[:_MOST_BARS]
    # Read from the largest down; what moved most decided only who is shown.
    chosen.sort(key=lambda n: (labels[n] in {OTHER, _UNSEEN}, -max(now[n], before[n] if before else 0.0), n))
    written = tuple(_short(_label(distribution.column, labels[n], names)) for n in chosen)
    current = tuple(now[n] for n in chosen)
    reference = tuple(before[n] for n in chosen) if before else None
    told = [
        f"{label} {formats.percent(current[n])}"
        + (f" (reference {formats.percent(reference[n])})" if reference else "")
        for n, label in enumerate(written[:4])
    ]
    summary = f"Shares of {names.column(distribution.column)}: {', '.join(told)}"
    return plots.Bars(written, current, reference, summary)


def _label(column: str, label: str, names: Names) -> str:
    return "values not in reference" if label == _UNSEEN else names.value(column, label)


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 6]}…{text[-5:]}"


def _areas(distribution: Distribution, profile: Row | None) -> plots.Steps | None:
    """Bins on the axis of values; None where that drawing would hide most of the column."""
    edges = np.asarray(distribution.edges, float)
    if len(edges) < 3 or not np.isfinite(edges).all():
        return None
    low, high = _reach(edges, distribution, profile)
    bounds = np.concatenate([[low], edges, [high]])
    widths = np.diff(bounds)
    if not np.isfinite(widths).all() or (widths <= 0).any():
        return None
    sides = [np.asarray(_shares(distribution.current)) / widths]
    if distribution.reference is not None:
        sides.append(np.asarray(_shares(distribution.reference)) / widths)
    heights = np.concatenate(sides)
    spread = float(bounds[-1] - bounds[0])
    if not np.isfinite(heights).all() or heights.max() * spread > _UNEVEN:
        return None
    scale = float(heights.max())
    form = _axis_writer(distribution.kind, low, high)
    written = form if distribution.kind == "datetime" else formats.tick
    ticks = tuple((float(v), written(float(v))) for v in _round_places(low, high))
    return plots.Steps(
        tuple(map(float, bounds)),
        tuple(float(v) / scale for v in sides[0]),
        tuple(float(v) / scale for v in sides[1]) if len(sides) > 1 else None,
        ticks,
        by_area=True,
        summary=_steps_summary(distribution, form),
    )


def _reach(
    edges: np.ndarray[Any, Any], distribution: Distribution, profile: Row | None
) -> tuple[float, float]:
    """How far the open outer bins are drawn: a usual bin's width, or to this window's own tail."""
    usual = float(np.median(np.diff(edges)))
    low, high = float(edges[0]) - usual, float(edges[-1]) + usual
    if profile is None:
        return low, high
    total = max(int(distribution.current.sum()), 1)
    least, first, last, most = (profile.get(name) for name in ("min", "p01", "p99", "max"))
    # A hundredth of the rows may lie far out: it moves the end of the axis only once there is more of it.
    if first is not None and distribution.current[0] / total > 0.01:
        low = min(low, float(first))
    if last is not None and distribution.current[-1] / total > 0.01:
        high = max(high, float(last))
    if least is not None and edges[0] - usual < float(least) <= edges[0]:
        low = max(low, min(float(least), float(edges[0]) - usual / 2))
    if most is not None and edges[-1] <= float(most) < edges[-1] + usual:
        high = min(high, max(float(most), float(edges[-1]) + usual / 2))
    return low, high


def _equal_bins(distribution: Distribution, *, hide: bool) -> plots.Steps:
    edges = [] if distribution.edges is None else [float(v) for v in distribution.edges]
    bins = len(edges) + 1
    form = _axis_writer(distribution.kind, edges[0], edges[-1]) if edges else formats.number
    places = sorted({round(n) for n in np.linspace(1, bins - 1, min(5, bins - 1))}) if bins > 1 else []
    ticks = () if hide else tuple((float(n), form(edges[n - 1])) for n in places)
    reference = distribution.reference
    return plots.Steps(
        tuple(float(n) for n in range(bins + 1)),
        tuple(_shares(distribution.current)),
        tuple(_shares(reference)) if reference is not None else None,
        ticks,
        by_area=False,
        summary=_steps_summary(distribution, None if hide else form),
    )


def _steps_summary(distribution: Distribution, form: Writer | None) -> str:
    """The bin that moved most, in words."""
    now = _shares(distribution.current)
    edges = [] if distribution.edges is None else list(map(float, distribution.edges))
    head = f"Distribution over {len(now)} bins"
    if distribution.reference is None:
        return f"{head}; there is no reference"
    before = _shares(distribution.reference)
    most = max(range(len(now)), key=lambda n: abs(now[n] - before[n]))
    if form is None or not edges:
        place = f"in bin {most + 1}"
    elif most == 0:
        place = f"below {form(edges[0])}"
    elif most == len(edges):
        place = f"from {form(edges[-1])}"
    else:
        place = f"between {form(edges[most - 1])} and {form(edges[most])}"
    shares = f"{formats.percent(now[most])} of rows, {formats.percent(before[most])} in the reference"
    return f"{head}; the largest change is {place}: {shares}"


def _missing_note(distribution: Distribution) -> list[str]:
    now, before = distribution.current_missing, distribution.reference_missing
    if not now and not before:
        return []
    share = now / max(now + int(distribution.current.sum()), 1)
    text = f"Missing: {formats.percent(share)}"
    if distribution.reference is not None:
        then = before / max(before + int(distribution.reference.sum()), 1)
        text += f", {formats.percent(then)} in the reference"
    return [f"{text}."]


def _round_places(low: float, high: float) -> Sequence[float]:
    """Four or five round numbers between ``low`` and ``high``."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next((power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough), power * 10)
    first = math.ceil(low / step)
    return [n * step for n in range(first, first + 8) if n * step <= high]


def _axis_writer(kind: str, low: float, high: float) -> Writer:
    if kind != "datetime":
        return formats.number
    long = high - low > 3 * 86_400

    def write(seconds: float) -> str:
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return formats.number(seconds)
        return formats.day(moment) if long else f"{moment:%d %b %H:%M}"

    return write
