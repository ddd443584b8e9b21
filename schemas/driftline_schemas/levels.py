"""The level of a window: one word for how it stands, the same on page, in mail, in SQL and in Airflow."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How a window stands, the worst first: the first that is true of it counts."""

    BROKEN = "broken"
    """An incident of performance, sure by labels, opened or got worse here."""
    FAULTY = "faulty"
    """The same of the data itself: damaged or missing."""
    SUSPECT = "suspect"
    """An incident of performance by an estimate, or within chance."""
    CHANGED = "changed"
    """An incident of drift, at least medium or in a critical column, opened or got worse here."""
    ONGOING = "ongoing"
    """Only what was known before."""
    CALM = "calm"
    """Nothing, or only what is low, acknowledged or accepted."""
    UNJUDGED = "unjudged"
    """Nothing could be judged."""
    EMPTY = "empty"
    """No rows, and none were expected."""
