"""Plots drawn by Vega-Lite to inline SVG. About 10 ms and 2 to 4 kB a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from driftline_reports import plots, svg

Spec = dict[str, Any]
Row = dict[str, Any]

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH: Final = 400
_HEIGHT: Final = 130
_TWO_DAYS_MS: Final = 2 * 86_400_000
_HALF_YEAR_MS: Final = 190 * 86_400_000

_CONFIG: Final[Spec] = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "labelColor": svg.PAINT["ink"],
        "labelFontSize": 11,
        "labelPadding": 5,
        "gridColor": svg.PAINT["grid"],
        "title": None,
    },
    "axisX": {"grid": False, "labelFlush": True, "labelOverlap": "greedy", "labelSeparation": 12},
    "axisY": {"tickCount": 3, "minExtent": 34},
}


def steps(plot: plots.Steps) -> Markup:
    """An ordered column: this window filled, the reference as a line over it."""
    rows = _stairs(plot.bounds, plot.current, "now")
    layers = [_area("now", svg.PAINT["now"])]
    if plot.reference is not None:
        rows += _stairs(plot.bounds, plot.reference, "ref")
        layers.append(_stair_line("ref", svg.PAINT["ref"]))
    low, high = plot.bounds[0], plot.bounds[-1]
    # By their position, not by their number: a number's text is not the same here and in the renderer.
    places = f"round(datum.index * {max(len(plot.ticks) - 1, 1)})"
    expression = _labels([(str(n), text) for n, (_, text) in enumerate(plot.ticks)], places)
    axis = {"values": [place for place, _ in plot.ticks], "labelExpr": expression}
    y: Spec = {"field": "y", "type": "quantitative", "scale": {"zero": True}}
    y["axis"] = {"format": ".0%" if max(plot.current) >= 0.02 else ".1%"}
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [low, high], "nice": False}, "axis": axis}
    return _draw({"data": {"values": rows}, "encoding": {"x": x, "y": y}, "layer": layers}, plot.summary)


def bars(plot: plots.Bars) -> Markup:
    """Categories from top to bottom: this window a bar, the reference a bar of its own below it."""
    rows: list[Row] = []
    for position, share in enumerate(plot.current):
        rows.append({"n": position, "of": "now", "share": share})
        if plot.reference is not None:
            rows.append({"n": position, "of": "ref", "share": plot.reference[position]})
    expression = _labels([(str(n), text) for n, text in enumerate(plot.labels)], "datum.value")
    y: Spec = {"field": "n", "type": "ordinal", "sort": None, "scale": {"paddingInner": 0.25}}
    y["axis"] = {"labelExpr": expression, **_label_room(plot.labels)}
    encoding: Spec = {
        "y": y,
        "x": {
            "field": "share",
            "type": "quantitative",
            "scale": {"domainMin": 0, "nice": False},
            "axis": {"format": ".0%", "tickCount": 4, "grid": True},
        },
        "color": _colours(("now", svg.PAINT["now"]), ("ref", svg.PAINT["ref"]), field="of"),
    }
    if plot.reference is not None:
        encoding["yOffset"] = {"field": "of", "sort": ["now", "ref"]}
    height = max(_HEIGHT, 8 + 26 * len(plot.labels))
    spec = {"data": {"values": rows}, "mark": {"type": "bar"}, "encoding": encoding, "height": height}
    spec["width"] = _WIDTH - _label_room(plot.labels)["minExtent"]
    return _draw(spec, plot.summary)


def median(plot: plots.Median) -> Markup:
    """A column's middle over windows, the reference's band behind it; windows that counted as dots."""
    known = [v for v in (*plot.values, *(plot.band or ()), plot.usual) if v is not None]
    low, high = min(known), max(known)
    margin = 0.08 * (high - low) or abs(high) * 0.1 or 1.0
    rows: list[Row] = [
        {"t": time, "v": value, "hit": hit}
        for time, value, hit in zip(plot.times, plot.values, plot.beyond, strict=True)
    ]
    layers: list[Spec] = []
    if plot.band is not None:
        layers.append(_usual_band(plot.band, svg.PAINT["band"]))
    elif plot.usual is not None:
        layers.append(_across(plot.usual))
    layers.append(_line(svg.PAINT["now"], "v"))
    layers += _single_points(plot.values, plot.times, svg.PAINT["now"])
    layers.append(_points("datum.hit", svg.PAINT["hit"], "v"))
    scale = {"domain": [low - margin, high + margin], "nice": False, "zero": False}
    y = {"type": "quantitative", "scale": scale, "axis": {"format": plot.form, "minExtent": 44}}
    return _over_time(rows, layers, plot.times, y, plot.summary)


def shares(plot: plots.Shares) -> Markup:
    """At most three lines, and dotted where each usually lies."""
    rows = [
        {"t": time, **{f"v{n}": line[at] for n, line in enumerate(plot.lines)}}
        for at, time in enumerate(plot.times)
    ]
    layers: list[Spec] = [_across(usual) for usual in plot.usual or ()]
    for n, line in enumerate(plot.lines):
        colour = svg.PAINT[plot.STROKES[n]]
        layers.append(_line(colour, f"v{n}", dash=[None, [5, 3], [2, 2]][n]))
        layers += _single_points(line, plot.times, colour)
    y = {"type": "quantitative", "scale": {"zero": True}, "axis": {"format": ".0%", "minExtent": 44}}
    return _over_time(rows, layers, plot.times, y, plot.summary)


def course(plot: plots.Course) -> Markup:
    """A performance figure over windows, its interval a ribbon, the estimate dashed, open labels hollow."""
    rows: list[Row] = []
    for n, time in enumerate(plot.times):
        rows.append(
            {
                "t": time,
                "v": plot.realized[n],
                "low": plot.low[n],
                "high": plot.high[n],
                "e": plot.estimated[n],
                "hit": plot.beyond[n],
                "open": not plot.final[n] and plot.realized[n] is not None,
            }
        )
    known = [
        v for series in (plot.realized, plot.low, plot.high, plot.estimated, plot.limits) for v in series
    ]
    values = [v for v in (*known, plot.reference, *(plot.usual or ())) if v is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.06 * (high - low) or 0.05
    layers: list[Spec] = []
    limits = _stretches(plot.times, plot.limits)
    if plot.usual is not None:
        layers.append(_usual_band(plot.usual, svg.PAINT["quiet"]))
    if plot.usual is None and any(v is not None for v in plot.low):
        band = {"type": "area", "color": svg.PAINT["band"], "invalid": "break-paths-filter-domains"}
        layers.append({"mark": band, "encoding": {"y": {"field": "low"}, "y2": {"field": "high"}}})
    if limits:
        layers.append(_limit_line(limits))
    if plot.reference is not None:
        layers.append(_across(plot.reference))
    if any(v is not None for v in plot.estimated):
        layers.append(_line(svg.PAINT["guess"], "e", dash=[5, 3]))
        layers += _single_points(plot.estimated, plot.times, svg.PAINT["guess"])
    layers.append(_line(svg.PAINT["now"], "v"))
    layers += _single_points(plot.realized, plot.times, svg.PAINT["now"])
    layers.append(_points("datum.open", svg.PAINT["now"], "v"))
    layers.append(_points("datum.hit", svg.PAINT["hit"], "v"))
    # A smaller dot in the page's own colour makes the point hollow: its labels are not complete.
    layers.append(_points("datum.open", svg.PAINT["hole"], "v"))
    y = {
        "type": "quantitative",
        "scale": {"domain": [low - margin, high + margin], "nice": False, "zero": False},
        "axis": {"format": plot.form, "tickCount": 4, "minExtent": 44},
    }
    return _over_time(rows, layers, plot.times, y, plot.summary)


def volume(plot: plots.Volume) -> Markup:
    """Rows of each window as columns."""
    rows = [{"t": t, "v": v} for t, v in zip(plot.times, plot.counts, strict=True) if v is not None]
    width = max(1, round(0.7 * 640 / max(len(plot.times), 8), 1))
    layer = {
        "mark": {"type": "bar", "color": svg.PAINT["quiet"], "width": width},
        "encoding": {"y": {"field": "v"}},
    }
    y = {
        "type": "quantitative",
        "axis": {"format": "~s", "minExtent": 56, "tickCount": 2},
        "scale": {"zero": True},
    }
    return _over_time(rows, [layer], plot.times, y, plot.summary, width=640, height=70)


def coverage(plot: plots.Coverage) -> Markup:
    """Share of rows with a label, of each window."""
    rows = [{"t": t, "v": v} for t, v in zip(plot.times, plot.shares, strict=True) if v is not None]
    width = max(1, round(0.7 * 640 / max(len(plot.times), 8), 1))
    mark = {"type": "bar", "color": svg.PAINT["now"], "width": width}
    layer = {"mark": mark, "encoding": {"y": {"field": "v"}}}
    axis = {"format": ".0%", "minExtent": 56, "values": [0, 1]}
    y = {"type": "quantitative", "axis": axis, "scale": {"domain": [0, 1]}}
    return _over_time(rows, [layer], plot.times, y, plot.summary, width=640, height=36)


def split(plot: plots.Split) -> Markup:
    """Mix and rate effects of segment values, left of zero and right of it."""
    rows: list[Row] = []
    for position, (mix, rate) in enumerate(zip(plot.mix, plot.rate, strict=True)):
        rows.append({"n": position, "of": "mix", "effect": mix})
        rows.append({"n": position, "of": "rate", "effect": rate})
    expression = _labels([(str(n), text) for n, text in enumerate(plot.labels)], "datum.value")
    y: Spec = {"field": "n", "type": "ordinal", "sort": None, "scale": {"paddingInner": 0.25}}
    y["axis"] = {"labelExpr": expression, **_label_room(plot.labels)}
    encoding: Spec = {
        "y": y,
        "yOffset": {"field": "of", "sort": ["mix", "rate"]},
        "x": {
            "field": "effect",
            "type": "quantitative",
            "axis": {"format": plot.form, "grid": True, "tickCount": 5},
        },
        "color": _colours(("mix", svg.PAINT["mix"]), ("rate", svg.PAINT["rate"]), field="of"),
    }
    spec = {"data": {"values": rows}, "mark": {"type": "bar"}, "encoding": encoding}
    spec |= {"height": 8 + 26 * len(plot.labels), "width": 480 - _label_room(plot.labels)["minExtent"]}
    return _draw(spec, plot.summary)


def calibration(plot: plots.Calibration) -> Markup:
    """Share of positives over mean score; on the line is as it should be."""
    rows = [{"x": x, "y": y} for x, y in zip(plot.scores, plot.shares, strict=True)]
    guessed = [{"x": x, "y": y} for x, y in plot.estimated]
    ends = (*(v for point in plot.estimated for v in point), *(high for _, _, high in plot.bounds))
    top = max([*plot.scores, *plot.shares, *ends, 0.05])
    right = [{"x": 0, "y": 0}, {"x": top, "y": top}]
    scale = {"domain": [0, top], "nice": False}
    axis = {"format": ".0%", "tickCount": 4}
    encoding = {name: {"field": name, "type": "quantitative", "scale": scale, "axis": axis} for name in "xy"}
    layers: list[Spec] = [
        {
            "data": {"values": right},
            "mark": {"type": "line", "color": svg.PAINT["quiet"], "strokeDash": [2, 3]},
        },
    ]
    if plot.bounds:
        bars = [{"x": x, "low": low, "high": min(high, top)} for x, low, high in plot.bounds]
        whisker = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}
        rule = {"type": "rule", "color": svg.PAINT["now"]}
        layers.append({"data": {"values": bars}, "mark": rule, "encoding": whisker})
    if guessed:
        mark = {"type": "line", "color": svg.PAINT["guess"], "strokeDash": [5, 3]}
        layers.append({"data": {"values": guessed}, "mark": mark})
    if rows:
        layers.append({"data": {"values": rows}, "mark": {"type": "line", "color": svg.PAINT["now"]}})
        points = {"type": "point", "filled": True, "color": svg.PAINT["now"], "opacity": 1}
        layers.append({"data": {"values": rows}, "mark": points})
    return _draw({"encoding": encoding, "layer": layers, "width": 260, "height": 190}, plot.summary)


def _draw(spec: Spec, summary: str) -> Markup:
    import vl_convert

    sized = {"$schema": _SCHEMA, "width": _WIDTH, "height": _HEIGHT, "padding": 2, "config": _CONFIG, **spec}
    return svg.clean(vl_convert.vegalite_to_svg(sized), summary)


def _over_time(
    rows: list[Row],
    layers: list[Spec],
    times: Sequence[int],
    y: Spec,
    summary: str,
    *,
    width: int = _WIDTH,
    height: int = _HEIGHT,
) -> Markup:
    first, last = (times[0], times[-1]) if times else (0, 0)
    length = last - first
    form = "%H:%M" if length <= _TWO_DAYS_MS else "%-d %b" if length <= _HALF_YEAR_MS else "%b %Y"
    x: Spec = {"field": "t", "type": "temporal", "timeUnit": None}
    x["scale"] = {"type": "utc", "domain": [first, last] if length else [first - 1, first + 1], "nice": False}
    x["axis"] = {"format": form, "tickCount": 5}
    if not length:
        x["axis"]["values"] = [first]
        x["axis"]["format"] = "%-d %b %Y"
    spec = {"data": {"values": rows}, "encoding": {"x": x, "y": y}, "layer": layers}
    return _draw(spec | {"width": width, "height": height}, summary)


def _stairs(bounds: Sequence[float], heights: Sequence[float], series: str) -> list[Row]:
    closed = (*heights, heights[-1])
    return [{"x": x, "y": y, "of": series} for x, y in zip(bounds, closed, strict=True)]


def _area(series: str, colour: str) -> Spec:
    return {
        "transform": [{"filter": f"datum.of == '{series}'"}],
        "mark": {"type": "area", "interpolate": "step-after", "color": colour},
    }


def _stair_line(series: str, colour: str) -> Spec:
    return {
        "transform": [{"filter": f"datum.of == '{series}'"}],
        "mark": {"type": "line", "interpolate": "step-after", "color": colour, "strokeWidth": 1.5},
    }


def _line(colour: str, field: str, dash: list[int] | None = None) -> Spec:
    mark: Spec = {
        "type": "line",
        "color": colour,
        "strokeWidth": 1.6,
        "invalid": "break-paths-filter-domains",
    }
    if dash:
        mark["strokeDash"] = dash
    return {"mark": mark, "encoding": {"y": {"field": field}}}


def _points(condition: str, colour: str, field: str) -> Spec:
    return {
        "transform": [{"filter": f"{condition} && isValid(datum.{field})"}],
        "mark": {"type": "point", "filled": True, "color": colour, "opacity": 1},
        "encoding": {"y": {"field": field}},
    }


def _single_points(values: Sequence[float | None], times: Sequence[int], colour: str) -> list[Spec]:
    """Points for values without a neighbour, which no line would show."""
    lonely = [
        {"t": times[n], "v": value}
        for n, value in enumerate(values)
        if value is not None
        and (n == 0 or values[n - 1] is None)
        and (n == len(values) - 1 or values[n + 1] is None)
    ]
    return [{"data": {"values": lonely}, **_points("true", colour, "v")}] if lonely else []


def _across(value: float) -> Spec:
    """A dotted line over all windows."""
    mark = {"type": "rule", "color": svg.PAINT["quiet"], "strokeDash": [2, 3]}
    return {"data": {"values": [{"v": value}]}, "mark": mark, "encoding": {"y": {"field": "v"}, "x": None}}


def _usual_band(band: tuple[float, float], colour: str) -> Spec:
    """A band over all windows."""
    low, high = band
    encoding = {"y": {"field": "low"}, "y2": {"field": "high"}, "x": None}
    return {
        "data": {"values": [{"low": low, "high": high}]},
        "mark": {"type": "rect", "color": colour},
        "encoding": encoding,
    }


def _limit_line(limits: list[Row]) -> Spec:
    mark = {"type": "line", "interpolate": "step-after", "color": svg.PAINT["limit"], "strokeWidth": 1}
    encoding = {"y": {"field": "v"}, "detail": {"field": "stretch"}}
    return {"data": {"values": limits}, "mark": mark, "encoding": encoding}


def _stretches(times: Sequence[int], limits: Sequence[float | None]) -> list[Row]:
    """The limit where it changes, in stretches of windows that have one.

    A window without a limit has none drawn: one that came later did not hold then. A stretch reaches half a
    window to both sides, so that a single window's limit can be seen.
    """
    rows: list[Row] = []
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2 or 1
    stretch, last = 0, None
    for n, (time, limit) in enumerate(zip(times, limits, strict=True)):
        if limit is None:
            last = None
            continue
        if last is None:
            stretch += 1
            rows.append({"t": max(time - half, times[0]), "v": limit, "stretch": stretch})
        elif limit != last:
            rows.append({"t": time - half, "v": limit, "stretch": stretch})
        if n == len(times) - 1 or limits[n + 1] is None:
            end = min(time + half, times[-1]) if len(times) > 1 else time + half
            rows.append({"t": end, "v": limit, "stretch": stretch})
        last = limit
    return rows


def _label_room(labels: Sequence[str]) -> Spec:
    """Room for labels in whatever font the reader has: Vega measures with its own, which may be narrower."""
    room = round(12 + 6.6 * max((len(text) for text in labels), default=0))
    return {"labelLimit": 1000, "grid": False, "minExtent": room, "maxExtent": room}


def _colours(*pairs: tuple[str, str], field: str) -> Spec:
    scale = {"domain": [name for name, _ in pairs], "range": [colour for _, colour in pairs]}
    return {"field": field, "type": "nominal", "scale": scale, "legend": None}


def _labels(pairs: Sequence[tuple[str, str]], value: str) -> str:
    """A Vega expression that names places: texts go in as JSON, which escapes what could end the text."""
    import json

    table = "{" + ",".join(f"{json.dumps(place)}:{json.dumps(text)}" for place, text in pairs) + "}"
    return f"{table}[toString({value})] || ''"
