"""Monitor files: what is read from them."""

from __future__ import annotations

import pickle
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.schemas.monitor_files import FULL, document, read

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import (
    LabelColumn,
    LabelSource,
    load_monitor,
    parse_monitor,
)
from driftline_schemas.serving_log import Role, TimeColumn
from driftline_schemas.window import Granularity

OLD_HASH = "54bfd8a8b129d82c"
"""Of the small monitor below, by the last version that knew no keys added later."""


def test_every_key_of_the_design_is_read() -> None:
    monitor = parse_monitor(FULL, "flight_delay.yaml")
    assert monitor.monitor == "flight_delay"
    assert monitor.task == "binary_classification"
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


def test_what_older_files_said_of_messages_means_what_it_meant() -> None:
    for when in ("alert", "change", None):
        monitor = read(notify={} if when is None else {"when": when})
        assert monitor.notify.when == "change"
        assert monitor.config_hash == OLD_HASH
    assert read(notify={"when": "always"}).notify.when == "always"
    assert read(notify={"at_least": "medium"}).config_hash == OLD_HASH
    assert read(notify={"at_least": "high"}).config_hash != OLD_HASH


def test_the_address_of_a_webhook_is_shown_nowhere() -> None:
    monitor = read(notify={"webhook": "https://hooks.example.com/T0/s3cret", "webhook_form": "slack"})
    assert monitor.notify.webhook is not None
    assert monitor.notify.webhook.get_secret_value() == "https://hooks.example.com/T0/s3cret"
    for shown in (repr(monitor), str(monitor), str(monitor.model_dump()), monitor.model_dump_json()):
        assert "s3cret" not in shown
        assert "hooks.example.com" not in shown
    assert pickle.loads(pickle.dumps(monitor)) == monitor  # noqa: S301
    other = read(notify={"webhook": "https://hooks.example.com/T0/0ther", "webhook_form": "slack"})
    assert other != monitor
    assert other.config_hash == monitor.config_hash


@pytest.mark.parametrize(
    "webhook",
    [
        *("ftp://host/s3cret", "s3cret", "https:///s3cret", "http://host:s3cret/", "http://h/s3 cret"),
        *("env:s3cret!", f"https://host/s3cret{4096 * 'x'}", ["s3cret"], {"s3cret": 1}, "http://[s3cret"),
    ],
)
def test_a_wrong_address_of_a_webhook_is_not_repeated(webhook: object) -> None:
    with pytest.raises(ConfigError, match=r"notify\.webhook") as caught:
        read(notify={"webhook": webhook})
    assert "s3cret" not in str(caught.value)


def test_multiclass_and_regression_have_scores_of_their_own() -> None:
    several = read(task="multiclass_classification", logs__score={True: "p_one", "b": "p_b"})
    assert several.logs.score == {"1": "p_one", "b": "p_b"}
    assert several.logs.score_columns == ("p_one", "p_b")
    hash(several)
    assert read(task="regression", logs__score=None).logs.score is None


def test_a_reference_may_come_from_five_places() -> None:
    for source, value, held in [
        ("uri", "s3://training/x/", "s3://training/x/"),
        ("uri", "gs://training/x/", "gs://training/x/"),
        (
            "uri",
            "abfss://training@account.dfs.core.windows.net/x",
            "abfss://training@account.dfs.core.windows.net/x",
        ),
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


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "flight_delay.yaml"
    path.write_text("\ufeff" + FULL, encoding="utf-8")
    assert load_monitor(path) == parse_monitor(FULL, "m")


def test_the_demo_is_sound() -> None:
    from importlib.resources import files

    text = (files("driftline_jobs.demo") / "flight_delay.yaml").read_text(encoding="utf-8")
    assert parse_monitor(text, "flight_delay.yaml").monitor == "flight_delay"
