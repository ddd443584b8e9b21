"""What moves is found, what is lost is reported, and what moves by nature raises one alert at most."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.cases.running import Cases


def test_a_category_that_is_renamed_has_drifted(cases: Cases) -> None:
    """Rare in the reference as it is, the new spelling is not merged with the old one that it replaces."""
    ran = cases.run("renamed_category")
    assert ran.said.status == 0
    reference = pd.concat([ran.raw(number) for number in range(28)])["cat"].value_counts()
    for number in (29, 30, 31, 32):
        current = ran.raw(number)["cat"].value_counts()
        table = pd.DataFrame({"current": current, "reference": reference}).fillna(0)
        pearson = stats.chi2_contingency(table.to_numpy().T, correction=False).statistic
        row = ran.drift(number, "cat", "chi_squared")
        assert row["value"] == pytest.approx(pearson, rel=1e-9)
        assert row["drifted"]
        assert row["q_value"] < 0.001
        shares = (table + 0.5) / (table + 0.5).sum()
        psi = ((shares.current - shares.reference) * np.log(shares.current / shares.reference)).sum()
        assert ran.drift(number, "cat", "psi")["value"] == pytest.approx(psi, rel=1e-2)
        assert "cat" in {alert["column_name"] for alert in ran.alerts(number)}
    assert ran.drift(30, "cat", "chi_squared")["value"] == pytest.approx(1768.3404, abs=1e-4)
    assert ran.drift(30, "cat", "psi")["value"] == pytest.approx(1.16, abs=5e-3)
    assert not ran.current("drift_metrics", 28, column_name="cat")["drifted"].eq(True).any()
