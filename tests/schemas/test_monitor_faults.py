"""What each mistake in a monitor file is called."""

from __future__ import annotations

from typing import Any

import pytest
from tests.schemas.monitor_files import FULL, read

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import parse_monitor

FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown key", {"granularty": "day"}, r"granularty: unknown key, did you mean 'granularity'\?"),
    ("key of another section", {"lateness": "1d"}, "lateness: unknown key here: it belongs under logs"),
    ("unknown key inside", {"logs__scor": "p"}, r"logs\.scor: unknown key, did you mean 'score'"),
    ("unknown key nowhere near", {"logs__zzz": 1}, r"logs\.zzz: unknown key: known here are uri, timestamp"),
    ("missing section", {"reference": None}, "reference: is missing"),
    ("missing key", {"logs__timestamp": None}, r"logs\.timestamp: is missing"),
    ("section that is text", {"logs": "s3://a"}, "logs: must be a mapping"),
    ("capitals", {"monitor": "Flight"}, "'Flight' does not match"),
    ("a newline at the end", {"monitor": "flight\n"}, "does not match"),
    ("a long name", {"monitor": "a" * 64}, "does not match"),
    ("task", {"task": "binary_clasification"}, "did you mean 'binary_classification'"),
    ("a truth for a name", {"logs__prediction": False}, "YAML reads this as false: put it in quotes"),
    ("a number for a name", {"logs__prediction": 7}, "not the number 7: put it in quotes"),
    ("an empty name", {"logs__prediction": ""}, r"logs\.prediction: string should have at least 1 character"),
    (
        "neither score nor prediction",
        {"logs__score": None, "logs__prediction": None},
        "needs a score or a prediction",
    ),
    ("score of a regression", {"task": "regression"}, r"logs\.score: a regression has no score"),
    (
        "regression without value",
        {"task": "regression", "logs__score": None, "logs__prediction": None},
        "is missing",
    ),
    ("binary with classes", {"logs__score": {"a": "p", "b": "q"}}, "must name one column"),
    (
        "multiclass with one column",
        {"task": "multiclass_classification"},
        "must map each class to its column",
    ),
    (
        "multiclass, one class",
        {"task": "multiclass_classification", "logs__score": {"a": "p"}},
        "at least two classes",
    ),
    (
        "class twice",
        {"task": "multiclass_classification", "logs__score": {1: "p", "1": "q"}},
        "names a class twice",
    ),
    (
        "class without a name",
        {"task": "multiclass_classification", "logs__score": {None: "p", "a": "q"}},
        "None is no class",
    ),
    (
        "class that is no number",
        {"task": "multiclass_classification", "logs__score": {float("nan"): "p", "a": "q"}},
        "nan is no class",
    ),
    ("a class too long", {"positive_label": "x" * 257}, "257 characters cannot be named: 256 at most"),
    (
        "class without column",
        {"task": "multiclass_classification", "logs__score": {1: 2}},
        "name a column for each",
    ),
    (
        "positive of a regression",
        {"task": "regression", "logs__score": None, "positive_label": 1},
        "positive_label: only",
    ),
    ("unknown unit", {"logs__timestamp_unit": "m"}, "'m' is not one of s, ms, us, ns"),
    (
        "positive prediction of several classes",
        {
            "task": "multiclass_classification",
            "logs__score": {"a": "p", "b": "q"},
            "logs__positive_prediction": "a",
        },
        "positive_prediction: only",
    ),
    (
        "positive prediction of no column",
        {"logs__prediction": None, "logs__positive_prediction": "a"},
        r"positive_prediction: needs logs\.prediction",
    ),
    ("scale of no score", {"logs__score": None, "logs__score_scale": "percent"}, r"needs logs\.score"),
    ("scale", {"logs__score_scale": "percentage"}, "did you mean 'percent'"),
    ("half a class", {"positive_label": 0.5}, "is no class"),
    ("no number", {"positive_label": float("nan")}, "is no class"),
    ("two parts", {"logs__score": "late"}, "'late' is already the prediction"),
    ("label is a part", {"labels": {"column": "late"}}, "'late' is already the prediction"),
    ("labels neither way", {"labels": {"label": "x"}}, r"labels\.uri: is missing"),
    ("labels both ways", {"labels": {"column": "x", "uri": "y"}}, r"labels\.uri: unknown key"),
    ("labels without id", {"logs__prediction_id": None}, "labels are joined to predictions by it"),
    ("label is the id", {"labels__label": "id"}, "plays two parts"),
    ("catch-up too short", {"labels__catch_up": "3d"}, "shorter than mature_after"),
    ("numeric and categorical", {"features": {"numeric": ["a"], "categorical": ["a"]}}, "also under numeric"),
    ("listed twice", {"features": {"numeric": ["a", "a"]}}, "is listed twice"),
    ("role as feature", {"features": {"numeric": ["p"]}}, "'p' is the score, which is no feature"),
    ("sensitive role", {"features": {"sensitive": ["id"]}}, "only features can be hashed"),
    ("dropped role", {"features": {"sensitive": [{"id": "drop"}]}}, "only features can be hashed"),
    ("hidden twice", {"features": {"sensitive": ["a", {"a": "drop"}]}}, "is listed twice"),
    ("critical twice", {"features": {"critical": ["a", "a"]}}, "is listed twice"),
    ("critical and ignored", {"features": {"critical": ["a"], "ignore": ["a"]}}, "is also under ignore"),
    ("hidden how", {"features": {"sensitive": [{"a": "hash"}]}}, "is no sensitive column: write its name"),
    ("hidden several", {"features": {"sensitive": [{"a": "drop", "b": "drop"}]}}, "is no sensitive column"),
    ("hidden number", {"features": {"sensitive": [1]}}, r"features\.sensitive\[0\]: must be text"),
    (
        "segments of what is dropped",
        {"features": {"sensitive": [{"a": "drop"}]}, "segments": ["a"]},
        r"segments\[0\]: the values of 'a' are dropped",
    ),
    ("one name for a list", {"features": {"numeric": "a"}}, r"must be a list, \[a, b\], not 'a'"),
    ("empty segment", {"segments": [[]]}, r"segments\[0\]: names no column"),
    ("segment twice", {"segments": [["a", "b"], ["b", "a"]]}, r"segments\[1\]: is the same segment"),
    ("segment of itself", {"segments": [["a", "a"]]}, "names a column twice"),
    ("segment by id", {"segments": ["id"]}, "'id' is the prediction_id: it makes no segments"),
    ("zone", {"timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'"),
    ("granularity", {"granularity": "daily"}, "'daily' is not one of hour, day, week, month"),
    ("base above", {"base": "week"}, "a week does not nest in a day"),
    ("week in month", {"granularity": "month", "base": "week"}, "a week does not nest in a month"),
    ("two references", {"reference__trailing": "28d"}, "exactly one of .*it has window and trailing"),
    ("no reference", {"reference": {"exclude": []}}, "it has none"),
    ("reversed", {"reference__window": ["2013-03-01", "2013-01-01"]}, "ends before it starts"),
    ("nothing long", {"reference__window": ["2013-03-01", "2013-03-01"]}, "ends before it starts"),
    ("one bound", {"reference__window": ["2013-03-01"]}, r"reference\.window"),
    ("no date", {"reference__window": ["March", "2013-03-01"]}, "'March' is no date"),
    ("no such day", {"reference__window": ["2013-02-30", "2013-03-01"]}, "'2013-02-30' is no date"),
    ("no year", {"reference__window": ["0001-01-01", "2013-03-01"]}, "is no date"),
    ("reversed exclusion", {"reference__exclude": [["2013-02-10", "2013-02-08"]]}, "ends before it starts"),
    ("trailing a moment", {"reference": {"trailing": "12h"}}, "shorter than one day"),
    ("trailing nothing", {"reference": {"trailing": 0}}, "longer than nothing"),
    ("trailing without unit", {"reference": {"trailing": 28}}, "write a number with its unit, such as 7d"),
    ("trailing backwards", {"reference": {"trailing": "-7d"}}, "is no duration"),
    ("trailing ages", {"reference": {"trailing": "900w"}}, "out of bounds"),
    (
        "weekdays of weeks",
        {"granularity": "week", "reference": {"same_weekday": 8}},
        "windows of an hour or a day",
    ),
    ("no weekdays", {"reference": {"same_weekday": 0}}, "longer than nothing"),
    ("weekdays of days", {"reference": {"same_weekday": "10d"}}, "is no number of weeks: write 8"),
    ("weekdays yes", {"reference": {"same_weekday": True}}, "is no duration"),
    ("version of no column", {"reference": {"model_version": "v1"}}, r"needs logs\.model_version"),
    ("version that lost digits", {"reference": {"model_version": 1.1}}, "put it in quotes"),
    ("rate of nothing", {"alerts": {"false_alarm_rate": 0}}, r"alerts\.false_alarm_rate"),
    ("rate too high", {"alerts": {"false_alarm_rate": 0.5}}, "less than 0.5, not 0.5"),
    ("no rows", {"alerts": {"min_rows": 0}}, r"alerts\.min_rows"),
    ("metric", {"alerts": {"rules": [{"metric": "roc_auk", "below": 1}]}}, "did you mean 'roc_auc'"),
    (
        "metric of another task",
        {"alerts": {"rules": [{"metric": "rmse", "above": 1}]}},
        "figure of a regression",
    ),
    (
        "metric of no column",
        {"alerts": {"rules": [{"metric": "f1", "column": "a", "below": 1}]}},
        "leave the column out",
    ),
    (
        "a figure of all columns, of one",
        {"alerts": {"rules": [{"metric": "gaussian_kl", "column": "a", "above": 1}]}},
        "gaussian_kl is a figure of the numeric columns as a whole: leave the column out",
    ),
    (
        "a figure of all rows, of a segment",
        {"segments": ["a"], "alerts": {"rules": [{"metric": "sustained_shift", "segment": "a", "above": 1}]}},
        "sustained_shift is a figure of all rows: leave the segment out",
    ),
    (
        "an estimate of drift",
        {"alerts": {"rules": [{"metric": "psi", "kind": "estimated", "above": 1}]}},
        "psi is a figure of drift, which needs no labels: leave the kind out",
    ),
    (
        "an estimate of a segment",
        {
            "segments": ["a"],
            "alerts": {"rules": [{"metric": "f1", "kind": "estimated", "segment": "a", "below": 1}]},
        },
        "only the model as a whole is estimated: leave the segment out",
    ),
    (
        "an estimate without a score",
        {
            "logs__score": None,
            "logs__prediction": "y",
            "alerts": {"rules": [{"metric": "f1", "kind": "estimated", "below": 1}]},
        },
        "f1 is estimated from scores: add logs.score",
    ),
    (
        "a kind that there is not",
        {"alerts": {"rules": [{"metric": "f1", "kind": "guessed", "below": 1}]}},
        "realized",
    ),
    (
        "no limit",
        {"alerts": {"rules": [{"metric": "psi"}]}},
        r"alerts\.rules\[0\]: needs either above or below",
    ),
    (
        "two limits",
        {"alerts": {"rules": [{"metric": "psi", "above": 1, "below": 0}]}},
        "either above or below",
    ),
    (
        "limit that is none",
        {"alerts": {"rules": [{"metric": "psi", "above": float("inf")}]}},
        "finite number",
    ),
    (
        "unknown segment",
        {"alerts": {"rules": [{"metric": "psi", "segment": "a", "above": 1}]}},
        "not listed under segments",
    ),
    (
        "ignored column",
        {"features": {"ignore": ["a"]}, "alerts": {"rules": [{"metric": "psi", "column": "a", "above": 1}]}},
        "'a' is ignored",
    ),
    (
        "order of a category",
        {
            "features": {"categorical": ["a"]},
            "alerts": {"rules": [{"metric": "ks", "column": "a", "above": 1}]},
        },
        "ks is no figure of a categorical column",
    ),
    (
        "categories of a number",
        {
            "features": {"numeric": ["a"]},
            "alerts": {"rules": [{"metric": "unseen_fraction", "column": "a", "above": 1}]},
        },
        "unseen_fraction is no figure of a numeric column",
    ),
    ("mail address", {"notify": {"email": ["team"]}}, r"notify\.email\[0\]: 'team' is no mail address"),
    ("two addresses in one", {"notify": {"email": ["a@b.c, d@e.f"]}}, "no mail address"),
    ("a header in an address", {"notify": {"email": ["a@b.c\nBcc: d@e.f"]}}, "no mail address"),
    ("when", {"notify": {"when": "alwys"}}, "did you mean 'always'"),
    ("a header in the owner", {"owner": "a\nBcc: b"}, "owner: must be one line"),
    ("another scheme", {"logs__uri": "hdfs://host/logs"}, "'hdfs://' cannot be read"),
    ("no bucket", {"logs__uri": "s3:///logs"}, "names no bucket"),
    ("two slashes", {"logs__uri": "file://logs"}, "three slashes"),
    ("nothing", {"logs__uri": " "}, "is empty"),
]


@pytest.mark.parametrize(
    ("changes", "message"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_faults_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        read(**changes)
    assert str(raised.value).startswith("m.yaml")


def test_keys_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match=r"logs\.uri: holds a key") as raised:
        read(logs__uri="s3://AKIA:verysecret@bucket/logs")
    assert "verysecret" not in str(raised.value)


def test_all_faults_are_listed_with_their_lines() -> None:
    text = FULL.replace("granularity: day", "granularty: day").replace(
        "metric: psi, column", "metric: pssi, column"
    )
    with pytest.raises(ConfigError) as raised:
        parse_monitor(text.replace("base: hour\n", ""), "monitors/flight_delay.yaml")
    assert (
        str(raised.value)
        == "monitors/flight_delay.yaml:27: granularty: unknown key, did you mean 'granularity'?"
    )
    text = FULL.replace("[distance, temperature]", "[distance, carrier]").replace(
        "metric: psi, column", "metric: pssi, column"
    )
    with pytest.raises(ConfigError) as raised:
        parse_monitor(text, "m.yaml")
    lines = str(raised.value).splitlines()
    assert lines[0] == "m.yaml has 2 faults:"
    assert lines[1] == "m.yaml:23: features.categorical[0]: the column 'carrier' is listed also under numeric"
    assert lines[2].startswith(
        "m.yaml:38: alerts.rules[1].metric: there is no metric 'pssi': did you mean 'psi'?"
    )
