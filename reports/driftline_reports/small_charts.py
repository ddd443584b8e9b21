"""Drawings as high as a word, written by hand: a row of a table has room for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from driftline_reports import plots

# Twice as many units as pixels, so that whole numbers are fine enough.
_SPARK_WIDTH: Final = 180
_SPARK_HEIGHT: Final = 32
_MINI_WIDTH: Final = 200
_MINI_HEIGHT: Final = 48


def spark(plot: plots.Spark) -> Markup:
    """A line as high as a word, no axes; a dot at its end if this window is beyond the limit."""
    known = [v for v in plot.values if v is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    scale = (_SPARK_HEIGHT - 8) / (high - low) if high > low else 0.0
    step = _SPARK_WIDTH / (len(plot.values) - 1)
    path, dot, joined = [], "", False
    for n, value in enumerate(plot.values):
        if value is None:
            joined = False
            continue
        place = f"{n * step:.0f} {_SPARK_HEIGHT - 4 - (value - low) * scale:.0f}"
        path.append(f"{' ' if joined else 'M'}{place}")
        joined = True
        if plot.beyond and n == len(plot.values) - 1:
            dot = f"M{place}h0"
    hits = Markup('<path class="dot s-hit" d="{}"/>').format(dot) if dot else ""
    said = Markup("<title>{}</title>").format(plot.title) if plot.title else ""
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true">{}<path class="s-now" d="{}"/>{}</svg>'
    ).format(_SPARK_WIDTH, _SPARK_HEIGHT, said, "".join(path), hits)


def mini(plot: plots.Mini) -> Markup:
    """A distribution as high as a word: now filled, usually as a line."""
    total, high = sum(plot.widths), max([*plot.now, *(plot.usual or ())], default=0.0)
    if not total or not high:
        return Markup("")
    across, tall = _MINI_WIDTH / total, (_MINI_HEIGHT - 3) / high

    def stairs(heights: Sequence[float]) -> str:
        steps = (
            f"V{_MINI_HEIGHT - 1 - height * tall:.0f}h{width * across:.1f}"
            for width, height in zip(plot.widths, heights, strict=True)
        )
        return f"M0 {_MINI_HEIGHT - 1}{''.join(steps)}V{_MINI_HEIGHT - 1}"

    usual = Markup('<path class="s-ref" d="{}"/>').format(stairs(plot.usual)) if plot.usual else ""
    return Markup(
        '<svg class="mini" viewBox="0 0 {} {}" aria-hidden="true"><title>{}</title>'
        '<path class="f-now" d="{}z"/>{}</svg>'
    ).format(_MINI_WIDTH, _MINI_HEIGHT, plot.title, stairs(plot.now), usual)
