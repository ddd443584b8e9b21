"""Which columns of a reference move by nature, from the profiles of its windows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from driftline_jobs.metrics.nature import MIN_WINDOWS, Nature
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.moments import steps_of
from driftline_jobs.profiles.state import Profile
from driftline_schemas.column_kinds import kind_spec

_MOST_WINDOWS = 512
"""As many windows at even distances tell as much as all of a year's hours."""


@dataclass(frozen=True)
class Natures:
    """What was recognised on a reference.

    Attributes:
        columns: those that move by nature, and how.
        windows: how many windows of the reference were looked at.
    """

    columns: Mapping[str, Nature] = field(default_factory=dict)
    windows: int = MIN_WINDOWS

    @property
    def enough(self) -> bool:
        """Whether the reference has windows enough to tell."""
        return self.windows >= MIN_WINDOWS

    def reason(self, column: str) -> str | None:
        """Why a column is not judged; None if it is."""
        nature = self.columns.get(column)
        if nature is None:
            return None
        return f"moves by nature ({nature.words}), so it is not judged: list it under features.ignore"


def natures_of(
    windows: Sequence[tuple[datetime, Mapping[str, Profile]]],
    whole: Mapping[str, Profile],
    binning: Binning,
) -> Natures:
    """Recognise the columns of a reference by its windows, ascending, each with its start, and its whole."""
    found: dict[str, Nature] = {}
    for name, bins in binning.columns.items():
        if kind_spec(bins.kind).of_model or name not in whole:
            continue
        several = [(start, profiles[name]) for start, profiles in windows if name in profiles]
        step = -(-len(several) // _MOST_WINDOWS) or 1
        nature = bins.nature(several[::step], whole[name])
        if nature is not None:
            found[name] = nature
    return Natures(found, len(windows))


def multivariate_places(binning: Binning, moving: Collection[str]) -> list[int]:
    """Places, among the columns that moments are taken of, of those that do not move by nature."""
    names = steps_of(binning.columns, winsorised=binning.winsorised)
    return [at for at, name in enumerate(names) if name not in moving]
