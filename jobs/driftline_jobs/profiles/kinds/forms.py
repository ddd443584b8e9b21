"""The forms that columns are counted in, told apart where only stored values are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driftline_jobs.profiles.kinds.base import Bins, BinsOf
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.open import OpenBins
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.profiles.kinds.texts import TextBins
from driftline_jobs.profiles.state import Profile

FORMS: tuple[type[BinsOf[Any, Any]], ...] = (OrderedBins, CategoryBins, OpenBins, TextBins)
_BY_STATE = {form.STATE: form for form in FORMS}


def form_of(profile: Profile) -> type[BinsOf[Any, Any]]:
    """The form of the column that a profile is of."""
    return _BY_STATE[type(profile)]


def bins_of(entry: Mapping[str, Any]) -> Bins:
    """The inverse of ``BinsOf.entry``."""
    if "words" in entry:
        return TextBins.of_entry(entry)
    if "edges" in entry:
        return OrderedBins.of_entry(entry)
    return OpenBins.of_entry(entry) if "open" in entry else CategoryBins.of_entry(entry)
