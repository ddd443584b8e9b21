"""The classes that a monitor names, held against those that occur: in a reference, or in a sample of rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SHOWN = 6
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Occurring:
    """Rows by class, of labels and of predictions, as ``class_text`` writes them; empty where none is known.

    ``where`` is what a message calls the rows: ``in the reference``.
    """

    labels: Counts
    predictions: Counts
    where: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, with the next step. A fault makes figures wrong: nothing may be published of it.

    A class that is rare may be missing from the rows: it is a fault only where there is another that could be
    meant, or that would be counted as what it is not.
    """

    text: str
    is_fault: bool


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that is most likely meant: the same but for capitals and spaces, or else the most similar."""
    choices = sorted(names)
    return same_name(name, choices) or next(iter(difflib.get_close_matches(name, choices, n=1)), None)


def same_name(name: str, names: Iterable[str]) -> str | None:
    """One that is the same but for capitals and spaces around it."""
    plain = name.strip().casefold()
    return next((choice for choice in names if choice.strip().casefold() == plain), None)


def listed(counts: Counts) -> str:
    """``'stay' (5,398), 'churn' (3,002)``, the most frequent first."""
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    named = [f"{name!r} ({counts[name]:,})" for name in ordered[:_SHOWN]]
    more = len(ordered) - _SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def name_it(key: str, name: str, counts: Counts) -> str:
    """The next step where ``key`` names a class that is not there."""
    near = nearest(name, counts)
    if near is not None:
        return f"Did you mean {key}: {near!r}?"
    rarest = min(counts, key=lambda text: (counts[text], text))
    return f"Name the one that is positive, such as {key}: {rarest!r}"


def negative_class(counts: Counts) -> str | None:
    """The negative class among those that are not positive: the most frequent one."""
    return min(counts, key=lambda name: (-counts[name], name), default=None)
