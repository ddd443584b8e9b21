"""The reports folder, on disk or on S3, as far as serving pages needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from driftline_schemas.settings import Settings

# A page is under a megabyte; what is far larger was not written by us.
_LARGEST = 16 * 1024**2


class PageFiles(Protocol):
    """Names are checked by the caller: they hold no separator."""

    def names(self) -> list[tuple[str, str, str]]:
        """Monitor, granularity and file name of everything that lies where pages lie."""

    def read(self, *names: str) -> bytes | None:
        """One page by the names of its folders and its own, None if it is not there."""


def open_page_files(settings: Settings) -> PageFiles:
    """The folder that the settings name."""
    if settings.reports.startswith("s3://"):
        return _OnS3(settings.reports, settings.endpoint_url)
    return _InFolder(Path(settings.reports.removeprefix("file://")))


class _InFolder:
    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()

    def names(self) -> list[tuple[str, str, str]]:
        return [
            (path.parent.parent.name, path.parent.name, path.name) for path in self._root.glob("*/*/*.html")
        ]

    def read(self, *names: str) -> bytes | None:
        path = self._root.joinpath(*names).resolve()
        # A link in the folder must not lead out of it either.
        if not path.is_relative_to(self._root) or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes()


class _OnS3:
    def __init__(self, uri: str, endpoint_url: str | None) -> None:
        place = urlsplit(uri)
        self._bucket = place.netloc
        prefix = place.path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint_url = endpoint_url

    def names(self) -> list[tuple[str, str, str]]:
        # One listing of all: a request for each monitor would be hundreds.
        pages = (
            self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        )
        keys = (
            found["Key"].removeprefix(self._prefix) for page in pages for found in page.get("Contents", [])
        )
        return [
            (parts[0], parts[1], parts[2]) for parts in (key.split("/") for key in keys) if len(parts) == 3
        ]

    def read(self, *names: str) -> bytes | None:
        client = self._client()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{'/'.join(names)}")
        except client.exceptions.NoSuchKey:
            return None
        return answer["Body"].read() if answer["ContentLength"] <= _LARGEST else None

    def _client(self) -> S3Client:
        import boto3

        return boto3.session.Session().client("s3", endpoint_url=self._endpoint_url)
