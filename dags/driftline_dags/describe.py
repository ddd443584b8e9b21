"""A monitor in words, for the page of its DAG."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from driftline_dags.scheduling import MonitorScheduling
from driftline_schemas.monitor import LabelColumn, Monitor, Reference
from driftline_schemas.settings import Settings
from driftline_schemas.window import load_zone


def doc_md(monitor: Monitor, source: str, scheduling: MonitorScheduling, settings: Settings) -> str:
    """What is watched, against what, when it alerts, and where the tables and pages are, as Markdown."""
    rows = [
        ("task", monitor.task_spec.title),
        ("logs", _code(monitor.logs.uri)),
        ("labels", _labels(monitor)),
        ("windows", f"{monitor.granularity.value}, by the clock of {monitor.timezone}"),
        ("reference", _reference(monitor.reference, monitor.timezone)),
        ("segments", ", ".join(_code(" × ".join(segment)) for segment in monitor.segments) or "none"),
        ("alerts", f"{monitor.alerts.false_alarm_rate:g} of clean windows at most raise any"),
        *(
            ("", f"{_code(rule.metric)} of {_code(rule.column or 'any column')} {_limit(rule)}")
            for rule in monitor.alerts.rules
        ),
        ("mail", _mail(monitor, scheduling)),
        ("webhook", _webhook(monitor, scheduling)),
        ("owner", _plain(monitor.owner) or "nobody is named"),
        ("monitor file", _code(source)),
        ("tables", f"{_code(settings.store_shown)}, rows with monitor = {_code(monitor.monitor)}"),
        ("reports", _code(f"{settings.reports.rstrip('/')}/{monitor.monitor}/{monitor.granularity.value}/")),
        ("engine", scheduling.engine),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f"{_plain(monitor.description)}\n\n| | |\n| --- | --- |\n{table}\n\n"
        "A run takes one window: its data interval, or the parameter `period` of a run started by hand. "
        "It may be repeated at any time: it replaces its window whole."
    )


def group_doc_md(name: str, members: Mapping[str, Monitor], settings: Settings) -> str:
    """Which monitors are in a group, as Markdown."""
    rows = "\n".join(
        f"| {_code(monitor.monitor)} | {_plain(monitor.owner) or 'nobody is named'} | {_code(source)} |"
        for source, monitor in members.items()
    )
    return (
        f"{len(members)} small monitors that run together: the group {_code(name)} of `_airflow.yaml`.\n\n"
        f"| monitor | owner | file |\n| --- | --- | --- |\n{rows}\n\n"
        f"Tables are in {_code(settings.store_shown)}, reports below {_code(settings.reports)}. It does not "
        "wait for the logs; what comes late is for catch-up. "
        "Mail is in the digest, unless the file says none.\n\n"
        "A run takes one window: its data interval, or the parameter `period` of a run started by hand. "
        "It may be repeated at any time: it replaces its windows whole. A monitor that fails stops no other."
    )


def _labels(monitor: Monitor) -> str:
    labels = monitor.labels
    if labels is None:
        return "none: performance is not measured"
    if isinstance(labels, LabelColumn):
        return f"column {_code(labels.column)} of the log"
    return f"{_code(labels.uri)}, final after {_days(labels.mature_after)}"


def _reference(reference: Reference, zone: str) -> str:
    if reference.window is not None:
        start, end = (moment.astimezone(load_zone(zone)) for moment in reference.window)
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    if reference.uri is not None:
        return f"the data set {_code(reference.uri)}"
    if reference.trailing is not None:
        return f"the {_days(reference.trailing)} before each window"
    if reference.same_weekday is not None:
        return f"the same weekday of the {reference.same_weekday.days // 7} weeks before"
    return f"the same windows of model version {_code(reference.model_version or '')}"


def _limit(rule: object) -> str:
    above, below = getattr(rule, "above", None), getattr(rule, "below", None)
    return f"above {above:g}" if above is not None else f"below {below:g}"


def _mail(monitor: Monitor, scheduling: MonitorScheduling) -> str:
    if not monitor.notify.email or scheduling.mails == "none":
        return "none"
    addresses = ", ".join(_code(to) for to in monitor.notify.email)
    if scheduling.mails == "digest":
        return f"in the digest, to {addresses}"
    always = monitor.notify.when == "always"
    what = "of every window" if always else f"of changes, from {monitor.notify.at_least} on"
    return f"{what}, to {addresses}"


def _webhook(monitor: Monitor, scheduling: MonitorScheduling) -> str:
    """That there is one: where it leads is nobody's business."""
    if scheduling.webhook_connection is not None:
        return f"by the connection {_code(scheduling.webhook_connection)}"
    return "none" if monitor.notify.webhook is None else "as the monitor file says"


def _days(length: timedelta) -> str:
    return f"{length.days} days" if length % timedelta(days=1) == timedelta(0) else str(length)


def _plain(text: str) -> str:
    """Text of a stranger's, which shall be read and not rendered."""
    return "".join(
        f"\\{character}" if character in r"\`*_{}[]<>()#+-!|~" else character for character in text
    )


def _code(text: str) -> str:
    """The same in fixed width; a backtick would end it, a bar would end the table's cell."""
    return "`" + text.replace("`", "'").replace("|", "¦").replace("\n", " ") + "`"
