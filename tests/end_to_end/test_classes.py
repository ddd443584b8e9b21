"""Classes that are spelled in several ways, through a whole run, against scikit-learn on the raw rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from tests.end_to_end.builder import REFERENCE_DAYS, ROWS, Bench, texts

DAY = REFERENCE_DAYS


def spelled(values: np.ndarray[tuple[int], np.dtype[np.int8]], form: str) -> pa.Array:
    """Truths as a team may write them."""
    if form == "mixed":
        return texts([(("0", "False", "0.0"), ("1", "true", "1.0"))[n][i % 3] for i, n in enumerate(values)])
    if form == "words":
        return texts(np.where(values == 1, "True", "False").tolist())
    return pa.array(values).cast(pa.int64()).cast(form)


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [("bool", "words"), ("words", "bool"), ("float32", "mixed"), ("mixed", "int32")],
)
def test_truths_are_compared_by_value(bench: Bench, predictions: str, labels: str) -> None:
    raw = bench.rows(DAY)
    for number in range(DAY + 1):
        made = bench.rows(number)
        made["class"] = spelled(made["class"].to_numpy(), predictions)
        bench.write(number, made)
        made["truth"] = spelled(made["truth"].to_numpy(), labels)
        bench.write_labels(number, made)
    bench.run(DAY)
    truth, predicted = raw["truth"].to_numpy(), raw["class"].to_numpy()
    for metric, expected in (
        ("accuracy", accuracy_score(truth, predicted)),
        ("f1", f1_score(truth, predicted)),
        ("log_loss", log_loss(truth, raw["score"].to_numpy())),
    ):
        figure = bench.performance(DAY, metric)
        assert figure["n"] == ROWS
        assert figure["value"] == pytest.approx(expected, abs=1e-9)
    assert bench.described(DAY, "class")["distinct_count"] == 2


def test_a_prediction_that_changes_its_spelling_has_not_drifted(bench: Bench) -> None:
    for number in range(DAY + 1):
        made = bench.rows(number)
        made["class"] = spelled(made["class"].to_numpy(), "mixed" if number == DAY else "words")
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(DAY)
    assert bench.drift(DAY, "class", "unseen_fraction")["value"] == 0.0
    positive = np.mean([bench.rows(number)["class"].to_numpy().mean() for number in range(DAY)])
    moved = abs(bench.rows(DAY)["class"].to_numpy().mean() - positive)
    assert bench.drift(DAY, "class", "tvd")["value"] == pytest.approx(moved, abs=1e-12)


def test_classes_that_a_yaml_1_1_reader_takes_for_truths(bench: Bench) -> None:
    """Country codes as classes and score keys: ``no`` is Norway."""
    names = np.array(["no", "se", "dk"])
    bench.overrides = {
        "task": "multiclass_classification",
        "logs": {"score": {"no": "p_no", "se": "p_se", "dk": "p_dk"}},
    }
    for number in range(DAY + 1):
        made = bench.rows(number, score=None)
        random = np.random.default_rng([7, number])
        shares = random.dirichlet([2, 1.5, 1], ROWS)
        made |= {f"p_{name}": pa.array(shares[:, at]) for at, name in enumerate(names)}
        made["class"] = texts(names[shares.argmax(1)].tolist())
        made["truth"] = texts([names[random.choice(3, p=share)] for share in shares])
        bench.write(number, made)
        bench.write_labels(number, made)
    path = bench.monitor_file()
    path.write_text(path.read_text().replace("'no'", "no"))
    assert "no: p_no" in path.read_text()
    bench.run(DAY, monitor_file=path)
    truth, predicted = made["truth"].to_pylist(), made["class"].to_pylist()
    accuracy = bench.performance(DAY, "accuracy")
    assert accuracy["value"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-9)
    assert bench.performance(DAY, "log_loss")["value"] == pytest.approx(
        log_loss(truth, shares[:, [2, 0, 1]], labels=["dk", "no", "se"]), abs=1e-9
    )
    counts = confusion_matrix(truth, predicted, labels=["no", "se", "dk"])
    recall = bench.one(
        "performance_metrics",
        DAY,
        metric="recall",
        kind="realized",
        class_label="no",
        segment="*",
        model_version="*",
    )
    assert recall["value"] == pytest.approx(counts[0, 0] / counts[0].sum(), abs=1e-9)
