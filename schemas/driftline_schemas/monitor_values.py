"""The kinds of value that a monitor file holds, each with the message for what does not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
)
from pydantic_core import PydanticKnownError

from driftline_schemas.classes import MOST_CHARACTERS, class_text
from driftline_schemas.extensions import SOURCES
from driftline_schemas.task_specs import BUILT_IN, task_specs
from driftline_schemas.window import YEARS, Calendar, Granularity
from driftline_schemas.yaml_file import shown

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "min": "minutes"}
_DURATION = re.compile(r"(\d{1,6})\s*(w|d|h|min)", re.ASCII)
_LONGEST = timedelta(days=3660)
_EMAIL = re.compile(r"[^@\s,;<>()\"\\]{1,64}@[^@\s,;<>()\"\\.]+(\.[^@\s,;<>()\"\\.]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
FROM_ENVIRONMENT = "env:"
"""What begins like this names the environment variable that holds the value."""
_BUCKETS = ("s3", "gs", "az", "abfss")


def parse_duration(value: object) -> timedelta:
    """``7d``, ``12h``, ``2w`` or ``90min`` as a timedelta, of ten years at most."""
    if isinstance(value, timedelta):
        length = value
    elif value in (0, "0") and not isinstance(value, bool):
        length = timedelta(0)
    else:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(
                f"{shown(value)} is no duration: write a number with its unit, such as 7d, 12h or 2w"
            )
        length = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta(0) <= length <= _LONGEST:
        raise ValueError(f"{shown(value)} is out of bounds: durations go from 0 to ten years")
    return length


def _positive(length: timedelta) -> timedelta:
    if length <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return length


def _weeks(value: object) -> timedelta:
    """``8`` as eight weeks."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _positive(parse_duration(f"{value}w" if value >= 0 else timedelta(0)))
    length = _positive(parse_duration(value))
    if length % timedelta(weeks=1):
        raise ValueError(f"{shown(value)} is no number of weeks: write 8")
    return length


def _task_name(value: object) -> object:
    # a task of ours does not wait for what is installed
    if not any(value == spec.name for spec in BUILT_IN) and value not in tuple(task_specs()):
        raise PydanticKnownError("enum", {"expected": ", ".join(map(repr, task_specs()))})
    return value


def parse_moment(value: object) -> datetime:
    """A date or a time, as YAML or text has it: naive where it names no offset, a date as its midnight."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime) or moment.year not in YEARS:
        raise ValueError(f"{shown(value)} is no date: write 2013-01-01 or 2013-01-01T05:00")
    return moment


def in_zone(moment: datetime, zone: str) -> datetime:
    """``moment`` in UTC, read as the clock of ``zone`` shows it unless it names its own offset.

    Midnight is the first instant of its day; of a time shown twice the first is meant.
    """
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    calendar = Calendar(Granularity.DAY, zone)
    if moment.time() == time():
        return calendar.start_of_day(moment.date())
    return calendar.at_clock(moment)


def _class_value(value: bool | float | str) -> int | str:  # noqa: FBT001  what a file says
    """1, 1.0 and true are the same class, so they must hash alike."""
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{shown(value)} is no class: name a whole number or a text")
    _class_name(value)
    return value if isinstance(value, str) else int(value)


def _class_name(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{shown(value)} is no class: name a text or a number")
    name = class_text(value)
    if len(name) > MOST_CHARACTERS:
        raise ValueError(f"a class of {len(name)} characters cannot be named: {MOST_CHARACTERS} at most")
    return name


def _score_columns(score: object) -> object:
    """The score of each class: ``{class: column}``, the classes as ``class_text`` writes them."""
    if not isinstance(score, Mapping):
        return score
    if any(not isinstance(column, str) or not column for column in score.values()):
        raise ValueError("must name a column for each class: {class: column}")
    columns = {_class_name(name): column for name, column in score.items()}
    if len(columns) < len(score):
        raise ValueError("names a class twice: 1, 1.0, true and the texts of these are one class")
    return columns


def _dropped_column(entry: Mapping[object, object]) -> dict[object, object]:
    if list(entry.values()) != ["drop"] or not all(isinstance(name, str) and name for name in entry):
        raise ValueError(
            f"{shown(dict(entry))} is no sensitive column: write its name for hashes of its values, or "
            "{name: drop} for nothing but counts"
        )
    return dict(entry)


def _how_sensitive(entry: object) -> str:
    return "<dropped>" if isinstance(entry, Mapping) else "<hashed>"


def _check_uri(uri: str) -> str:
    """Refuses what cannot be a place of Parquet objects. The value is not repeated: it may hold a secret."""
    if "\0" in uri or not uri.strip():
        raise ValueError("is empty or holds a NUL: write a folder or s3://bucket/prefix/")
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    if scheme not in (*_BUCKETS, "file"):
        raise ValueError(
            f"{shown(scheme + '://')} cannot be read: write a folder, file:// or s3://bucket/prefix/"
        )
    if scheme in _BUCKETS:
        host = urlsplit(uri).netloc
        # abfss://container@account.dfs.core.windows.net/ has its server after the sign
        if ":" in host or ("@" in host and scheme != "abfss"):
            raise ValueError(
                "holds a key or a port: keys come from the AWS_* settings, hosts from AWS_ENDPOINT_URL"
            )
        if not host:
            raise ValueError(f"names no bucket: write {scheme}://bucket/prefix/")
    elif not rest.startswith("/"):
        raise ValueError("a file:// address needs three slashes: file:///data/logs")
    return uri


def _check_log_uri(uri: str) -> str:
    """The scheme may be the name of a source too, which then says what may follow it."""
    scheme, separator, rest = uri.partition("://")
    return uri if separator and rest and scheme in SOURCES.names() else _check_uri(uri)


def _source(name: str) -> str:
    if name not in SOURCES.names():
        raise ValueError(SOURCES.unknown(name))
    return name


def _check_email(address: str) -> str:
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise ValueError(f"{shown(address)} is no mail address")
    return address


def _check_webhook(secret: SecretStr) -> SecretStr:
    """Refuses what is no address, without repeating it: whoever has it can write to where it leads."""
    text = secret.get_secret_value()
    if text.startswith(FROM_ENVIRONMENT):
        if not _VARIABLE.fullmatch(text.removeprefix(FROM_ENVIRONMENT)):
            raise ValueError("names no environment variable: write env:NAME")
        return secret
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is no address: write https://host/path, or env:NAME") from None
    odd = any(ord(character) <= 32 for character in text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or odd or len(text) > 4096:
        raise ValueError("is no http:// or https:// address: write https://host/path, or env:NAME")
    return secret


def _one_line(text: str) -> str:
    if any(ord(character) < 32 for character in text):
        raise ValueError("must be one line of text")
    return text


Name = Annotated[StrictStr, Field(min_length=1, max_length=4096)]
"""A column's name, any characters: it must be a text, so ``true`` and ``1`` need quotes in YAML."""
ClassValue = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, AfterValidator(_class_value)]
"""A class as a file names it; compare ``class_text`` of it."""
ScoreColumns = Annotated[Name | dict[str, Name], BeforeValidator(_score_columns)]
SensitiveColumn = Annotated[
    Annotated[Name, Tag("<hashed>")]
    | Annotated[dict[Name, Literal["drop"]], BeforeValidator(_dropped_column), Tag("<dropped>")],
    Discriminator(_how_sensitive),
]
"""A column whose values are hashed, or ``{column: drop}``."""
TaskName = Annotated[str, BeforeValidator(_task_name)]
"""Ours, or one that is installed."""
Line = Annotated[StrictStr, Field(max_length=254), AfterValidator(_one_line)]
Uri = Annotated[StrictStr, Field(max_length=4096), AfterValidator(_check_uri)]
LogUri = Annotated[StrictStr, Field(max_length=4096), AfterValidator(_check_log_uri)]
Source = Annotated[StrictStr, AfterValidator(_source)]
Webhook = Annotated[SecretStr, AfterValidator(_check_webhook)]
"""An address, or ``env:NAME`` for the environment variable that has it."""
Severity = Literal["low", "medium", "high", "critical"]
"""Of an incident, the mildest first."""
Sensitivity = Literal["off", "low", "normal", "high"]
"""How much of the false alarms that drift may raise a column may use."""
Email = Annotated[StrictStr, AfterValidator(_check_email)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Weeks = Annotated[timedelta, BeforeValidator(_weeks)]
Interval = tuple[
    Annotated[datetime, BeforeValidator(parse_moment)], Annotated[datetime, BeforeValidator(parse_moment)]
]
