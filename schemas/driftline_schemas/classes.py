"""How classes are compared: the one rule for labels, predictions, score keys and the positive label.

Classes are compared by value. One class are

- the truth value, the number and their spellings: ``true``, ``True``, ``TRUE``, ``1``, ``1.0`` as booleans,
  integers, floats, decimals or texts; likewise ``false`` and 0;
- equal whole numbers, of whatever type, and texts that write one plainly: digits without leading zeros,
  perhaps a minus before them, and zeros alone after the point. ``-0`` is 0;
- other numbers that are equal, and the text that writes them shortest;
- other texts that are the same, character by character: spaces, capitals and leading zeros tell classes
  apart, so ``01`` is not 1. A date or a time is compared by its ISO form, bytes by the text they spell.

A missing value and a NaN are no class.
"""

from __future__ import annotations

import re
from decimal import Decimal

MOST_CHARACTERS = 256
"""Of the name of a class: longer values are classes too, but not by a name that a file could give."""
_TRUTHS = {"true": "1", "True": "1", "TRUE": "1", "false": "0", "False": "0", "FALSE": "0"}
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?", re.ASCII)


def class_text(value: object) -> str:
    """The text that stands for a class: two values are one class exactly if their texts are equal."""
    if isinstance(value, str):
        return _text_class(value)
    if isinstance(value, (bool, int)):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes):
        return _text_class(value.decode(errors="backslashreplace"))
    return str(value)


def decimal_text(value: Decimal) -> str:
    """All digits of a decimal, without zeros at the end of a fraction."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _text_class(text: str) -> str:
    if text in _TRUTHS:
        return _TRUTHS[text]
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return text
    return "0" if whole[1] == "-0" else whole[1]
