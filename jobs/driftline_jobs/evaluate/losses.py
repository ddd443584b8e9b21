"""Checks of what is not among a window's rows, or not where it lies, and of what its reference lacks.

``passed`` is false where rows are lost, and null where nothing is wrong with it, or another check decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from driftline_jobs.evaluate.check import Check
from driftline_jobs.references.losses import ReferenceLosses
from driftline_jobs.sources.listing.passed_over import Reason
from driftline_schemas.losses import REFERENCE_FILLED, REFERENCE_OBJECTS, REFERENCE_ROWS, of_labels


@dataclass(frozen=True, slots=True)
class Losses:
    """Of one window.

    Attributes:
        passed_over: paths that are not read, by reason.
        without_time, beyond_lateness: rows that were set aside because they have no time that could be read,
            or one that is too far from their folder's.
        from_other_folders: rows of this window that lie in a folder of another one.
        in_other_windows: rows in this window's own folders that belong to other windows by their time.
    """

    passed_over: Mapping[Reason, int] = field(default_factory=dict)
    without_time: int = 0
    beyond_lateness: int = 0
    from_other_folders: int = 0
    in_other_windows: int = 0

    @property
    def rows(self) -> dict[str, int]:
        """Rows by the check that counts them, without those of which there are none."""
        counts = {
            "rows_without_time": self.without_time,
            "rows_beyond_lateness": self.beyond_lateness,
            "rows_from_other_folders": self.from_other_folders,
            "rows_in_other_windows": self.in_other_windows,
        }
        return {name: count for name, count in counts.items() if count}


def loss_checks(losses: Losses) -> list[Check]:
    """One check for each reason for which there is anything to count."""
    # That rows are set aside at all is what ``rows_set_aside`` fails for.
    return _passed_over(losses.passed_over) + [
        Check("*", name, float(count), None, None) for name, count in losses.rows.items()
    ]


def label_loss_checks(passed_over: Mapping[Reason, int]) -> list[Check]:
    """The same for what is passed over in the labels' folder."""
    return [replace(check, name=of_labels(check.name)) for check in _passed_over(passed_over)]


def _passed_over(counts: Mapping[Reason, int]) -> list[Check]:
    return [
        Check("*", reason.value, float(count), 0, passed=False)
        if reason is Reason.LINK
        else Check("*", reason.value, float(count), None, None)
        for reason, count in counts.items()
    ]


def reference_checks(losses: ReferenceLosses | None) -> list[Check]:
    """How much of the reference is there, known to every window that is compared with it."""
    if losses is None:
        return []
    checks = []
    if losses.windows:
        filled = losses.windows - len(losses.absent)
        passed = True if not losses.absent else False if losses.is_damaged else None
        checks.append(Check("*", REFERENCE_FILLED, float(filled), losses.windows, passed))
    if losses.objects_set_aside:
        passed = None if losses.is_damaged else False
        count = float(losses.objects_set_aside)
        checks.append(Check("*", REFERENCE_OBJECTS, count, 0, passed))
    if losses.rows_set_aside:
        count = float(losses.rows_set_aside)
        checks.append(Check("*", REFERENCE_ROWS, count, None, None))
    return checks
