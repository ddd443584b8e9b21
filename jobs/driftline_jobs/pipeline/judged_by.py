"""What a published run was judged by, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.references.reference import Reference
from driftline_jobs.stores.base import Store
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

Run = Mapping[str, object]


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


def binning_of(store: Store, run: Run) -> Binning | None:
    """The bins of the run; None for one without a reference."""
    found = store.execute_read("SELECT state FROM binnings WHERE binning_id = $1", [run["binning_id"]])
    return Binning.from_bytes(found.column("state")[0].as_py()) if found.num_rows else None


def reference_of(store: Store, run: Run, binning: Binning) -> Reference | None:
    """The reference of the run, None if it had none."""
    kept = store.execute_read(
        "SELECT monitor, source, state FROM reference_sets WHERE reference_id = $1", [run["reference_id"]]
    )
    if not kept.num_rows:
        return None
    monitor, source, state = (kept.column(name)[0].as_py() for name in ("monitor", "source", "state"))
    return Reference.from_bytes(monitor, source, binning, state)
