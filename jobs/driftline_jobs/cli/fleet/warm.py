"""What every worker needs, imported once by the server that workers are forked from.

``python -m driftline_jobs.cli.fleet.warm`` compiles the loops over rows for all that come after: for images,
and where the one who runs may not write what was installed.

Nothing here is used here. What is named below the commands is what they import where they use it.
"""
# ruff: noqa: F401

import duckdb
import pandas
import scipy.optimize

import driftline_jobs.cli.app
import driftline_jobs.engines.local
import driftline_jobs.pipeline.catch_up
import driftline_jobs.profiles.kernels.loops
import driftline_jobs.profiles.kernels.products
import driftline_jobs.profiles.kernels.tally
import driftline_jobs.reporting.report
import driftline_jobs.run
import driftline_jobs.sources.labels.loose_ids
import driftline_jobs.sources.parquet.footer_walk
import driftline_jobs.stores.duckdb.database
import driftline_jobs.stores.sql_store
import driftline_jobs.tasks.error_sums
