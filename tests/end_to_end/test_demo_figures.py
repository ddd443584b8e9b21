"""The demo's year against figures from its raw rows, worked out by scikit-learn, scipy and pandas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn import metrics
from tests.metrics.oracles import merged

from driftline_jobs.demo.prepare import DemoFolder
from driftline_jobs.pipeline.request import RunRequest
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.kinds.categories import CategoryBins
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_jobs.run import run
from driftline_jobs.stores import open_store
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings

pytestmark = pytest.mark.slow

EXACT = 1e-9
FIRST, LAST = "2013-03-01", "2013-12-31"
DAYS = ("2013-03-01", "2013-03-17", "2013-04-01", "2013-07-01", "2013-09-12", "2013-12-31")
"""In the reference, after it, at the change of the model, at the ends."""
Floats = npt.NDArray[np.float64]
Rows = dict[str, Any]


@dataclass
class Year:
    """The demo's rows as pandas reads them, and the tables that the run left."""

    folder: DemoFolder
    store: str

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every request with its label, joined without a line of ours."""
        logs = pd.concat(pd.read_parquet(path) for path in sorted(self.folder.logs.rglob("*.parquet")))
        labels = pd.concat(pd.read_parquet(path) for path in sorted(self.folder.labels.rglob("*.parquet")))
        joined = logs.merge(labels, on="request_id", how="left", validate="one_to_one")
        joined["day"] = joined["requested_at"].dt.strftime("%Y-%m-%d")
        return joined

    @cached_property
    def days(self) -> dict[str, pd.DataFrame]:
        """The rows by day."""
        return {str(day): rows for day, rows in self.rows.groupby("day")}

    def day(self, day: str) -> pd.DataFrame:
        """Requests of a day."""
        return self.days[day]

    def reference_without(self, day: str) -> pd.DataFrame:
        """Requests of March, less those of the day."""
        return self.rows[(self.rows["day"].str.startswith("2013-03")) & (self.rows["day"] != day)]

    @cached_property
    def binning(self) -> Binning:
        """The edges that the figures were made at."""
        return Binning.from_bytes(self.query("SELECT state FROM binnings")["state"].iloc[0])

    def query(self, sql: str) -> pd.DataFrame:
        """An answer of the store."""
        with open_store(self.store) as store:
            answer: pd.DataFrame = store.execute_read(sql).to_pandas()
            return answer

    def figures(self, table: str, *, where: str = "true") -> pd.DataFrame:
        """Rows of the whole, with the window's day."""
        return self.query(
            f"SELECT *, strftime(window_start, '%Y-%m-%d') AS day FROM current_{table} "
            f"WHERE model_version = '*' AND segment = '*' AND {where}"
        )


@pytest.fixture(scope="module")
def year(flights_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Year:
    folder = DemoFolder(flights_folder)
    store = f"duckdb:///{tmp_path_factory.mktemp('year') / 'tables.duckdb'}"
    monitor = load_monitor(folder.monitor)
    first, last = (monitor.calendar.parse(period) for period in (FIRST, LAST))
    as_of = datetime(2014, 1, 15, tzinfo=UTC)
    run(RunRequest(monitor, folder.monitor, first, last, Settings(store=store), as_of))
    return Year(folder, store)


def test_every_days_realized_figures_are_scikit_learns(year: Year) -> None:
    found = year.figures("performance_metrics", where="kind = 'realized' AND windows = 1")
    by_day = {str(day): rows.set_index("metric") for day, rows in found.groupby("day")}
    assert len(by_day) == 306
    for day, figures in by_day.items():
        rows = year.day(day).dropna(subset=["arrived_late"])
        truth = rows["arrived_late"].to_numpy(np.int64)
        predicted, score = rows["late"].to_numpy(), rows["late_probability"].to_numpy()
        said: dict[Any, Any] = figures.to_dict("index")
        assert said["accuracy"]["n"] == len(rows)
        coverage = len(rows) / len(year.day(day))
        assert said["accuracy"]["label_coverage"] == pytest.approx(coverage, abs=EXACT)
        exact = {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "precision": metrics.precision_score(truth, predicted, zero_division=np.nan),
            "recall": metrics.recall_score(truth, predicted, zero_division=np.nan),
            "f1": metrics.f1_score(truth, predicted, zero_division=np.nan),
            "log_loss": metrics.log_loss(truth, score, labels=[0, 1]),
            "brier": metrics.brier_score_loss(truth, score),
            "positive_rate": truth.mean(),
        }
        for name, value in exact.items():
            np.testing.assert_allclose(
                said[name]["value"], value, rtol=0, atol=EXACT, err_msg=f"{day} {name}"
            )
        if not 0 < truth.sum() < len(truth):
            continue
        binned = {
            "roc_auc": metrics.roc_auc_score(truth, score),
            "average_precision": metrics.average_precision_score(truth, score),
        }
        for name, value in binned.items():
            off = abs(said[name]["value"] - value)
            assert off <= said[name]["error_bound"] + EXACT, (day, name)


def _ordered_counts(values: Floats, edges: Floats) -> tuple[Floats, float]:
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return counts.astype(float), float(np.isnan(values).sum())


def _category_counts(values: pd.Series[Any], vocabulary: tuple[str, ...]) -> tuple[Floats, float, float]:
    known = values.dropna().astype(str)
    counts: dict[Any, int] = known.value_counts().to_dict()
    listed = np.array([counts.get(value, 0) for value in vocabulary], float)
    return listed, float(len(known) - listed.sum()), float(values.isna().sum())


def _share_figures(now: Floats, then: Floats, known: Floats | None = None) -> dict[str, float]:
    active = now + then > 0
    now, then = now[active], then[active]
    n, m = now.sum(), then.sum()
    p, q = (now + 0.5) / (n + 0.5 * len(now)), (then + 0.5) / (m + 0.5 * len(then))
    difference = np.abs(now / n - then / m)
    whole = (side.astype(np.int64) for side in (now, then, then if known is None else known[active]))
    table = merged(*whole)
    return {
        "psi": float(((p - q) * np.log(p / q)).sum()),
        "js_distance": float(jensenshannon(p, q, base=2)),
        "tvd": float(difference.sum() / 2),
        "l_infinity": float(difference.max()),
        "chi_squared": float(stats.chi2_contingency(table, correction=False).statistic)
        if table.shape[1] > 1
        else 0.0,
    }


def _ordered_figures(now: Floats, then: Floats, bins: OrderedBins) -> dict[str, float]:
    edges = np.array(bins.edges)
    counts_now, missing_now = _ordered_counts(now, edges)
    counts_then, missing_then = _ordered_counts(then, edges)
    found = _share_figures(np.append(counts_now, missing_now), np.append(counts_then, missing_then))
    found["null_fraction_delta"] = missing_now / len(now) - missing_then / len(then)
    now, then = now[~np.isnan(now)], then[~np.isnan(then)]
    n, m = len(now), len(then)
    if not n or not m:
        return found | dict.fromkeys(("ks", "anderson_darling", "wasserstein", "mean_shift"), np.nan)
    f, g = (np.array([(side < edge).mean() for edge in edges]) for side in (now, then))
    found["ks"] = float(np.abs(f - g).max()) if len(edges) else np.nan
    h = (n * f + m * g) / (n + m)
    inside = (h > 0) & (h < 1)
    terms = (f - g)[inside] ** 2 / (h * (1 - h))[inside]
    found["anderson_darling"] = float(n * m / (n + m) * terms.mean()) if inside.any() else 0.0
    steps = np.diff(np.concatenate([[0.0], edges * (f - g), [0.0]]))

    sums = [
        np.bincount(np.searchsorted(edges, side, side="right"), side, len(edges) + 1) / len(side)
        for side in (now, then)
    ]
    found["wasserstein"] = float(np.abs(steps - (sums[0] - sums[1])).sum())
    leveled_now, leveled_then = _leveled(now, edges), _leveled(then, edges)
    spread = leveled_then.std() or np.concatenate([leveled_now, leveled_then]).std() or 1.0
    found["mean_shift"] = float((leveled_now.mean() - leveled_then.mean()) / spread)
    return found


def _leveled(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Each row as the mean of the rows of its bin, beyond the edges at most as far out as these lie apart."""
    bins = np.searchsorted(edges, rows, side="right")
    means = pd.Series(rows).groupby(bins).transform("mean").to_numpy()
    if len(edges) < 2:
        return np.asarray(means)
    reach = edges[-1] - edges[0]
    means = np.where(bins == 0, np.maximum(means, edges[0] - reach), means)
    return np.where(bins == len(edges), np.minimum(means, edges[-1] + reach), means)


def _expected(year: Year, name: str, now: pd.DataFrame, then: pd.DataFrame) -> dict[str, float]:
    bins = year.binning.columns[name]
    if isinstance(bins, OrderedBins):
        sides = [side[name].to_numpy(np.float64, na_value=np.nan) for side in (now, then)]
        return _ordered_figures(sides[0], sides[1], bins)
    assert isinstance(bins, CategoryBins)
    counts_now, unseen_now, missing_now = _category_counts(now[name], bins.vocabulary)
    counts_then, unseen_then, missing_then = _category_counts(then[name], bins.vocabulary)
    # a value that the reference knows from one row makes another one that it does not know no surprise
    known = np.append(counts_then, [max(unseen_then, (counts_then == 1).sum()), missing_then])
    found = _share_figures(
        np.append(counts_now, [unseen_now, missing_now]),
        np.append(counts_then, [unseen_then, missing_then]),
        known,
    )
    found["unseen_fraction"] = unseen_now / max(len(now) - missing_now, 1)
    found["null_fraction_delta"] = missing_now / len(now) - missing_then / len(then)
    found["share_shift"] = _share_shift(counts_now / len(now), counts_then / len(then), len(now), len(then))
    return found


def _share_shift(now: Floats, then: Floats, n: int, m: int) -> float:
    """Of the categories with a twentieth of all rows, that of the largest z of a test of two shares."""
    pooled = (now * n + then * m) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.where((pooled >= 0.05) & (error > 0), np.abs(now - then) / np.maximum(error, 1e-300), -1.0)
    return float(np.abs(now - then)[z.argmax()]) if z.max() >= 0 else 0.0


@pytest.mark.parametrize("comparison", ["reference", "previous"])
def test_drift_is_what_the_raw_rows_give_at_the_same_edges(year: Year, comparison: str) -> None:
    # what depends on other windows, on all columns, or on labels that no log holds has tests of its own
    where = "metric <> 'sustained_shift' AND column_name <> '*' AND column_kind <> 'label'"
    found = year.figures("drift_metrics", where=f"comparison = '{comparison}' AND {where}")
    compared = 0
    for day in DAYS[1:] if comparison == "previous" else DAYS:
        before = f"{pd.Timestamp(day) - pd.Timedelta(days=1):%Y-%m-%d}"
        then = year.day(before) if comparison == "previous" else year.reference_without(day)
        for name, rows in found[found["day"] == day].groupby("column_name"):
            expected = _expected(year, str(name), year.day(day), then)
            assert set(expected) == set(rows["metric"])
            for _, row in rows.iterrows():
                assert (row["n_current"], row["n_reference"]) == (len(year.day(day)), len(then))
                if row["status"] != "ok":
                    assert np.isnan(row["value"])
                    continue
                value = expected[row["metric"]]
                off = abs(row["value"] - value)
                assert off <= EXACT * max(1.0, abs(value)), (day, name, row["metric"], row["value"], value)
                compared += 1
    assert compared > 150 * len(DAYS[1:])


def test_no_column_of_the_flights_moves_by_nature(year: Year) -> None:
    """Seasons and weekdays do not make one: March was looked at, and nothing found."""
    found = year.query("SELECT column_name, k_windows FROM calibrations WHERE statistic = 'moves_by_nature'")
    assert found.to_dict("list") == {"column_name": ["*"], "k_windows": [31]}
    assert not len(year.query("SELECT * FROM quality_metrics WHERE check_name = 'moves_by_nature'"))


def test_rows_and_descriptions_are_those_of_the_raw_rows(year: Year) -> None:
    found = year.figures("profile_metrics")
    counts = found[found["column_name"] == "*"].set_index("day")["count"]
    rows = year.rows["day"].value_counts()
    pd.testing.assert_series_equal(
        counts.sort_index(), rows[rows.index >= FIRST].sort_index(), check_names=False, check_dtype=False
    )
    for day in DAYS:
        now = year.day(day)
        for _, row in found[(found["day"] == day) & (found["column_name"] != "*")].iterrows():
            values = now[row["column_name"]]
            assert row["count"] == len(values)
            assert row["nulls"] + np.nan_to_num(row["nans"]) == values.isna().sum()
            if row["column_kind"] not in ("numeric", "score"):
                continue
            known = values.dropna().to_numpy(np.float64)
            if not len(known):
                continue
            assert (row["min"], row["max"]) == (known.min(), known.max())
            # the exact sum is rounded, then divided by the count and rounded again, as here, but in quanta
            mean = math.fsum(known) / len(known)
            assert abs(row["mean"] - mean) <= math.ulp(mean)
            bins = year.binning.columns[row["column_name"]]
            assert isinstance(bins, OrderedBins)
            if len(known) > 1:
                # a bucket is at most a 64th of its distance from the pivot wide
                rest = np.sqrt(np.mean(((known - bins.pivot) / 64) ** 2)) * 1.1 + 1e-6
                assert row["stddev"] == pytest.approx(known.std(ddof=1), abs=rest)
            for name, share in (("p01", 0.01), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p99", 0.99)):
                exact = float(np.quantile(known, share, method="inverted_cdf"))
                assert abs(row[name] - exact) <= 0.01 * abs(exact), (day, row["column_name"], name)
