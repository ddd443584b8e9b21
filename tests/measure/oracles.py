"""What scipy says of the counts that the formulas are given: the one place where the tests prepare them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Ints = npt.NDArray[np.int64]


def merged(current: Ints, reference: Ints) -> Ints:
    """The 2 × B table of two sets of counts, its bins that expect fewer than 5 rows merged into one.

    Where that one still expects fewer, it takes in the rarest of the others too.
    """
    occurs = current + reference > 0
    n, m = current[occurs], reference[occurs]
    share = min(n.sum(), m.sum()) / (n.sum() + m.sum())
    rare = (n + m) * share < 5
    if not rare.any():
        return np.array([n, m])
    pooled = [n[rare].sum(), m[rare].sum()]
    n, m = n[~rare], m[~rare]
    if sum(pooled) * share < 5:
        least = int(np.argmin(n + m))
        pooled = [pooled[0] + n[least], pooled[1] + m[least]]
        n, m = np.delete(n, least), np.delete(m, least)
    return np.array([[*n, pooled[0]], [*m, pooled[1]]])


def pearson(current: Ints, reference: Ints) -> tuple[float, float, int]:
    """Statistic, p-value and degrees of freedom of Pearson's test, after merging."""
    found = stats.chi2_contingency(merged(current, reference), correction=False)
    return float(found.statistic), float(found.pvalue), int(found.dof)
