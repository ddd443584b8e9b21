"""A check of the log, of its columns or of its labels, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check: ``expected`` is a number, the bounds (low, high) with None for none, or JSON as a text."""

    column: str
    name: str
    value: float | None
    expected: object
    passed: bool | None
