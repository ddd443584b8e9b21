"""Which rows the data part of a window has counted: its performance is to be over the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from driftline_jobs.pipeline.context import Job
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.tables import run_inputs
from driftline_schemas.window import Window

NOT_JOINED = "rows_not_joined"
"""The check that counts rows whose drift is measured and whose performance is not."""


@dataclass(frozen=True)
class CountedRows:
    """What the data part has read.

    Attributes:
        rows: of each object that counted for a window, by the window's start in UTC and the object's uri.
        set_aside: why, by uri and etag, an object was set aside in some window.
    """

    rows: dict[tuple[object, str], int]
    set_aside: dict[tuple[str, str], str]

    def without_set_aside(self, inspection: LogInspection) -> LogInspection:
        """The objects but for those that are as the data part found them, and damaged."""
        for state in inspection.inputs:
            reason = self.set_aside.get((state.object.uri, state.object.etag))
            if reason is not None and state.state == "read":
                inspection = inspection.without(state.object.uri, reason)
        return inspection

    def of_objects(self, window: Window, uris: Collection[str]) -> int:
        """Rows of the window that the data part has counted in these objects."""
        return sum(self.rows.get((window.start, uri), 0) for uri in uris)


def rows_counted(job: Job) -> CountedRows:
    """What is published of the job's windows."""
    start, end = job.windows[0].start, job.windows[-1].end
    rows: dict[tuple[object, str], int] = {}
    set_aside: dict[tuple[str, str], str] = {}
    for row in run_inputs.objects_of_data(job.store, job.monitor, start, end):
        rows[row["window_start"], row["uri"]] = row["rows_matched"] or 0
        if row["state"] == "quarantined":
            set_aside[row["uri"], row["etag"]] = row["reason"] or ""
    return CountedRows(rows, set_aside)
