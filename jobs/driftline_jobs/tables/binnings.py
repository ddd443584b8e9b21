"""``binnings``: one row per set of bins; never changed."""

from __future__ import annotations

from datetime import datetime

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import rows_of
from driftline_schemas.rows import TableBuilder

_STATE = "SELECT state FROM binnings WHERE binning_id = $1"


def add_binning(table: TableBuilder, monitor: str, binning: Binning, created_at: datetime) -> None:
    """Append the bins of a monitor."""
    table.add(
        1,
        binning_id=binning.binning_id,
        monitor=monitor,
        created_at=created_at,
        state=[binning.to_bytes()],
    )


def binning_at(store: Store, binning_id: str | None) -> Binning | None:
    """The bins with that id; None where there are none."""
    rows = rows_of(store, _STATE, [binning_id])
    return Binning.from_bytes(rows[0]["state"]) if rows else None
