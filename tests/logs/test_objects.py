"""What is found in folders, and what is passed by."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftline_jobs.logs.filesystem import Location, open_location
from driftline_jobs.logs.objects import LogObject, list_objects, overlapping, relisted
from driftline_schemas.errors import ConfigError, DataError, TransientError


def put(root: Path, *names: str) -> Location:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return open_location(str(root))


def names(location: Location, found: list[LogObject]) -> list[str]:
    return [each.path.removeprefix(location.path + "/") for each in found]


def test_parquet_is_found_at_any_depth_sorted(tmp_path: Path) -> None:
    location = put(
        tmp_path, "b.parquet", "dt=2013-07-02/a.parquet", "dt=2013-07-01/x/y/c.parquet", "a.parquet"
    )
    found = list_objects(location, "UTC")
    assert names(location, found) == [
        "a.parquet",
        "b.parquet",
        "dt=2013-07-01/x/y/c.parquet",
        "dt=2013-07-02/a.parquet",
    ]
    status = (tmp_path / "a.parquet").stat()
    assert found[0] == LogObject(
        uri=f"file://{tmp_path}/a.parquet",
        path=f"{tmp_path}/a.parquet",
        etag=f"{status.st_mtime_ns}-7",
        size_bytes=7,
    )
    assert found[2].folder == (datetime(2013, 7, 1, tzinfo=UTC), datetime(2013, 7, 2, tzinfo=UTC))


def test_hidden_paths_and_other_suffixes_are_passed_by(tmp_path: Path) -> None:
    location = put(
        tmp_path / "_root",
        "seen.parquet",
        "_temporary/0/a.parquet",
        ".staging/a.parquet",
        "dt=2013-07-01/_a.parquet",
        "dt=2013-07-01/.a.parquet.crc",
        "dt=2013-07-01/._a.parquet",
        "_SUCCESS",
        "_metadata",
        "notes.csv",
        "a.parquet.tmp",
        "parquet",
    )
    assert names(location, list_objects(location, "UTC")) == ["seen.parquet"]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert list_objects(open_location(str(tmp_path)), "UTC") == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "outside", "secret.parquet")
    location = put(tmp_path / "logs", "dt=2013-07-01/a.parquet")
    root = tmp_path / "logs"
    (root / "latest").symlink_to(root / "dt=2013-07-01")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "one.parquet").symlink_to(tmp_path / "outside" / "secret.parquet")
    (root / "dead.parquet").symlink_to(tmp_path / "nowhere")
    os.mkfifo(root / "pipe.parquet")
    assert names(location, list_objects(location, "UTC")) == ["dt=2013-07-01/a.parquet"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "real", "a.parquet")
    (tmp_path / "logs").symlink_to(tmp_path / "real")
    location = open_location(str(tmp_path / "logs"))
    assert names(location, list_objects(location, "UTC")) == ["a.parquet"]


@pytest.mark.parametrize(
    ("marker", "kind"),
    [
        ("_delta_log/00000000000000000000.json", "Delta"),
        ("eu/table/_delta_log/00000000000000000000.json", "Delta"),
        ("metadata/00000-abc.metadata.json", "Iceberg"),
        (".hoodie/hoodie.properties", "Hudi"),
    ],
)
def test_tables_are_refused_by_name(tmp_path: Path, marker: str, kind: str) -> None:
    location = put(tmp_path, "a.parquet", marker)
    with pytest.raises(DataError, match=f"is a table of {kind}.*rows that the table has removed"):
        list_objects(location, "UTC")


def test_a_table_in_a_hidden_folder_is_not_ours(tmp_path: Path) -> None:
    location = put(tmp_path, "a.parquet", "_old/_delta_log/0.json", "metadata/readme.json")
    assert names(location, list_objects(location, "UTC")) == ["a.parquet"]


def test_names_with_odd_characters(tmp_path: Path) -> None:
    odd = [
        "<b>&'\".parquet",
        "new\nline.parquet",
        "ünï 🛫.parquet",
        "a%20b=c.parquet",
        "; DROP TABLE x.parquet",
    ]
    location = put(tmp_path, *odd)
    found = list_objects(location, "UTC")
    assert names(location, found) == sorted(odd)
    assert all("\n" not in each.uri and "<" not in each.uri and " " not in each.uri for each in found)


def test_a_name_that_is_not_utf8_is_listed(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.parquet"))).write_bytes(b"content")
    (found,) = list_objects(open_location(str(tmp_path)), "UTC")
    assert found.uri.endswith("/caf%E9.parquet")


def test_overlapping_takes_the_neighbours_within_lateness_and_the_undated(tmp_path: Path) -> None:
    days = [f"dt=2013-07-{day:02}/a.parquet" for day in range(1, 11)]
    location = put(tmp_path, "undated.parquet", *days)
    objects = list_objects(location, "UTC")
    start, end = datetime(2013, 7, 5, tzinfo=UTC), datetime(2013, 7, 6, tzinfo=UTC)

    def days_within(lateness: timedelta) -> list[str]:
        return [
            name[11:13] if "dt=" in name else name
            for name in names(location, overlapping(objects, start, end, lateness))
        ]

    assert days_within(timedelta(0)) == ["05", "undated.parquet"]
    assert days_within(timedelta(days=1)) == ["04", "05", "06", "undated.parquet"]
    assert days_within(timedelta(hours=36)) == ["03", "04", "05", "06", "07", "undated.parquet"]


def test_folders_outside_the_bounds_are_not_entered(tmp_path: Path) -> None:
    location = put(
        tmp_path, *(f"year=2013/month=07/day={day}/a.parquet" for day in range(1, 11)), "undated.parquet"
    )
    start, end = datetime(2013, 7, 5, tzinfo=UTC), datetime(2013, 7, 6, tzinfo=UTC)
    few = list_objects(location, "UTC", start=start, end=end, lateness=timedelta(days=1))
    assert few == overlapping(list_objects(location, "UTC"), start, end, timedelta(days=1))
    assert len(few) == 4


def test_what_was_replaced_is_seen_again(tmp_path: Path) -> None:
    location = put(tmp_path, "a.parquet")
    (found,) = list_objects(location, "UTC")
    assert relisted(location, found) == found
    assert location.etag_of(found.path) == found.etag
    (tmp_path / "a.parquet").write_bytes(b"longer content")
    again = relisted(location, found)
    assert again is not None
    assert (again.size_bytes, again.uri) == (14, found.uri)
    assert again.etag != found.etag
    (tmp_path / "a.parquet").unlink()
    assert relisted(location, found) is None
    assert location.etag_of(found.path) is None


def test_locations_and_objects_pickle(tmp_path: Path) -> None:
    location = put(tmp_path, "a.parquet")
    objects = list_objects(location, "UTC")
    assert pickle.loads(pickle.dumps((location, objects))) == (location, objects)  # noqa: S301


def test_relative_folders_are_meant_from_the_monitor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "logs", "a.parquet")
    (tmp_path / "monitors").mkdir()
    expected = Location(f"file://{tmp_path}/logs", f"{tmp_path}/logs")
    assert open_location("../logs", tmp_path / "monitors") == expected
    assert open_location("../logs/", tmp_path / "monitors") == expected
    assert open_location(f"file://{tmp_path}/logs/", tmp_path / "monitors") == expected
    assert open_location(str(tmp_path / "logs"), tmp_path / "monitors") == expected
    monkeypatch.chdir(tmp_path)
    assert open_location("logs") == expected


def test_a_file_address_may_be_escaped(tmp_path: Path) -> None:
    put(tmp_path / "my logs", "a.parquet")
    location = open_location(f"file://{tmp_path}/my%20logs")
    assert location.path == f"{tmp_path}/my logs"
    assert location.uri.endswith("/my%20logs")


def test_one_object_may_be_named(tmp_path: Path) -> None:
    put(tmp_path, "train.parquet", "other.parquet", "notes.txt")
    location = open_location(str(tmp_path / "train.parquet"))
    assert [each.path for each in list_objects(location, "UTC")] == [str(tmp_path / "train.parquet")]
    with pytest.raises(ConfigError, match="is a file, a folder of Parquet objects is meant"):
        open_location(str(tmp_path / "notes.txt"))


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "flight_delay").mkdir()
    with pytest.raises(
        ConfigError, match=r"there is no folder .*flight_dealy .*did you mean 'flight_delay'\?"
    ):
        open_location("flight_dealy", tmp_path)
    with pytest.raises(ConfigError, match="there is no folder"):
        open_location("no/such/folder", tmp_path)
    with pytest.raises(ConfigError, match="gs:// cannot be read"):
        open_location("gs://bucket/logs")
    for impossible in ("~nobody-of-this-name/logs", "a\0b", "x" * 5000):
        with pytest.raises(ConfigError, match="cannot be read"):
            open_location(impossible, tmp_path)
    nothing = open_location("labels", tmp_path, must_exist=False)
    assert list_objects(nothing, "UTC") == []


def test_a_folder_that_may_not_be_listed_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = put(tmp_path, "dt=2013-07-01/a.parquet")

    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    # Root may list everything, so the refusal is played.
    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(ConfigError, match="no permission to read file://"):
        list_objects(location, "UTC")


def test_errors_of_the_disk_are_told_apart(tmp_path: Path) -> None:
    location = open_location(str(tmp_path))
    assert isinstance(location.error(PermissionError(13, "Permission denied")), ConfigError)
    assert isinstance(location.error(OSError(5, "Input/output error")), TransientError)
