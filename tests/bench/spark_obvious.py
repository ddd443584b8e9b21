"""The obvious Spark job, to compare with: its own Parquet reader and its own aggregates.

    python tests/bench/spark_obvious.py /tmp/bench/logs/dt=2026-03-03 --threads 2

Of every number count, nulls, mean, deviation, extremes and seven quantiles, of every text the counts of its
values: about what ``profile_metrics`` holds of a day, and less than the profiles do. Prints rows, columns,
and the seconds of the aggregates, the session's start apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
ACCURACY = 1000


def main() -> None:
    """Run the job on one folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--leave-out", nargs="*", default=["request_id"], help="columns that are not to be read"
    )
    asked = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

    from pyspark.sql import Column, SparkSession
    from pyspark.sql import functions as f
    from pyspark.sql.types import NumericType, StringType

    spark = (
        SparkSession.builder.master(f"local[{asked.threads}]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    started = time.perf_counter()
    frame = spark.read.parquet(str(asked.folder)).drop(*asked.leave_out)
    figures: list[Column] = [f.count(f.lit(1)).alias("rows")]
    texts = []
    for field in frame.schema.fields:
        column = f.col(f"`{field.name}`")
        if isinstance(field.dataType, StringType):
            texts.append(field.name)
        elif isinstance(field.dataType, NumericType):
            figures += [f.count(column), f.mean(column), f.stddev(column), f.min(column), f.max(column)]
            figures.append(f.percentile_approx(column, QUANTILES, ACCURACY))
        else:
            figures += [f.count(column), f.min(column), f.max(column)]
    rows = frame.agg(*figures).collect()[0][0]
    for name in texts:
        frame.groupBy(f"`{name}`").count().collect()
    seconds = time.perf_counter() - started
    columns = len(frame.columns)
    gateway = spark.sparkContext._gateway
    spark.stop()
    # Waited for, so that what the JVM took counts as this process's: closing its input ends it.
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
    sys.stdout.write(f"{rows} {columns} {seconds:.6f}\n")


if __name__ == "__main__":
    main()
