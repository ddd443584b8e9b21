"""What every worker needs, imported once by the server that workers are forked from.

``python -m driftline_jobs.fleet.warm`` compiles the loops over rows for all that come after: for images, and
where the one who runs may not write what was installed.
"""

import driftline_jobs.catch_up
import driftline_jobs.logs.thrift
import driftline_jobs.report
import driftline_jobs.run  # noqa: F401
