"""What is drawn is what the figures say: coordinates are read back from the drawing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from driftline_reports import charts, distributions, plots, small_charts
from driftline_reports.inputs import Distribution
from driftline_reports.names import Names
from driftline_reports.page import Plot, draw

START = round(datetime(2013, 7, 1, tzinfo=UTC).timestamp() * 1000)
DAY = 86_400_000
SVG = "{http://www.w3.org/2000/svg}"


def times(count: int) -> tuple[int, ...]:
    return tuple(START + n * DAY for n in range(count))


def parsed(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 - drawn by this test


def path(drawing: str, name: str) -> list[tuple[float, float]]:
    """The points of the first path of a class."""
    found = next(e for e in parsed(drawing).iter("path") if e.get("class") == name)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", found.attrib["d"])]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def dots(drawing: str, name: str) -> list[tuple[float, float]]:
    found = [e.attrib["d"] for e in parsed(drawing).iter("path") if e.get("class") == f"dot {name}"]
    return [(float(x), float(y)) for d in found for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", d)]


def straight(xs: list[float], ys: list[float]) -> tuple[float, float, float]:
    """The line through the points, and how far the farthest lies from it."""
    slope, offset = np.polyfit(xs, ys, 1)
    return float(slope), float(offset), float(np.abs(np.polyval((slope, offset), xs) - ys).max())


def a_median(values: tuple[float | None, ...], band: tuple[float, float] | None = (0.0, 0.2)) -> plots.Median:
    count = len(values)
    beyond = tuple(v is not None and v > 0.2 for v in values)
    return plots.Median("humidity", times(count), values, band, 0.1, beyond, ".2~r", "humidity over time")


def test_a_median_is_drawn_to_scale() -> None:
    values = (0.05, 0.1, 0.02, 0.5, 0.31, 0.07)
    drawing = charts.median(a_median(values))
    points = path(drawing, "s-now")
    assert len(points) == len(values)
    # Both scales are straight lines: so each point stands where its figure says, to a tenth of a pixel.
    slope, offset, off = straight([y for _, y in points], list(values))
    assert off <= 0.06 * abs(slope)
    assert slope < 0
    across, _, off = straight([x for x, _ in points], [float(t) for t in times(6)])
    assert off <= 0.06 * abs(across)
    assert dots(drawing, "s-hit") == [points[3], points[4]]
    # The band lies where its ends say, over all windows.
    band = next(e for e in parsed(drawing).iter() if e.get("class") == "f-band")
    top, height = band_of(band)
    assert slope * top + offset == pytest.approx(0.2, abs=0.06 * abs(slope))
    assert slope * (top + height) + offset == pytest.approx(0.0, abs=0.06 * abs(slope))


def band_of(element: ET.Element) -> tuple[float, float]:
    """Where a rectangle begins, and how high it is."""
    _, top, _, down = re.findall(r"-?[\d.]+", element.attrib["d"])[:4]
    return float(top), float(down)


def test_where_a_column_usually_lies_is_a_line_where_no_band_is_known() -> None:
    drawing = charts.median(a_median((0.3, 0.1), None))
    assert any(e.get("class") == "s-quiet" for e in parsed(drawing).iter())
    assert [text for _, text in a_median((0.3, 0.1), None).legend] == [
        "each window",
        "reference",
        "counted as changed",
    ]


def test_shares_are_lines_of_their_own() -> None:
    lines = ((0.2, 0.3), (0.5, 0.4), (0.1, None))
    plot = plots.Shares("carrier", times(2), ("UA", "B6", "EV"), lines, (0.2, 0.5, 0.1), "shares of carriers")
    drawing = charts.shares(plot)
    first, second = (path(drawing, f"s-{stroke}")[0][1] for stroke in ("now", "rate"))
    assert second < first  # the larger share is the higher line
    assert len(plot.legend) == 4


def test_a_distribution_as_high_as_a_word() -> None:
    drawing = small_charts.mini(plots.Mini((1.0, 3.0), (0.25, 0.75), (0.5, 0.5), "shares of humidity"))
    assert drawing.count("<path") == 2
    assert "<title>shares of humidity</title>" in drawing
    # A quarter of the width for the first interval, three for the second.
    assert re.findall(r"h([\d.]+)", drawing)[:2] == ["50.0", "150.0"]
    assert small_charts.mini(plots.Mini((), (), None, "")) == ""


def test_a_line_breaks_where_a_window_has_no_figure() -> None:
    drawing = charts.median(a_median((0.1, 0.12, None, 0.1, None, 0.1, 0.2)))
    line = next(e for e in parsed(drawing).iter("path") if e.get("class") == "s-now")
    assert line.attrib["d"].count("M") >= 2
    # A figure between two gaps would be no line at all: it is a dot.
    assert len(dots(drawing, "s-now")) == 1


def test_bars_are_as_long_as_their_shares() -> None:
    plot = plots.Bars(("a", "b", "c"), (0.6, 0.3, 0.1), (0.2, 0.3, 0.5), "shares")
    drawing = charts.bars(plot)
    lengths: dict[str, list[float]] = {"f-now": [], "f-ref": []}
    for element in parsed(drawing).iter("path"):
        if element.get("class") in lengths:
            lengths[element.attrib["class"]].append(float(re.findall(r"h(-?[\d.]+)", element.attrib["d"])[0]))
    whole = lengths["f-now"][0] / 0.6
    assert lengths["f-now"] == pytest.approx([v * whole for v in plot.current], abs=0.11)
    assert lengths["f-ref"] == pytest.approx([v * whole for v in plot.reference or ()], abs=0.11)


def test_areas_are_shares() -> None:
    rng = np.random.default_rng(5)
    before, now = rng.normal(50, 8, 20_000), rng.normal(54, 8, 4_000)
    edges = np.quantile(before, [0.001, 0.01, *np.arange(0.05, 0.96, 0.05), 0.99, 0.999])
    counts = [
        np.bincount(np.searchsorted(edges, v, side="right"), minlength=len(edges) + 1) for v in (now, before)
    ]
    made, note = distributions.plot(Distribution("x", "numeric", counts[0], counts[1], edges), Names(), None)
    assert isinstance(made, plots.Steps)
    assert note == "Share of rows in 30 equal intervals."
    assert np.diff(made.bounds) == pytest.approx([made.bounds[1] - made.bounds[0]] * 30)
    assert made.reference is not None
    # Against the rows themselves: spreading a 5 % bin evenly is off by some tenths of a percent.
    for drawn, values in ((made.current, now), (made.reference, before)):
        exact = np.histogram(values, made.bounds)[0] / len(values)
        assert np.abs(np.array(drawn) - exact).max() < 0.012
        assert sum(drawn) == pytest.approx(1.0, abs=0.011)
    places = [tick for tick, _ in made.ticks]
    assert all(made.bounds[0] <= place <= made.bounds[-1] for place in places)
    drawing = parsed(charts.steps(made))
    assert [e.text for e in drawing.iter("text")][: len(places)] == [text for _, text in made.ticks]


def test_a_long_tail_is_drawn_by_the_references_bins() -> None:
    # On the axis of values nearly all rows would fall into the first of thirty intervals.
    values = np.random.default_rng(3).lognormal(0, 3, 20_000)
    edges = np.quantile(values, np.arange(0.05, 0.96, 0.05))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=20)
    made, note = distributions.plot(Distribution("amount", "numeric", counts, counts, edges), Names(), None)
    assert isinstance(made, plots.Steps)
    assert made.current == pytest.approx([0.05] * 20, abs=1e-3)
    assert "drawn equally wide" in note


def test_a_shift_far_beyond_the_edges_stays_in_sight() -> None:
    edges = np.linspace(10, 30, 21)
    now = np.array([0] * 21 + [1000])
    before = np.array([10] + [50] * 20 + [10])
    profile = {"min": 300.0, "p01": 310.0, "p99": 390.0, "max": 400.0}
    made, _ = distributions.plot(Distribution("x", "numeric", now, before, edges), Names(), profile)
    assert isinstance(made, plots.Steps)
    assert made.bounds[-1] >= 390
    inside = np.array(made.current)[np.array(made.bounds[:-1]) >= 300]
    # Its own quantiles say where beyond the edges the rows are.
    assert inside.sum() > 0.9


def test_whole_numbers_show_no_comb() -> None:
    # 54 values over 30 intervals would give some intervals one value and some two.
    edges = np.arange(1.0, 55.0)
    counts = np.full(55, 100)
    made, _ = distributions.plot(Distribution("age", "numeric", counts, counts, edges), Names(), None)
    assert isinstance(made, plots.Steps)
    assert np.diff(made.bounds) == pytest.approx(2.0)
    assert made.current[1:-2] == pytest.approx([200 / 5500] * (len(made.current) - 3))


def test_a_column_that_is_all_missing_says_so() -> None:
    edges = np.array([1.0, 2.0])
    made, note = distributions.plot(
        Distribution("x", "numeric", np.zeros(3, int), np.array([5, 5, 5]), edges, None, 799, 5),
        Names(),
        None,
    )
    assert note == "Every value is missing now; in the reference 25.0% were."
    assert isinstance(made, plots.Bars)
    assert made.current == (1.0, 0.0)
    assert made.reference == (0.25, 0.75)


def test_what_moved_most_is_shown_of_many_values() -> None:
    labels = (*(f"v{n:03d}" for n in range(300)), "__other__", "__unseen__")
    before = np.full(302, 100)
    now = before.copy()
    now[[7, 250, 301]] = [900, 0, 400]
    made, note = distributions.plot(Distribution("x", "text", now, before, labels=labels), Names(), None)
    assert isinstance(made, plots.Bars)
    assert len(made.labels) == 8
    assert {"v007", "v250", "not in the reference"} <= set(made.labels)
    assert note == "The 8 values whose share moved most, of 302."


def test_new_values_are_named_most_frequent_first() -> None:
    counts = Distribution(
        "x", "text", np.array([5, 9, 30, 7]), np.array([5, 0, 0, 0]), labels=("a", "b", "c", "__unseen__")
    )
    assert distributions.new_values(counts, Names()) == ("c", "b")


@pytest.mark.parametrize(
    "arguments",
    [
        {"edges": np.array([1.0, 2.0]), "labels": ("a", "b", "c")},
        {},
        {"labels": ("a", "b")},
        {"edges": np.array([1.0, 2.0, 3.0])},
    ],
    ids=["both", "neither", "too few labels", "too many edges"],
)
def test_counts_and_bins_must_fit(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="x"):
        Distribution("x", "numeric", np.array([1, 2, 3]), None, **arguments)


HOSTILE = "</text><script>'\"\\u2028${1}{{}}"
ODD: list[Plot] = [
    a_median((0.1,)),
    a_median((0.0, 0.0)),
    a_median((None, 0.3)),
    a_median((-0.2, 1e-30, 1e30), None),
    plots.Median(HOSTILE, times(2), (0.1, 0.2), None, None, (False, False), ".0%", HOSTILE),
    plots.Shares(HOSTILE, times(2), (HOSTILE,), ((0.1, None),), None, HOSTILE),
    plots.Bars((HOSTILE,), (1.0,), None, HOSTILE),
    plots.Bars(("a", "a"), (0.0, 0.0), (0.0, 0.0), "two of one name"),
    plots.Steps((0.0, 1.0), (1.0,), None, ((0.0, HOSTILE), (1.0, "")), summary="one bin"),
    plots.Steps((-1e300, 0.0, 1e300), (0.5, 0.5), (1.0, 0.0), (), summary="huge"),
    plots.Volume(times(1), (0,), "one"),
    plots.Volume(times(3), (None, 10**12, 5), "gap"),
    plots.Coverage(times(2), (0.0, 1.0), "labels"),
    plots.Split((HOSTILE, "b"), (-0.1, 0.0), (0.2, 0.0), "+.1%", "split"),
    plots.Calibration((0.1, 0.5), (0.2, 0.4), ((0.3, 0.3),), "calibration"),
    plots.Calibration((), (), ((0.3, 0.3), (0.4, 0.5)), "estimated alone"),
    plots.Course(
        times(1),
        (None,),
        (None,),
        (None,),
        (0.7,),
        (None,),
        None,
        (False,),
        (False,),
        ".2f",
        "estimate alone",
    ),
]


@pytest.mark.parametrize("plot", ODD, ids=range(len(ODD)))
def test_any_plot_is_clean_svg(plot: Plot) -> None:
    drawing = str(draw(plot))
    root = parsed(drawing)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    for element in root.iter():
        assert element.tag in {"svg", "path", "line", "text", "rect"}
        assert not {"id", "style", "onload", "href"} & set(element.attrib)
    assert "NaN" not in drawing
    assert "#0101" not in drawing
    assert len(drawing) < 12_000


def test_a_spark_is_small_and_needs_two_figures() -> None:
    values = tuple(float(n % 7) for n in range(90))
    drawing = small_charts.spark(plots.Spark(values, beyond=True))
    assert len(drawing) < 1000
    assert parsed(drawing).get("aria-hidden") == "true"
    assert small_charts.spark(plots.Spark((None, 1.0, None))) == ""
    assert small_charts.spark(plots.Spark(())) == ""
