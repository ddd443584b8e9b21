"""What a published run was judged by, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

Run = Mapping[str, Any]


def judged_run(runs: pa.Table, monitor: Monitor, window: Window) -> Run:
    """The row of ``runs`` that published the data of the window, with the reference it was judged by.

    A reference that moves is named by the judgement alone. Raises ConfigError when the data were not
    published.
    """
    kind = runs.schema.field("window_start").type
    here = pc.and_(
        pc.equal(runs.column("window_start"), pa.scalar(window.start, kind)),
        pc.equal(runs.column("granularity"), window.granularity.value),
    )
    found = {row["part"]: row for row in runs.filter(here).to_pylist()}
    if "data" not in found:
        period = monitor.calendar.label(window)
        raise ConfigError(
            f"{monitor.monitor}: the {window.granularity.value} {period} was not published, so there is "
            f"nothing to report: `driftline run … --period {period}` publishes it; or is --store another one?"
        )
    moved = found.get("judgement", {}).get("reference_id")
    run: Run = {**found["data"], **({"reference_id": moved} if moved else {})}
    return run
