"""How a level reads, in words and as a mark that tells it without colour. Colours are the style sheet's."""

from __future__ import annotations

from typing import Final

from driftline_schemas.levels import Level

_WORDS: Final = {
    Level.BROKEN: "broken",
    Level.FAULTY: "faulty data",
    Level.SUSPECT: "probably broken",
    Level.CHANGED: "data changed",
    Level.ONGOING: "ongoing",
    Level.CALM: "calm",
    Level.UNJUDGED: "not judged",
    Level.EMPTY: "no data",
}
_MARKS: Final = {
    Level.BROKEN: "✕",
    Level.FAULTY: "■",
    Level.SUSPECT: "◆",
    Level.CHANGED: "▲",
    Level.ONGOING: "◌",
    Level.CALM: "●",
    Level.UNJUDGED: "?",
    Level.EMPTY: "∅",
}


def word(level: Level) -> str:
    """The level in words, for flags, legends and text alternatives."""
    return _WORDS[level]


def mark(level: Level) -> str:
    """A character that tells the level without colour."""
    return _MARKS[level]
