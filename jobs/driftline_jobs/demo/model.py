"""The demo's model: will this flight arrive more than fifteen minutes late? Two versions of one recipe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from driftline_jobs.demo.features import CATEGORICAL, NUMERIC

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

# A warning is worth sending from this probability on: about as many flights are warned of as are late.
DECISION_THRESHOLD = 0.3


@dataclass(frozen=True, slots=True)
class Version:
    """A model version, trained on the labels that had come by ``learned_until``."""

    name: str
    learned_until: datetime
    serves_from: datetime


# The second was retrained in June, on two and a half times the data, and went live with July.
VERSIONS = (
    Version("v1", datetime(2013, 3, 1, tzinfo=UTC), datetime(2013, 3, 1, tzinfo=UTC)),
    Version("v2", datetime(2013, 6, 1, tzinfo=UTC), datetime(2013, 7, 1, tzinfo=UTC)),
)
SERVED_UNTIL = datetime(2014, 1, 1, tzinfo=UTC)


def score_requests(requests: pd.DataFrame) -> pd.DataFrame:
    """Train every version and let each answer the requests of its time in service.

    Returns the rows of ``requests`` from the first version's start until ``SERVED_UNTIL``, in their order,
    with ``model_version``, ``late_probability`` (float64) and ``late`` (0 or 1).
    """
    import pandas as pd

    answered = []
    ends = [*(version.serves_from for version in VERSIONS[1:]), SERVED_UNTIL]
    for version, end in zip(VERSIONS, ends, strict=True):
        at = requests["requested_at"]
        served = requests[(at >= version.serves_from) & (at < end)]
        known = requests[requests["labelled_at"] < version.learned_until]
        probability = _train(known).predict_proba(_inputs(served))[:, 1]
        answered.append(
            served.assign(
                model_version=version.name,
                late_probability=probability,
                late=_decide(probability),
            )
        )
    return pd.concat(answered, ignore_index=True)


def _decide(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    return (probability >= DECISION_THRESHOLD).astype("int8")


def _train(requests: pd.DataFrame) -> HistGradientBoostingClassifier:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    labelled = requests[requests["arrived_late"].notna()]
    model = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=120,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        l2_regularization=1.0,
        categorical_features=list(CATEGORICAL),
        random_state=2013,
    )
    # Sums over several threads depend on which thread ends first: one thread gives the same model every time.
    with threadpool_limits(limits=1):
        model.fit(_inputs(labelled), labelled["arrived_late"].astype("int8"))
    return model


def _inputs(requests: pd.DataFrame) -> pd.DataFrame:
    """The model's matrix: numbers as float64, categories as text, missing values as they are."""
    numbers = requests[list(NUMERIC)].astype("float64")
    return numbers.join(requests[list(CATEGORICAL)].astype("category"))
