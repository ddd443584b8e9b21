"""What the change of each column does to the model: rows of ``impacts``, from the profiles of a window and
the reference's rows by column and score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from driftline_jobs.detection.impact import Impact
from driftline_jobs.evaluate.impacts import Weighed, Weigher
from driftline_jobs.metrics.figures import Status, reason_of
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables.impacts import add_impacts, on_the_mean_by_column
from driftline_jobs.tables.reference_sets import by_score_of
from driftline_jobs.tasks.registry import task_of
from driftline_schemas.metrics import MEAN_PREDICTION, MEAN_SCORE
from driftline_schemas.table_names import ALL
from driftline_schemas.window import Window


class Impacts:
    """See ``fold.FoldStep``. A window's impacts rest on itself and on the reference of the start alone."""

    name = "impacts"

    def __init__(self, job: Job, initial: Reference) -> None:
        self._job, self._initial = job, initial

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """See ``FoldStep``."""

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        said.impacts = lambda: on_the_mean_by_column(self._of(said, means_alone=True))
        return Followed({}, partial(self._add_rows, said))

    def _add_rows(self, said: Said, builders: Builders, run_id: str) -> None:
        monitor, reference_id = self._job.monitor.monitor, self._initial.reference_id
        add_impacts(builders["impacts"], monitor, said.window, run_id, reference_id, self._of(said))

    def _of(self, said: Said, *, means_alone: bool = False) -> Sequence[Impact]:
        if self._weigher is None:
            metric = MEAN_PREDICTION if self._job.monitor.task_spec.numeric else MEAN_SCORE
            why = Status.NOT_BY_SCORE
            return [Impact(ALL, metric, status=why, reason=reason_of(why))]
        profiles = said.profiles()
        own = _rows(profiles) / max(self._initial.rows, 1) if self._initial.holds(said.window) else 0.0
        (found,) = self._weigher.of_windows([Weighed(profiles, own)], means_alone=means_alone)
        return found

    @cached_property
    def _weigher(self) -> Weigher | None:
        by_score = by_score_of(self._job.store, self._initial.reference_id)
        task = task_of(self._job.monitor, self._initial.binning)
        return None if by_score is None else Weigher(self._job.monitor, task, self._initial, by_score)


def _rows(profiles: Mapping[str, Profile]) -> int:
    return max((profile.rows for profile in profiles.values()), default=0)
