"""Metrics of other distributions: installed, they are in tables, rules, on the page and in the docs."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, day
from tests.extensions import ROOT, Example, Install

from driftline_jobs.metrics import drift
from driftline_jobs.metrics.figures import Figure
from driftline_jobs.metrics.registry import DriftMetric
from driftline_jobs.metrics.samples import CategorySample
from driftline_jobs.metrics.texts import TEXT_METRICS
from driftline_jobs.reporting.report import write_report
from driftline_reports.metrics_page import metrics_page
from driftline_schemas import drift_specs
from driftline_schemas.drift_specs import BUILT_IN, DriftSpec
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import load_monitor
from driftline_schemas.settings import Settings


def test_every_formula_has_a_specification_and_every_specification_a_formula() -> None:
    assert {spec.name for spec in BUILT_IN if spec.ordered} == set(drift.ORDERED_METRICS)
    assert {spec.name for spec in BUILT_IN if spec.categories} == set(drift.CATEGORY_METRICS)
    assert {spec.name for spec in BUILT_IN if spec.texts} == set(TEXT_METRICS)
    assert {spec.name for spec in BUILT_IN if not (spec.ordered or spec.categories or spec.texts)} == {
        "sustained_shift",
        "gaussian_kl",
        "reconstruction_error",
    }


@pytest.mark.usefixtures("fresh")
def test_the_page_of_metrics_is_written_from_the_code() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == metrics_page()


def test_the_example_of_the_docs_is_in_tables_rules_page_and_docs(example: Example, tmp_path: Path) -> None:
    assert len((ROOT / "docs/examples/hellinger/driftline_hellinger.py").read_text().splitlines()) <= 40
    example("hellinger")
    rule = {"metric": "hellinger", "column": "city", "above": 0.2}
    bench = Bench(tmp_path, {"alerts": {"rules": [rule], "min_rows": 10}})
    reference = bench.reference()
    made = bench.rows(4, city=["Bergen"] * 90 + ["Lima"] * 30)
    bench.write(4, made)
    bench.write_labels(4, made)
    bench.run(4)

    # by the shares of the raw rows
    before = Counter(city for columns in reference.values() for city in columns["city"].to_pylist())
    total = sum(before.values())
    expected = sqrt(1 - sqrt(90 / 120 * before["Bergen"] / total) - sqrt(30 / 120 * before["Lima"] / total))
    row = bench.drift(4, "city", "hellinger")
    assert row["value"] == pytest.approx(expected, rel=1e-12)
    assert (row["drifted"], row["threshold_source"]) == (True, "rule")
    assert bench.drift(4, "amount", "hellinger")["value"] < 0.5
    monitor = load_monitor(bench.monitor_file())
    window = monitor.calendar.parse(f"{day(REFERENCE_DAYS):%Y-%m-%d}")
    settings = Settings(store=bench.store_url, reports=str(tmp_path / "pages"))
    page = Path(write_report(monitor, window, settings, generated_at=day(5)).page).read_text("utf-8")
    assert "Hellinger" in page
    assert "Square root of one less Σ √(p q)" in page
    assert "| `hellinger` | Hellinger | ordered, categories |" in metrics_page()


@pytest.mark.parametrize("name", ["psi", "mae"])  # of a drift metric, and of one of performance
def test_a_name_that_is_taken_is_refused(install: Install, name: str) -> None:
    install(
        "driftline.metrics",
        "from driftline_jobs.metrics.registry import DriftMetric\n"
        "from driftline_schemas.drift_specs import DriftSpec\n"
        f"MEMBER = DriftMetric(DriftSpec({name!r}, 'Mine', 'mine'))\n",
    )
    with pytest.raises(
        ConfigError, match=f"some_thing:MEMBER' of some-thing has the name '{name}', which is taken"
    ):
        drift_specs.drift_specs()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import there_is_no_such_module\n", "cannot be loaded: No module named 'there_is_no_such_module'"),
        ("MEMBER = object()\n", "has no spec"),
        (
            "from types import SimpleNamespace\nMEMBER = SimpleNamespace(spec='psi')\n",
            "expected a driftline_jobs.metrics.registry.DriftMetric",
        ),
    ],
)
def test_what_is_no_metric_is_named_with_its_distribution(install: Install, code: str, said: str) -> None:
    install("driftline.metrics", code)
    with pytest.raises(ConfigError, match="of some-thing") as raised:
        drift_specs.drift_specs()
    assert said in str(raised.value)


def test_a_formula_is_there_for_what_is_announced() -> None:
    with pytest.raises(ConfigError, match="announces figures"):
        DriftMetric(DriftSpec("some", "Some", "nothing", ordered=True))


def test_figures_of_another_shape_are_refused(install: Install) -> None:
    install(
        "driftline.metrics",
        "import numpy as np\n"
        "from driftline_jobs.metrics.figures import figure, statuses\n"
        "from driftline_jobs.metrics.registry import DriftMetric\n"
        "from driftline_schemas.drift_specs import DriftSpec\n"
        "MEMBER = DriftMetric(DriftSpec('some', 'Some', 'nothing', categories=True),\n"
        "    categories=lambda now, then: figure(np.zeros(7), statuses((7,))))\n",
    )
    nothing = np.zeros(2, np.int64)
    sample = CategorySample(np.ones((2, 3), np.int64), nothing, nothing, nothing)
    with pytest.raises(ConfigError, match=r"some gave figures of shape \(7,\) for cells \(2,\)"):
        _figures(sample)


def _figures(sample: CategorySample) -> dict[str, Figure]:
    return drift.category_drift(sample, sample)
