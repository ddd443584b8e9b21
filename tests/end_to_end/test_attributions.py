"""Why figures moved, by segment, against the raw rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics
from tests.end_to_end.builder import REFERENCE_DAYS, Bench, texts

COUNT = 400
FEW = "Oslo"
"""A city of too few rows to say anything about."""


def rows_of(bench: Bench, number: int, shares: list[float]) -> dict[str, Any]:
    """A day's rows, with a share of each city; on the last day Kyiv's labels are the other way round."""
    random = np.random.default_rng([number, 5])
    city = random.choice(["Bergen", "Kyiv", "Lima"], COUNT - 4, p=shares).tolist() + [FEW] * 4
    made = bench.rows(number, count=COUNT, city=texts(city), amount=None)
    if number == REFERENCE_DAYS:
        truth = made["truth"].to_numpy()
        made["truth"] = pa.array(np.where(np.array(city) == "Kyiv", 1 - truth, truth).astype(np.int8))
        made["amount"] = pa.array(np.where(np.array(city) == "Lima", 90.0, 10.0) + random.random(COUNT))
    else:
        made["amount"] = pa.array(10.0 + 80.0 * random.random(COUNT))
    return made


@pytest.fixture
def day(bench: Bench) -> tuple[Bench, pd.DataFrame, pd.DataFrame]:
    """The bench after a run, the rows of the reference and those of the day."""
    bench.overrides = {"segments": ["city"], "alerts": {"min_rows": 20}}
    frames = []
    for number in range(REFERENCE_DAYS + 1):
        made = rows_of(bench, number, [0.5, 0.3, 0.2] if number < REFERENCE_DAYS else [0.2, 0.4, 0.4])
        bench.write(number, made)
        bench.write_labels(number, made)
        frames.append(pa.table(made).to_pandas())
    bench.run(REFERENCE_DAYS)
    return bench, pd.concat(frames[:-1]), frames[-1]


def found(bench: Bench, metric: str, column: str = "*") -> pd.DataFrame:
    """The parts of a change by segment value."""
    rows = bench.current("attributions", REFERENCE_DAYS, metric=metric, column_name=column)
    assert set(rows["segment"]) == {"city"}
    return rows.set_index("segment_value")


def grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the few in a group of their own."""
    return rows.assign(group=rows["city"].where(rows["city"] != FEW, "__other__"))


def test_the_parts_of_accuracy_are_shapley_s_and_add_up(day: Any) -> None:
    bench, then, now = day
    parts = found(bench, "accuracy")
    assert set(parts.index) == {"Bergen", "Kyiv", "Lima", "__other__"}
    hit_now, hit_then = (
        (rows["class"] == rows["truth"]).groupby(grouped(rows)["group"]).agg(["mean", "size"])
        for rows in (now, then)
    )
    w, w_then = hit_now["size"] / len(now), hit_then["size"] / len(then)
    r, r_then = hit_now["mean"], hit_then["mean"]
    middle = ((w * r).sum() + (w_then * r_then).sum()) / 2
    for city in parts.index:
        assert parts["mix"][city] == pytest.approx(
            (w[city] - w_then[city]) * ((r[city] + r_then[city]) / 2 - middle), abs=1e-12
        )
        assert parts["rate"][city] == pytest.approx(
            (r[city] - r_then[city]) * (w[city] + w_then[city]) / 2, abs=1e-12
        )
        assert parts["n"][city] == hit_now["size"][city]
    change = metrics.accuracy_score(now["truth"], now["class"]) - metrics.accuracy_score(
        then["truth"], then["class"]
    )
    assert (parts["mix"] + parts["rate"]).sum() == pytest.approx(change, abs=1e-12)
    assert parts["share"].sum() == pytest.approx(1.0)
    assert parts["rank"]["Kyiv"] == 1


def test_the_drift_of_a_column_is_shared_out(day: Any) -> None:
    """Lima alone has other amounts: it carries the drift, whose parts sum to the PSI of unsmoothed shares."""
    bench, _, _ = day
    parts = found(bench, "psi", "amount")
    assert parts["rank"]["Lima"] == 1
    total = (parts["mix"] + parts["rate"]).sum()
    assert total == pytest.approx(bench.drift(REFERENCE_DAYS, "amount", "psi")["value"], rel=0.05)


def test_the_auc_is_explained_by_swapping_a_segment(day: Any) -> None:
    bench, then, now = day
    parts = found(bench, "roc_auc")
    assert parts["mix"].isna().all()
    kyiv_then = then[then["city"] == "Kyiv"]
    kyiv_now = now[now["city"] == "Kyiv"]
    swapped = pd.concat([now[now["city"] != "Kyiv"], kyiv_then])
    weight = np.r_[np.ones(len(now) - len(kyiv_now)), np.full(len(kyiv_then), len(kyiv_now) / len(kyiv_then))]
    expected = metrics.roc_auc_score(now["truth"], now["score"]) - metrics.roc_auc_score(
        swapped["truth"], swapped["score"], sample_weight=weight
    )
    assert parts["rate"]["Kyiv"] == pytest.approx(expected, abs=0.01)  # both AUC from bins


def test_without_labels_or_segments_there_is_nothing_to_explain(bench: Bench) -> None:
    bench.reference()
    bench.days(REFERENCE_DAYS, REFERENCE_DAYS)
    bench.run(REFERENCE_DAYS)
    assert not len(bench.current("attributions"))
