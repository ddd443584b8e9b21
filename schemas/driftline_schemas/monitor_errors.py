"""Say what is wrong with a monitor file: where, what was expected, and the likely remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor_section import Section
from driftline_schemas.yaml_file import Place, YamlFile, shown

Sections = Mapping[tuple[str, ...], tuple[type[Section], ...]]
"""The models that describe the mapping at each place, list positions left out."""
_MOST_SHOWN = 20


class Problems(ValueError):  # noqa: N818 - several, and never seen outside
    """What is wrong between the parts of a monitor: places and messages.

    Ends as: a `ConfigError` that lists them.
    """

    def __init__(self, problems: Iterable[tuple[Place, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{_dotted(place)}: {message}" for place, message in self.problems))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``: did you mean 'psi'?``, or the whole of a short list, or nothing."""
    choices = list(known)
    near = difflib.get_close_matches(name, choices, n=1)
    if near:
        return f": did you mean {near[0]!r}?"
    return f": known here are {', '.join(choices)}" if 0 < len(choices) <= 30 else ""


def config_error(file: YamlFile, error: ValidationError, sections: Sections) -> ConfigError:
    """One ConfigError that lists all that pydantic found in ``file``, in the file's order."""
    found: list[tuple[int, str]] = []
    details = error.errors(include_url=False)
    unknown = {detail["loc"] for detail in details if detail["type"] == "extra_forbidden"}
    for detail in details:
        if detail["type"] != "extra_forbidden" and any(detail["loc"][: len(at)] == at for at in unknown):
            continue  # what is under a key that nobody knows is of no interest
        place = tuple(part for part in detail["loc"] if not str(part).startswith("<"))
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Problems):
            found.extend((file.line(p) or 0, f"{_dotted(p)}: {message}") for p, message in cause.problems)
        else:
            message = _message(detail, place, sections)
            found.append((file.line(place) or 0, f"{_dotted(place)}: {message}" if place else message))
    lines = [
        f"{file.name}:{line}: {text}" if line else f"{file.name}: {text}" for line, text in sorted(set(found))
    ]
    if len(lines) == 1:
        return ConfigError(lines[0])
    more = [f"… and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else []
    return ConfigError("\n".join([f"{file.name} has {len(lines)} faults:", *lines[:_MOST_SHOWN], *more]))


def _message(detail: ErrorDetails, place: Place, sections: Sections) -> str:  # noqa: PLR0911 - one case a rule
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return "unknown key" + _key_hint(place, sections)
    if kind == "missing":
        return "is missing"
    if kind == "string_type":
        if isinstance(value, bool):
            return f"must be text, YAML reads this as {str(value).lower()}: put it in quotes"
        if isinstance(value, (int, float)):
            return f"must be text, not the number {shown(value)}: put it in quotes"
        return f"must be text, not {_kind_of(value)}"
    if kind == "tuple_type":
        return f"must be a list, [a, b], not {_kind_of(value)}"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"must be a mapping of keys to values, not {_kind_of(value)}"
    if kind == "string_pattern_mismatch":
        return f"{shown(value)} does not match {detail['ctx']['pattern']}"
    if kind in {"enum", "literal_error"}:
        expected = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"{shown(value)} is not one of {', '.join(expected)}" + _nearest(value, expected)
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    text = detail["msg"]
    return f"{text[0].lower()}{text[1:]}, not {shown(value)}"


def _key_hint(place: Place, sections: Sections) -> str:
    key = str(place[-1])
    here = tuple(str(part) for part in place[:-1] if isinstance(part, str))
    known = [name for model in sections.get(here, ()) for name in model.known_keys()]
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f", did you mean {near[0]!r}?"
    homes = [
        ".".join(at) for at, models in sections.items() if any(key in model.known_keys() for model in models)
    ]
    if homes:
        return f" here: it belongs under {homes[0]}" if homes[0] else " here: it belongs at the top"
    return f": known here are {', '.join(dict.fromkeys(known))}" if known else ""


def _nearest(value: object, expected: list[str]) -> str:
    near = difflib.get_close_matches(str(value), expected, n=1)
    return f": did you mean {near[0]!r}?" if near else ""


def _kind_of(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None else shown(value)


def _dotted(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return text if len(text) <= 120 else text[:119] + "…"
