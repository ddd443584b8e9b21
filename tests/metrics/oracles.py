"""What scipy says of the counts that the formulas are given: the one place where the tests prepare them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from driftline_jobs.metrics.figures import Figure

Ints = npt.NDArray[np.int64]


def merged(current: Ints, reference: Ints, known: Ints | None = None) -> Ints:
    """The 2 × B table of two sets of counts, bins that the reference has hardly any rows of merged into one.

    These are the bins that expect fewer than 5 rows in a sample of the smaller side's size at the reference's
    shares, unless the window has 5 or more rows in them and, by the binomial distribution of a bin's rows
    over both sides, so many only in one of 10,000 windows. Where the merged one still expects fewer, and is
    not so large either, it takes in the rarest of the others too.

    Args:
        known: instead of the reference's rows, what a bin's rows in the window are no surprise beside.
    """
    occurs = current + reference > 0
    n, m, k = (side[occurs] for side in (current, reference, reference if known is None else known))
    scale, share = min(n.sum(), m.sum()) / m.sum(), n.sum() / (n.sum() + m.sum())

    def large(now: int, then: int, among: int) -> bool:
        return bool(now >= 5 and among * stats.binom.sf(now - 1, now + then, share) <= 1e-4)

    common = m * scale >= 5
    looked_at = int((~common).sum())
    apart = common | [large(a, b, looked_at) for a, b in zip(n, k, strict=True)]
    if apart.all():
        return np.array([n, m])
    rest = [int(n[~apart].sum()), int(m[~apart].sum())]
    if rest[1] * scale < 5 and not large(rest[0], rest[1], 1) and common.any():
        least = int(np.argmin(np.where(common, m, m.sum() + 1)))
        rest = [rest[0] + int(n[least]), rest[1] + int(m[least])]
        apart[least] = False
    return np.array([[*n[apart], rest[0]], [*m[apart], rest[1]]])


def pearson(current: Ints, reference: Ints) -> tuple[float, float, int]:
    """Statistic, p-value and degrees of freedom of Pearson's test, after merging."""
    found = stats.chi2_contingency(merged(current, reference), correction=False)
    return float(found.statistic), float(found.pvalue), int(found.dof)


def independence_p_value(chi_squared: Figure) -> npt.NDArray[np.float64]:
    """(...,) upper tail of the chi-squared distribution, NaN where there is no figure."""
    p = np.where(chi_squared.degrees > 0, stats.chi2.sf(chi_squared.value, chi_squared.degrees), 1.0)
    return np.where(chi_squared.ok, p, np.nan)
