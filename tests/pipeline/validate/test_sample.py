"""What validation sees of a log's values: the first rows of objects spread over it, whatever their size."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from driftline_jobs.pipeline.validate import concerns
from driftline_jobs.pipeline.validate.check import check_log
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import MOST_OBJECTS, MOST_ROWS
from driftline_schemas.monitor import Monitor, load_monitor

ROWS = MOST_ROWS + 1000


def monitor_of(root: Path, days: int) -> Monitor:
    """A log of one object a day, each of the same rows, in two row groups."""
    for day in range(1, days + 1):
        folder = root / "logs" / f"dt=2026-{1 + day // 32:02}-{1 + day % 28:02}" / f"part={day}"
        folder.mkdir(parents=True)
        table = pa.table(
            {
                "ts": pa.array([1_767_225_600_000_000 + day] * ROWS, pa.timestamp("us")),
                "p": pa.array([0.5] * ROWS),
                "where": pa.array([{"city": "Lima"}] * ROWS),
            }
        )
        pq.write_table(table, folder / "part-0.parquet", row_group_size=ROWS // 2)
    document = {
        "monitor": "case",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "ts", "score": "p"},
        "reference": {"window": ["2026-01-01", "2026-01-02"]},
    }
    (root / "monitor.yaml").write_text(yaml.safe_dump(document))
    return load_monitor(root / "monitor.yaml")


def test_a_sample_is_bounded_and_spread_over_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Samples] = []

    def concern(_: Monitor, samples: Samples) -> list[Remark]:
        seen.append(samples)
        return [Remark("worth a look"), Remark("wrong", is_fault=True)]

    monkeypatch.setattr(concerns, "CONCERNS", (concern,))
    found = check_log(monitor_of(tmp_path, MOST_OBJECTS + 9), tmp_path)
    (samples,) = seen
    assert len(samples.log.objects) == MOST_OBJECTS
    assert samples.log.rows == MOST_OBJECTS * MOST_ROWS
    paths = [part.object.path for part in samples.log.objects]
    listed = sorted(str(path) for path in (tmp_path / "logs").rglob("*.parquet"))
    assert (paths[0], paths[-1]) == (listed[0], listed[-1])
    cities = next(samples.log.arrays("where.city"))
    assert cities.to_pylist() == ["Lima"] * MOST_ROWS
    assert [remark.text for remark in found.remarks] == ["wrong", "worth a look"]


def test_a_damaged_object_is_left_out_of_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = monitor_of(tmp_path, 3)
    damaged = sorted((tmp_path / "logs").rglob("*.parquet"))[1]
    content = damaged.read_bytes()
    damaged.write_bytes(b"PAR1" + b"\xff" * 400 + content[404:])
    seen: list[Samples] = []

    def concern(_: Monitor, samples: Samples) -> list[Remark]:
        seen.append(samples)
        return []

    monkeypatch.setattr(concerns, "CONCERNS", (concern,))
    check_log(monitor, tmp_path)
    assert str(damaged) not in [part.object.path for part in seen[0].log.objects]
    assert len(seen[0].log.objects) == 2
