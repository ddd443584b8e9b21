"""The profiles of whole windows as they are published, read ahead as the fold goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftline_jobs.pipeline.context import Job
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.state import Profile
from driftline_jobs.tables.profiles import of_wholes
from driftline_schemas.table_names import table_column
from driftline_schemas.window import Window

AHEAD = 32
"""Windows that are read at once."""


class Wholes:
    """Of ``windows``, which are asked for in their order."""

    def __init__(self, job: Job, binning: Binning, windows: Sequence[Window]) -> None:
        self._job = job
        self._binning = binning
        self._labels = {name: table_column(name) for name in binning.columns}
        self._windows = windows
        self._place = {window: at for at, window in enumerate(windows)}
        self._read: dict[Window, Mapping[str, Profile]] = {}

    def of(self, window: Window) -> Mapping[str, Profile]:
        """Those of a window, by the log's columns; none if nothing is published of it."""
        if window not in self._read:
            at = self._place[window]
            ahead = self._windows[at : at + AHEAD]
            job = self._job
            found = of_wholes(job.store, job.monitor, self._binning.binning_id, ahead[0].start, ahead[-1].end)
            self._read = {one: self._named(found.get(one.start, {})) for one in ahead}
        return self._read[window]

    def _named(self, profiles: Mapping[str, Profile]) -> Mapping[str, Profile]:
        return {name: profiles[label] for name, label in self._labels.items() if label in profiles}
