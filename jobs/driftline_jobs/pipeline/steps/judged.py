"""What the fold leaves, whichever kind of reference it folds over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from driftline_jobs.pipeline.context import Job
from driftline_jobs.stores.base import RunRecord
from driftline_jobs.tables.alerts import AlertRow
from driftline_schemas.rows import TableBuilder

PART = "judgement"
UNDER_WAY = ("open", "acknowledged")


@dataclass
class Judged:
    """Runs that were published, and the alerts that are open in the windows that were asked for."""

    run_ids: list[str] = field(default_factory=list)
    alert_ids: set[str] = field(default_factory=set)

    @property
    def open_alerts(self) -> int:
        """How many alerts are open."""
        return len(self.alert_ids)

    def note(self, alerts: Sequence[AlertRow]) -> None:
        """Count the alerts of a window that was asked for."""
        self.alert_ids |= {alert.alert_id for alert in alerts if alert.state in UNDER_WAY}


def publish_attempts(
    job: Job, attempts: Sequence[RunRecord], builders: Mapping[str, TableBuilder], judged: Judged
) -> None:
    """Make the rows of these attempts visible, all at once."""
    costs = asdict(job.meter.read(len(attempts)))
    records = [
        replace(
            record,
            status="published",
            finished_at=datetime.now(UTC),
            **costs,
        )
        for record in attempts
    ]
    job.store.publish(records, {name: builder.to_arrow() for name, builder in builders.items()})
    judged.run_ids += [record.run_id for record in records]
