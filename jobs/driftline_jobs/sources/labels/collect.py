"""Joined rows to outcomes per cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from driftline_jobs.profiles.cell import CellKey
from driftline_jobs.profiles.cells import Dimension, crossed, groupings, labelled, limited
from driftline_jobs.profiles.columns.arrays import codes
from driftline_jobs.sources.labels.rows import PredictionPlan
from driftline_jobs.tasks.outcomes import OutcomePlan, Outcomes, OutcomesByCell
from driftline_schemas.table_names import table_segment


def collect(tables: Iterable[pa.Table], plan: PredictionPlan, task: OutcomePlan) -> OutcomesByCell:
    """Outcomes of every cell, from the joined rows in any order and any batches."""
    parts: dict[CellKey, list[Outcomes]] = {}
    for table in tables:
        if not table.num_rows:
            continue
        base = np.asarray(table.column("base").to_numpy(), np.int64)
        version, segments = _dimensions(table, plan)
        apart = plan.below is not None
        for grouping in groupings(base, plan.scan.bounds_us, version, segments, apart=apart):
            rows = task.rows(table, grouping.order())
            for run in grouping.runs:
                outcome = rows.of(run.start, run.stop)
                for key in run.keys:
                    parts.setdefault(key, []).append(outcome)
        # Merged as they come: what waits is one profile per cell, not one per batch.
        for key, several in parts.items():
            if len(several) > 1:
                parts[key] = [several[0].merged(several)]
    return {key: several[0] for key, several in parts.items()}


def _dimensions(table: pa.Table, plan: PredictionPlan) -> tuple[Dimension | None, list[Dimension]]:
    column = {name: f"cell{i}" for i, name in enumerate(plan.cell_columns)}
    if plan.below is not None:
        return None, [_places(table, *item, plan) for item in column.items()]
    named = {name: labelled(codes(table.column(at).combine_chunks())) for name, at in column.items()}
    version_column = plan.scan.model_version
    version = Dimension("*", *named[version_column]) if version_column else None
    segments = []
    for columns in plan.scan.segments:
        joint, texts = crossed([named[name] for name in columns])
        name = table_segment(columns)
        segments.append(Dimension(name, *limited(joint, texts, plan.scan.binning.segments.get(name, ()))))
    return version, segments


def _places(table: pa.Table, name: str, at: str, plan: PredictionPlan) -> Dimension:
    """A column's rows by the places of its bins."""
    codes = table.column(at).to_numpy().astype(np.int64)
    count = int(plan.scan.binning.columns[name].places.max()) + 1
    return Dimension(table_segment((name,)), codes, [str(place) for place in range(count)])
