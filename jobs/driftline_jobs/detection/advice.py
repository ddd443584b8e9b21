"""What to do about columns that have drifted for weeks while the model does no worse.

Then it is the reference that is out of date: a season has gone on, or something has changed for good. An
alert that nobody can act on is worth one sentence of advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from driftline_schemas.metrics import REFERENCE_OUTDATED as OUTDATED

__all__ = ["LASTS", "OUTDATED", "advice"]

LASTS = timedelta(days=21)
"""A drift that is reported again and again for so long is no passing thing."""
_NAMED = 3


def advice(columns: Sequence[str], *, moves: bool) -> str:
    """The advice on columns that have drifted for as long as ``LASTS``; ``moves``: the reference does."""
    count = len(columns)
    named = ", ".join(sorted(columns)[:_NAMED])
    subject = f"{count} columns have" if count > 1 else "one column has"
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    what = "`driftline rebase` makes it the norm"
    if not moves:
        what += ", and a reference that moves (reference: {trailing: 28d}) follows a season"
    return (
        f"{subject} drifted for {LASTS.days} days or more, and no loss of performance is known "
        f"({named}{more}): if that is the new normal, {what}"
    )
