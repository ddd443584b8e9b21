"""A column's counts beside the reference's, as a plot: which kind of drawing tells the truth about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from driftline_reports import clock, formats, plots
from driftline_reports.inputs import Distribution
from driftline_reports.names import Names
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.table_names import OTHER

_MOST_BARS: Final = 8
_UNSEEN: Final = "__unseen__"
_INTERVALS: Final = 30
_MOST_INTERVALS: Final = 36
# Where one interval holds this share of the rows, the reference's own bins may tell more.
_TOWERING: Final = 0.6
_LABEL: Final = 22

Row = Mapping[str, Any]
Writer = Callable[[float], str]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]


def plot(
    distribution: Distribution, names: Names, profile: Row | None
) -> tuple[plots.Steps | plots.Bars | None, str]:
    """The drawing of ``distribution`` and a line on how to read it; no drawing where nothing was counted.

    ``profile`` is the column's row of ``profile_metrics``: its quantiles say how far the open outer bins
    reach in this window.
    """
    if not distribution.current.sum():
        return _nothing_there(distribution)
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
    is_clock = _is_clock(distribution, profile)
    steps = None if hide else _intervals(distribution, profile, is_clock=is_clock)
    if steps is None:
        steps = _equal_bins(distribution, hide=hide, is_clock=is_clock)
        how = "Height is the share of rows; the bins are the reference's, drawn equally wide."
        notes.insert(0, f"{how} Values are withheld." if hide else how)
    else:
        notes.insert(0, f"Share of rows in {len(steps.current)} equal intervals.")
    return steps, " ".join([*notes, *missing])


def _nothing_there(distribution: Distribution) -> tuple[plots.Bars | None, str]:
    """A column without any value: if rows there are, that is the change to be shown."""
    if distribution.note and not distribution.current_missing:
        return None, distribution.note
    if not distribution.current_missing:
        return None, "No row of this window has this column."
    if distribution.reference is None:
        return None, "Every value is missing in this window."
    before, missing = int(distribution.reference.sum()), distribution.reference_missing
    share = missing / max(before + missing, 1)
    summary = f"Every value is missing now; in the reference {formats.percent(share)} were"
    return plots.Bars(("missing", "has a value"), (1.0, 0.0), (share, 1 - share), summary), f"{summary}."


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
    parts = [
        f"{label} {formats.percent(current[n])}"
        + (f" (reference {formats.percent(reference[n])})" if reference else "")
        for n, label in enumerate(written[:4])
    ]
    summary = f"Shares of {names.column(distribution.column)}: {', '.join(parts)}"
    return plots.Bars(written, current, reference, summary)


def _label(column: str, label: str, names: Names) -> str:
    return "not in the reference" if label == _UNSEEN else names.value(column, label)


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 6]}…{text[-5:]}"


def _is_clock(distribution: Distribution, profile: Row | None) -> bool:
    """Whether the values are times of day, in the reference and in this window."""
    edges = [] if distribution.edges is None else [float(edge) for edge in distribution.edges]
    ends = [] if profile is None else [profile.get("min"), profile.get("max")]
    return kind_spec(distribution.kind).times and clock.are_times_of_day([*edges, *ends])


def _intervals(distribution: Distribution, profile: Row | None, *, is_clock: bool) -> plots.Steps | None:
    """Shares in equal intervals of the value's own axis; None where most rows would fall into one of them.

    Between two edges rows are spread evenly, as everywhere a histogram is drawn from counts.
    """
    edges = np.asarray(distribution.edges, float)
    if len(edges) < 3 or not np.isfinite(edges).all():
        return None
    low, high = _reach(edges, distribution, profile)
    if not np.isfinite(high - low) or high <= low:
        return None
    bounds = _bounds(edges, low, high)
    outer = _outer_points(edges, profile)
    now = _spread(edges, distribution.current, (low, high), bounds, outer)
    sides = [now]
    if distribution.reference is not None:
        sides.append(_spread(edges, distribution.reference, (low, high), bounds, {}))
    binned = [
        max(_shares(counts))
        for counts in (distribution.current, distribution.reference)
        if counts is not None
    ]
    towering = max(float(side.max()) for side in sides)
    if towering > _TOWERING and towering > 2 * max(binned):
        return None
    form = clock.clock if is_clock else _axis_writer(distribution.kind, low, high)
    written = form if kind_spec(distribution.kind).times else formats.tick
    round_places = clock.round_places if is_clock else _round_places
    ticks = tuple((float(v), written(float(v))) for v in round_places(float(bounds[0]), float(bounds[-1])))
    return plots.Steps(
        tuple(map(float, bounds)),
        tuple(map(float, now)),
        tuple(map(float, sides[1])) if len(sides) > 1 else None,
        ticks,
        summary=_steps_summary(distribution, form),
    )


def _bounds(edges: Floats, low: float, high: float) -> Floats:
    """Bounds of equal intervals; of values on a grid (whole numbers, quarters) whole steps of that grid.

    Else an interval would hold now two values and now three, and a comb would be seen that is not there.
    """
    step = float(np.diff(edges).min())
    places = (edges - edges[0]) / step
    steps = (high - low) / step
    if steps > 400 or np.abs(places - np.round(places)).max() > 1e-6:
        return np.linspace(low, high, _INTERVALS + 1)
    width = step * max(math.ceil(steps / _MOST_INTERVALS), 1)
    first = edges[0] + math.floor((low - edges[0]) / width + 1e-9) * width
    return np.asarray(first + width * np.arange(math.ceil((high - first) / width - 1e-9) + 1))


def _outer_points(edges: Floats, profile: Row | None) -> dict[float, float]:
    """Value and share below it, from the window's own quantiles, where they lie beyond the edges."""
    if profile is None:
        return {}
    quantiles = {0.01: "p01", 0.05: "p05", 0.25: "p25", 0.5: "p50", 0.75: "p75", 0.95: "p95", 0.99: "p99"}
    points = {}
    for share, name in quantiles.items():
        value = profile.get(name)
        if value is not None and not edges[0] <= value <= edges[-1]:
            points[float(value)] = share
    return points


def _spread(
    edges: Floats, counts: Counts, reach: tuple[float, float], bounds: Floats, points: Mapping[float, float]
) -> Floats:
    """Shares of ``counts`` in the intervals of ``bounds``; what lies outside of them is in none."""
    total = float(counts.sum())
    if not total:
        return np.zeros(len(bounds) - 1)
    below = np.cumsum(counts)[:-1] / total
    known = {reach[0]: 0.0, **dict(zip(edges.tolist(), below.tolist(), strict=True)), reach[1]: 1.0}
    known |= {value: share for value, share in points.items() if reach[0] < value < reach[1]}
    places = np.array(sorted(known))
    # A quantile is known to 1 %: the shares must not fall where it disagrees with the counts.
    shares = np.maximum.accumulate(np.array([known[place] for place in places.tolist()]))
    return np.diff(np.interp(bounds, places, np.minimum(shares, 1.0), left=0.0, right=1.0))


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


def _equal_bins(distribution: Distribution, *, hide: bool, is_clock: bool) -> plots.Steps:
    edges = [] if distribution.edges is None else [float(v) for v in distribution.edges]
    bins = len(edges) + 1
    form: Writer = clock.clock if is_clock else formats.number
    if edges and not is_clock:
        form = _axis_writer(distribution.kind, edges[0], edges[-1])
    places = sorted({round(n) for n in np.linspace(1, bins - 1, min(5, bins - 1))}) if bins > 1 else []
    ticks = () if hide else tuple((float(n), form(edges[n - 1])) for n in places)
    reference = distribution.reference
    return plots.Steps(
        tuple(float(n) for n in range(bins + 1)),
        tuple(_shares(distribution.current)),
        tuple(_shares(reference)) if reference is not None else None,
        ticks,
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
    if not kind_spec(kind).times:
        return formats.number
    long = high - low > 3 * 86_400

    def write(seconds: float) -> str:
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return formats.number(seconds)
        return formats.day(moment) if long else f"{moment:%d %b %H:%M}"

    return write
