"""The distribution of a regression's labels, as its outcomes keep it, against scipy and the raw rows."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from driftline_jobs.evaluate.cells import MeasuredCell
from driftline_jobs.evaluate.drift import ColumnDrift
from driftline_jobs.evaluate.label_drift import label_drift
from driftline_jobs.evaluate.performance import PerformanceCell
from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.profiles.kinds.ordered import ordered_bins
from driftline_jobs.sources.labels.values import LabelValues, LabelValuesPlan
from driftline_jobs.tasks.regression import RegressionOutcomes, RegressionTask
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import Window

Floats = npt.NDArray[np.float64]
RNG = np.random.default_rng
THEN, NOW = RNG(1).normal(10, 2, 6000), RNG(2).normal(10.5, 2, 900)
EDGES = ordered_bins("label", np.sort(THEN))
TASK = RegressionTask(ordered_bins("prediction", np.sort(THEN)), EDGES)
MONITOR = Monitor.model_validate(
    {
        "monitor": "test",
        "task": "regression",
        "logs": {"uri": "logs", "timestamp": "at", "prediction_id": "id", "prediction": "guess"},
        "labels": {"uri": "labels", "prediction_id": "id", "label": "outcome"},
        "reference": {"window": ["2026-01-01", "2026-01-05"]},
    }
)
WINDOW = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC), MONITOR.granularity)


def outcomes(
    label: Floats, task: RegressionTask = TASK, predicted: Floats | None = None
) -> RegressionOutcomes:
    """Of rows of a log; NaN is a null."""
    guess = label + 0.5 if predicted is None else predicted
    return task.rows(pa.table({"prediction": guess, "label": label}), None).of(0, len(label))


def drift_of(
    now: RegressionOutcomes, then: RegressionOutcomes | None, task: RegressionTask = TASK
) -> ColumnDrift:
    cell = PerformanceCell(MeasuredCell(WINDOW, WHOLE, "run", {}, now.predictions), now, then, is_final=True)
    found = label_drift(MONITOR, Binning({"guess": task.bins}, {}, {}, labels=task.labels), [cell], task)
    assert found is not None
    return found


def value(found: ColumnDrift, metric: str) -> float:
    (figure,) = found.figures[metric].published("value")
    assert figure is not None, found.figures[metric].reasons()
    return figure


def smoothed(values: Floats) -> Floats:
    """Shares of the bins, half a row added to each."""
    counts: Floats = np.histogram(values, [-np.inf, *EDGES.edges, np.inf])[0] + 0.5
    return np.asarray(counts / counts.sum(), np.float64)


def test_figures_are_those_of_the_raw_rows() -> None:
    found = drift_of(outcomes(NOW), outcomes(THEN))
    assert (found.column, found.kind) == ("outcome", "label")
    assert (found.n_current.tolist(), found.n_reference.tolist()) == ([len(NOW)], [len(THEN)])
    p, q = smoothed(NOW), smoothed(THEN)
    assert value(found, "js_distance") == pytest.approx(jensenshannon(p, q, base=2), rel=1e-9)
    assert value(found, "psi") == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-9)
    assert value(found, "null_fraction_delta") == 0.0
    (low,), (high,) = (found.figures["ks"].published(name) for name in ("lower", "upper"))
    assert low is not None
    assert high is not None
    assert low <= ks_2samp(NOW, THEN).statistic <= high
    assert value(found, "wasserstein") == pytest.approx(wasserstein_distance(NOW, THEN), rel=0.02)
    # Anderson and Darling's mean over the edges, of distribution functions of the raw rows
    n, m = len(NOW), len(THEN)
    f, g = (np.array([(rows < edge).mean() for edge in EDGES.edges]) for rows in (NOW, THEN))
    pooled = (n * f + m * g) / (n + m)
    expected = n * m / (n + m) * ((f - g) ** 2 / (pooled * (1 - pooled))).mean()
    assert value(found, "anderson_darling") == pytest.approx(expected, rel=1e-9)


def test_labels_without_a_prediction_count_and_rows_without_a_label_do_not() -> None:
    label = np.array([9.0, np.nan, 11.0, 12.0, np.inf])
    found = outcomes(label, predicted=np.array([np.nan, 1.0, np.inf, 2.0, 3.0]))
    expected = np.histogram([9.0, 11.0, 12.0], [-np.inf, *EDGES.edges, np.inf])[0]
    assert found.label_counts == expected.tolist()
    assert found.labelled == 3


@pytest.mark.parametrize("scale", [1.0, 1e280, 1e-300, 5e-324])
def test_sums_of_bins_are_exact(scale: float) -> None:
    label = np.concatenate([RNG(3).normal(0, 1, 300), -RNG(4).lognormal(0, 8, 300), [0.0]]) * scale
    task = RegressionTask(TASK.bins, ordered_bins("label", np.sort(label)))
    assert task.labels is not None
    place = task.labels.bin_of(label)
    expected = [math.fsum(label[place == at]) for at in range(task.labels.bins)]
    assert outcomes(label, task, np.zeros(len(label))).label_sums.scaled(0) == expected


def test_any_cut_and_order_of_the_rows_gives_the_same_bytes() -> None:
    label = np.where(RNG(5).random(5000) < 0.1, np.nan, RNG(6).lognormal(0, 4, 5000))
    whole, order = outcomes(label), RNG(7).permutation(5000)
    parts = [outcomes(label[order[at::7]]) for at in range(7)]
    merged = RegressionOutcomes.merged(parts)
    assert merged.to_bytes() == whole.to_bytes()
    assert read_outcomes(whole.to_bytes()) == whole
    assert merged.without(parts[0]) == RegressionOutcomes.merged(parts[1:])


def of_format_2(found: RegressionOutcomes) -> RegressionOutcomes:
    """As the version before wrote the same rows."""
    document = json.loads(found.to_bytes()) | {"format": 2}
    del document["label_counts"], document["label_sums"]
    read = read_outcomes(json.dumps(document).encode())
    assert isinstance(read, RegressionOutcomes)
    return read


def test_outcomes_of_the_format_before_have_all_but_the_distribution() -> None:
    found = outcomes(NOW)
    old = of_format_2(found)
    assert (old.labelled, old.absolute, old.label_counts) == (found.labelled, found.absolute, [])
    assert read_outcomes(old.to_bytes()) == old
    both = RegressionOutcomes.merged([old, found, TASK.nothing()])
    assert (both.labelled, both.label_counts) == (2 * len(NOW), [])
    assert both.without(found).error == found.error
    assert both.without(found).label_counts == []


@pytest.mark.parametrize("older", ["window", "reference", "bins"])
def test_where_it_is_not_known_there_is_a_reason(older: str) -> None:
    task = RegressionTask(TASK.bins, None) if older == "bins" else TASK
    now, then = outcomes(NOW, task), outcomes(THEN, task)
    found = drift_of(
        of_format_2(now) if older == "window" else now,
        of_format_2(then) if older == "reference" else then,
        task,
    )
    for metric, figure in found.figures.items():
        assert figure.published("value") == [None], metric
        assert figure.status.tolist() == ["labels_not_binned"], metric
        (reason,) = figure.reasons()
        assert reason is not None
        assert "run the window again, or `driftline rebase` the monitor" in reason
    assert found.n_current.tolist() == [len(NOW)]


def test_a_reference_without_labels_is_called_so() -> None:
    task = RegressionTask(TASK.bins, None)
    found = drift_of(outcomes(NOW, task), None, task)
    assert found.figures["psi"].status.tolist() == ["no_reference"]


# -- what the bins are made from -------------------------------------------------------------------


def values_of(label: Floats, task: LabelValuesPlan, predicted: Floats | None = None) -> LabelValues:
    rows = pa.table({"prediction": label if predicted is None else predicted, "label": label})
    return task.rows(rows, None).of(0, len(label))


def test_of_few_labels_all_are_kept() -> None:
    label = np.append(np.repeat([3.0, 1.0, 2.0], [5, 70_000, 2]), [np.nan, np.inf])
    task = LabelValuesPlan(sampled=100)
    parts = [values_of(label[at::3], task) for at in range(3)]
    found = LabelValues.merged([task.nothing(), *parts])
    assert found.sample().tolist() == np.sort(label[np.isfinite(label)]).tolist()
    assert (found.predictions, found.labelled) == (len(label), len(label) - 2)


def test_of_many_labels_a_sample_is_kept_whatever_the_cuts() -> None:
    label = np.where(RNG(8).random(40_000) < 0.6, 0.0, RNG(9).gamma(2, 10, 40_000))
    predicted = RNG(10).normal(size=40_000)
    task = LabelValuesPlan(sampled=4096)
    whole, order = values_of(label, task, predicted), RNG(11).permutation(40_000)
    parts = [values_of(label[few], task, predicted[few]) for few in np.array_split(order, 9)]
    merged = LabelValues.merged(parts)
    assert merged.sample().tolist() == whole.sample().tolist()
    assert len(whole.sample()) == 4096
    assert (whole.sample() == 0).mean() == pytest.approx(0.6, abs=0.03)
    expected = np.quantile(label, [0.7, 0.9, 0.99])
    assert np.quantile(whole.sample(), [0.7, 0.9, 0.99]) == pytest.approx(expected, rel=0.1)


def test_windows_make_one_sample_though_each_has_its_own() -> None:
    """A small window keeps all of its labels, a large one few: both count by their rows."""
    task = LabelValuesPlan(sampled=1000)
    small, large = values_of(np.linspace(0, 1, 500), task), values_of(np.linspace(10, 11, 99_500), task)
    found = LabelValues.of_all([small, large]).sample()
    assert (found < 5).mean() == pytest.approx(0.005, abs=0.006)


def test_more_rows_than_are_needed_are_thinned_evenly() -> None:
    label = np.repeat([1.0, 2.0, 3.0, 4.0], [600_000, 300_000, 99_000, 1000])
    task = LabelValuesPlan(sampled=100)
    found = values_of(label, task).sample()
    assert len(found) == 1 << 18
    shares = [(found == at).mean() for at in (1, 2, 3, 4)]
    assert shares == pytest.approx([0.6, 0.3, 0.099, 0.001], abs=1e-4)
