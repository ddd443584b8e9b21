"""Logs on a real S3 server: found, inspected, and every way of not reaching them told apart."""

from __future__ import annotations

import io
import os
import pickle
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.looking import list_objects
from tests.sources.s3_server import S3Server

from driftline_jobs.sources.listing.objects import LogObject, listing, relisted
from driftline_jobs.sources.parquet.inspection import inspect
from driftline_jobs.sources.parquet.reader import SplitReader
from driftline_jobs.storage.location import Location, open_location
from driftline_jobs.storage.s3 import S3
from driftline_schemas.errors import ConfigError, DataError, TransientError
from driftline_schemas.monitor import Monitor

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef


def parquet(day: datetime, rows: int = 4) -> bytes:
    times = pa.array([day + timedelta(hours=hour) for hour in range(rows)], pa.timestamp("us", "UTC"))
    sink = io.BytesIO()
    pq.write_table(pa.table({"at": times, "p": pa.array([0.5] * rows)}), sink)
    return sink.getvalue()


def put_days(s3: S3Server, prefix: str, days: int) -> None:
    client = s3.client()
    for day in range(1, days + 1):
        start = datetime(2013, 7, day, tzinfo=UTC)
        client.put_object(
            Bucket="logs", Key=f"{prefix}/dt=2013-07-{day:02}/part-0.parquet", Body=parquet(start)
        )


def test_objects_are_listed_with_the_etags_of_the_server(s3: S3Server) -> None:
    put_days(s3, "listing", 3)
    client = s3.client()
    client.put_object(Bucket="logs", Key="listing/_temporary/part-0.parquet", Body=b"x")
    client.put_object(Bucket="logs", Key="listing/dt=2013-07-01/.part-0.parquet.crc", Body=b"x")
    client.put_object(Bucket="logs", Key="listing/dt=2013-07-01/_SUCCESS", Body=b"")
    client.put_object(Bucket="logs", Key="listing2/dt=2013-07-01/part-0.parquet", Body=b"x")

    location = open_location("s3://logs/listing/")
    objects = list_objects(location, "UTC")

    assert [found.uri for found in objects] == [
        f"s3://logs/listing/dt=2013-07-0{d}/part-0.parquet" for d in (1, 2, 3)
    ]
    for found in objects:
        head = client.head_object(Bucket="logs", Key=found.path.removeprefix("logs/"))
        assert (found.etag, found.size_bytes) == (head["ETag"].strip('"'), head["ContentLength"])
        assert found.etag == location.etag_of(found.path)
        assert relisted(location, found) == found
    assert objects[0].folder_start == datetime(2013, 7, 1, tzinfo=UTC)


def test_what_is_passed_over_is_the_same_as_on_disk(s3: S3Server, tmp_path: Path) -> None:
    keys = [
        *(f"passed/_temporary/{part}/part-0.parquet" for part in range(3)),
        "passed/_temporary.parquet",
        "passed/_SUCCESS",
        "passed/.x/a",
        "passed/.x/b",
        "passed/region=eu/_dt=2013-07-02/no_suffix",
        *(f"passed/region=eu/dt=2013-07-{day:02}/_SUCCESS" for day in range(1, 20)),
        *(f"passed/region=eu/dt=2013-07-{day:02}/_spark_metadata/0" for day in range(1, 20)),
        "passed/region=eu/dt=2013-07-01/manifest.json",
    ]
    for key in keys:
        s3.client().put_object(Bucket="logs", Key=key, Body=b"x")
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    s3.client().put_object(Bucket="logs", Key="passed/region=eu/", Body=b"")  # as consoles make folders

    def said(
        location: Location, start: datetime | None = None, end: datetime | None = None
    ) -> tuple[list[str], list[tuple[object, ...]]]:
        listed = listing(location, "UTC", start=start, end=end)
        return (
            [found.uri.removeprefix(location.uri) for found in listed.objects],
            [(p.reason, p.folder, p.count, p.example.removeprefix(location.uri)) for p in listed.passed_over],
        )

    on_s3, on_disk = open_location("s3://logs/passed"), open_location(str(tmp_path / "passed"))
    assert said(on_s3) == said(on_disk)
    objects, passed_over = said(on_s3)
    assert objects == ["/region=eu/_dt=2013-07-02/no_suffix", "/region=eu/dt=2013-07-01/manifest.json"]
    assert [count for _, folder, count, _ in passed_over if folder is None] == [4]
    assert [count for _, folder, count, _ in passed_over if folder is not None] == [2] * 19
    start = datetime(2013, 7, 5, tzinfo=UTC)
    for days in (1, 2, 12):  # folder by folder, and all of them at once
        inside = [
            entry
            for entry in said(on_s3, start, start + timedelta(days=days))[1]
            if entry[1] is None or start <= entry[1][0] < start + timedelta(days=days)  # type: ignore[index]
        ]
        assert [count for _, _, count, _ in inside] == [4] + [2] * days


def test_columns_in_the_path_are_read_beside_those_of_the_object(s3: S3Server, monitor: Monitor) -> None:
    body = parquet(datetime(2013, 7, 1, tzinfo=UTC))
    for region in ("eu", "caf%C3%A9"):
        key = f"path/region={region}/dt=2013-07-01/20130701_000000_00006_v74wa"
        s3.client().put_object(Bucket="logs", Key=key, Body=body)
    location = open_location("s3://logs/path")
    inspected = inspect(list_objects(location, "UTC"), location, monitor)
    assert [column.name for column in inspected.columns] == ["at", "p", "region"]
    for split, region in zip(inspected.splits, ("café", "eu"), strict=True):
        for wanted in (["p", "region"], ["region"]):
            with SplitReader(split, inspected.columns, ["region"], wanted=wanted) as reader:
                assert reader.column("region").to_pylist() == [region] * 4
                assert reader.column("p").to_pylist() == [0.5] * 4


def test_an_object_of_any_name_may_be_named(s3: S3Server, monitor: Monitor) -> None:
    body = parquet(datetime(2013, 7, 1, tzinfo=UTC))
    for key in ("sole/train", "sole/train2", "sole/t.PARQ", "sole/folder.pq/a"):
        s3.client().put_object(Bucket="logs", Key=key, Body=body)
    for uri, path in (("train", "train"), ("t.PARQ", "t.PARQ"), ("folder.pq", "folder.pq/a")):
        location = open_location(f"s3://logs/sole/{uri}")
        objects = list_objects(location, "UTC")
        assert [found.path for found in objects] == [f"logs/sole/{path}"]
        assert [state.state for state in inspect(objects, location, monitor).inputs] == ["read"]
    with pytest.raises(ConfigError, match="nothing lies under s3://logs/sole/trai"):
        open_location("s3://logs/sole/trai")


def test_names_with_odd_characters_are_listed_and_read(s3: S3Server, monitor: Monitor) -> None:
    names = ["a b+c%20d&e.parquet", "ünïcode 🛫.parquet", "<script>'\".parquet"]
    for name in names:
        s3.client().put_object(
            Bucket="logs", Key=f"odd/{name}", Body=parquet(datetime(2013, 7, 1, tzinfo=UTC))
        )
    location = open_location("s3://logs/odd")
    objects = list_objects(location, "UTC")
    assert [found.path for found in objects] == sorted(f"logs/odd/{name}" for name in names)
    assert [state.state for state in inspect(objects, location, monitor).inputs] == ["read"] * 3


def test_more_keys_than_one_answer_holds(s3: S3Server) -> None:
    client = s3.client()
    for index in range(1005):
        client.put_object(Bucket="logs", Key=f"many/part-{index:04}.parquet", Body=b"")
    assert len(list_objects(open_location("s3://logs/many"), "UTC")) == 1005


def test_folders_outside_the_bounds_need_not_be_listed(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    put_days(s3, "bounded/region=eu", 28)
    asked: list[str] = []
    pages = S3.pages

    def counted(location: S3, folder: str, delimiter: str = "") -> Iterator[ListObjectsV2OutputTypeDef]:
        asked.append(location.key_of(folder))
        return pages(location, folder, delimiter)

    location = open_location("s3://logs/bounded")
    everything = list_objects(location, "UTC")
    start, end = datetime(2013, 7, 10, tzinfo=UTC), datetime(2013, 7, 11, tzinfo=UTC)
    monkeypatch.setattr(S3, "pages", counted)
    few = list_objects(location, "UTC", start=start, end=end, lateness=timedelta(days=1))
    assert [found.path[-26:-15] for found in few] == ["=2013-07-09", "=2013-07-10", "=2013-07-11"]
    assert set(few) < set(everything)
    days = [f"bounded/region=eu/dt=2013-07-{day}/" for day in ("09", "10", "11")]
    assert asked == ["bounded/", "bounded/region=eu/", *days]
    # When most folders are wanted, one listing of all is less than one for each.
    asked.clear()
    assert len(list_objects(location, "UTC", start=start, end=end, lateness=timedelta(days=30))) == 28
    assert asked == ["bounded/", "bounded/region=eu/", "bounded/region=eu/"]


def test_an_inspection_equals_that_of_the_same_files_on_disk(
    s3: S3Server, monitor: Monitor, tmp_path: Path
) -> None:
    put_days(s3, "same", 3)
    s3.client().put_object(Bucket="logs", Key="same/dt=2013-07-03/cut.parquet", Body=b"PAR1 text")
    for key in s3.client().list_objects_v2(Bucket="logs", Prefix="same/")["Contents"]:
        path = tmp_path / key["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.client().download_file("logs", key["Key"], str(path))
    start, end = datetime(2013, 7, 2, tzinfo=UTC), datetime(2013, 7, 3, tzinfo=UTC)
    remote, local = open_location("s3://logs/same"), open_location(str(tmp_path / "same"))
    on_s3 = inspect(list_objects(remote, "UTC"), remote, monitor, (start, end))
    on_disk = inspect(list_objects(local, "UTC"), local, monitor, (start, end))
    assert on_s3.columns == on_disk.columns
    assert [(s.row_groups, s.rows, s.min_us, s.max_us) for s in on_s3.splits] == [
        (s.row_groups, s.rows, s.min_us, s.max_us) for s in on_disk.splits
    ]
    assert [(i.state, i.reason, i.rows) for i in on_s3.inputs] == [
        (i.state, i.reason, i.rows) for i in on_disk.inputs
    ]
    assert [i.state for i in on_s3.inputs] == ["read", "read", "quarantined", "read"]
    # A split travels to another process and is read there.
    split = pickle.loads(pickle.dumps(on_s3.splits[0]))  # noqa: S301
    content = split.location.read(split.object.path)
    assert pq.ParquetFile(io.BytesIO(content)).read_row_groups(split.row_groups).num_rows == 4


def test_an_object_replaced_after_it_was_listed_is_read_as_it_is_now(s3: S3Server, monitor: Monitor) -> None:
    client = s3.client()
    key = "replaced/part-0.parquet"
    client.put_object(Bucket="logs", Key=key, Body=parquet(datetime(2013, 7, 1, tzinfo=UTC), rows=2))
    client.put_object(Bucket="logs", Key="replaced/part-1.parquet", Body=b"soon gone")
    location = open_location("s3://logs/replaced")
    objects = list_objects(location, "UTC")
    etag = client.put_object(Bucket="logs", Key=key, Body=parquet(datetime(2013, 7, 1, tzinfo=UTC), rows=9))[
        "ETag"
    ]
    client.delete_object(Bucket="logs", Key="replaced/part-1.parquet")
    replaced, gone = inspect(objects, location, monitor).inputs
    assert (replaced.state, replaced.rows, replaced.object.etag) == ("read", 9, etag.strip('"'))
    assert (gone.state, gone.reason) == ("quarantined", "it vanished or changed while it was being read")
    assert location.etag_of(objects[1].path) is None


def test_a_table_in_a_hidden_folder_is_not_ours(s3: S3Server) -> None:
    put_days(s3, "hidden", 1)
    s3.client().put_object(Bucket="logs", Key="hidden/_old/_delta_log/0.json", Body=b"{}")
    assert len(list_objects(open_location("s3://logs/hidden"), "UTC")) == 1


def test_one_object_or_a_folder_called_like_one(s3: S3Server) -> None:
    body = parquet(datetime(2013, 7, 1, tzinfo=UTC))
    for key in (
        "single/a.parquet",
        "single/spark.parquet/part-0.parquet",
        "single/spark.parquet2/part-0.parquet",
    ):
        s3.client().put_object(Bucket="logs", Key=key, Body=body)

    def paths(uri: str) -> list[str]:
        return [found.path for found in list_objects(open_location(uri), "UTC")]

    assert paths("s3://logs/single/a.parquet") == ["logs/single/a.parquet"]
    assert paths("s3://logs/single/spark.parquet") == ["logs/single/spark.parquet/part-0.parquet"]


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    "path", ["logs/x//a.parquet", "logs//x/a.parquet", "logs/x/\t.parquet", "logs/x/../a.parquet"]
)
def test_a_key_that_cannot_be_opened_is_set_aside(monitor: Monitor, path: str) -> None:
    location = S3("s3://logs/x", "logs/x", os.environ["AWS_ENDPOINT_URL"], "us-east-1")
    found = LogObject(f"s3://{path}", path, "etag", 100)
    (state,) = inspect([found], location, monitor).inputs
    assert (state.state, "its name cannot be opened" in str(state.reason)) == ("quarantined", True)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("dt=2013-07-01/_delta_log/00000.json", "Delta"),
        ("metadata/v1.metadata.json", "Iceberg"),
        (".hoodie/hoodie.properties", "Hudi"),
    ],
)
def test_tables_are_refused_by_name(s3: S3Server, key: str, kind: str) -> None:
    s3.client().put_object(Bucket="logs", Key=f"table-{kind}/{key}", Body=b"{}")
    location = open_location(f"s3://logs/table-{kind}")
    with pytest.raises(DataError, match=f"table of {kind}"):
        list_objects(location, "UTC")
    day = datetime(2013, 7, 1, tzinfo=UTC)
    with pytest.raises(DataError, match=f"table of {kind}"):
        list_objects(location, "UTC", start=day, end=day + timedelta(days=1))


def test_wrong_keys(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    put_days(s3, "keys", 1)
    location = open_location("s3://logs/keys")
    objects = list_objects(location, "UTC")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(ConfigError, match=r"refused \(SignatureDoesNotMatch\).*AWS_ACCESS_KEY_ID"):
        open_location("s3://logs/keys")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    with pytest.raises(ConfigError, match=r"refused \(InvalidAccessKeyId\)"):
        open_location("s3://logs/keys")
    with pytest.raises(ConfigError, match=r"may not read s3://logs/keys/"):
        location.etag_of(objects[0].path)


def test_wrong_keys_while_footers_are_read(
    s3: S3Server, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_days(s3, "keys-late", 1)
    location = open_location("s3://logs/keys-late")
    objects = list_objects(location, "UTC")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    with pytest.raises(ConfigError, match="may not read"):
        inspect(objects, location, monitor)


@pytest.mark.usefixtures("s3")
def test_no_keys_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match="no keys to read s3://logs/x"):
        open_location("s3://logs/x")


@pytest.mark.usefixtures("s3")
def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigError, match="nobody"):
        open_location("s3://logs/x")


@pytest.mark.usefixtures("s3")
def test_what_is_not_there() -> None:
    with pytest.raises(ConfigError, match="there is no bucket 'lgos'"):
        open_location("s3://lgos/x")
    with pytest.raises(ConfigError, match="nothing lies under s3://logs/nowhere/: the bucket is there"):
        open_location("s3://logs/nowhere/")
    assert list_objects(open_location("s3://logs/nowhere/", must_exist=False), "UTC") == []
    with pytest.raises(ConfigError, match="cannot be read with these settings"):
        open_location("s3://Not A Bucket!/x")


def test_a_server_that_does_not_answer(
    s3: S3Server, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_days(s3, "silent", 1)
    location = open_location("s3://logs/silent")
    objects = list_objects(location, "UTC")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as taken:
        # Bound but not listening: connections are refused, and nobody else takes the port meanwhile.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TransientError, match=r"unreachable: http://127\.0\.0\.1"):
            open_location("s3://logs/silent", endpoint_url=url)
        dead = S3(location.uri, location.path, url, "us-east-1")
        with pytest.raises(TransientError, match="unreachable"):
            list_objects(dead, "UTC")
        with pytest.raises(TransientError, match="out of reach for now"):
            inspect(objects, dead, monitor)


@pytest.mark.usefixtures("s3")
def test_an_endpoint_that_is_none() -> None:
    with pytest.raises(ConfigError, match="S3 cannot be reached with these settings"):
        open_location("s3://logs/x", endpoint_url="127.0.0.1:1")
