"""Which row groups are read for a window, and in which splits."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from tests.sources.conftest import WriteLog
from tests.sources.looking import DAY, ONE_DAY, log, look

from driftline_jobs.sources.parquet import inspection as inspection_module
from driftline_schemas.monitor import Monitor
from driftline_schemas.window import to_us


def test_row_groups_are_left_out_by_their_statistics(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=240), row_group_size=24)
    inspected = look(folder, monitor, DAY + 3 * ONE_DAY, DAY + 5 * ONE_DAY)
    (split,) = inspected.splits
    assert (split.row_groups, split.rows) == ((3, 4), 48)
    # The object as a whole is what was listed: all its rows are told.
    assert (inspected.inputs[0].rows, inspected.inputs[0].state) == (240, "read")


def test_a_footer_longer_than_the_first_look(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=2000), row_group_size=1)
    raw = (folder / "a.parquet").read_bytes()
    assert int.from_bytes(raw[-8:-4], "little") > 64 * 1024
    assert sum(split.rows for split in look(folder, monitor, DAY, DAY + ONE_DAY).splits) == 24


def test_bounds_are_half_open(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=3, step=ONE_DAY), row_group_size=1)
    (split,) = look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits
    assert split.row_groups == (1,)
    (split,) = look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY + timedelta.resolution).splits
    assert split.row_groups == (1, 2)


def test_row_groups_without_statistics_are_kept(write_log: WriteLog, monitor: Monitor) -> None:
    folder = write_log("a.parquet", log(rows=240), row_group_size=24, write_statistics=False)
    inspected = look(folder, monitor, DAY, DAY + ONE_DAY)
    assert [split.rows for split in inspected.splits] == [240]
    assert (inspected.inputs[0].min_us, inspected.inputs[0].max_us) == (None, None)


def test_row_groups_of_null_timestamps_are_kept(write_log: WriteLog, monitor: Monitor) -> None:
    times = pa.array([None, None], pa.timestamp("us"))
    (split,) = look(
        write_log("a.parquet", log(rows=2).set_column(0, "at", times)), monitor, DAY, DAY + ONE_DAY
    ).splits
    assert (split.rows, split.min_us) == (2, None)


def test_stray_rows_are_read_with_the_window_of_their_folder_alone(
    write_log: WriteLog, monitor: Monitor
) -> None:
    # The second row group of this folder is stamped nine days later: no window of its time would look here.
    write_log("dt=2013-07-01/a.parquet", log(rows=2))
    stray = pa.concat_tables([log(rows=2), log(rows=2, start=DAY + 9 * ONE_DAY)])
    folder = write_log("dt=2013-07-01/b.parquet", stray, row_group_size=2)
    own = look(folder, monitor, DAY, DAY + ONE_DAY)
    assert [split.row_groups for split in own.splits] == [(0,), (0, 1)]
    assert own.splits[1].accept_end_us == to_us(DAY + 2 * ONE_DAY)
    assert look(folder, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits == ()
    # Rows within the lateness belong to the next day, and are no strays.
    late = write_log("dt=2013-07-01/b.parquet", log(rows=2, start=DAY + ONE_DAY), row_group_size=2)
    assert [split.object.path[-9:] for split in look(late, monitor, DAY, DAY + ONE_DAY).splits] == [
        "a.parquet"
    ]
    assert [
        split.object.path[-9:] for split in look(late, monitor, DAY + ONE_DAY, DAY + 2 * ONE_DAY).splits
    ] == ["b.parquet"]


def test_null_timestamps_are_read_with_the_window_of_their_folder(
    write_log: WriteLog, monitor: Monitor
) -> None:
    late = pa.array([DAY + ONE_DAY, None], pa.timestamp("us", "UTC"))
    folder = write_log("dt=2013-07-01/a.parquet", log(rows=2).set_column(0, "at", late))
    assert len(look(folder, monitor, DAY, DAY + ONE_DAY).splits) == 1
    assert len(look(folder, monitor, DAY - ONE_DAY, DAY).splits) == 0


def test_strays_are_counted_once_by_hourly_windows(write_log: WriteLog, monitor: Monitor) -> None:
    hour = timedelta(hours=1)
    folder = write_log("dt=2013-07-01/a.parquet", log(rows=2, start=DAY + 9 * ONE_DAY))
    read = [len(look(folder, monitor, DAY + h * hour, DAY + (h + 1) * hour).splits) for h in range(24)]
    assert read == [1] + [0] * 23


def test_splits_hold_consecutive_row_groups_up_to_a_size(
    write_log: WriteLog, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_log("a.parquet", log(rows=70), row_group_size=10)
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 25)
    splits = look(folder, monitor).splits
    assert [(s.part, s.row_groups, s.rows) for s in splits] == [
        (0, (0, 1), 20),
        (1, (2, 3), 20),
        (2, (4, 5), 20),
        (3, (6,), 10),
    ]
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 5)
    assert [s.rows for s in look(folder, monitor).splits] == [10] * 7
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_ROWS", 1000)
    monkeypatch.setattr(inspection_module, "MAX_SPLIT_BYTES", splits[0].size_bytes)
    assert [s.row_groups for s in look(folder, monitor).splits] == [s.row_groups for s in splits]


def test_a_gap_between_row_groups_ends_a_split(write_log: WriteLog, monitor: Monitor) -> None:
    far = DAY + 99 * ONE_DAY
    table = pa.concat_tables([log(rows=2), log(rows=2, start=far), log(rows=2)])
    folder = write_log("a.parquet", table, row_group_size=2)
    splits = look(folder, monitor, DAY, DAY + ONE_DAY).splits
    assert [(s.part, s.row_groups) for s in splits] == [(0, (0,)), (1, (2,))]
