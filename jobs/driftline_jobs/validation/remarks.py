"""What validation has to say about the values of a log, and who says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from driftline_jobs.validation.sample import LogSample
from driftline_schemas.monitor import Monitor


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know, with the next step. A ``fault`` makes figures wrong, so a run would refuse it."""

    text: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """Sampled rows of the log, of the labels, and of a reference that is a data set; None for what is not."""

    log: LogSample
    labels: LogSample | None = None
    reference: LogSample | None = None


Concern = Callable[[Monitor, Samples], Iterable[Remark]]

CONCERNS: tuple[Concern, ...] = ()
"""Every concern, in the order in which its remarks are shown."""


def remarks_of(monitor: Monitor, samples: Samples) -> tuple[Remark, ...]:
    """What all concerns have to say, faults first."""
    found = [remark for concern in CONCERNS for remark in concern(monitor, samples)]
    return tuple(sorted(found, key=lambda remark: not remark.is_fault))
