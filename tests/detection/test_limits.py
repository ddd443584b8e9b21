"""Rules, fixed effect sizes and intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tests.metrics.edges import from_counts

from driftline_jobs.detection.limits import (
    above_floor,
    fixed_drift,
    interval_verdicts,
    rule_verdicts,
)
from driftline_jobs.detection.verdicts import either
from driftline_jobs.metrics.drift import category_drift, ordered_drift
from driftline_jobs.metrics.figures import FloatArray, Status
from driftline_jobs.metrics.performance import (
    Performance,
    absent,
    performance,
)
from driftline_jobs.metrics.samples import CategorySample
from driftline_schemas.drift_specs import BUILT_IN

NAN = float("nan")


@dataclass(frozen=True)
class Rule:
    """A rule of a monitor file."""

    metric: str
    column: str | None = None
    segment: tuple[str, ...] | None = None
    above: float | None = None
    below: float | None = None


def values(*numbers: float) -> FloatArray:
    return np.array(numbers, np.float64)


def test_a_rule_is_held_against_the_figure() -> None:
    verdict = rule_verdicts([Rule("psi", above=0.2)], "psi", values(0.1, 0.2, 0.4, NAN), column="carrier")
    assert verdict is not None
    assert verdict.exceeded.tolist() == [0, 0, 1, -1]
    assert verdict.source.tolist() == ["rule", "rule", "rule", ""]
    np.testing.assert_array_equal(verdict.threshold, [0.2, 0.2, 0.2, NAN])
    assert verdict.strength[2] == pytest.approx(2.0)
    below = rule_verdicts([Rule("roc_auc", below=0.7)], "roc_auc", values(0.8, 0.6))
    assert below is not None
    assert below.exceeded.tolist() == [0, 1]
    assert below.strength[1] == pytest.approx(0.7 / 0.6)


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        (Rule("psi", above=0.1), True),
        (Rule("psi", column="carrier", above=0.1), True),
        (Rule("psi", column="origin", above=0.1), False),
        (Rule("ks", above=0.1), False),
        (Rule("psi", segment=("origin",), above=0.1), False),
    ],
)
def test_a_rule_is_about_its_column_and_segment(rule: Rule, applies: bool) -> None:  # noqa: FBT001
    assert (rule_verdicts([rule], "psi", values(1.0), column="carrier") is not None) is applies


def test_a_rule_on_a_segment_is_not_about_the_whole() -> None:
    rule = Rule("psi", segment=("origin", "carrier"), above=0.1)
    assert rule_verdicts([rule], "psi", values(1.0), column="x", segment=["origin", "carrier"]) is not None
    assert rule_verdicts([rule], "psi", values(1.0), column="x", segment=["carrier"]) is None


def test_of_two_rules_the_broken_one_speaks() -> None:
    rules = [Rule("psi", above=0.5), Rule("psi", above=0.2)]
    verdict = rule_verdicts(rules, "psi", values(0.3, 0.1), column="x")
    assert verdict is not None
    assert verdict.exceeded.tolist() == [1, 0]
    assert verdict.threshold.tolist() == [0.2, 0.5]


def test_a_limit_of_zero_has_no_strength_but_holds() -> None:
    verdict = rule_verdicts([Rule("unseen_fraction", above=0.0)], "unseen_fraction", values(0.0, 1e-9))
    assert verdict is not None
    assert verdict.exceeded.tolist() == [0, 1]
    assert verdict.strength[1] == 1.0


@pytest.mark.parametrize("n", [50, 100, 500, 20_000])
def test_fixed_limits_leave_clean_samples_alone(n: int) -> None:
    rng = np.random.default_rng(n)
    shares = np.full(20, 0.05)
    current = rng.multinomial(n, shares, size=4_000)
    reference = rng.multinomial(5_000, shares, size=4_000)
    psi = ordered_drift(from_counts(current), from_counts(reference))["psi"]
    verdict = fixed_drift("psi", psi, n, 5_000)
    assert verdict is not None
    assert (verdict.exceeded == 1).mean() < 0.002
    # and a large change is seen whatever the size
    moved = np.roll(np.array([0.5, *[0.5 / 19] * 19]), 3)
    far = ordered_drift(from_counts(rng.multinomial(n, moved, size=50)), from_counts(reference[:50]))["psi"]
    found = fixed_drift("psi", far, n, 5_000)
    assert found is not None
    assert (found.exceeded == 1).mean() > 0.9
    assert (found.strength[found.exceeded == 1] > 1).all()


def test_fixed_limits_of_shares() -> None:
    def sample(known: int, unseen: int, missing: int) -> CategorySample:
        nought = np.array([0])
        return CategorySample(np.array([[known]]), nought, np.array([unseen]), np.array([missing]))

    reference = sample(10_000, 0, 0)
    for unseen, missing, metric, expected in (
        (300, 0, "unseen_fraction", 1),
        (50, 0, "unseen_fraction", 0),
        (0, 1_000, "null_fraction_delta", 1),
        (0, 300, "null_fraction_delta", 0),
    ):
        figure = category_drift(sample(10_000, unseen, missing), reference)[metric]
        verdict = fixed_drift(metric, figure, 10_000, 10_000)
        assert verdict is not None
        assert verdict.exceeded.tolist() == [expected], (metric, unseen, missing)
    # fewer nulls than there used to be is a change too
    fewer = category_drift(reference, sample(5_000, 0, 5_000))["null_fraction_delta"]
    verdict = fixed_drift("null_fraction_delta", fewer, 10_000, 10_000)
    assert verdict is not None
    assert verdict.exceeded.tolist() == [1]


def test_metrics_without_a_fixed_limit_do_not_decide() -> None:
    figures = ordered_drift(from_counts(np.array([[5, 5]])), from_counts(np.array([[5, 5]])))
    deciding = {name for name, figure in figures.items() if fixed_drift(name, figure, 10, 10) is not None}
    assert deciding == {"psi", "null_fraction_delta"}
    others = {"unseen_fraction", "empty_fraction_delta", "new_words_delta"}
    assert {spec.name for spec in BUILT_IN if spec.fixed is not None} == deciding | others


def test_no_figure_no_verdict() -> None:
    empty = ordered_drift(from_counts(np.array([[0, 0]])), from_counts(np.array([[5, 5]])))["psi"]
    verdict = fixed_drift("psi", empty, 0, 10)
    assert verdict is not None
    assert verdict.exceeded.tolist() == [-1]
    assert verdict.source.tolist() == [""]
    assert np.isnan(verdict.threshold).all()
    assert not above_floor("psi", empty).any()


def test_the_floor_is_of_the_debiased_effect() -> None:
    rng = np.random.default_rng(1)
    shares = np.full(20, 0.05)
    counts = rng.multinomial(500, shares, size=2)
    psi = ordered_drift(from_counts(counts), from_counts(np.full((2, 20), 500)))["psi"]
    assert (psi.value > 0.01).all()
    assert not above_floor("psi", psi).any()


def figure_of(value: float, half: float, trivial: float = NAN) -> Performance:
    low, high = np.array([value - half]), np.array([value + half])
    return performance(
        np.array([value]), np.array(["ok"]), 1000, interval=(low, high), trivial=np.array([trivial])
    )


@pytest.mark.parametrize(
    ("metric", "now", "half", "then", "expected"),
    [
        ("roc_auc", 0.70, 0.01, 0.80, 1),
        ("roc_auc", 0.70, 0.09, 0.80, 0),  # the interval reaches it
        ("roc_auc", 0.785, 0.001, 0.80, 0),  # sure, but less than the floor
        ("roc_auc", 0.95, 0.01, 0.80, 0),  # better
        ("log_loss", 0.50, 0.01, 0.40, 1),
        ("log_loss", 0.30, 0.01, 0.40, 0),
        ("f1_macro", 0.50, 0.01, 0.60, 1),
        ("r2", -0.5, 0.1, 0.6, 1),
    ],
)
def test_degraded_by_an_interval_and_not_by_a_point(
    metric: str, now: float, half: float, then: float, expected: int
) -> None:
    verdict = interval_verdicts(metric, figure_of(now, half), figure_of(then, 0.005))
    assert verdict is not None
    assert verdict.exceeded.tolist() == [expected]
    assert verdict.source.tolist() == ["reference_interval"]


@pytest.mark.parametrize(
    ("metric", "then", "trivial", "limit"),
    [
        ("roc_auc", 0.80, 0.5, 0.78),
        ("roc_auc", 0.515, 0.5, 0.5),
        ("accuracy", 0.81, 0.80, 0.80),
        ("accuracy", 0.70, 0.80, NAN),  # it never was better than the majority
        ("average_precision", 0.21, 0.20, 0.20),
        ("log_loss", 0.66, 0.69, 0.69),
        ("brier", 0.24, 0.25, 0.25),
        ("brier", 0.26, 0.25, NAN),
        ("r2", 0.02, 0.0, 0.0),
        ("rmse", 9.8, 10.0, 10.0),
        ("recall", 0.70, 1.0, 0.67),
        ("ece", 0.01, 0.0, 0.03),
    ],
)
def test_a_limit_is_never_beyond_the_trivial_model(
    metric: str, then: float, trivial: float, limit: float
) -> None:
    now = figure_of(then, 0.001, trivial)
    verdict = interval_verdicts(metric, now, figure_of(then, 0.001, trivial))
    assert verdict is not None
    np.testing.assert_allclose(verdict.threshold, [limit])
    assert verdict.exceeded.tolist() == [-1 if np.isnan(limit) else 0]
    source = "" if np.isnan(limit) else "trivial_model" if limit == trivial else "reference_interval"
    assert verdict.source.tolist() == [source]


@pytest.mark.parametrize("metric", ["recall", "precision", "average_precision", "f1_macro"])
def test_nothing_is_worse_than_nothing(metric: str) -> None:
    """A recall of zero where it was zero before, or so small that less than the floor is left of it."""
    verdict = interval_verdicts(metric, figure_of(0.0, 0.0), figure_of(0.0, 0.0))
    assert verdict is not None
    assert verdict.exceeded.tolist() == [-1]
    little = interval_verdicts(metric, figure_of(0.0, 0.0), figure_of(0.02, 0.0))
    assert little is not None
    assert (little.threshold >= 0.0).all()


def test_an_uncertain_reference_counts_too() -> None:
    sure = interval_verdicts("roc_auc", figure_of(0.74, 0.01), figure_of(0.80, 0.001))
    unsure = interval_verdicts("roc_auc", figure_of(0.74, 0.01), figure_of(0.80, 0.06))
    assert sure is not None
    assert unsure is not None
    assert (sure.exceeded.tolist(), unsure.exceeded.tolist()) == ([1], [0])


def test_without_a_reference_the_trivial_model_is_the_limit() -> None:
    nothing = absent(Status.NO_LABELS, (1,))
    worse = interval_verdicts("roc_auc", figure_of(0.4, 0.02, trivial=0.5), nothing)
    better = interval_verdicts("roc_auc", figure_of(0.6, 0.02, trivial=0.5), nothing)
    assert worse is not None
    assert better is not None
    assert (worse.exceeded.tolist(), worse.source.tolist()) == ([1], ["trivial_model"])
    assert better.exceeded.tolist() == [0]
    accuracy = interval_verdicts("accuracy", figure_of(0.4, 0.02, trivial=0.9), nothing)
    assert accuracy is not None
    assert accuracy.exceeded.tolist() == [-1]


@pytest.mark.parametrize(("half", "half_then"), [(NAN, 0.01), (0.01, NAN), (NAN, NAN)])
@pytest.mark.parametrize(("metric", "now", "then"), [("roc_auc", 0.1, 0.8), ("rmse", 900.0, 1.0)])
def test_a_figure_without_interval_does_not_decide(
    metric: str, now: float, then: float, half: float, half_then: float
) -> None:
    """Nor does one whose reference has none: a few errors make it up, and nobody knows how far it may be."""
    verdict = interval_verdicts(metric, figure_of(now, half), figure_of(then, half_then, trivial=1000.0))
    assert verdict is not None
    assert verdict.exceeded.tolist() == [-1]
    assert np.isnan(verdict.threshold).all()


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (0.004, 0), (0.02, 1)])
def test_after_a_reference_without_any_loss_the_margin_is_one_of_the_trivial_loss(
    value: float, expected: int
) -> None:
    """5 % of .2: a limit at zero itself would call the last bit of a sum worse."""
    verdict = interval_verdicts("brier", figure_of(value, 0.001, 0.2), figure_of(0.0, 0.0, 0.2))
    assert verdict is not None
    np.testing.assert_allclose(verdict.threshold, [0.01])
    assert verdict.exceeded.tolist() == [expected]


def test_what_is_neither_good_nor_bad_never_degrades() -> None:
    for metric in ("positive_rate", "bias"):
        assert interval_verdicts(metric, figure_of(0.1, 0.01), figure_of(0.8, 0.01)) is None


def test_either_verdict_is_enough() -> None:
    rule = rule_verdicts([Rule("psi", above=0.5)], "psi", values(0.3, 0.9, NAN), column="x")
    psi = ordered_drift(
        from_counts(np.array([[10, 90], [50, 50], [0, 0]])), from_counts(np.array([[5_000, 5_000]] * 3))
    )["psi"]
    fixed = fixed_drift("psi", psi, 100, 10_000)
    assert rule is not None
    assert fixed is not None
    both = either(rule, fixed)
    assert both.exceeded.tolist() == [1, 1, -1]
    assert both.source.tolist() == ["fixed_default", "rule", ""]
