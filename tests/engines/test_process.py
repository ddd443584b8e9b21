"""What a process takes up before its work, and that it changes no value."""

from __future__ import annotations

import subprocess
import sys

_VALUES = """
import sys
from datetime import UTC, datetime
import pyarrow as pa
from driftline_jobs.engines.process import spare_pandas
from driftline_jobs.profiles.columns.arrays import codes
if {spared}:
    spare_pandas()
times = [datetime(2013, 7, 1, tzinfo=UTC), None]
assert pa.array(times, pa.timestamp("us", "UTC")).to_pylist() == times
if {spared}:
    assert "pandas" not in sys.modules
ticks = pa.array([1_372_636_800_000_000_000, 1_372_636_800_000_000_001, 86_400_000_000_000, -1, 1_000_000])
for type_ in (pa.timestamp("ns"), pa.timestamp("ns", "Europe/Berlin"), pa.duration("ns")):
    print(codes(ticks.view(type_)).texts)
print(pa.array([1.5, None]).to_pandas().isna().tolist(), "pandas" in sys.modules)
"""


def test_values_are_written_alike_whether_or_not_pandas_was_spared() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", _VALUES.format(spared=spared)], capture_output=True, text=True, check=True
        ).stdout
        for spared in (True, False)
    ]
    assert said[0] == said[1]
    assert "2013-07-01 00:00:00.000000001" in said[0]
    assert said[0].endswith("[False, True] True\n")
