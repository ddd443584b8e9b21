"""A process that publishes windows one after another, and can be killed at any moment.

``python publisher.py URL WORKER WINDOWS COLUMNS``: publishes every window of the monitor ``own_WORKER``, and
of the monitor ``shared``, at which all workers are at once. Each window as a job would: the attempt is noted,
then its rows are published. It asks the store what it has done already, so it can be started again.
"""

from __future__ import annotations

import sys
import uuid

from tests.stores.makers import drift, inputs, run

from driftline_jobs.stores import open_store

DONE = (
    "SELECT window_start FROM runs WHERE monitor = $1 AND status = 'published' AND SUBSTR(run_id, 1, 2) = $2"
)


def main(url: str, worker: int, windows: int, columns: int) -> None:
    """Publish whatever this worker has not published yet."""
    mark = f"{worker}-"
    names = [f"column_{number}" for number in range(columns)]
    with open_store(url, wait_seconds=120) as store:
        for monitor in (f"own_{worker}", "shared"):
            done = set(store.execute_read(DONE, [monitor, mark]).column("window_start").to_pylist())
            for number in range(windows):
                record = run(f"{mark}{number}-{uuid.uuid4()}", number, monitor=monitor)
                if record.window_start not in done:
                    store.begin([record])
                    rows = drift([record], names, value=float(number), metrics=["psi", "ks", "tvd"])
                    store.publish([record], {"drift_metrics": rows}, inputs([record]))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
