"""Reach S3, or a server that speaks it: boto3 to list, Arrow to read, one meaning for their errors.

Nothing here writes. Keys come by the usual chain of each library; both read the same ``AWS_*`` variables.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from driftline_schemas.errors import ConfigError, DriftlineError, TransientError
from driftline_schemas.settings import load_settings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from pyarrow.fs import S3FileSystem

_ATTEMPTS = 5
_CONNECT_SECONDS = 5.0
_SHARE_OF_SILENCE = 0.7
"""Of the time that a server may be silent, what its answers are waited for: the rest is between attempts."""

_KEY_FAULTS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "AuthorizationHeaderMalformed",
    "RequestTimeTooSkewed",
}
_ARROW_FAULT = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))?")
_ARROW_TERMINAL = {
    "ACCESS_DENIED",
    "INVALID_ACCESS_KEY_ID",
    "INVALID_CLIENT_TOKEN_ID",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "NO_SUCH_BUCKET",
    "SIGNATURE_DOES_NOT_MATCH",
    "UNRECOGNIZED_CLIENT",
}


def client(endpoint_url: str | None, region: str | None = None) -> S3Client:
    """A boto3 client, one per process and set of keys. Raises ConfigError when the settings make none."""
    return _client(endpoint_url, region, _surroundings())


def arrow_filesystem(endpoint_url: str | None, region: str | None) -> S3FileSystem:
    """Arrow's S3 filesystem, one per process and set of keys."""
    return _arrow_filesystem(endpoint_url, region, _surroundings())


def translated(error: Exception, uri: str, endpoint_url: str | None) -> DriftlineError:
    """What an error of boto3 or of Arrow's filesystem at ``uri`` means: change something, or try again."""
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
    if isinstance(error, (boto.BotoCoreError, ValueError)):
        return ConfigError(f"{uri} cannot be read with these settings: {_first_line(error)}")
    return _arrow_error(error, uri, endpoint_url)


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


def _arrow_error(error: Exception, uri: str, endpoint_url: str | None) -> DriftlineError:
    found = _ARROW_FAULT.search(str(error))
    if found and (found[1] in _ARROW_TERMINAL or found[2] == "403"):
        return ConfigError(f"these keys may not read {uri} ({found[1]}): they need s3:GetObject on it")
    return TransientError(f"{uri} is out of reach for now: {_server(endpoint_url)}: {_first_line(error)}")


def _server(endpoint_url: str | None) -> str:
    return endpoint_url or "Amazon S3"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _surroundings() -> int:
    """What a client takes from its surroundings when made: with other keys, or after a fork, make another."""
    settings = (item for item in os.environ.items() if item[0].startswith(("AWS_", "DRIFTLINE_TIMEOUT")))
    return hash((os.getpid(), *sorted(settings)))


def _attempts() -> int:
    given = os.environ.get("AWS_MAX_ATTEMPTS", "")
    return max(int(given), 1) if given.isdecimal() else _ATTEMPTS


def _seconds() -> tuple[float, float]:
    """How long to wait for a connection, and for an answer, so that all attempts end in time."""
    answer = _SHARE_OF_SILENCE * load_settings().timeout / _attempts()
    return min(_CONNECT_SECONDS, answer), answer


@lru_cache(maxsize=8)
def _client(endpoint_url: str | None, region: str | None, _surroundings: int) -> S3Client:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    retries: dict[str, Any] = {"total_max_attempts": _attempts()}
    if "AWS_RETRY_MODE" not in os.environ:
        retries["mode"] = "standard"
    connect_seconds, read_seconds = _seconds()
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries=retries,  # type: ignore[arg-type]
        # Servers other than Amazon's rarely have a host name for each bucket.
        s3={"addressing_style": "path"} if endpoint_url else {},
    )
    try:
        session = boto3.session.Session()
        return session.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"S3 cannot be reached with these settings: {_first_line(error)}") from error


@lru_cache(maxsize=8)
def _arrow_filesystem(endpoint_url: str | None, region: str | None, _surroundings: int) -> S3FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    connect_seconds, read_seconds = _seconds()
    options: dict[str, Any] = {
        "connect_timeout": connect_seconds,
        "request_timeout": read_seconds,
        "retry_strategy": AwsStandardS3RetryStrategy(max_attempts=_attempts()),
    }
    if region:
        options["region"] = region
    if endpoint_url:
        parts = urlsplit(endpoint_url)
        options |= {"scheme": parts.scheme, "endpoint_override": parts.netloc + parts.path.rstrip("/")}
    return S3FileSystem(**options)
