"""What is found in folders, and what is passed by."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.sources.looking import list_objects

from driftline_jobs.sources.listing.objects import (
    Listing,
    LogObject,
    listing,
    overlapping,
    relisted,
)
from driftline_jobs.sources.listing.passed_over import PassedOver, Reason
from driftline_jobs.storage.folder import Folder
from driftline_jobs.storage.location import Location, open_location
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


def test_whatever_it_is_called_an_object_may_be_parquet(tmp_path: Path) -> None:
    odd = [
        "20260101_144951_00006_v74wa",
        "a.parq",
        "a.pq",
        "A.PARQUET",
        "a.parquet.tmp",
        "a.snappy",
        "notes.csv",
    ]
    location = put(tmp_path, *odd)
    listed = listing(location, "UTC")
    assert names(location, list(listed.objects)) == sorted(odd)
    assert listed.passed_over == ()


def test_hidden_paths_are_passed_over_and_counted(tmp_path: Path) -> None:
    location = put(
        tmp_path / "_root",
        "seen.parquet",
        "_temporary/0/a.parquet",
        "_temporary/1/b.parquet",
        ".staging/a.parquet",
        ".dt=2013-07-01/a.parquet",
        "_region=eu/_dt=2013-07-02/a.parquet",
        "_region=eu/_dt=2013-07-02/_a=b.parquet",
        "dt=2013-07-01/_a.parquet",
        "dt=2013-07-01/.a.parquet.crc",
        "dt=2013-07-01/._a.parquet",
        "_SUCCESS",
        "_metadata",
    )
    listed = listing(location, "UTC")
    assert names(location, list(listed.objects)) == ["_region=eu/_dt=2013-07-02/a.parquet", "seen.parquet"]
    first, second, third = (datetime(2013, 7, day, tzinfo=UTC) for day in (1, 2, 3))
    assert listed.objects[0].folder == (second, third)
    root = f"file://{tmp_path}/_root"
    assert listed.passed_over == (
        PassedOver(Reason.HIDDEN, None, 5, f"{root}/.dt=2013-07-01"),
        PassedOver(Reason.HIDDEN, (second, third), 1, f"{root}/_region=eu/_dt=2013-07-02/_a=b.parquet"),
        PassedOver(Reason.HIDDEN, (first, second), 3, f"{root}/dt=2013-07-01/._a.parquet"),
    )


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert list_objects(open_location(str(tmp_path)), "UTC") == []


def counted(listed: Listing) -> dict[Reason, int]:
    found: dict[Reason, int] = {}
    for each in listed.passed_over:
        found[each.reason] = found.get(each.reason, 0) + each.count
    return found


def test_links_that_lead_out_or_nowhere_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "outside", "secret.parquet")
    location = put(tmp_path / "logs", "dt=2013-07-01/a.parquet")
    root = tmp_path / "logs"
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "up").symlink_to("..")
    (root / "dt=2013-07-01" / "one.parquet").symlink_to(tmp_path / "outside" / "secret.parquet")
    (root / "dead.parquet").symlink_to(tmp_path / "nowhere")
    (root / "circle.parquet").symlink_to("circle.parquet")
    (root / "logs2").symlink_to(f"{root}2")  # beside the log: its path merely starts alike
    (tmp_path / "logs2").mkdir()
    (root / ".hidden").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.parquet")
    listed = listing(location, "UTC")
    assert names(location, list(listed.objects)) == ["dt=2013-07-01/a.parquet"]
    assert counted(listed) == {Reason.LINK: 6, Reason.HIDDEN: 1, Reason.NOT_A_FILE: 1}
    dated = [each for each in listed.passed_over if each.folder is not None]
    assert [(each.reason, each.example[-11:]) for each in dated] == [(Reason.LINK, "one.parquet")]


def test_what_links_lead_to_counts_once(tmp_path: Path) -> None:
    location = put(tmp_path / "logs", "dt=2013-07-01/a.parquet", "dt=2013-07-02/b.parquet")
    root = tmp_path / "logs"
    (root / "latest").symlink_to("dt=2013-07-02")
    (root / "loop").symlink_to(root)
    (root / "dt=2013-07-01" / "again.parquet").symlink_to("../dt=2013-07-02/b.parquet")
    listed = listing(location, "UTC")
    assert names(location, list(listed.objects)) == ["dt=2013-07-01/a.parquet", "dt=2013-07-02/b.parquet"]
    assert listed.passed_over == ()


def test_links_to_what_is_hidden_are_followed_once_and_without_circles(tmp_path: Path) -> None:
    location = put(
        tmp_path / "logs",
        ".v/1/a.parquet",
        ".v/1/deep/b.parquet",
        ".v/2/c.parquet",
        ".v/2/_x",
        ".v/one.parquet",
    )
    root = tmp_path / "logs"
    (root / "dt=2013-07-02").symlink_to(".v/2")
    (root / "dt=2013-07-01").symlink_to(".v/1")
    (root / "dt=2013-07-03").mkdir()
    (root / "dt=2013-07-03" / "part-0.parquet").symlink_to("../.v/one.parquet")
    (root / "latest").symlink_to(".v/2")  # once more
    (root / "z.parquet").symlink_to(".v/one.parquet")
    (root / "zz").symlink_to(".v/1/deep")
    (root / ".v" / "1" / "loop").symlink_to("..")
    (root / ".v" / "2" / "in").symlink_to("../1/deep/b.parquet")
    listed = listing(location, "UTC")
    assert names(location, list(listed.objects)) == [
        "dt=2013-07-01/a.parquet",
        "dt=2013-07-01/deep/b.parquet",
        "dt=2013-07-02/c.parquet",
        "dt=2013-07-03/part-0.parquet",
    ]
    assert [found.folder_start for found in listed.objects] == [
        datetime(2013, 7, day, tzinfo=UTC) for day in (1, 1, 2, 3)
    ]
    start = datetime(2013, 7, 3, tzinfo=UTC)
    bounded = list_objects(location, "UTC", start=start, end=start + timedelta(days=1))
    assert names(location, bounded) == ["dt=2013-07-03/part-0.parquet"]
    # What was replaced behind a link is seen, and it is read through the link.
    (found,) = bounded
    assert relisted(location, found) == found
    (root / ".v" / "one.parquet").write_bytes(b"longer content")
    assert location.etag_of(found.path) != found.etag


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
    assert names(location, list_objects(location, "UTC")) == ["a.parquet", "metadata/readme.json"]


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
    expected = Folder(f"file://{tmp_path}/logs", f"{tmp_path}/logs")
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
    with pytest.raises(ConfigError, match="is a file and no Parquet: a folder of Parquet objects, or one of"):
        open_location(str(tmp_path / "notes.txt"))
    (tmp_path / "train").write_bytes(b"PAR1 and so on")
    assert [each.path for each in list_objects(open_location(str(tmp_path / "train")), "UTC")] == [
        str(tmp_path / "train")
    ]


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "flight_delay").mkdir()
    with pytest.raises(
        ConfigError, match=r"there is no folder .*flight_dealy .*did you mean 'flight_delay'\?"
    ):
        open_location("flight_dealy", tmp_path)
    with pytest.raises(ConfigError, match="there is no folder"):
        open_location("no/such/folder", tmp_path)
    with pytest.raises(ConfigError, match="hdfs:// cannot be read"):
        open_location("hdfs://host/logs")
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
