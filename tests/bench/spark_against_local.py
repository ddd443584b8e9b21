"""One day through both engines, by turns: does Spark on this machine cost more than threads, and how much?

    python tests/bench/spark_against_local.py --dir /tmp/bench --threads 2 --repetitions 3

``--dir`` is what ``generate.py`` made. Both engines scan the same splits with the same plan, made beforehand
from the first day; Spark's session is started, and its Python workers are up, before the clock is. Prints
rows, columns, the seconds of each engine (medians) and their ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.costs import read_through

from driftline_jobs.engines.base import Engine
from driftline_jobs.engines.local import LocalEngine
from driftline_jobs.engines.spark.engine import SparkEngine
from driftline_jobs.pipeline.plans import scan_plan, watched
from driftline_jobs.profiles.columns.hiding import Hiding
from driftline_jobs.profiles.moments import share_of_rows
from driftline_jobs.sources.base import LogInspection
from driftline_jobs.sources.logs import PredictionLog
from driftline_jobs.sources.profiling.scan import ScanPlan
from driftline_jobs.sources.profiling.scan_result import merge_results
from driftline_jobs.sources.profiling.survey import SAMPLE_ROWS, SurveyPlan, binning_from
from driftline_schemas.monitor import load_monitor

REFERENCE_DAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def prepared(data: Path, case: str, engine: Engine) -> tuple[LogInspection, ScanPlan]:
    """The second day's splits, and the plan by the first day's bins."""
    path = data / "monitors" / f"{case}.yaml"
    monitor = load_monitor(path)
    log = PredictionLog.open(monitor, path.parent)
    first = log.inspect(REFERENCE_DAY, REFERENCE_DAY + DAY)
    columns = tuple(watched(monitor, first.columns))
    rows = sum(split.rows for split in first.splits)
    survey = SurveyPlan(
        watched=columns,
        columns=first.columns,
        time=monitor.log_time,
        segments=monitor.segments,
        intervals_us=(),
        sample_share=SAMPLE_ROWS / max(rows, 1),
    )
    binning = binning_from(engine.survey(first.splits, survey), columns, Hiding())
    binning = replace(binning, moment_share=share_of_rows(rows))  # as a run does
    second = log.inspect(REFERENCE_DAY + DAY, REFERENCE_DAY + 2 * DAY)
    windows = monitor.calendar.tiling(REFERENCE_DAY + DAY, REFERENCE_DAY + 2 * DAY)
    return second, scan_plan(monitor, second.columns, binning, windows, Hiding())


def scan(engine: Engine, inspection: LogInspection, plan: ScanPlan) -> tuple[float, int]:
    """Seconds of one scan, and its rows."""
    started = time.perf_counter()
    result = merge_results([found for _, found in engine.scan(inspection.splits, plan)])
    return time.perf_counter() - started, sum(window.rows for window in result.windows.values())


def main() -> None:
    """Compare the engines on what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--case", default="drift")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=3)
    asked = parser.parse_args()
    local, spark = LocalEngine(asked.threads), SparkEngine(f"local[{asked.threads}]")
    try:
        inspection, plan = prepared(asked.dir.absolute(), asked.case, local)
        scan(local, inspection, plan)
        scan(spark, inspection, plan)
        costs: dict[str, list[float]] = {"local": [], "spark": []}
        rows = 0
        for _ in range(asked.repetitions):
            for engine in (local, spark):
                read_through([asked.dir / "logs" / f"dt={REFERENCE_DAY + DAY:%Y-%m-%d}"])
                seconds, rows = scan(engine, inspection, plan)
                costs[engine.name].append(seconds)
    finally:
        local.close()
        spark.close()
    ratio = statistics.median(s / t for s, t in zip(costs["spark"], costs["local"], strict=True))
    medians = {name: statistics.median(several) for name, several in costs.items()}
    sys.stdout.write(
        f"rows={rows} columns={len(plan.binning.columns)} local={medians['local']:.2f} "
        f"spark={medians['spark']:.2f} ratio={ratio:.2f}\n"
    )


if __name__ == "__main__":
    main()
