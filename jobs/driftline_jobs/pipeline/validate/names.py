"""Whether what the monitor names is there: columns of features and rules, the version of a reference."""

from __future__ import annotations

from collections.abc import Iterator

from driftline_jobs.pipeline.names_in_file import (
    ADDRESS_TELLS,
    in_addresses,
    rules_without_column,
    sensitivity_without_column,
    unmatched_features,
)
from driftline_jobs.pipeline.plans import watched
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.profiles.columns.arrays import codes
from driftline_jobs.tasks.class_names import nearest
from driftline_schemas.monitor import LabelSource, Monitor


def remarks(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    """What matches nothing. Columns that the log must have are looked for by ``check`` itself."""
    columns = samples.log.columns
    if not columns:
        return
    for key, text in unmatched_features(monitor, samples.log.names):
        yield Remark(text, is_fault=key == "sensitive")
    for name in in_addresses(monitor, (part.object for part in samples.log.objects)):
        yield Remark(ADDRESS_TELLS.format(name=name), is_fault=True)
    seen = {column.column.name for column in watched(monitor, columns)}
    if isinstance(monitor.labels, LabelSource):
        seen.add(monitor.labels.label)
    for text in [*rules_without_column(monitor, seen), *sensitivity_without_column(monitor, seen)]:
        yield Remark(text, is_fault=True)
    yield from _version(monitor, samples)
    yield from _exclusions(monitor)


def _version(monitor: Monitor, samples: Samples) -> Iterator[Remark]:
    version, column = monitor.reference.model_version, monitor.logs.model_version
    if version is None or column is None:
        return
    found = {text for array in samples.log.arrays(column) for text in codes(array).texts}
    if found and version not in found:
        near = nearest(version, found)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(found)[:20])}"
        yield Remark(f"reference.model_version: no row looked at is of version {version!r}: {hint}")


def _exclusions(monitor: Monitor) -> Iterator[Remark]:
    window = monitor.reference.window
    if window is None:
        return
    for at, (start, end) in enumerate(monitor.reference.exclude):
        if end <= window[0] or start >= window[1]:
            yield Remark(
                f"reference.exclude[{at}] ({start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC) lies outside "
                "reference.window, so it excludes nothing"
            )
