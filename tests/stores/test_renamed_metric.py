"""A store of an older version, in which sustained shifts were called lasting ones."""

from __future__ import annotations

import json
from contextlib import closing

from tests.stores.makers import day, drift, one_row, put_then, run
from tests.stores.test_migrations import database

from driftline_jobs.detection.alerts import Place, Topic, alert_id
from driftline_jobs.stores import open_store
from driftline_jobs.stores.migrate import migrate, migrations
from driftline_schemas.ddl import Dialect

OLD, NEW = "lasting_shift", "sustained_shift"


def test_rows_are_called_by_the_new_name_and_alerts_stay_the_same(url: str, kind: str) -> None:
    before = migrations(Dialect(kind))[:6]
    with closing(database(url)) as opened:
        migrate(opened, before, 10)
    record, place = run("r1", part="judgement"), Place("carrier")
    identity = "6d2ab7b0f7d1f6a3"
    alert = one_row(
        "alerts",
        record,
        alert_id=identity,
        column_name="carrier",
        metric=OLD,
        severity="low",
        state="open",
        first_window=day(0),
        last_window=day(0),
        evidence=json.dumps({"metric": OLD, "also": ["psi", OLD], "sentence": f"carrier: {OLD} 9"}),
    )
    with closing(database(url)) as opened, opened.writing(10) as session:
        put_then(session, [record], {"drift_metrics": drift([record], metrics=("psi", OLD)), "alerts": alert})
    with open_store(url) as store:
        store.migrate()
        metrics = store.execute_read("SELECT DISTINCT metric FROM drift_metrics ORDER BY metric")
        assert metrics.column("metric").to_pylist() == ["psi", NEW]
        (row,) = store.execute_read("SELECT alert_id, metric, evidence FROM alerts").to_pylist()
    assert (row["alert_id"], row["metric"]) == (identity, NEW)
    evidence = json.loads(row["evidence"])
    assert (evidence["metric"], evidence["also"]) == (NEW, ["psi", NEW])
    # an alert that the old version opened has the id that this one gives it
    named = alert_id("flights", place, Topic.DRIFT, NEW, day(0))
    assert named == alert_id("flights", place, Topic.DRIFT, OLD, day(0))
