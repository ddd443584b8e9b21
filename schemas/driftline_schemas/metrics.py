"""The names of all figures that can be judged, and what each can be asked of."""

from __future__ import annotations

from enum import StrEnum

MULTIVARIATE_DRIFT = ("gaussian_kl", "reconstruction_error")
"""Of the numeric columns as a whole. The metrics of single columns are in ``drift_specs``."""

SHAPE = ("anderson_darling", "chi_squared")
"""Those that decide whether the shape of a column has changed: of an ordered one, of categories."""

SUSTAINED_SHIFT = "sustained_shift"
"""Of any column over its windows: the evidence that a shift goes on."""

MOVES_BY_NATURE = "moves_by_nature"
"""The check that reports columns of which no two windows are alike: growing numbers, times, ids."""
NEW_COLUMN = "new_column"
"""The check that reports a column that the reference does not have."""
MEAN_SCORE, MEAN_PREDICTION = "mean_score", "mean_prediction"
MEAN_METRICS = (MEAN_SCORE, MEAN_PREDICTION)
"""What an impact is on, beside the metrics of performance: of a classifier, and of a regression."""
REFERENCE_OUTDATED = "reference_outdated"
"""The alert that advises to renew a reference from which columns have drifted for weeks to no one's harm."""
CHECKS_OF_COLUMNS = frozenset({MOVES_BY_NATURE, NEW_COLUMN})
"""Checks that are one alert, however many columns fail them."""
TIME_OF_DAY = "time_of_day"
"""The check of how many hours later than usual in the day rows come, on the mean: a clock that was moved."""
REFERENCE_WINDOWS = "reference_windows"
"""How many windows a reference has, where these are too few to recognise such columns."""
VALUES_OF_ANOTHER_TYPE = "values_of_another_type"
"""The check that counts values which cannot be compared with those of the reference."""


class ScoreScale(StrEnum):
    """What the scores of a classifier are: from 0 to 1, from 0 to 100, or numbers that only rank."""

    PROBABILITY = "probability"
    PERCENT = "percent"
    UNBOUNDED = "unbounded"
