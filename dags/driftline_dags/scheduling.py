"""How monitors are scheduled: ``_airflow.yaml`` in the monitors folder, all of it optional.

    defaults: {delay: 1h, pool: driftline}
    monitors:
      flight_delay: {delay: 3h, mail: digest}

The monitor file says what is watched and is the same wherever it runs; this is about one Airflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor_values import Duration, PositiveDuration, parse_moment
from driftline_schemas.window import load_zone
from driftline_schemas.yaml_file import Place, parse_yaml

FILE_NAME = "_airflow.yaml"


def _cron(expression: str) -> str:
    from croniter import croniter

    if not croniter.is_valid(expression):
        raise ValueError(f"{expression[:60]!r} is no cron expression: write five fields, such as 0 7 * * *")
    return expression


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(lambda name: load_zone(name).key)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MonitorScheduling(_Section):
    """How one monitor is run.

    Attributes:
        engine: ``local`` reads the logs on the worker, ``spark`` submits the run to a cluster.
        spark_connection: Airflow's connection that names the cluster.
        spark_conf: what ``spark-submit --conf`` is told.
        delay: how long after a window's end its run is scheduled.
        deadline: how long after a window's end its log may arrive; then the window is published with what
            there is, be it nothing.
        look_every: how often to look for the log until then.
        timeout: how long one attempt may take.
        retries: how often to try again what was out of reach; the first time after ``retry_after``, then
            after twice as long each time, an hour at most.
        pool: Airflow's pool that the attempts take a slot of. A DuckDB file has one writer at a time.
        max_active_runs: how many windows may be under way at once, in a backfill too.
        start: every window from this moment on is run, those missed while nothing ran too. Without it only
            the newest that has ended is.
        mail: a mail for each window that has changes, one digest for all monitors, or none. ``each`` unless
            it is said, and ``digest`` in a group.
        mail_backfills: whether people are told of windows of a backfill too, by mail and by webhook.
        webhook_connection: Airflow's connection whose address is posted to, in place of ``notify.webhook``.
        paused: whether the DAG waits for somebody to switch it on.
        group: the name of a DAG that this monitor shares with others, instead of having one of its own: for
            many small ones. It does not wait for their logs.
    """

    engine: Literal["local", "spark"] = "local"
    spark_connection: Annotated[str, Field(min_length=1)] = "spark_default"
    spark_conf: Mapping[str, str] = {}
    delay: Duration = timedelta(0)
    deadline: Duration = timedelta(hours=12)
    look_every: PositiveDuration = timedelta(minutes=5)
    timeout: PositiveDuration = timedelta(hours=6)
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    retry_after: PositiveDuration = timedelta(minutes=1)
    pool: Annotated[str, Field(min_length=1, max_length=256)] = "default_pool"
    max_active_runs: Annotated[int, Field(ge=1, le=64)] = 4
    start: Annotated[datetime, BeforeValidator(parse_moment), AfterValidator(_utc)] | None = None
    mail: Literal["each", "digest", "none"] | None = None
    mail_backfills: bool = False
    webhook_connection: Annotated[str, Field(min_length=1)] | None = None
    paused: bool = False
    group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = None

    @model_validator(mode="after")
    def _fits_a_group(self) -> Self:
        if self.group is not None and self.engine != "local":
            raise ValueError(f"engine: {self.engine} is not for a group of small monitors: write local")
        if self.group is not None and self.mail == "each":
            raise ValueError("mail: each is not for a group: write digest or none")
        return self

    @property
    def mails(self) -> Literal["each", "digest", "none"]:
        """``mail``, or what it is unless it is said."""
        return self.mail or ("each" if self.group is None else "digest")


class Digest(_Section):
    """When digests are sent.

    Attributes:
        at: one mail per address over every window of the monitors in which ``mail`` is ``digest``.
        weekly: what was not told at once, by mail and webhook, of the others; None for never.
    """

    at: Cron = "0 7 * * *"
    timezone: Zone = "UTC"
    weekly: Cron | None = "0 7 * * 1"


class Upkeep(_Section):
    """When late data is looked for, when the store is looked after, and how much of it is kept."""

    catch_up: Cron = "30 */6 * * *"
    maintenance: Cron = "0 3 * * 0"
    keep: Annotated[str, Field(pattern=r"^\d{1,6}d$")] = "400d"


class Scheduling(_Section):
    """The whole file. ``smtp_connection`` is Airflow's connection that mail is sent through."""

    defaults: MonitorScheduling = MonitorScheduling()
    monitors: Mapping[str, MonitorScheduling] = {}
    digest: Digest = Digest()
    upkeep: Upkeep = Upkeep()
    smtp_connection: Annotated[str, Field(min_length=1)] = "smtp_default"

    @field_validator("monitors", mode="before")
    @classmethod
    def _over_the_defaults(cls, monitors: object, info: ValidationInfo) -> object:
        """A monitor's own entries, and the defaults for what it does not name."""
        defaults = info.data.get("defaults")
        if not isinstance(monitors, Mapping) or defaults is None:
            return monitors
        common = defaults.model_dump()
        return {
            name: {**_inherited(common, own), **own}
            if isinstance(own, Mapping)
            else (common if own is None else own)
            for name, own in monitors.items()
        }

    def of(self, monitor: str) -> MonitorScheduling:
        """How ``monitor`` is run."""
        return self.monitors.get(monitor, self.defaults)


def _inherited(common: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    """The defaults for a monitor: a group, which does not mail each window, does not inherit that."""
    grouped = own.get("group", common.get("group")) is not None
    return {
        name: value for name, value in common.items() if not (grouped and (name, value) == ("mail", "each"))
    }


def parse_scheduling(text: str, name: str) -> Scheduling:
    """The scheduling that ``text`` describes; raises ConfigError, which calls the text ``name``."""
    file = parse_yaml(text, name)
    try:
        return Scheduling.model_validate(file.data)
    except ValidationError as error:
        raise ConfigError(
            "; ".join(_message(file.name, file.line, detail) for detail in error.errors())
        ) from error


def _message(name: str, line_of: Callable[[Place], int | None], detail: Mapping[str, Any]) -> str:
    place = tuple(detail["loc"])
    line = line_of(place)
    where = f"{name}:{line}" if line else name
    return f"{where}: {'.'.join(map(str, place))}: {str(detail['msg']).removeprefix('Value error, ')}"
