"""A reference in words."""

from __future__ import annotations

import pytest
from tests.schemas.monitor_files import read

from driftline_schemas.reference_words import reference_in_words


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"window": ["2013-03-01", "2013-04-01"]}, "2013-03-01 to 2013-03-31"),
        ({"window": ["2013-03-01", "2013-03-02"]}, "2013-03-01"),
        ({"window": ["2013-03-01T06:00", "2013-04-01"]}, "2013-03-01 06:00 to 2013-04-01 00:00"),
        (
            {"window": ["2013-03-01", "2013-04-01"], "exclude": [["2013-03-08", "2013-03-10"]]},
            "2013-03-01 to 2013-03-31, without 2013-03-08 to 2013-03-09",
        ),
        ({"uri": "s3://training/flights/"}, "the data set s3://training/flights/"),
        ({"trailing": "28d"}, "the 28 days before each window"),
        ({"same_weekday": 8}, "the same weekday of the 8 weeks before"),
        ({"model_version": "v1"}, "the same windows of version v1"),
    ],
)
def test_words(reference: dict[str, object], words: str) -> None:
    assert reference_in_words(read(reference=reference, logs__model_version="version")) == words


def test_days_are_those_of_the_monitor() -> None:
    window = {"window": ["2013-03-01", "2013-03-08"]}
    assert (
        reference_in_words(read(reference=window, timezone="America/New_York")) == "2013-03-01 to 2013-03-07"
    )
