"""The one program that spark-submit runs: the command line, with the engine spark unless told otherwise.

    spark-submit --master spark://host:7077 --py-files driftline-0.1.0-py3-none-any.whl \\
        jobs/submit.py run monitors/flight_delay.yaml --period 2013-07-01
"""

from __future__ import annotations

import os

from driftline_jobs.cli import main

if __name__ == "__main__":
    os.environ.setdefault("DRIFTLINE_ENGINE", "spark")
    main()
