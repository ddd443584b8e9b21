"""What people have muted: still on the page, marked as such, and not in the mail while it lasts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from driftline_reports.inputs import ReportInputs
from driftline_reports.selection import Row, Selection
from driftline_schemas.metrics import CHECKS_OF_COLUMNS
from driftline_schemas.table_names import ALL
from driftline_schemas.task_specs import performance_spec

# Arrow has no types to check against: a mask over rows.
Mask: TypeAlias = Any
_CELL: Final = ("model_version", "segment", "segment_value")
# Which rows an alert may be about, and the column in which they decide.
_DECIDES: Final = {
    "drift_metrics": "drifted",
    "performance_metrics": "degraded",
    "quality_metrics": "passed",
}


def muted_until(selection: Selection, now: datetime) -> dict[str, datetime]:
    """The alerts and incidents that are muted at ``now``, by id, and until when. Of several mutes the newest
    counts."""
    newest: dict[str, Row] = {}
    for row in selection.rows("alert_actions", action="mute"):
        name = row.get("incident_id") or row["alert_id"]
        known = newest.get(name)
        if known is None or row["acted_at"] >= known["acted_at"]:
            newest[name] = row
    return {name: row["until"] for name, row in newest.items() if row["until"] and row["until"] > now}


def without_muted(inputs: ReportInputs) -> tuple[ReportInputs, int]:
    """The window as a mail may tell of it, and how many alerts under way are muted at ``generated_at``.

    The muted alerts are gone, and what they are about decides nothing: the rows are there, and neither
    drifted, nor worse, nor failed. The tables and the page stay as they are.
    """
    granularity = inputs.window.granularity.value
    selection = Selection(inputs.tables, inputs.monitor.monitor, granularity)
    mutes = _with_their_alerts(selection, muted_until(selection, inputs.generated_at))
    start = inputs.window.start
    rows = [row for row in selection.rows("alerts", window=start) if row["alert_id"] in mutes]
    if not rows:
        return inputs, 0
    tables = dict(inputs.tables)
    ids = pa.array([row["alert_id"] for row in rows])
    alerts = tables["alerts"]
    gone = pc.and_(_of_window(alerts, start), pc.is_in(alerts["alert_id"].cast(pa.string()), value_set=ids))
    tables["alerts"] = alerts.filter(pc.invert(gone))
    if "incidents" in tables:
        tables["incidents"] = _without_incidents(tables["incidents"], start, mutes)
    for name, column in _DECIDES.items():
        about = [row for row in rows if _table_of(row) == name]
        if about and name in tables:
            tables[name] = _undecided(tables[name], column, start, about)
    return replace(inputs, tables=tables), sum(row["state"] != "resolved" for row in rows)


def _with_their_alerts(selection: Selection, muted: Collection[str]) -> set[str]:
    """What is muted, and the alerts of the incidents that are."""
    rows = selection.rows("incidents")
    alerts = (json.loads(row["alerts"] or "[]") for row in rows if row["incident_id"] in muted)
    return {*muted, *(name for several in alerts for name in several)}


def _without_incidents(table: pa.Table, start: datetime, muted: set[str]) -> pa.Table:
    """The incidents without those of the window that consist of muted alerts alone."""
    here = _of_window(table, start).to_pylist()
    alerts = (set(json.loads(text or "[]")) for text in table["alerts"].to_pylist())
    kept = [not (ours and found and found <= muted) for ours, found in zip(here, alerts, strict=True)]
    return table.filter(pa.array(kept, pa.bool_()))


def _table_of(alert: Row) -> str:
    """The table whose rows raised the alert: a metric's threshold always comes from somewhere."""
    try:
        evidence = json.loads(alert["evidence"] or "{}")
        sourced = evidence.get("threshold") is not None and evidence.get("threshold_source", "") is not None
    except (ValueError, AttributeError):
        sourced = False
    if not sourced:
        return "quality_metrics"
    if alert["column_name"] == ALL and performance_spec(alert["metric"]) is not None:
        return "performance_metrics"
    return "drift_metrics"


def _undecided(
    table: pa.Table, column: str, start: datetime, alerts: Sequence[Mapping[str, Any]]
) -> pa.Table:
    """The table without a decision in the rows that alerts are about; one of the whole has its segments."""
    about: Mask = None
    for alert in alerts:
        here = _of_window(table, start)
        if alert["metric"] in CHECKS_OF_COLUMNS:  # one alert for every column that the check is about
            here = pc.and_(here, pc.equal(table["check_name"], alert["metric"]))
        elif "kind" in table.column_names:  # by labels, or without them: one may be muted and not the other
            here = pc.and_(here, pc.equal(table["kind"], _kind(alert)))
        elif "column_name" in table.column_names:
            here = pc.and_(here, pc.equal(table["column_name"], alert["column_name"]))
        if any(alert[name] != ALL for name in _CELL):
            for name in _CELL:
                here = pc.and_(here, pc.equal(table[name], alert[name]))
        about = here if about is None else pc.or_(about, here)
    decided = pc.if_else(about, pa.scalar(None, pa.bool_()), table[column])
    return table.set_column(table.column_names.index(column), column, decided)


def _kind(alert: Mapping[str, Any]) -> str:
    """Of an alert about performance, whether it is by labels, or without them."""
    return str(json.loads(alert["evidence"] or "{}").get("kind") or "realized")


def _of_window(table: pa.Table, start: datetime) -> Mask:
    """Rows of the window, in a table whose times may be naive and then mean UTC."""
    kind = table.schema.field("window_start").type
    moment = start if kind.tz else start.replace(tzinfo=None)
    return pc.equal(table["window_start"], pa.scalar(moment, kind))
