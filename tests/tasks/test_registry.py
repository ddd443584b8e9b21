"""Tasks, ours and those of other distributions: in monitor files, tables, rules and pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from tests.end_to_end.builder import Bench, Columns, day
from tests.extensions import Example, Install

from driftline_jobs.profiles.kinds.ordered import OrderedBins, ordered_bins
from driftline_jobs.reporting.report import write_report
from driftline_jobs.tasks.base import AnyTask
from driftline_jobs.tasks.binary import BinaryTask
from driftline_jobs.tasks.multiclass import MulticlassTask
from driftline_jobs.tasks.registry import task_class
from driftline_jobs.tasks.regression import RegressionTask
from driftline_jobs.tasks.stored import read_outcomes
from driftline_reports.metrics_page import metrics_page
from driftline_schemas import task_specs
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.monitor import load_monitor, parse_monitor
from driftline_schemas.performance_specs import base_metric
from driftline_schemas.settings import Settings

BINS: OrderedBins = ordered_bins("score", np.linspace(0.0, 1.0, 101))
OURS: dict[str, AnyTask] = {
    "binary_classification": BinaryTask("1", "1", BINS),
    "multiclass_classification": MulticlassTask(("a", "b"), (BINS, BINS)),
    "regression": RegressionTask(BINS),
}


@pytest.mark.parametrize("name", OURS)
def test_a_task_measures_the_metrics_of_its_specification(name: str) -> None:
    task = OURS[name]
    assert type(task) is task_class(name)
    assert task.spec is task_specs.task_spec(name)
    measured = task.measure([task.nothing()])
    assert {metric for metric, _ in measured} == set(task.spec.metric_names)
    overall = {metric for metric, of_class in measured if of_class is None}
    per_class = {base_metric(metric) for metric in task.spec.metric_names if metric != base_metric(metric)}
    if per_class:  # the plain names of what is averaged are of each class
        assert not overall & per_class


@pytest.mark.parametrize("name", OURS)
def test_what_a_task_explains_is_of_its_metrics(name: str) -> None:
    task = OURS[name]
    assert set(task.ratios([task.nothing()])) <= set(task.spec.metric_names)


@pytest.mark.parametrize("name", OURS)
def test_stored_outcomes_are_read_as_what_they_are(name: str) -> None:
    nothing = OURS[name].nothing()
    assert read_outcomes(nothing.to_bytes()) == nothing


@pytest.mark.parametrize(
    ("name", "labels", "predicted"),
    [
        ("binary_classification", "label_positives", "scored_positive"),
        ("multiclass_classification", "label_counts", "scored_predicted"),
    ],
)
def test_outcomes_of_classifiers_are_stored_in_the_order_that_they_always_had(
    name: str, labels: str, predicted: str
) -> None:
    """Else the same log would leave other bytes than before."""
    assert list(json.loads(OURS[name].nothing().to_bytes())) == [
        *("format", "task", "predictions", "labelled", labels, "other_labels", "missing_scores"),
        *("no_probabilities", "scored_no_probabilities", "confusion", "positives", "negatives"),
        *("score_sums", "scored", predicted, "scored_decided", "scored_sums"),
        *("log_loss", "log_loss_squares", "brier", "brier_squares"),
    ]


@pytest.mark.usefixtures("fresh")
def test_stored_outcomes_of_no_known_task_are_refused() -> None:
    with pytest.raises(DataError, match="'ranking' were found, known are binary_classification"):
        read_outcomes(b'{"format":1,"task":"ranking"}')


def test_only_what_is_neither_good_nor_bad_has_no_floor() -> None:
    for spec in task_specs.performance_specs().values():
        assert spec.judged == bool(spec.floor or spec.relative_floor), spec.name


# -- of other distributions ------------------------------------------------------------------------


def counts_of(bench: Bench, number: int) -> Columns:
    """A day of expected numbers and counts, in the log and as labels."""
    random = np.random.default_rng([7, number])
    expected = np.round(random.gamma(2.0, 2.0, 120) + 0.05, 3)
    truth = random.poisson(expected * (1.0 if number < 4 else 1.6)).astype(np.int64)
    own: Columns = {"expected": expected, "truth": truth, "score": None, "class": None}
    made = bench.rows(number, **own)
    bench.write(number, made)
    bench.write_labels(number, made)
    return made


def values(made: Columns) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.asarray(made["truth"], np.float64), np.asarray(made["expected"], np.float64)


def test_the_example_of_the_docs_is_in_monitor_file_tables_rules_page_and_docs(
    example: Example, tmp_path: Path
) -> None:
    example("poisson")
    bench = Bench(
        tmp_path,
        {
            "task": "count_regression",
            "logs": {"prediction": "expected", "score": None},
            "segments": ["city"],
            "alerts": {"rules": [{"metric": "poisson_deviance", "above": 1.3}], "min_rows": 10},
        },
    )
    reference = [counts_of(bench, number) for number in range(4)]
    made = counts_of(bench, 4)
    bench.run(4)

    rows = bench.current("performance_metrics")
    whole = rows[(rows.segment == "*") & (rows.model_version == "*")].set_index("metric")
    assert set(whole.index) == {"poisson_deviance", "deviance_explained"}
    deviance = whole.loc["poisson_deviance"]
    label, expected = values(made)
    assert deviance["value"] == pytest.approx(sk.mean_poisson_deviance(label, expected), rel=1e-12)
    mean = np.full(len(label), label.mean())
    assert deviance["trivial_value"] == pytest.approx(sk.mean_poisson_deviance(label, mean), rel=1e-12)
    before = [np.concatenate(parts) for parts in zip(*map(values, reference), strict=True)]
    assert deviance["reference_value"] == pytest.approx(sk.mean_poisson_deviance(*before), rel=1e-12)
    assert whole.loc["deviance_explained", "value"] == pytest.approx(
        sk.d2_tweedie_score(label, expected, power=1), rel=1e-12
    )
    assert (deviance["degraded"], deviance["threshold_source"], deviance["threshold"]) == (True, "rule", 1.3)
    assert set(bench.current("attributions").query("column_name == '*'")["metric"]) == {"poisson_deviance"}

    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.parse(f"{day(4):%Y-%m-%d}")
    settings = Settings(store=bench.store_url, reports=str(tmp_path / "pages"))
    page = Path(write_report(monitor, window, settings, generated_at=day(5)).page).read_text("utf-8")
    assert "count regression" in page
    assert "Poisson deviance" in page
    assert "Deviance explained" in page
    assert "| `poisson_deviance` | Poisson deviance | count regression |" in metrics_page()


MONITOR = """\
monitor: case
task: {task}
logs: {{uri: logs, timestamp: ts, prediction: said}}
reference: {{window: [2026-01-01, 2026-01-15]}}
alerts: {{rules: [{{metric: {metric}, above: 1}}]}}
"""


def test_a_task_that_nobody_has_is_refused_by_the_names_that_are_known(example: Example) -> None:
    example("poisson")
    with pytest.raises(ConfigError) as raised:
        parse_monitor(MONITOR.format(task="count_regresion", metric="psi"), "m.yaml")
    known = "binary_classification, multiclass_classification, regression, count_regression"
    assert str(raised.value) == (
        f"m.yaml:2: task: 'count_regresion' is not one of {known}: did you mean 'count_regression'?"
    )
    with pytest.raises(ConfigError, match="poisson_deviance is a figure of a count_regression, this is a"):
        parse_monitor(MONITOR.format(task="regression", metric="poisson_deviance"), "m.yaml")


SPEC = "from driftline_schemas.task_specs import TaskSpec\n"
METRIC = "from driftline_schemas.performance_specs import PerformanceSpec\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import there_is_no_such_module\n", "cannot be loaded: No module named 'there_is_no_such_module'"),
        ("class MEMBER: spec = 'mine'\n", "has no spec: expected a driftline_jobs.tasks.base.Task"),
        (SPEC + "class MEMBER: spec = TaskSpec('regression', ())\n", "'regression', which is taken"),
        (SPEC + "class MEMBER: spec = TaskSpec('My task', ())\n", "expected small letters, digits and _"),
        (
            SPEC
            + METRIC
            + "class MEMBER: spec = TaskSpec('mine', (PerformanceSpec('mae', 'MAE', 'mine'),))\n",
            "the task mine has a metric 'mae', whose name is taken",
        ),
        (
            SPEC
            + METRIC
            + "class MEMBER: spec = TaskSpec('mine', (PerformanceSpec('psi', 'PSI', 'mine'),))\n",
            "the task mine has a metric 'psi', whose name is taken",
        ),
    ],
)
def test_what_is_no_task_is_refused(install: Install, code: str, said: str) -> None:
    install("driftline.tasks", code)
    with pytest.raises(ConfigError) as raised:
        task_specs.performance_specs()
    assert said in str(raised.value)


def test_a_specification_alone_does_nothing(install: Install) -> None:
    install("driftline.tasks", SPEC + "class MEMBER: spec = TaskSpec('mine', ())\n")
    with pytest.raises(ConfigError, match=r"the task mine is no class of tasks\.base\.Task"):
        task_class("mine")
