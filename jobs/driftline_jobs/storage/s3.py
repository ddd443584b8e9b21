"""S3, or a server that speaks it: boto3 finds the keys, opens and lists, obstore reads and writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from driftline_jobs.storage.location import Entry
from driftline_jobs.storage.object_store import ObjectStore, attempts, patience, seconds, surroundings
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef
    from obstore.store import S3Store

_KEYS_LAST = timedelta(minutes=6)
"""boto3 renews keys ten minutes before they end: asked this often, none are used that have ended."""
_KEY_FAULTS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "AuthorizationHeaderMalformed",
    "RequestTimeTooSkewed",
}


@dataclass(frozen=True, slots=True)
class S3(ObjectStore):
    """See ``ObjectStore``. boto3 lists, for it gives keys as they are: ``a//b``, and ``a/`` where a console
    shows a folder; obstore has no names for these.

    Attributes:
        endpoint_url: a server other than Amazon's.
        region: the bucket's, where the server tells it.
    """

    endpoint_url: str | None = None
    region: str | None = None

    def client(self) -> S3Store:
        """See ``ObjectStore.client``."""
        return _store(self.bucket, self.endpoint_url, self.region, surroundings())

    def below(self, folder: str) -> Iterator[Entry]:
        """See ``ObjectStore.below``."""
        for page in self.pages(folder):
            yield from self._entries(page)

    def level(self, folder: str) -> tuple[list[Entry], list[str]]:
        """See ``ObjectStore.level``."""
        objects: list[Entry] = []
        names: list[str] = []
        prefix = self.key_of(folder)
        for page in self.pages(folder, "/"):
            objects.extend(self._entries(page))
            names.extend(entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", ()))
        return objects, names

    def pages(self, folder: str, delimiter: str = "") -> Iterator[ListObjectsV2OutputTypeDef]:
        """The answers to a listing of what starts with ``folder``, a path."""
        from botocore.exceptions import BotoCoreError, ClientError

        paginator = client(self.endpoint_url, self.region).get_paginator("list_objects_v2")
        try:
            yield from paginator.paginate(Bucket=self.bucket, Prefix=self.key_of(folder), Delimiter=delimiter)
        except (BotoCoreError, ClientError) as error:
            raise translated(error, self.uri, self.endpoint_url) from error

    def _entries(self, page: ListObjectsV2OutputTypeDef) -> Iterator[Entry]:
        above = f"{self.bucket}/"
        for entry in page.get("Contents", ()):
            yield Entry(above + entry["Key"], entry["ETag"].strip('"'), entry["Size"])


def open_bucket(uri: str, endpoint_url: str | None, *, must_exist: bool) -> S3:
    """See ``open_location``."""
    from botocore.exceptions import BotoCoreError, ClientError

    path = uri.removeprefix("s3://").rstrip("/")
    bucket, _, prefix = path.partition("/")
    try:
        s3 = client(endpoint_url)
        # Listing one key tells all at once: whether the server answers, the keys hold, the bucket is there.
        answer = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/" if prefix else "", MaxKeys=1)
        if must_exist and prefix and not answer.get("KeyCount"):
            # Of all keys that start alike, an object of just this name comes first.
            first = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
            if prefix not in (key["Key"] for key in first.get("Contents", ())):
                raise ConfigError(f"nothing lies under {uri}: the bucket is there, the prefix is not")
    except (BotoCoreError, ClientError, ValueError) as error:
        raise translated(error, uri, endpoint_url) from error
    headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
    return S3(f"s3://{path}", path, endpoint_url, headers.get("x-amz-bucket-region"))


def client(endpoint_url: str | None, region: str | None = None) -> S3Client:
    """A boto3 client, one per process and set of keys. Raises ConfigError when the settings make none."""
    return _client(endpoint_url, region, surroundings())


def translated(error: Exception, uri: str, endpoint_url: str | None) -> DriftlineError:
    """What an error of boto3 at ``uri`` means: change something, or try again."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        return _answered(error, uri)
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError, boto.NoAuthTokenError)):
        return ConfigError(
            f"no keys to read {uri} with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    if isinstance(error, boto.SSLError):
        return ConfigError(
            f"no trusted connection to {_server(endpoint_url)} for {uri}: check AWS_CA_BUNDLE and whether "
            f"AWS_ENDPOINT_URL should start with http:// ({_first_line(error)})"
        )
    if isinstance(error, (boto.HTTPClientError, boto.ConnectionError)):
        return TransientError(
            f"{uri} is unreachable: {_server(endpoint_url)} does not answer ({_first_line(error)})"
        )
    return ConfigError(f"{uri} cannot be read with these settings: {_first_line(error)}")


def _answered(error: ClientError, uri: str) -> DriftlineError:
    """The server answered, and said no."""
    details = error.response.get("Error", {})
    code, status = str(details.get("Code", "")), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    bucket = urlsplit(uri).netloc
    if code == "NoSuchBucket":
        return ConfigError(f"there is no bucket {bucket!r} (for {uri})")
    if code in _KEY_FAULTS:
        return ConfigError(f"the keys for {uri} are refused ({code}): check AWS_ACCESS_KEY_ID and its secret")
    if code == "AccessDenied" or status == 403:
        return ConfigError(
            f"these keys may not read {uri}: they need s3:ListBucket and s3:GetObject on {bucket!r}"
        )
    if status >= 500 or status == 429 or code in {"SlowDown", "RequestTimeout", "Throttling"}:
        return TransientError(f"{uri} is out of reach for now: the server answered {status} {code}".rstrip())
    return ConfigError(
        f"{uri} cannot be read: the server answered {status} {code}: {details.get('Message', '')}"
    )


def _server(endpoint_url: str | None) -> str:
    return endpoint_url or "Amazon S3"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


@lru_cache(maxsize=8)
def _client(endpoint_url: str | None, region: str | None, _surroundings: int) -> S3Client:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    retries: dict[str, Any] = {"total_max_attempts": attempts()}
    if "AWS_RETRY_MODE" not in os.environ:
        retries["mode"] = "standard"
    connect_seconds, read_seconds = seconds()
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries=retries,  # type: ignore[arg-type]
        # Servers other than Amazon's rarely have a host name for each bucket.
        s3={"addressing_style": "path"} if endpoint_url else {},
    )
    try:
        return _session(_surroundings).client(
            "s3", endpoint_url=endpoint_url, region_name=region, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"S3 cannot be reached with these settings: {_first_line(error)}") from error


@lru_cache(maxsize=8)
def _store(bucket: str, endpoint_url: str | None, region: str | None, _surroundings: int) -> S3Store:
    from botocore.exceptions import BotoCoreError, NoCredentialsError
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    options = patience()
    if endpoint_url:
        options["client_options"]["allow_http"] = endpoint_url.startswith("http://")
        options |= {"endpoint": endpoint_url.rstrip("/"), "virtual_hosted_style_request": False}
    if bundle := os.environ.get("AWS_CA_BUNDLE"):
        options["client_options"]["root_certificate"] = Path(bundle).read_bytes()
    try:
        session = _session(_surroundings)
        if session.get_credentials() is None:
            raise translated(NoCredentialsError(), f"s3://{bucket}", endpoint_url)
        keys = Boto3CredentialProvider(session, ttl=_KEYS_LAST)
        region = region or os.environ.get("AWS_REGION") or keys.config.get("region") or "us-east-1"
        return S3Store(bucket, region=region, credential_provider=keys, **options)
    except (BotoCoreError, OSError, ValueError) as error:
        raise translated(error, f"s3://{bucket}", endpoint_url) from error


@lru_cache(maxsize=8)
def _session(_surroundings: int) -> Session:
    import boto3

    return boto3.session.Session()
