"""What every worker needs, imported once by the server that workers are forked from."""

import driftline_jobs.catch_up
import driftline_jobs.report
import driftline_jobs.run  # noqa: F401
