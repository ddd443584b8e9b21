"""What the steps of the fold have in common: each goes through the windows in their order.

What a step says of a window rests on the window itself and on what the step knew after the one before, and on
nothing else. So the fold can go on from any window of which that is kept, and ends where one over all windows
would. A further step is a module with a class like these, and a line in ``judgement.steps_of``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from driftline_jobs.detection.alerts import Alert, Finding, Topic
from driftline_jobs.detection.impact import Impact
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_schemas.rows import TableBuilder
from driftline_schemas.window import Window

Builders = Mapping[str, TableBuilder]
"""Of rows that are to be published, by table."""
Known = Mapping[str, Any] | None
"""What a step knew after a window, as JSON values; None where nothing is kept."""


@dataclass
class Said:
    """What is said of one window so far; a step reads what those before it have said, and adds to it.

    Attributes:
        reference: what the window is compared with.
        findings: what is wrong; topics: what was judged.
        contradicted: whether the model was expected to do worse here, and by mature labels did not.
        profiles: read when called: those of the whole window, by the log's columns.
        impacts: made when called, once the step of impacts has been there: by column of the tables, what its
            change does to the mean score or prediction.
        alerts: those that are under way in it or end with it, once the step of alerts has been there.
    """

    window: Window
    reference: Reference
    findings: list[Finding]
    topics: set[Topic]
    contradicted: bool
    profiles: Callable[[], Mapping[str, Profile]]
    alerts: Sequence[Alert] = field(default=())
    impacts: Callable[[], Mapping[str, Impact]] = field(default=dict)


@dataclass(frozen=True)
class Followed:
    """What a step has to do with one window.

    Attributes:
        state: what it knows after the window, as JSON values. The window is published anew where that is
            another, or what was known before: so what it says of the window may depend on nothing else.
        add_rows: appends its rows, given the id of the run that publishes them.
    """

    state: Mapping[str, Any]
    add_rows: Callable[[Builders, str], None]


class Saying(Protocol):
    """What windows say by themselves, or against a reference that is made of those before them.

    ``at_once``: windows that are published in one go.
    """

    at_once: int

    def say(self, window: Window, *, anew: bool) -> Said:
        """What the next window says; ``anew``: what is published of it may have changed."""

    def is_new(self, said: Said) -> bool:
        """Whether it says something else than is published, by itself."""

    def note(self, said: Said) -> None:
        """Keep in mind what the window says after all steps, for those after it."""

    def record(self, said: Said) -> RunRecord:
        """Of the run that publishes the window."""

    def add_rows(self, builders: Builders, records: Mapping[Window, RunRecord]) -> None:
        """Append the rows of windows whose ``record`` was taken, ascending."""

    def report(self, asked: Sequence[Window]) -> None:
        """Tell what a person should know of the windows that were asked for."""


class FoldStep(Protocol):
    """One step of the fold."""

    name: str

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """Get ready for ``windows``, which will be followed one after the other.

        ``state`` is what it knew after the window before the first of them; None where nothing is kept.
        """

    def follow(self, said: Said) -> Followed:
        """Go on to the next window."""
