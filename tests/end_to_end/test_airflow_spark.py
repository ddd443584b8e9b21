"""A monitor whose runs Airflow submits to Spark: a real master and worker, the code as it is installed."""

from __future__ import annotations

import json
import urllib.request

import pytest
from tests.end_to_end.airflow_stack import FIRST, REFERENCE, Stack, logged


@pytest.mark.slow
def test_a_window_is_run_on_the_cluster(stack: Stack) -> None:
    (day,) = logged(stack, "spread", 1)
    stack.start_spark()
    conf = {"spark.executor.memory": "600m"}
    monitor = stack.add_monitor(
        "spread", REFERENCE, FIRST, engine="spark", spark_conf=conf, mail="none", deadline="0", retries=0
    )
    stack.wait_for_dag("spread")
    run = stack.trigger("spread", day)
    stack.finish("spread", run, seconds=200)

    engines = stack.query(
        "SELECT DISTINCT engine FROM driftline.runs WHERE monitor = 'spread' AND status = 'published'"
    )
    assert engines == [{"engine": "spark"}]
    page = f"http://127.0.0.1:{stack.facts['ports']['spark_page']}/json/"
    with urllib.request.urlopen(page, timeout=30) as answer:
        applications = json.load(answer)["completedapps"]
    assert "driftline-spread" in {application["name"] for application in applications}

    store = stack.another_store("gathered")
    stack.driftline("run", str(monitor), "--period", str(day), "--engine", "local", store=store)
    assert stack.tables("spread") == stack.tables("spread", store)
