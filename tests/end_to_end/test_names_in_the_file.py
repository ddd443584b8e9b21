"""Names in the monitor file that match nothing in the data: refused before anything is kept, or reported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, f1_score
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, everything_written, texts

from driftline_jobs.pipeline.request import SilentProgress
from driftline_schemas.errors import ConfigError

DAY = REFERENCE_DAYS


def named(bench: Bench, labels: tuple[str, str], predictions: tuple[str, str] | None = None) -> None:
    """Days whose classes have these names, the negative one first."""
    for number in range(DAY + 1):
        made = bench.rows(number)
        said = np.array(predictions or labels)[made["class"].to_numpy()]
        bench.write(number, made | {"class": texts(said.tolist())})
        bench.write_labels(
            number, made | {"truth": texts(np.array(labels)[made["truth"].to_numpy()].tolist())}
        )


def refused(bench: Bench, **overrides: Any) -> str:
    """The message; nothing of the log may be in the store by then."""
    bench.overrides = overrides
    with pytest.raises(ConfigError) as raised:
        bench.run(DAY)
    for table in ("reference_sets", "binnings", "profiles", "current_performance_metrics"):
        assert bench.query(f"SELECT count(*) AS n FROM {table}") == [{"n": 0}]
    return str(raised.value)


def test_no_accuracy_of_one_among_rows_that_are_all_negative(bench: Bench) -> None:
    named(bench, ("stay", "churn"))
    said = refused(bench)
    positive = sum(int(bench.rows(number)["truth"].to_numpy().sum()) for number in range(DAY))
    assert f"'churn' ({positive})" in said
    assert "such as positive_label: 'churn'" in said


def test_a_stored_reference_is_held_against_the_file_too(bench: Bench) -> None:
    named(bench, ("no", "yes"))
    bench.overrides = {"positive_label": "yes"}
    bench.run(DAY)
    bench.overrides = {
        "positive_label": "yes",
        "alerts": {"rules": [{"metric": "psi", "column": "amout", "above": 1}]},
    }
    with pytest.raises(ConfigError, match=r"alerts\.rules\[0\].*did you mean 'amount'\?"):
        bench.run(DAY)


def test_predictions_that_are_called_otherwise_need_their_name(bench: Bench) -> None:
    named(bench, ("paid", "default"), ("approve", "reject"))
    said = refused(bench, positive_label="default")
    assert "logs.positive_prediction" in said
    bench.overrides = {"positive_label": "default", "logs": {"positive_prediction": "reject"}}
    bench.run(DAY)
    raw = bench.rows(DAY)
    truth, predicted = raw["truth"].to_numpy(), raw["class"].to_numpy()
    for metric, right in (("accuracy", accuracy_score(truth, predicted)), ("f1", f1_score(truth, predicted))):
        assert bench.performance(DAY, metric)["value"] == pytest.approx(right, abs=1e-9)
    assert bench.check(DAY, "unknown_classes", "class")["passed"]
    # the score at which it decides was found by that name: an edge of the bins parts the classes
    assert bench.performance(DAY, "accuracy", "estimated")["status"] == "ok"


def test_classes_of_score_keys_that_are_spelled_otherwise(bench: Bench) -> None:
    for number in range(DAY + 1):
        made = bench.rows(number, score=None)
        shares = np.random.default_rng(number).dirichlet([2, 1], ROWS)
        made |= {"p_a": pa.array(shares[:, 0]), "p_b": pa.array(shares[:, 1])}
        names = np.array(["Alpha", "Beta"])
        bench.write(number, made | {"class": texts(names[shares.argmax(1)].tolist())})
        bench.write_labels(number, made | {"truth": texts(names[shares.argmax(1)].tolist())})
    said = refused(bench, task="multiclass_classification", logs={"score": {"alpha": "p_a", "Beta": "p_b"}})
    assert "'alpha'" in said
    assert "Did you mean 'Alpha'?" in said


def test_a_sensitive_column_that_is_not_there_is_refused_before_a_value_is_kept(bench: Bench) -> None:
    bench.days(0, DAY, home_zip=texts([f"zip-{n % 5}" for n in range(ROWS)]))
    said = refused(bench, features={"sensitive": ["home_zp"]})
    assert "features.sensitive: there is no column 'home_zp': did you mean 'home_zip'?" in said
    assert b"zip-" not in everything_written(bench.store_url)


def test_an_ignored_column_that_is_not_there_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[tuple[str, object]] = []
    monkeypatch.setattr(
        SilentProgress, "event", lambda _, name, **fields: events.append((name, fields.get("reason")))
    )
    bench.days(0, DAY, note=texts(["x"] * ROWS))
    bench.overrides = {"features": {"ignore": ["note", "amuont"]}}
    bench.run(DAY)
    said = [reason for name, reason in events if name == "name_matches_nothing"]
    assert said == ["features.ignore: there is no column 'amuont': did you mean 'amount'?"]


def test_a_version_that_is_spelled_otherwise_is_refused(bench: Bench) -> None:
    bench.days(0, DAY)
    said = refused(bench, reference={"window": None, "model_version": "V1"})
    assert "reference.model_version: no row is of version 'V1': did you mean 'v1'?" in said


def test_a_third_class_is_a_failed_check_with_its_count(bench: Bench) -> None:
    bench.reference()
    made = bench.rows(DAY)
    third, labels = made["class"].to_numpy().copy(), made["truth"].to_numpy().copy()
    third[:9], labels[:5] = 2, 7
    bench.write(DAY, made | {"class": pa.array(third)})
    bench.write_labels(DAY, made | {"truth": pa.array(labels)})
    bench.run(DAY)
    for column, count in (("class", 9), ("label", 5)):
        check = bench.check(DAY, "unknown_classes", column)
        assert (check["value"], check["passed"]) == (count, False)
    bench.run(0)
    assert bench.check(0, "unknown_classes", "label")["passed"]
    assert bench.check(0, "unknown_classes", "class")["passed"]


def test_labels_that_first_come_later_and_have_no_positive_class(bench: Bench) -> None:
    """A model that gives a score only, whose reference has no labels: nothing can be said beforehand."""
    bench.overrides = {"logs": {"prediction": None}}
    for number in range(DAY + 1):
        made = bench.rows(number, ROWS, **{"class": None})
        bench.write(number, made)
    names = np.array(["stay", "churn"])
    bench.write_labels(DAY, made | {"truth": texts(names[made["truth"].to_numpy()].tolist())})
    bench.run(DAY)
    for metric in ("log_loss", "brier", "positive_rate", "roc_auc"):
        figure = bench.performance(DAY, metric)
        assert figure["status"] == "positive_absent"
        assert "positive_label" in figure["reason"]
    rarer = min(int((made["truth"].to_numpy() == n).sum()) for n in (0, 1))
    check = bench.check(DAY, "unknown_classes", "label")
    assert (check["value"], check["passed"]) == (rarer, False)
