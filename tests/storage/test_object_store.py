"""What every object store has in common, on one in memory and on a real S3 server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore
from tests.sources.looking import list_objects
from tests.sources.s3_server import S3Server

from driftline_jobs.storage import object_store
from driftline_jobs.storage.location import TAIL, Location, open_location
from driftline_jobs.storage.object_store import ObjectStore
from driftline_schemas.errors import ConfigError, TransientError

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client


@pytest.fixture(params=["gs", "az", "s3", "folder"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Location:
    """An empty place of each kind; those that no server is here for are played by a store in memory."""
    if request.param == "folder":
        return open_location(str(tmp_path / "place"), must_exist=False)
    if request.param == "s3":
        request.getfixturevalue("s3")
        return open_location(f"s3://logs/common-{tmp_path.name}", must_exist=False)
    memory = MemoryStore()

    def client(uri: str, _surroundings: int) -> Client:
        assert uri == f"{request.param}://bucket"
        return memory

    monkeypatch.setattr(object_store, "_client", client)
    return open_location(f"{request.param}://bucket/place", must_exist=False)


def test_an_object_is_written_read_replaced_and_removed(place: Location) -> None:
    path = f"{place.path}/day/a b+ü.html"
    assert (place.read(path), place.stat(path), place.etag_of(path)) == (None, None, None)
    place.remove(path)
    place.write(path, b"first", "")
    first = place.stat(path)
    assert first is not None
    assert (place.read(path), first.path, first.size_bytes) == (b"first", path, 5)
    assert first.etag == place.etag_of(path)
    place.write(path, memoryview(b"second"), "")
    assert place.read(path) == b"second"
    assert place.etag_of(path) != first.etag
    assert place.names(f"{place.path}/day") == ["a b+ü.html"]
    place.remove(path)
    assert place.read(path) is None
    with pytest.raises(FileNotFoundError):
        place.open(path, 5)


def test_any_bytes_of_a_large_object_are_read(place: Location) -> None:
    path, content = f"{place.path}/large", bytes(range(256)) * 1024
    place.write(path, content, "")
    for size in (len(content), len(content) + 1, 10 * len(content), None):  # as it was listed, or not
        with place.open(path, size) as file:
            assert file.size() == len(content)
            for start, length in ((0, 4), (0, len(content)), (len(content) - TAIL, TAIL), (70_001, 100_003)):
                assert bytes(file.read_at(length, start)) == content[start : start + length]


def test_objects_are_listed_with_their_folders(place: Location) -> None:
    for name in ("dt=2013-07-01/a.parquet", "dt=2013-07-01/_SUCCESS", "dt=2013-07-02/b.parquet", "c"):
        place.write(f"{place.path}/{name}", b"x", "")
    found = list_objects(place, "UTC")
    assert [each.uri.removeprefix(f"{place.uri}/") for each in found] == [
        "c",
        "dt=2013-07-01/a.parquet",
        "dt=2013-07-02/b.parquet",
    ]
    assert [each.etag for each in found] == [place.etag_of(each.path) for each in found]
    days = [each.folder_start for each in found if each.folder_start is not None]
    assert [f"{day:%d}" for day in days] == ["01", "02"]
    within = list_objects(place, "UTC", start=days[1], end=days[1].replace(hour=1))
    assert [each.path for each in within] == [each.path for each in (found[0], found[2])]
    assert place.names(place.path) == ["c", "dt=2013-07-01", "dt=2013-07-02"]
    assert open_location(place.uri, must_exist=True).uri == place.uri
    with pytest.raises(ConfigError, match=r"nothing lies under|there is no folder"):
        open_location(f"{place.uri}/nowhere")


def test_what_answers_of_a_store_mean() -> None:
    store = ObjectStore("gs://b/x", "b/x")
    refused = store.error(PermissionError("… status code: 403 Forbidden: <Error><Code>AccessDenied</Code>"))
    assert isinstance(refused, ConfigError)
    assert "these keys may not read gs://b/x (AccessDenied)" in str(refused)
    assert isinstance(store.error(OSError("… 404 Not Found: <Code>NoSuchBucket</Code>")), ConfigError)
    assert isinstance(store.error(OSError("… status code: 503 Slow Down")), TransientError)
    with pytest.raises(ConfigError, match="names no bucket"):
        open_location("gs:///logs")


def test_an_object_replaced_by_a_shorter_one_is_opened_as_it_is(s3: S3Server) -> None:
    key = "shorter/a.parquet"
    place = open_location("s3://logs/shorter", must_exist=False)
    s3.client().put_object(Bucket="logs", Key=key, Body=b"12345")
    with place.open(f"logs/{key}", 10 * TAIL) as file:
        assert (file.size(), file.read_at(5, 0)) == (5, b"12345")
