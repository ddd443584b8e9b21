"""Read YAML that a stranger wrote: plain data with line numbers, and nothing that grows when it is read.

Scalars mean what is written, by the core schema of YAML 1.2: ``yes``, ``no`` and dates are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from driftline_schemas.errors import ConfigError

MAX_BYTES = 256 * 1024
_MAX_DEPTH = 16
_MAX_EVENTS = 50_000
_SHOWN = 60
_TAGS = "tag:yaml.org,2002:"
_PLAIN_TAGS = {f"{_TAGS}map", f"{_TAGS}seq"}

Place = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says. ``lines`` counts from 1 and holds the place of every key and list item."""

    name: str
    data: object
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int | None:
        """The line of ``place``, or of the nearest place around it that the file has."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None


def read_yaml(path: Path) -> YamlFile:
    """The YAML file at ``path``. Raises ConfigError when it is not there, is too large or cannot be read."""
    name = str(path)
    try:
        if not path.is_file():
            raise ConfigError(_not_a_file(path))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{name} is larger than {MAX_BYTES // 1024} KiB: this is no monitor file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text: byte {error.start} cannot be read") from error
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> YamlFile:
    """``text`` as plain data; ``name`` is what errors call it.

    Raises ConfigError for anything but one document of plain values: no aliases (a few of them can stand for
    gigabytes), no tags of Python's, no key given twice (the last one would win in silence).
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{name} is larger than {MAX_BYTES // 1024} KiB: this is no monitor file")
    try:
        # The events come flat, so depth is known before anything recursive looks at the document.
        _check_events(text, name)
        root = yaml.compose(text, Loader=_loader())
        if root is None:
            raise ConfigError(f"{name} is empty")
        lines: dict[Place, int] = {}
        data = _Plain(name, lines).value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = error.problem or error.context or "unknown"
        raise ConfigError(f"{name}{line}: this is not YAML: {problem}{_tab_hint(text, error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: this is not YAML: {str(error).splitlines()[0]}") from error
    return YamlFile(name, data, lines)


def shown(value: object) -> str:
    """``value`` for a message: its repr, cut short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class _Plain:
    """Turns nodes into plain data and notes their lines."""

    def __init__(self, name: str, lines: dict[Place, int]) -> None:
        self._name = name
        self._lines = lines

    def value(self, node: yaml.Node, place: Place) -> object:
        line = self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN_TAGS:
            raise ConfigError(f"{self._name}:{line}: the tag {shown(node.tag)} is not read here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[object, object]:
        values: dict[object, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"{self._name}:{line}: a key must be a plain name")
            key = self._scalar(key_node)
            if key in values:
                first = self._lines[(*place, _place_of(key))]
                raise ConfigError(
                    f"{self._name}:{line}: the key {shown(key)} is given twice, first in line {first}"
                )
            inner = (*place, _place_of(key))
            self._lines[inner] = line
            values[key] = self.value(value_node, inner)
        return values

    def _scalar(self, node: yaml.Node) -> object:
        line = node.start_mark.line + 1
        kind = node.tag.removeprefix(_TAGS)
        if kind == "str":
            return node.value
        if kind not in _CORE:
            raise ConfigError(f"{self._name}:{line}: the tag {shown(node.tag)} is not read here")
        pattern, _, value = _CORE[kind]
        if not pattern.fullmatch(node.value):
            raise ConfigError(f"{self._name}:{line}: {shown(node.value)} is no {kind}, as its tag says it is")
        try:
            return value(node.value)
        except ValueError as error:  # Python limits the digits of an integer
            raise ConfigError(f"{self._name}:{line}: {shown(node.value)} cannot be read: {error}") from error


def _whole_number(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2])
    return int(text) if base is None else int(text[2:], base)


def _fraction(text: str) -> float:
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_CORE: dict[str, tuple[re.Pattern[str], str, Callable[[str], object]]] = {
    "null": (re.compile("null|Null|NULL|~|"), "nN~", lambda _: None),
    "bool": (re.compile("true|True|TRUE|false|False|FALSE"), "tTfF", lambda text: text[0] in "tT"),
    "int": (re.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), "-+0123456789", _whole_number),
    "float": (
        re.compile(
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        "-+.0123456789",
        lambda text: _fraction(text.lower()),
    ),
}
"""What is no text: how it is written, how that may begin, and what it means (YAML 1.2.2, section 10.3.2)."""


def _place_of(key: object) -> str | int:
    return key if isinstance(key, (str, int)) else str(key)


def _check_events(text: str, name: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_loader())):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(
                f"{name}:{line}: aliases (*{shown(event.anchor)[1:-1]}) are not read here: write it out"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise ConfigError(f"{name}:{line}: this is nested too deep or too long for a monitor file")


@cache
def _loader() -> type[yaml.CSafeLoader | yaml.SafeLoader]:
    # A hundred monitor files are read each time a scheduler looks for work: libyaml is ten times as fast.
    plain: type = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    # What PyYAML makes of a plain scalar is YAML 1.1: booleans called no, numbers of base 60, dates.
    loader: type[yaml.CSafeLoader] = type("_CoreLoader", (plain,), {"yaml_implicit_resolvers": {}})
    for kind, (pattern, first, _) in _CORE.items():
        letters = [*first, ""] if kind == "null" else list(first)
        loader.add_implicit_resolver(_TAGS + kind, re.compile(rf"(?:{pattern.pattern})\Z"), letters)
    return loader


def _tab_hint(text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines) or not re.match(r"\s*\t", lines[mark.line]):
        return ""
    return " (indent with spaces, YAML takes no tabs)"


def _not_a_file(path: Path) -> str:
    import difflib

    if path.is_dir():
        return f"{path} is a folder: name one monitor file in it"
    if path.exists():
        return f"{path} is not a regular file"
    siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f": did you mean {near[0]}?" if near else ""
    return f"there is no monitor file at {path}{hint}"
