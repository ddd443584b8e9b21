"""Every case by its name, with the days that are run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.cases import classes, column_types, folders, movements, scores
from tests.cases.writing import CaseFolder


@dataclass(frozen=True)
class Case:
    """How a case is written, and the first and the last window that are run (both included)."""

    write: Callable[[CaseFolder], None]
    first: str = "2026-01-15"
    last: str = "2026-01-16"

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.write.__name__


_ALL = (
    Case(classes.positive_yes),
    Case(classes.positive_left_out),
    Case(classes.bool_and_text),
    Case(classes.class_called_no),
    Case(scores.score_percent),
    Case(scores.score_logit),
    Case(column_types.null_then_double, last="2026-01-19"),
    Case(column_types.int96_9999),
    Case(column_types.string_view),
    Case(folders.no_suffix),
    Case(folders.columns_in_path),
    Case(column_types.epoch_millis),
    Case(folders.training_set),
    Case(scores.mostly_zero),
    Case(movements.renamed_category, first="2026-01-29", last="2026-02-02"),
    Case(movements.labels_stop, last="2026-01-18"),
    Case(scores.heavy_tails),
    Case(movements.ids_repeat, last="2026-01-18"),
    Case(movements.moving_columns, last="2026-01-24"),
    Case(scores.score_only, last="2026-01-18"),
    Case(folders.reference_half_there),
    Case(column_types.label_dates),
)
CASES = {case.name: case for case in _ALL}
