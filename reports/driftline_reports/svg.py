"""Vega's SVG made fit for the inside of a page: small, without ids, coloured by the page's own style.

A chart is drawn in marker colours (see ``PAINT``); each becomes a class, so that light, dark and print are
the style sheet's business and no inline style is needed. Groups, roles and fonts that say nothing are dropped
and coordinates keep one decimal: a chart shrinks to about a quarter.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

_NAMESPACE: Final = "{http://www.w3.org/2000/svg}"
# Colours that no chart would use, each the name of a class of the style sheet.
PAINT: Final = {
    "ink": "#010101",
    "grid": "#010102",
    "now": "#010103",
    "ref": "#010104",
    "limit": "#010105",
    "hit": "#010106",
    "band": "#010107",
    "guess": "#010108",
    "hole": "#010109",
    "mix": "#01010a",
    "rate": "#01010b",
    "quiet": "#01010c",
}
_CLASSES: Final = {colour: name for name, colour in PAINT.items()}
_TRANSLATE: Final = re.compile(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)\)$")
# An "e" belongs to a number such as 3.5e-10.
_COMMAND: Final = re.compile(r"([A-DF-Za-df-z])([^A-DF-Za-df-z]*)")
_NUMBER: Final = re.compile(r"-?[\d.]+(?:e-?\d+)?")
_STORED: Final = {
    "path": ("d", "stroke-width", "stroke-dasharray"),
    "line": ("x1", "y1", "x2", "y2", "stroke-width", "stroke-dasharray"),
    "rect": ("x", "y", "width", "height"),
    "text": ("x", "y", "text-anchor"),
}


def clean(source: str, label: str) -> Markup:
    """The drawing ``source`` (SVG text made by Vega) with ``label`` as its text alternative."""
    root = ET.fromstring(source)  # noqa: S314 - made by the renderer in this process, with texts escaped
    _, _, width, height = root.attrib["viewBox"].split()
    drawing = ET.Element("svg", {"class": "chart", "viewBox": f"0 0 {width} {height}", "role": "img"})
    drawing.set("aria-label", label)
    for child in root:
        _copy(child, drawing, 0.0, 0.0)
    # Serialised by the XML writer, which escapes every text and attribute.
    return Markup(ET.tostring(drawing, encoding="unicode", short_empty_elements=True))  # noqa: S704


def _copy(element: ET.Element, into: ET.Element, left: float, top: float) -> None:  # noqa: C901, PLR0912 - one branch a kind of element
    tag = element.tag.removeprefix(_NAMESPACE)
    if element.get("display") == "none" or "background" in element.get("class", "").split():
        return
    moved = _TRANSLATE.match(element.get("transform", ""))
    if moved:
        left, top = left + float(moved[1]), top + float(moved[2])
    if tag == "g":
        if "mark-symbol" in element.get("class", ""):
            _dots(element, into, left, top)
            return
        for child in element:
            _copy(child, into, left, top)
        return
    attributes = _paint(element)
    if attributes is None or tag not in _STORED:
        return
    for name in _STORED[tag]:
        value = element.get(name)
        if value is not None and (name, value) not in {("stroke-width", "1"), ("text-anchor", "start")}:
            attributes[name] = value
    if tag == "path":
        if not element.get("d"):
            return
        attributes["d"] = _shift(element.attrib["d"], left, top)
    elif tag == "line":
        ends = {name: float(element.get(name, 0)) for name in ("x1", "y1", "x2", "y2")}
        for name, end in ends.items():
            attributes[name] = _short(end + (left if name[0] == "x" else top))
    else:
        attributes["x"] = _short(float(element.get("x", 0)) + left)
        attributes["y"] = _short(float(element.get("y", 0)) + top)
        for name in ("width", "height"):
            if name in attributes:
                attributes[name] = _short(float(attributes[name]))
    copied = ET.SubElement(into, tag, attributes)
    copied.text = element.text


def _dots(group: ET.Element, into: ET.Element, left: float, top: float) -> None:
    """Points as one path of strokes without length: their round ends are the dots. 12 bytes a point."""
    strokes: dict[str, list[str]] = {}
    for point in group:
        attributes, moved = _paint(point), _TRANSLATE.match(point.get("transform", ""))
        if attributes is None or moved is None:
            continue
        x, y = _short(float(moved[1]) + left), _short(float(moved[2]) + top)
        strokes.setdefault(attributes["class"], []).append(f"M{x} {y}h0")
    for painted, places in strokes.items():
        ET.SubElement(into, "path", {"class": painted.replace("f-", "dot s-"), "d": "".join(places)})


def _paint(element: ET.Element) -> dict[str, str] | None:
    """The classes for an element's marker colours; None if it has neither: it shows nothing."""
    names = []
    for attribute, prefix in (("fill", "f-"), ("stroke", "s-")):
        name = _CLASSES.get(element.get(attribute, ""))
        if name:
            names.append(prefix + name)
    return {"class": " ".join(names)} if names else None


def _shift(path: str, left: float, top: float) -> str:
    """A path of absolute M, L, H, V and relative h, v, Z commands moved by (left, top), one decimal kept."""
    pieces: list[str] = []
    last = ""
    for command, numbers in _COMMAND.findall(path):
        values = [float(number) for number in _NUMBER.findall(numbers)]
        if command in "ML":
            values = [v + (top if n % 2 else left) for n, v in enumerate(values)]
        elif command in "HV":
            values = [v + (left if command == "H" else top) for v in values]
        elif command not in "hvlZz":
            raise ValueError(f"a chart's path holds the command {command!r}, which the page cannot carry")
        # After M or L further pairs are lines without being told so.
        letter = "" if command == "L" and last in {"M", "L"} else command
        text = " ".join(_short(v) for v in values)
        pieces.append(f"{' ' if not letter and text else letter}{text}")
        last = command
    return "".join(pieces)


def _short(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
