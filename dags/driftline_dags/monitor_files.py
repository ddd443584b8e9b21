"""Find the monitor files of a deployment, in a folder or on S3, and read them.

Every ``*.yaml`` and ``*.yml`` directly in ``DRIFTLINE_MONITORS`` is a monitor, but for names that start with
``_`` or ``.``: ``_airflow.yaml`` among them says how the others are scheduled.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from driftline_dags import last_known
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError
from driftline_schemas.monitor import Monitor, parse_monitor
from driftline_schemas.yaml_file import MAX_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SUFFIXES = (".yaml", ".yml")
_READERS = 16


@dataclass(frozen=True, slots=True)
class MonitorFile:
    """A file of the monitors folder: where it lies, and what it says or why it cannot be read."""

    source: str
    monitor: Monitor | None
    error: DriftlineError | None

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return PurePosixPath(self.source).stem


def monitor_sources(folder: str) -> list[str]:
    """Paths or ``s3://`` addresses of the monitor files in ``folder``, by name.

    Raises ConfigError when the folder is not there, TransientError when S3 does not answer.
    """
    names = _last_known_names(folder) if _is_s3(folder) else _local_names(folder)
    base = folder.rstrip("/")
    return [
        f"{base}/{name}"
        for name in sorted(names)
        if name.endswith(SUFFIXES) and not name.startswith(("_", "."))
    ]


def read_monitors(sources: list[str]) -> list[MonitorFile]:
    """Every file, read; what is wrong with one is kept with it and stops no other."""
    if not sources or not _is_s3(sources[0]):
        return [read_monitor(source) for source in sources]
    # One request after another would take as many round trips as there are monitors.
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(read_monitor, sources))


def read_monitor(source: str) -> MonitorFile:
    """The monitor file at ``source``."""
    try:
        text = last_known_text(source)
        if text is None:
            raise ConfigError(f"there is no monitor file at {source}")
        return MonitorFile(source, parse_monitor(text, source), None)
    except DriftlineError as error:
        return MonitorFile(source, None, error)


def last_known_text(source: str) -> str | None:
    """``read_text``, and while S3 is out of reach what it gave before."""
    if not _is_s3(source):
        return read_text(source)
    try:
        text = read_text(source)
    except TransientError:
        text = last_known.known(source)
        if text is None:
            raise
        return text
    if text is not None:
        last_known.keep(source, text)
    return text


def read_text(source: str) -> str | None:
    """The text at ``source``, None if nothing is there. Raises ConfigError or TransientError."""
    try:
        raw = _s3_bytes(source) if _is_s3(source) else _local_bytes(source)
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror or error}") from error
    if raw is None:
        return None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{source} is larger than {MAX_BYTES // 1024} KiB: this is no monitor file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source} is not UTF-8 text: byte {error.start} cannot be read") from error


@contextmanager
def as_local_file(source: str) -> Iterator[str]:
    """The path of ``source`` as a file that a command can be given; from S3 it is a copy for so long."""
    if not _is_s3(source):
        yield source
        return
    text = read_text(source)
    if text is None:
        raise ConfigError(f"there is no monitor file at {source}")
    with tempfile.TemporaryDirectory(prefix="driftline-") as folder:
        copy = Path(folder) / PurePosixPath(source).name
        copy.write_text(text, encoding="utf-8")
        yield str(copy)


def _is_s3(place: str) -> bool:
    return place.startswith("s3://")


def _local_names(folder: str) -> list[str]:
    try:
        return [entry.name for entry in Path(folder).iterdir() if entry.is_file()]
    except OSError as error:
        raise ConfigError(
            f"the monitors folder {folder} cannot be read ({error.strerror}): set DRIFTLINE_MONITORS"
        ) from error


def _local_bytes(source: str) -> bytes | None:
    try:
        with Path(source).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None


def _last_known_names(folder: str) -> list[str]:
    try:
        names = _s3_names(folder)
    except TransientError:
        listed = last_known.known(folder)
        if listed is None:
            raise
        return [str(name) for name in json.loads(listed)]
    last_known.keep(folder, json.dumps(names))
    return names


def _s3_names(folder: str) -> list[str]:
    place = urlsplit(folder)
    prefix = place.path.strip("/")
    prefix = f"{prefix}/" if prefix else ""
    with _s3_errors(folder):
        pages = (
            _s3().get_paginator("list_objects_v2").paginate(Bucket=place.netloc, Prefix=prefix, Delimiter="/")
        )
        return [found["Key"].removeprefix(prefix) for page in pages for found in page.get("Contents", [])]


def _s3_bytes(source: str) -> bytes | None:
    place = urlsplit(source)
    with _s3_errors(source):
        client = _s3()
        try:
            answer = client.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        except client.exceptions.NoSuchKey:
            return None
        return answer["Body"].read(MAX_BYTES + 1)


def _s3() -> S3Client:
    # Imported here: a deployment whose monitors lie in a folder is parsed without it.
    import boto3
    from botocore.config import Config

    # A DAG file that waits for long is cut off by Airflow, and every monitor with it.
    patience = Config(
        connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.session.Session().client("s3", config=patience)


@contextmanager
def _s3_errors(place: str) -> Iterator[None]:
    from botocore import exceptions as boto

    try:
        yield
    except (boto.ConnectionError, boto.HTTPClientError) as error:
        raise TransientError(f"{place} is out of reach: {error}") from error
    except boto.ClientError as error:
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        family = TransientError if status >= 500 or status == 429 else ConfigError
        raise family(f"{place} cannot be read: {error}") from error
    except boto.BotoCoreError as error:
        raise ConfigError(f"{place} cannot be read with these settings: {error}") from error
