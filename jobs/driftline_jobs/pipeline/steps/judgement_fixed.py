"""What windows say against a reference that stands: it is published with their data and their performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from driftline_jobs.pipeline.context import Job, attempt
from driftline_jobs.pipeline.steps.alerts import published_findings, published_topics
from driftline_jobs.pipeline.steps.attribution import explain_published
from driftline_jobs.pipeline.steps.fold import Builders, Said
from driftline_jobs.pipeline.steps.judged import PART
from driftline_jobs.pipeline.steps.repeated_ids import Repeats
from driftline_jobs.pipeline.steps.wholes import Wholes
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables import performance_metrics
from driftline_jobs.tables.reading import EVER
from driftline_schemas.window import Window


class FixedSaying:
    """See ``fold.Saying``."""

    at_once = 64

    def __init__(
        self, job: Job, reference: Reference, windows: Sequence[Window], repeats: Repeats, wholes: Wholes
    ) -> None:
        self._job = job
        self._reference = reference
        self._wholes = wholes
        span = (windows[0].start, EVER)
        self._contradicted = performance_metrics.contradicted_windows(job.store, job.monitor, *span)
        self._findings = published_findings(job, repeats, *span)
        self._topics = published_topics(job, *span)

    def say(self, window: Window, *, anew: bool) -> Said:  # noqa: ARG002 - what is published stands
        """See ``Saying``."""
        return Said(
            window,
            self._reference,
            self._findings.get(window.start, []),
            self._topics.get(window.start, set()),
            window.start in self._contradicted,
            partial(self._wholes.of, window),
        )

    def is_new(self, said: Said) -> bool:  # noqa: ARG002 - never by itself
        """See ``Saying``."""
        return False

    def note(self, said: Said) -> None:
        """See ``Saying``."""

    def record(self, said: Said) -> RunRecord:
        """See ``Saying``."""
        return attempt(self._job, said.window, PART, reference_id=self._reference.reference_id)

    def add_rows(self, builders: Builders, records: Mapping[Window, RunRecord]) -> None:
        """See ``Saying``."""
        explain_published(self._job, self._reference, builders["attributions"], records)

    def report(self, asked: Sequence[Window]) -> None:
        """See ``Saying``."""
