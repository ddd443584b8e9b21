"""The view as one self-contained HTML page: no request, one small script, and a policy in it that says so.

The script finds and sorts columns; whatever forbids it (a mail program, Airflow's sandbox) loses no more.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from driftline_reports import charts, plots, small_charts
from driftline_reports.context import Room
from driftline_reports.inputs import ReportInputs
from driftline_reports.level_words import mark, word
from driftline_reports.queries import row_key
from driftline_reports.view import View, build_view
from driftline_reports.view_model import Figure, Name
from driftline_schemas.levels import Level

MOST_BYTES: Final = 1_500_000
MOST_BYTES_OPEN: Final = 300_000
"""Of a whole page, and of what stands before its folded columns."""

_TEMPLATES: Final = "templates"
# Changed columns all stand in the table, quiet ones only where it is short.
_MOST_ROWS: Final = 40
_FOLD: Final = '<section id="columns"'
_ROOMS: Final = (Room(), Room(8, 25, 250), Room(6, 12, 100), Room(4, 4, 30))

Plot = (
    plots.Steps
    | plots.Bars
    | plots.Median
    | plots.Shares
    | plots.Mini
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
    style, script = stylesheet(), _file("page.js")
    template = environment().get_template("page.html.j2")
    return template.render(
        view=view,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=policy(style, script),
    )


def draw(plot: Plot) -> Markup:  # noqa: PLR0911 - one line a type
    """A plot as inline SVG, by what it is."""
    if isinstance(plot, plots.Spark):
        return small_charts.spark(plot)
    if isinstance(plot, plots.Steps):
        return charts.steps(plot)
    if isinstance(plot, plots.Bars):
        return charts.bars(plot)
    if isinstance(plot, plots.Median):
        return charts.median(plot)
    if isinstance(plot, plots.Shares):
        return charts.shares(plot)
    if isinstance(plot, plots.Mini):
        return small_charts.mini(plot)
    if isinstance(plot, plots.Course):
        return charts.course(plot)
    if isinstance(plot, plots.Volume):
        return charts.volume(plot)
    if isinstance(plot, plots.Coverage):
        return charts.coverage(plot)
    if isinstance(plot, plots.Split):
        return charts.split(plot)
    return charts.calibration(plot)


def policy(style: str, script: str = "") -> str:
    """The page's content security policy: nothing at all, but for the style sheet and the script it carries.

    They are named by their digests: in a file that is the same for every reader a nonce would be none.
    """
    allowed = f"style-src '{_digest(style)}'" + (f"; script-src '{_digest(script)}'" if script else "")
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


@cache
def stylesheet() -> str:
    """The style sheet as it stands in every page."""
    return _file("style.css")


def _file(name: str) -> str:
    return resources.files("driftline_reports").joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


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
    made.globals |= {"draw": draw, "levels": tuple(Level), "most_rows": _MOST_ROWS}
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
