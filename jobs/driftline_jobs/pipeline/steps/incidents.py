"""Incidents, from the alerts of each window: the last step of the fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from driftline_jobs.detection import incident_states
from driftline_jobs.detection.alerts import State
from driftline_jobs.detection.alerts import Topic as Drift
from driftline_jobs.detection.impact import Impact
from driftline_jobs.detection.incident import Incident, WindowProblems
from driftline_jobs.detection.incident import State as Stands
from driftline_jobs.detection.incidents import Fold
from driftline_jobs.detection.problems import Problem, Weight, Weights, problems_of
from driftline_jobs.detection.problems import Topic as About
from driftline_jobs.evaluate.label_drift import label_column
from driftline_jobs.pipeline.context import Job
from driftline_jobs.pipeline.steps.fold import Builders, Followed, Known, Said
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.kinds.base import Bins
from driftline_jobs.profiles.state import Profile
from driftline_jobs.references.reference import Reference
from driftline_jobs.tables import alert_actions, fold_states, runs
from driftline_jobs.tables.incidents import add_incidents
from driftline_schemas.column_kinds import Form, kind_spec
from driftline_schemas.table_names import OTHER, table_column
from driftline_schemas.window import Window

_BY_CHANCE = 1e-6
UNSEEN = "__unseen__"


class Incidents:
    """The step that makes incidents of the alerts."""

    name = "incidents"

    def __init__(self, job: Job, reference: Reference) -> None:
        self._job = job
        monitor, columns = job.monitor, reference.binning.columns
        outputs = {
            monitor.logs.prediction,
            *monitor.logs.score_columns,
            label_column(monitor, reference.binning),
        }
        self._columns = len(columns)
        self._outputs = frozenset(table_column(name) for name in outputs if name is not None)
        self._critical = frozenset(map(table_column, monitor.features.critical))
        self._actions = alert_actions.on_incidents(job.store, monitor.monitor)
        self._said: Said | None = None
        self._fold = self._folded(None)

    def begin(self, state: Known, windows: Sequence[Window]) -> None:
        """See ``FoldStep``."""
        self._fold = self._folded(self._before(windows) if state is None else state)

    def follow(self, said: Said) -> Followed:
        """See ``FoldStep``."""
        self._said = said
        # an alert that this window says nothing of, since it was not judged, goes on, and is not seen here
        seen = [alert for alert in said.alerts if alert.last_window == said.window.start]
        problems = problems_of(seen, said.findings, self._weights(said)) if seen else []
        under_way = {alert.alert_id for alert in said.alerts if alert.state is not State.RESOLVED}
        found = self._fold.step(WindowProblems(said.window.start, problems, under_way, self._columns))
        state = {
            "here": [incident_states.to_json(one) for one in found],
            "ended": [[incident_states.to_json(one), ago] for one, ago in self._fold.ended],
        }
        return Followed(state, partial(self._add_rows, said.window, found))

    def _before(self, windows: Sequence[Window]) -> Known:
        """What was known before the first of ``windows`` by other bins than theirs: alerts go on too."""
        store, monitor = self._job.store, self._job.monitor
        newest = runs.newest_judged_before(store, monitor, windows[0].start) if windows else None
        return None if newest is None else fold_states.known_after(store, monitor, newest).state_of(self.name)

    def _folded(self, state: Known) -> Fold:
        known = state or {"here": [], "ended": []}
        here = [incident_states.from_json(one) for one in known["here"]]
        return Fold(
            self._job.monitor.monitor,
            self._tell,
            opened=[one for one in here if one.state is not Stands.RESOLVED],
            ended=[(incident_states.from_json(one), ago) for one, ago in known["ended"]],
            actions=self._actions,
        )

    def _weights(self, said: Said) -> Weights:
        rows = max((profile.rows for profile in said.profiles().values()), default=0)
        of = {column: _weight(one) for column, one in said.impacts().items()}
        for column, share in self._lost(said).items():
            of[column] = replace(of.get(column, Weight()), lost=share)
        seconds = (said.window.end - said.window.start).total_seconds()
        return Weights(rows, seconds, self._columns, self._critical, self._outputs, of)

    def _lost(self, said: Said) -> dict[str, float]:
        """Of the columns that drifted: see ``Weight.lost``."""
        drifted = {one.place.column for one in said.alerts if one.topic is Drift.DRIFT and not one.quiet}
        binning, now = said.reference.binning, said.profiles()
        names = [name for name in binning.columns if table_column(name) in drifted and name in now]
        if not names:
            return {}
        usual = said.reference.without(said.window).get(WHOLE, {})
        return {
            table_column(name): lost_share(binning.columns[name], now[name], usual[name])
            for name in names
            if name in usual
        }

    def _tell(self, topic: About, cause: str | None, problems: Sequence[Problem]) -> str:
        from driftline_jobs.pipeline.steps.headlines import Words

        if self._said is None:
            raise ValueError("incidents are told of before any window was followed: call follow first")
        return Words(self._job.monitor, self._said).tell(topic, cause, problems)

    def _add_rows(
        self, window: Window, incidents: Sequence[Incident], builders: Builders, run_id: str
    ) -> None:
        add_incidents(builders["incidents"], self._job.monitor, window, run_id, incidents)


def lost_share(bins: Bins, now: Profile, usual: Profile) -> float:
    """The largest share of ``usual`` rows with a value of its own that no row has now; 0 where chance may
    have a part in that, and for columns that are not counted value by value."""
    if not bins.is_settled or kind_spec(bins.kind).form is not Form.CATEGORIES:
        return 0.0
    single = [label not in {OTHER, UNSEEN} for label in bins.shown().labels or ()]
    here, before = (bins.shown_counts(one)[single] for one in (now, usual))
    gone = before[here == 0]
    share = float(gone.max()) / max(float(before.sum()), 1.0) if len(gone) else 0.0
    return share if (1.0 - share) ** now.rows < _BY_CHANCE else 0.0


def _weight(found: Impact) -> Weight:
    """Of a reference with too few windows to tell what chance does, an impact says nothing."""
    known = found.counts is not None
    return Weight(found.size if known else None, bool(found.counts), found.importance)
