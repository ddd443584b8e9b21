"""The view as one self-contained HTML page: no script, no request, and a policy in it that says so."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from driftline_reports import charts, plots
from driftline_reports.context import Room
from driftline_reports.inputs import ReportInputs
from driftline_reports.level_words import mark, word
from driftline_reports.queries import row_key
from driftline_reports.view import build_view
from driftline_reports.view_model import Figure, Name, View
from driftline_schemas.levels import Level

MOST_BYTES: Final = 1_500_000
MOST_BYTES_OPEN: Final = 300_000
"""Of a whole page, and of what stands before its folded columns."""

_TEMPLATES: Final = "templates"
_FOLD: Final = '<section id="columns"'
_ROOMS: Final = (Room(), Room(8, 25, 250), Room(6, 12, 100), Room(4, 4, 30))

Plot = (
    plots.Steps
    | plots.Bars
    | plots.Trend
    | plots.Course
    | plots.Volume
    | plots.Coverage
    | plots.Split
    | plots.Spark
    | plots.Calibration
)


def render_page(inputs: ReportInputs) -> str:
    """One window's page, see ``lay_out``."""
    return lay_out(inputs)[1]


def lay_out(inputs: ReportInputs) -> tuple[View, str]:
    """One window's view and its page, in UTF-8 at most ``MOST_BYTES`` long; the same inputs, the same bytes.

    Where hundreds of columns changed, or names are very long, fewer columns get charts and lines: the page
    then says how many more there are.
    """
    for room in _ROOMS:
        view = build_view(inputs, room)
        html = render_view(view)
        if len(html.encode()) <= MOST_BYTES and len(html[: html.index(_FOLD)].encode()) <= MOST_BYTES_OPEN:
            break
    return view, html


def render_view(view: View) -> str:
    """A view laid out as the page."""
    style = stylesheet()
    template = environment().get_template("page.html.j2")
    return template.render(view=view, style=Markup(style), policy=policy(style))  # noqa: S704 - our own file


def draw(plot: Plot) -> Markup:  # noqa: PLR0911 - one line a type
    """A plot as inline SVG, by what it is."""
    if isinstance(plot, plots.Spark):
        return charts.spark(plot)
    if isinstance(plot, plots.Steps):
        return charts.steps(plot)
    if isinstance(plot, plots.Bars):
        return charts.bars(plot)
    if isinstance(plot, plots.Trend):
        return charts.trend(plot)
    if isinstance(plot, plots.Course):
        return charts.course(plot)
    if isinstance(plot, plots.Volume):
        return charts.volume(plot)
    if isinstance(plot, plots.Coverage):
        return charts.coverage(plot)
    if isinstance(plot, plots.Split):
        return charts.split(plot)
    return charts.calibration(plot)


def policy(style: str) -> str:
    """The page's content security policy: nothing at all, but for the one style sheet it carries."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def stylesheet() -> str:
    """The style sheet as it stands in every page."""
    return resources.files("driftline_reports").joinpath(_TEMPLATES, "style.css").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates' environment. Everything is escaped; a name that is not there is an error."""
    made = Environment(
        loader=PackageLoader("driftline_reports", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"draw": draw, "levels": tuple(Level)}
    made.filters |= {"exact": exact, "anchor": anchor, "word": word, "mark": mark}
    made.tests |= {"figure": _is_figure, "name": _is_name}
    return made


def anchor(metric: str) -> str:
    """The end of the id of a metric's entry in the glossary, whatever the metric's name."""
    return row_key(metric).replace(" ", "-")


def exact(value: float | str | bool | None) -> str:  # noqa: FBT001 - a value of a table, whatever it is
    """A table's value as text that reads back to the same value."""
    if value is None:
        return ""
    return (
        repr(value)
        if isinstance(value, float)
        else str(value).lower()
        if value in {True, False}
        else str(value)
    )


def _is_figure(part: object) -> bool:
    return isinstance(part, Figure)


def _is_name(part: object) -> bool:
    return isinstance(part, Name)
