"""What the main path asks of an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what the engines themselves import, when one of them is opened
    from driftline_jobs.engines.process import Spent
    from driftline_jobs.sources.labels.counts import JoinCounts
    from driftline_jobs.sources.labels.rows import LabelPlan, PredictionPlan
    from driftline_jobs.sources.parquet.splits import Split
    from driftline_jobs.sources.profiling.scan import ScanPlan
    from driftline_jobs.sources.profiling.scan_result import ScanResult
    from driftline_jobs.sources.profiling.survey import Survey, SurveyPlan
    from driftline_jobs.tasks.outcomes import OutcomePlan, OutcomesByCell


@dataclass(frozen=True)
class JoinRequest:
    """Predictions and labels to be joined. ``label_splits`` come with their object's number."""

    predictions: PredictionPlan
    prediction_splits: tuple[Split, ...]
    labels: LabelPlan | None
    label_splits: tuple[tuple[int, Split], ...]
    task: OutcomePlan
    memory_limit: int

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of predictions and of labels, as their footers say."""
        predictions = sum(split.rows for split in self.prediction_splits)
        return predictions, sum(split.rows for _, split in self.label_splits)


class Engine(Protocol):
    """Runs tasks over splits. Results are exact sums, so placement and order leave no trace in them."""

    name: str

    def survey(self, splits: Sequence[Split], plan: SurveyPlan) -> Survey:
        """The first look at a reference, merged over all splits."""

    def scan(self, splits: Sequence[Split], plan: ScanPlan) -> Iterator[tuple[Sequence[Split], ScanResult]]:
        """Profiles, with the splits they come from: each split exactly once, as soon as it is done.

        Raises:
            UnreadableObjectError: an object turned out to be damaged; nothing of it may be counted.
        """

    def outcomes(self, join: JoinRequest) -> tuple[OutcomesByCell, JoinCounts]:
        """Labels joined to predictions, as outcomes per cell; see ``sources.labels.join`` for what counts."""

    def spent(self) -> Spent:
        """What tasks have taken in other processes than this one, so far."""

    def close(self) -> None:
        """Give back threads, sessions and memory."""
