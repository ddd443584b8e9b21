"""What validation has to say about the values of a log."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_jobs.pipeline.validate.sample import LogSample


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
