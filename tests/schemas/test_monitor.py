"""Monitor files: what is read from them, and what each mistake is called."""

from __future__ import annotations

import pickle
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import (
    LabelColumn,
    LabelSource,
    Monitor,
    Task,
    load_monitor,
    parse_monitor,
)
from driftline_schemas.serving_log import Role, TimeColumn
from driftline_schemas.window import Granularity

FULL = """\
monitor: flight_delay
description: Will this flight arrive more than 15 minutes late?
owner: ml-platform@example.com
task: binary_classification
logs:
  uri: s3://serving-logs/flight_delay/
  timestamp: requested_at
  prediction_id: request_id
  prediction: late
  score: late_probability
  model_version: model_version
  lateness: 1d
labels:
  uri: s3://labels/flight_delay/
  prediction_id: request_id
  label: arrived_late
  timestamp: labelled_at
  mature_after: 7d
  catch_up: 35d
positive_label: 1
features:
  numeric: [distance, temperature]
  categorical: [carrier, origin]
  ignore: [tail_number]
  sensitive: [home_zip]
segments: [origin, [origin, carrier]]
granularity: day
timezone: Europe/Berlin
base: hour
reference:
  window: [2013-01-01, 2013-03-01]
  exclude: [[2013-02-08, 2013-02-10]]
alerts:
  false_alarm_rate: 0.01
  min_rows: 500
  rules:
    - {metric: roc_auc, below: 0.70}
    - {metric: psi, column: carrier, above: 0.2}
    - {metric: psi, segment: origin, above: 0.3}
notify: {email: [team@example.com], when: alert}
"""


OLD_HASH = "54bfd8a8b129d82c"
"""Of the small monitor below, by the last version that knew no keys added later."""


def document(**changes: Any) -> dict[str, Any]:
    """A sound small monitor; a dotted key (``logs__score``) changes a section, None takes a key out."""
    content: dict[str, Any] = {
        "monitor": "flight_delay",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "at", "prediction_id": "id", "score": "p", "prediction": "late"},
        "labels": {"uri": "labels", "prediction_id": "id", "label": "truth"},
        "reference": {"window": ["2013-01-01", "2013-03-01"]},
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        target = content.setdefault(section, {}) if name else content
        if value is None:
            target.pop(name or section, None)
        else:
            target[name or section] = value
    return content


def read(**changes: Any) -> Monitor:
    return parse_monitor(yaml.safe_dump(document(**changes)), "m.yaml")


def test_every_key_of_the_design_is_read() -> None:
    monitor = parse_monitor(FULL, "flight_delay.yaml")
    assert monitor.monitor == "flight_delay"
    assert monitor.task is Task.BINARY
    assert monitor.logs.lateness == timedelta(days=1)
    assert monitor.logs.score_columns == ("late_probability",)
    assert isinstance(monitor.labels, LabelSource)
    assert (monitor.labels.mature_after, monitor.labels.catch_up) == (timedelta(7), timedelta(35))
    assert monitor.features.numeric == ("distance", "temperature")
    assert monitor.segments == (("origin",), ("origin", "carrier"))
    assert (monitor.granularity, monitor.base) == (Granularity.DAY, Granularity.HOUR)
    assert monitor.reference.kind == "window"
    # Midnight in Berlin, in winter.
    assert monitor.reference.window == (
        datetime(2012, 12, 31, 23, tzinfo=UTC),
        datetime(2013, 2, 28, 23, tzinfo=UTC),
    )
    assert monitor.reference.exclude == (
        (datetime(2013, 2, 7, 23, tzinfo=UTC), datetime(2013, 2, 9, 23, tzinfo=UTC)),
    )
    assert monitor.alerts.rules[0].below == 0.7
    assert monitor.alerts.rules[2].segment == ("origin",)
    assert monitor.notify.email == ("team@example.com",)
    assert (monitor.calendar.zone, monitor.base_calendar.granularity) == ("Europe/Berlin", Granularity.HOUR)


def test_what_is_left_out_has_its_default() -> None:
    monitor = read()
    assert (monitor.granularity, monitor.base, monitor.timezone) == (Granularity.DAY, Granularity.DAY, "UTC")
    assert isinstance(monitor.labels, LabelSource)
    assert (monitor.labels.mature_after, monitor.labels.catch_up) == (timedelta(7), timedelta(35))
    assert (monitor.logs.lateness, monitor.positive_label) == (timedelta(1), 1)
    assert (monitor.alerts.false_alarm_rate, monitor.alerts.min_rows) == (0.01, 500)
    assert monitor.notify.email == ()


def test_base_follows_the_granularity() -> None:
    assert read(granularity="week").base is Granularity.WEEK


def test_roles_of_the_log() -> None:
    monitor = read(labels={"column": "truth"})
    assert monitor.labels == LabelColumn(column="truth")
    assert monitor.log_roles == {
        "at": Role.TIMESTAMP,
        "id": Role.PREDICTION_ID,
        "late": Role.PREDICTION,
        "p": Role.SCORE,
        "truth": Role.LABEL,
    }


def test_the_hash_is_of_what_is_said_not_of_how() -> None:
    content = yaml.safe_load(FULL)
    original = parse_monitor(FULL, "a")

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.Random(3).shuffle(keys)  # noqa: S311
            return {key: shuffled(value[key]) for key in keys}
        return value

    other = yaml.safe_dump(shuffled(content), sort_keys=False, default_flow_style=True)
    other = other.replace("positive_label: 1", "positive_label: true").replace("1d", "24h")
    same = parse_monitor(other, "b")
    assert same == original
    assert (same.config_hash, hash(same)) == (original.config_hash, hash(original))
    assert len(original.config_hash) == 16
    assert parse_monitor(FULL.replace("0.70", "0.71"), "c").config_hash != original.config_hash


def test_the_unit_of_times_that_are_numbers() -> None:
    monitor = read(logs__timestamp_unit="ms", labels__timestamp="told", timezone="Europe/Berlin")
    assert monitor.log_time == TimeColumn("at", "ms", "Europe/Berlin")
    assert monitor.label_time == TimeColumn("told", "ms", "Europe/Berlin")
    assert monitor.config_hash != read(labels__timestamp="told", timezone="Europe/Berlin").config_hash
    assert read().label_time is None


def test_a_key_that_is_not_written_leaves_no_trace_in_what_references_are_known_by() -> None:
    """Stores of versions without the key have references that are found by what the file said then."""
    assert "timestamp_unit" not in read().model_dump(mode="json")["logs"]
    assert read(logs__timestamp_unit="s").model_dump(mode="json")["logs"]["timestamp_unit"] == "s"


def test_dates_may_be_dates_or_texts_or_name_their_offset() -> None:
    forms = [
        "[2013-01-01, 2013-03-01]",
        '["2013-01-01", "2013-03-01"]',
        "[2013-01-01T00:00:00, 2013-03-01 00:00:00]",
        "[2012-12-31T23:00:00Z, 2013-03-01T00:00:00+01:00]",
    ]
    windows = {
        parse_monitor(FULL.replace("[2013-01-01, 2013-03-01]", form), "m").reference.window for form in forms
    }
    assert len(windows) == 1


def test_a_reference_starts_with_its_day_even_if_clocks_skip_midnight() -> None:
    # Toronto, 1919: 23:30 became 00:30, so the day began at 04:30 UTC.
    text = FULL.replace("Europe/Berlin", "America/Toronto").replace("[2013-01-01, ", "[1919-03-31, ")
    window = parse_monitor(text, "m").reference.window
    assert window is not None
    assert window[0] == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)


def test_positive_labels_are_compared_by_value() -> None:
    hashes = {read(positive_label=value).config_hash for value in (1, 1.0, True)}
    assert len(hashes) == 1
    assert read(positive_label="late").positive_label == "late"


def test_classes_are_called_what_is_written() -> None:
    text = FULL.replace("positive_label: 1", "positive_label: yes")
    assert parse_monitor(text, "m").positive_label == "yes"
    assert parse_monitor(text.replace("yes", "2013-01-01"), "m").positive_label == "2013-01-01"
    several = yaml.safe_dump(document(task="multiclass_classification", logs__score=None)).replace(
        "logs:", "logs:\n  score: {no: p_no, on: p_on, True: p_true, 2.0: p_two, 01: p_one}"
    )
    with pytest.raises(ConfigError, match="the key 1 is given twice"):
        parse_monitor(several, "m")
    assert parse_monitor(several.replace("01:", "'01':"), "m").logs.score == {
        "no": "p_no",
        "on": "p_on",
        "1": "p_true",
        "2": "p_two",
        "01": "p_one",
    }


def test_a_prediction_may_be_called_otherwise_than_its_label() -> None:
    monitor = read(positive_label=True, logs__positive_prediction="reject")
    assert (monitor.positive_class, monitor.positive_prediction) == ("1", "reject")
    assert read(positive_label="1.0").positive_prediction == "1"


def test_keys_that_came_later_leave_no_trace_where_they_are_not_written() -> None:
    """The hash of this file as it was before there were such keys: what a store knows its references by."""
    assert read().config_hash == OLD_HASH
    assert read(logs__score_scale="probability").config_hash == OLD_HASH
    assert read(logs__score_scale="percent").config_hash != OLD_HASH
    assert read(logs__positive_prediction=0).config_hash != OLD_HASH


def test_multiclass_and_regression_have_scores_of_their_own() -> None:
    several = read(task="multiclass_classification", logs__score={True: "p_one", "b": "p_b"})
    assert several.logs.score == {"1": "p_one", "b": "p_b"}
    assert several.logs.score_columns == ("p_one", "p_b")
    hash(several)
    assert read(task="regression", logs__score=None).logs.score is None


def test_a_reference_may_come_from_five_places() -> None:
    for source, value, held in [
        ("uri", "s3://training/x/", "s3://training/x/"),
        ("trailing", "28d", timedelta(28)),
        ("same_weekday", 8, timedelta(weeks=8)),
        ("model_version", "v1", "v1"),
        ("model_version", 1, "1"),
    ]:
        reference = read(reference={source: value}, logs__model_version="version").reference
        assert (reference.kind, getattr(reference, source)) == (source, held)


def test_a_monitor_pickles() -> None:
    monitor = parse_monitor(FULL, "m")
    assert pickle.loads(pickle.dumps(monitor)) == monitor  # noqa: S301


def test_column_names_may_hold_anything() -> None:
    odd = ['a "quoted" one', "<script>", "'; DROP TABLE runs; --", "🛫", "two\nlines", "a.b", "no"]
    assert read(features__numeric=odd).features.numeric == tuple(odd)


def test_a_blank_key_is_not_written() -> None:
    text = yaml.safe_dump(document()) + "features:\nsegments:\nowner:\n"
    assert parse_monitor(text, "m").config_hash == read().config_hash


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
        {"segments": ["a"], "alerts": {"rules": [{"metric": "lasting_shift", "segment": "a", "above": 1}]}},
        "lasting_shift is a figure of all rows: leave the segment out",
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
    ("another scheme", {"logs__uri": "gs://bucket/logs"}, "'gs://' cannot be read"),
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


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "flight_delay.yaml"
    path.write_text("\ufeff" + FULL, encoding="utf-8")
    assert load_monitor(path) == parse_monitor(FULL, "m")


def test_the_demo_is_sound() -> None:
    from importlib.resources import files

    text = (files("driftline_jobs.demo") / "flight_delay.yaml").read_text(encoding="utf-8")
    assert parse_monitor(text, "flight_delay.yaml").monitor == "flight_delay"
