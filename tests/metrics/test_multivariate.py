"""Drift between columns against closed forms and raw rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from tests.metrics.edges import Floats

from driftline_jobs.metrics.multivariate import (
    EXPLAINED_VARIANCE,
    Moments,
    multivariate_drift,
    reference_space,
)

RNG = np.random.default_rng


def moments(rows: Floats, centre: Floats) -> Moments:
    x = rows - centre
    return Moments(np.asarray(len(x)), x.sum(0), x.T @ x)


def correlated(rng: np.random.Generator, n: int, rho: float = 0.8) -> Floats:
    covariance = np.array([[1.0, rho, 0.3], [rho, 1.0, 0.2], [0.3, 0.2, 1.0]])
    rows: Floats = rng.multivariate_normal([0, 5, -2], covariance, n) * np.array([1.0, 100.0, 0.01])
    return rows


def test_divergence_is_that_of_two_normal_distributions() -> None:
    rng = RNG(1)
    reference, current = correlated(rng, 5_000), correlated(rng, 800, 0.4) + np.array([0.5, 0.0, 0.0])
    centre = reference.mean(0)
    space = reference_space(moments(reference, centre))
    found = multivariate_drift(moments(current, centre), space)["gaussian_kl"]
    s0, s1 = np.cov(reference.T), np.cov(current.T)
    d = current.mean(0) - reference.mean(0)
    inverse = np.linalg.inv(s0)
    expected = 0.5 * (
        np.trace(inverse @ s1) - 3 + d @ inverse @ d - np.log(np.linalg.det(s1) / np.linalg.det(s0))
    )
    assert float(found.value) == pytest.approx(expected, rel=1e-8)
    assert float(found.degrees) == 9
    assert float(found.debiased) == pytest.approx(expected - 4.5 * (1 / 800 + 1 / 5000), rel=1e-8)


def test_the_centre_of_the_moments_does_not_matter() -> None:
    rng = RNG(2)
    reference, current = correlated(rng, 3_000), correlated(rng, 500)
    figures = [
        multivariate_drift(moments(current, c), reference_space(moments(reference, c)))
        for c in (reference.mean(0), reference.mean(0) + np.array([3.0, -40.0, 0.02]))
    ]
    for name in figures[0]:
        assert float(figures[0][name].value) == pytest.approx(float(figures[1][name].value), rel=1e-6)


def test_without_drift_its_mean_is_half_its_degrees() -> None:
    rng = RNG(3)
    reference = correlated(rng, 20_000)
    centre = reference.mean(0)
    space = reference_space(moments(reference, centre))
    found = [
        float(multivariate_drift(moments(correlated(rng, 400), centre), space)["gaussian_kl"].value)
        for _ in range(600)
    ]
    expected = 0.5 * 9 * (1 / 400 + 1 / 20_000)
    # 600 of about chi-squared with 9 degrees: standard error 1.9 %
    assert np.mean(found) == pytest.approx(expected, rel=0.08)


def test_reconstruction_equals_principal_components_on_the_rows() -> None:
    rng = RNG(4)
    reference, current = correlated(rng, 4_000), correlated(rng, 900, -0.2)
    scaler = StandardScaler().fit(reference)
    pca = PCA().fit(scaler.transform(reference))
    kept = int(np.searchsorted(np.cumsum(pca.explained_variance_ratio_), EXPLAINED_VARIANCE)) + 1

    def residual(rows: Floats) -> float:
        x = scaler.transform(rows)
        parts = pca.components_[:kept]
        return float((((x - x @ parts.T @ parts) ** 2).sum(1)).mean())

    centre = reference.mean(0)
    found = multivariate_drift(moments(current, centre), reference_space(moments(reference, centre)))
    expected = np.sqrt(residual(current) / residual(reference)) - 1
    # covariances here have n - 1
    assert float(found["reconstruction_error"].value) == pytest.approx(expected, abs=2e-3)
    assert expected > 0.3


def test_a_broken_relation_shows_though_no_column_moves() -> None:
    rng = RNG(5)
    reference, current = correlated(rng, 5_000), correlated(rng, 1_000)
    current[:, 0] = rng.permutation(current[:, 0])
    centre = reference.mean(0)
    found = multivariate_drift(moments(current, centre), reference_space(moments(reference, centre)))
    assert float(found["gaussian_kl"].debiased) > 0.3
    assert float(found["reconstruction_error"].value) > 0.1


def test_constant_and_repeated_columns_are_no_directions() -> None:
    rng = RNG(6)

    def rows(n: int) -> Floats:
        x = correlated(rng, n)
        return np.column_stack([x, np.full(n, 7.0), x[:, 0] + x[:, 1] / 100])

    reference, current = rows(3_000), rows(700)
    centre = reference.mean(0)
    space = reference_space(moments(reference, centre))
    assert space is not None
    assert space.whitening.shape == (5, 3)
    found = multivariate_drift(moments(current, centre), space)
    assert 0 < float(found["gaussian_kl"].value) < 0.05


def test_windows_at_once_equal_windows_one_by_one() -> None:
    rng = RNG(7)
    reference = correlated(rng, 3_000)
    centre = reference.mean(0)
    space = reference_space(moments(reference, centre))
    windows = [moments(correlated(rng, n), centre) for n in (50, 300, 2)]
    together = multivariate_drift(
        Moments(*(np.stack([getattr(w, k) for w in windows]) for k in ("n", "sums", "products"))), space
    )
    for i, window in enumerate(windows):
        for name, figure in multivariate_drift(window, space).items():
            assert together[name].status[i] == str(figure.status)
            np.testing.assert_allclose(together[name].value[i], figure.value, rtol=1e-10)


def test_what_cannot_be_compared_says_why() -> None:
    rng = RNG(8)
    reference = correlated(rng, 3_000)
    centre = reference.mean(0)
    space = reference_space(moments(reference, centre))

    def status(rows: Floats) -> str:
        return str(multivariate_drift(moments(rows, centre), space)["gaussian_kl"].status)

    assert status(reference[:0]) == "empty_window"
    assert status(reference[:4]) == "too_few_rows"
    assert status(np.repeat(reference[:1], 50, axis=0)) == "collapsed"
    for nothing in (
        reference_space(moments(reference[:4], centre)),
        reference_space(moments(reference[:, :1], centre[:1])),
        reference_space(moments(np.repeat(reference[:1], 50, axis=0), reference[0])),
    ):
        assert nothing is None
    figure = multivariate_drift(moments(reference[:100], centre), None)["reconstruction_error"]
    assert figure.published("value") == [None]
    assert figure.reasons() != [None]
