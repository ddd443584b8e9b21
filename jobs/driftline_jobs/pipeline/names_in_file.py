"""The names in a monitor file held against the data before anything is published: what matches nothing there
would make figures wrong, or rules that never hold, without a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from driftline_jobs.evaluate.label_drift import label_column
from driftline_jobs.profiles.cell import WHOLE
from driftline_jobs.references.reference import Reference
from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.tasks.class_names import Occurring, nearest, same_name
from driftline_jobs.tasks.registry import task_class, task_of
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Monitor
from driftline_schemas.table_names import ALL, log_value

ADDRESS_TELLS = (
    "features.sensitive: the log's folders have {name!r} in their names ({name}=…/), so its values would be "
    "in every address that is kept: write the log into other folders"
)


def check_reference(monitor: Monitor, reference: Reference) -> None:
    """Raises ConfigError for classes and rules of the monitor that match nothing in the reference, and would
    be taken for something else, or never hold."""
    misfits = task_class(monitor.task).misfits(monitor, _occurring(monitor, reference))
    faults = [misfit.text for misfit in misfits if misfit.is_fault]
    watched = {*reference.binning.columns, label_column(monitor, reference.binning)} - {None}
    faults += rules_without_column(monitor, {name for name in watched if name is not None})
    faults += sensitivity_without_column(monitor, {name for name in watched if name is not None})
    faults += _version(monitor, reference)
    if faults:
        raise ConfigError("\n".join(f"{monitor.monitor}: {fault}" for fault in faults))


def check_columns(monitor: Monitor, there: AbstractSet[str]) -> list[str]:
    """A message for each name that is to be ignored and is no column.

    Raises ConfigError for one that is sensitive: the column that is meant would be shown in the clear.
    """
    unmatched = unmatched_features(monitor, there)
    shown = [text for key, text in unmatched if key == "sensitive"]
    if shown:
        raise ConfigError("\n".join(f"{monitor.monitor}: {text}" for text in shown))
    return [text for _, text in unmatched]


def check_addresses(monitor: Monitor, objects: Iterable[LogObject]) -> None:
    """Raises ConfigError when a sensitive column is in the log's addresses, which are kept as they are."""
    for name in in_addresses(monitor, objects):
        raise ConfigError(f"{monitor.monitor}: {ADDRESS_TELLS.format(name=name)}")


def in_addresses(monitor: Monitor, objects: Iterable[LogObject]) -> list[str]:
    """Sensitive columns that the folders of the objects have in their names."""
    there = {name for found in objects for name, _ in found.path_values}
    return [name for name in monitor.features.sensitive_columns if name in there]


def unmatched_features(monitor: Monitor, there: AbstractSet[str]) -> list[tuple[str, str]]:
    """Which names under ``features`` match none of the columns: the list they are in, and the message."""
    return [
        (key, f"features.{key}: there is no column {name!r}{hint(name, there)}")
        for key, names in (
            ("ignore", monitor.features.ignore),
            ("critical", monitor.features.critical),
            ("sensitive", monitor.features.sensitive_columns),
        )
        for name in names
        if name not in there
    ]


def rules_without_column(monitor: Monitor, watched: set[str]) -> list[str]:
    """A message for each rule on a column that is not watched: it would never hold."""
    return [
        f"alerts.rules[{at}]: {rule.column!r} is no column that is watched{hint(rule.column, watched)}"
        for at, rule in enumerate(monitor.alerts.rules)
        if rule.column is not None and rule.column not in watched
    ]


def sensitivity_without_column(monitor: Monitor, watched: set[str]) -> list[str]:
    """A message for each column of ``alerts.sensitivity`` that is not watched."""
    return [
        f"alerts.sensitivity: {name!r} is no column that is watched{hint(name, watched)}"
        for name in monitor.alerts.sensitivity
        if name not in watched
    ]


def hint(name: str, names: Iterable[str]) -> str:
    """``: did you mean 'tail_number'?``, or which there are."""
    known = sorted(names)
    near = nearest(name, known)
    if near is not None:
        return f": did you mean {near!r}?"
    return f": there are {', '.join(known[:20])}" if known else ""


def _version(monitor: Monitor, reference: Reference) -> list[str]:
    """A version may be missing from the first windows, but not be there under a name spelled otherwise."""
    version = monitor.reference.model_version
    if version is None:
        return []
    there = {log_value(cell.model_version) for cell in reference.cells if cell.model_version != ALL}
    spelled = same_name(version, sorted(there))
    if version in there or spelled is None:
        return []
    return [f"reference.model_version: no row is of version {version!r}: did you mean {spelled!r}?"]


def _occurring(monitor: Monitor, reference: Reference) -> Occurring:
    outcomes = reference.outcomes.get(WHOLE)
    task = task_of(monitor, reference.binning)
    return Occurring(
        labels={} if outcomes is None else task.labels_by_class(outcomes),
        predictions=_predictions(monitor, reference),
        where="in the reference",
    )


def _predictions(monitor: Monitor, reference: Reference) -> Mapping[str, int]:
    name = monitor.logs.prediction or ""
    bins = reference.binning.columns.get(name)
    profile = reference.cells.get(WHOLE, {}).get(name)
    return {} if bins is None or profile is None else bins.class_counts(profile)
