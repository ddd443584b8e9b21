"""What validation says of the objects in a log's folders."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.sources.conftest import MONITOR
from tests.sources.looking import log

from driftline_jobs.pipeline.validate.check import FolderCheck, check_log
from driftline_schemas.errors import DataError
from driftline_schemas.monitor import parse_monitor


def checked(root: Path) -> FolderCheck:
    return check_log(parse_monitor(MONITOR, "monitor.yaml"), root).log


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A log with a good object."""
    (tmp_path / "logs").mkdir()
    pq.write_table(log(), tmp_path / "logs" / "good")
    return tmp_path


def test_what_is_passed_over_is_said_and_no_remark(root: Path) -> None:
    logs = root / "logs"
    size = (logs / "good").stat().st_size
    for name in ("_SUCCESS", ".good.crc", "manifest.json", "rows.csv"):
        (logs / name).write_text("x", encoding="utf-8")
    found = checked(root)
    assert (found.objects, found.size_bytes, found.examined, found.remarks) == (1, size, 1, ())
    assert found.passed_over == (
        f"2 hidden paths (file://{logs}/.good.crc)",
        f"2 objects that are not Parquet (file://{logs}/manifest.json)",
    )


def test_links_that_lead_out_are_a_remark(root: Path) -> None:
    logs = root / "logs"
    (logs / "out").symlink_to(root)
    found = checked(root)
    assert found.passed_over == ()
    (remark,) = found.remarks
    assert remark.startswith(f"1 link that leads out or nowhere (file://{logs}/out): copy into the folder")


def test_a_log_of_which_nothing_can_be_read(root: Path) -> None:
    logs = root / "logs"
    content = (logs / "good").read_bytes()
    (logs / "good").write_bytes(content[:-20])
    (logs / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"no object of .* can be read; .*/good: it was cut off"):
        checked(root)
