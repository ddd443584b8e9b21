"""``profile_metrics``: one row per cell and column, in figures that a person can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.stacks import stack_descriptions
from driftline_jobs.metrics.descriptions import QUANTILES
from driftline_jobs.profiles.binning import Binning, CategoryBins, OrderedBins, SettledBins
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.distinct import estimate
from driftline_jobs.profiles.late_columns import settled
from driftline_jobs.profiles.state import CategoryProfile, OrderedProfile, SettledProfile
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.tables.columns import common
from driftline_schemas.rows import TableBuilder, canonical_json
from driftline_schemas.table_names import table_column

TOP_VALUES = 10
_MOMENTS = ("mean", "stddev")


def add_row_counts(table: TableBuilder, monitor: str, window: WindowProfile, run_id: str) -> None:
    """How many rows each cell has, small ones too: the row of ``profile_metrics`` with column ``*``."""
    cells = [
        MeasuredCell(window.window, cell, run_id, {}, window.cell_rows(cell)) for cell in sorted(window.cells)
    ]
    cells = cells or [MeasuredCell(window.window, WHOLE, run_id, {}, 0)]
    table.add(len(cells), **common(monitor, cells), column_name="*", count=[cell.rows for cell in cells])


def add_descriptions(
    table: TableBuilder, monitor: str, cells: Sequence[MeasuredCell], binning: Binning
) -> None:
    """What each column looks like in each cell."""
    shared = common(monitor, cells)
    for name, bins in binning.columns.items():
        for found in settled(bins, [cell.profile(name, bins) for cell in cells]):
            chosen = cells if len(found.places) == len(cells) else [cells[at] for at in found.places]
            columns = _described(found.bins, [found.profiles[at] for at in found.places])
            table.add(
                len(chosen),
                **(shared if chosen is cells else common(monitor, chosen)),
                column_name=table_column(name),
                **columns,
            )


def _described(bins: SettledBins, profiles: Sequence[SettledProfile]) -> dict[str, object]:
    """What a column looks like in each of several cells."""
    columns: dict[str, object] = {
        "column_kind": bins.kind,
        "count": [profile.rows for profile in profiles],
        "nulls": [profile.nulls for profile in profiles],
        "distinct_count": [estimate(profile.registers) for profile in profiles],
    }
    if isinstance(bins, CategoryBins) and bins.dropped:  # what stands for the values is one, they are not
        return columns | {"distinct_count": None}
    if isinstance(bins, OrderedBins):
        ordered = [profile for profile in profiles if isinstance(profile, OrderedProfile)]
        described = stack_descriptions(ordered, bins)
        columns |= {
            "nans": [profile.nans for profile in ordered],
            "infinities": [profile.below_infinity + profile.above_infinity for profile in ordered],
            "zeros": [profile.zeros for profile in ordered],
            "min": [value for part in described for value in part.published("minimum")],
            "max": [value for part in described for value in part.published("maximum")],
        }
        columns |= {
            figure: [value for part in described for value in part.published(figure)]
            for figure in (*_MOMENTS, *QUANTILES)
        }
    else:
        columns["top_values"] = [
            top_values(profile, bins) for profile in profiles if isinstance(profile, CategoryProfile)
        ]
    return columns


def top_values(profile: CategoryProfile, bins: CategoryBins) -> str:
    """The most frequent values with their counts, as canonical JSON; those not in the reference included."""
    counts = profile.bin_counts(bins)
    ranked = np.argsort(-counts[:-2], kind="stable")[:TOP_VALUES].tolist()
    found = [(bins.vocabulary[at], int(counts[at])) for at in ranked if counts[at]]
    found += list(profile.unseen_values.values())
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return canonical_json([{"value": value, "count": count} for value, count in found[:TOP_VALUES]])
