"""Columns and values of a log that look like words of the tables: nothing of them is lost or mixed up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.end_to_end.builder import Bench, day

from driftline_jobs.cli import main

SECRETS = ["Atlantis", "Shangri-La"]
VALUES = ["a", "*", "__null__", "\\*"]
ODD: dict[str, list[Any] | None] = {
    "*": VALUES,
    "*together": None,
    "\\*": None,
    "__other__": ["x", "__other__", None],
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path, {"segments": ["*", "__other__"], "features": {"sensitive": ["*secret"]}})
    random = np.random.default_rng(7)
    for number in range(6):
        rows = made.rows(number)
        for name, values in ODD.items():
            chosen = random.normal(size=120) if values is None else random.choice(values, 120)
            rows[name] = pa.array(chosen.tolist())
        rows["*secret"] = pa.array(random.choice(SECRETS, 120).tolist())
        made.write(number, rows)
        made.write_labels(number, rows)
    return made


@pytest.fixture
def command(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("DRIFTLINE_STORE", bench.store_url)
    monkeypatch.setenv("DRIFTLINE_SALT", "a salt for tests")
    bench.monitor_file()

    def call(*words: str) -> int:
        with pytest.raises(SystemExit) as left:
            main([words[0], str(bench.root / "monitor.yaml"), *words[1:]])
        assert isinstance(left.value.code, int)
        return left.value.code

    return call


def test_every_column_has_its_profile_and_its_place_on_the_page(
    bench: Bench, command: Callable[..., int]
) -> None:
    assert command("run", "--period", f"{day(4):%Y-%m-%d}", "--to", f"{day(5):%Y-%m-%d}") == 0
    written = bench.current("profile_metrics", 5, segment="*", model_version="*")
    found = set(written.column_name) - {"*"}
    assert {"\\*", "\\*together", "\\\\*", "__other__", "\\*secret"} <= found
    counts = bench.current("profile_metrics", 5, segment="\\*", column_name="*")
    values = [None if v is None else str(v) for v in written_values(bench, 5, "*")]
    expected = {{"a": "a"}.get(value, "\\" + value): values.count(value) for value in VALUES}
    assert dict(zip(counts.segment_value, counts["count"], strict=True)) == expected

    page = bench.root / "page"
    assert command("report", "--period", f"{day(5):%Y-%m-%d}", "--out", str(page)) == 0
    (html,) = (path.read_text() for path in page.rglob("2024-01-06.html"))
    assert "*together" in html
    assert not any(secret in html for secret in SECRETS)


def written_values(bench: Bench, number: int, name: str) -> list[object]:
    (path,) = (bench.root / "logs").rglob(f"*{day(number):%Y-%m-%d}*/*.parquet")
    values: list[object] = pq.ParquetFile(path).read().column(name).to_pylist()
    return values
