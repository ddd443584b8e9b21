"""The deployment: where tables and reports go and what the job may use. Read from the environment.

The monitor file says what is watched, these settings say where and with what, so that one file serves on a
laptop and in production. Keys for S3 are not here: boto3 finds them by the usual chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, ByteSize, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from driftline_schemas.errors import ConfigError
from driftline_schemas.extensions import ENGINES, STORES

_PASSWORD = re.compile(r"^(\w+://[^:/?@]*):.*@", re.DOTALL)
_PASSWORD_PARAMETER = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def without_secrets(url: str) -> str:
    """``url`` with its password, and parameters that sound like one, shown as ``***``.

    A password that should have been escaped may hold any character: up to the last ``@`` all is hidden.
    """
    return _PASSWORD_PARAMETER.sub(r"\g<1>***", _PASSWORD.sub(r"\g<1>:***@", url))


def _store_url(url: str) -> str:
    """Says what is wrong with a store's URL without repeating it: it may hold a password."""
    scheme = url.partition("://")[0]
    try:
        url.encode()
    except UnicodeEncodeError:
        raise ValueError("must be UTF-8 text") from None
    if "://" not in url or scheme not in STORES.names():
        raise ValueError(
            "must be duckdb:///relative.duckdb, duckdb:////absolute.duckdb or postgresql://host/database. "
            f"{STORES.known()}"
        )
    if scheme == "duckdb" and not re.match(r"duckdb:///+[^/]", url):
        raise ValueError("must name a file: duckdb:///relative.duckdb or duckdb:////absolute.duckdb")
    return url


def _engine_name(name: str) -> str:
    if name not in ENGINES.names():
        raise ValueError(f"is none that there is. {ENGINES.known()}")
    return name


def _endpoint_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("must be http://host:port or https://host:port: this is no address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be http://host:port or https://host:port, without keys in it")
    return url


def _webhook(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("must be https://host/path")
    return secret


class Settings(BaseSettings):
    """One deployment. Every field is read from ``DRIFTLINE_<FIELD>``; a command-line flag wins.

    Attributes:
        store: URL of the summary tables. May hold a password: show ``store_shown`` instead.
        engine: where splits are profiled: the name of a member of ``ENGINES``.
        reports: folder or ``s3://`` prefix of the pages.
        monitors: folder or ``s3://`` prefix of the monitor files.
        spark_master: as Spark names it, for the engine ``spark``.
        drill_down: whether runs keep a sample of rows, and reports show it.
        threads: how many splits are profiled at a time; None means one per core.
        workers: how many monitors are worked on at a time where there are several; None means one per core.
        memory_limit: bytes that the label join may hold before it spills to disk.
        timeout: seconds that a store or a storage may be silent before a command gives up.
        salt: what the values of sensitive columns are hashed with. No flag: others on the machine see those.
        smtp: where mail is handed in: ``smtp://USER:PASSWORD@HOST:587?from=ADDRESS``, or ``smtps://``.
        webhook: an address that is posted to in place of a monitor's ``notify.webhook``.
        endpoint_url: an S3 server other than Amazon's, from ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``.
    """

    model_config = SettingsConfigDict(
        env_prefix="DRIFTLINE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    store: Annotated[str, AfterValidator(_store_url)] = Field("duckdb:///driftline.duckdb", repr=False)
    engine: Annotated[str, AfterValidator(_engine_name)] = "local"
    reports: Annotated[str, Field(min_length=1)] = "reports"
    monitors: Annotated[str, Field(min_length=1)] = "monitors"
    spark_master: Annotated[str, Field(min_length=1)] = "local[*]"
    drill_down: bool = False
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    workers: Annotated[int, Field(ge=1, le=1024)] | None = None
    memory_limit: Annotated[ByteSize, Field(ge=64 * 1024**2)] = ByteSize(512 * 1024**2)
    timeout: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 60.0
    salt: SecretStr | None = Field(None, repr=False)
    smtp: SecretStr | None = Field(None, repr=False)
    webhook: Annotated[SecretStr, AfterValidator(_webhook)] | None = Field(None, repr=False)
    endpoint_url: Annotated[str, AfterValidator(_endpoint_url)] | None = Field(
        None, validation_alias=AliasChoices("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    )

    def one_of_several(self) -> Settings:
        """For one of several processes that share a machine: with one thread, unless told how many."""
        return self if self.threads is not None else self.model_copy(update={"threads": 1})

    @property
    def store_shown(self) -> str:
        """The store's URL as it may be shown."""
        return without_secrets(self.store)


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of this process; ``flags`` (by field, None is not given) win over the environment.

    Raises ConfigError that names the variable and the flag, and never the value: it may be a secret.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise ConfigError(f"there is no setting {unknown[0]!r}: known are {', '.join(Settings.model_fields)}")
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = []
        for detail in error.errors(include_url=False, include_input=False):
            field = str(detail["loc"][0])
            message = str(detail["msg"]).removeprefix("Value error, ")
            faults.append(f"{_source(field, given)}: {message[0].lower()}{message[1:]}")
        raise ConfigError("; ".join(faults)) from None


def _source(field: str, given: Mapping[str, Any]) -> str:
    """Where the value of ``field`` was taken from, as a person would set it."""
    if field.startswith("AWS_"):
        return "AWS_ENDPOINT_URL"
    if field in {"salt", "webhook"}:
        return f"DRIFTLINE_{field.upper()}"
    if field in given:
        return f"--{field.replace('_', '-')}"
    return f"DRIFTLINE_{field.upper()} (or --{field.replace('_', '-')})"
