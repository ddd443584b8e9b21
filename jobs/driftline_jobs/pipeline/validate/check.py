"""Hold a monitor file against what lies in its folders: footers of many objects, rows of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from driftline_jobs.pipeline.plans import watched
from driftline_jobs.pipeline.validate import reference_days
from driftline_jobs.pipeline.validate.concerns import remarks_of
from driftline_jobs.pipeline.validate.remarks import Remark, Samples
from driftline_jobs.pipeline.validate.sample import sample_log, spread
from driftline_jobs.sources.base import ProfileSource, not_parquet
from driftline_jobs.sources.dataset import DataSet
from driftline_jobs.sources.listing.objects import Listing
from driftline_jobs.sources.listing.passed_over import PassedOver, Reason, in_words
from driftline_jobs.sources.logs import LabelLog, open_log
from driftline_jobs.sources.parquet.splits import Inspection, SchemaCheck
from driftline_schemas.errors import DataError
from driftline_schemas.monitor import LabelSource, Monitor

# Schemas change at few points in time: objects spread over the whole log show nearly all of them.
EXAMINED = 100
_NAMED = 5


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """What lies in one folder: how many objects and bytes, and what a few of them look like.

    ``passed_over`` says what is not read because it is hidden, or no Parquet; that is as it should be.
    """

    uri: str
    objects: int
    size_bytes: int
    examined: int
    remarks: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCheck:
    """A monitor's log, its labels, and its reference if that lies elsewhere. ``kinds`` are the watched
    columns by kind, ``left_out`` says why not, ``remarks`` what a sample of the values brought up."""

    log: FolderCheck
    labels: FolderCheck | None
    reference: FolderCheck | None
    kinds: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]
    remarks: tuple[Remark, ...] = ()


def check_log(monitor: Monitor, base: Path) -> LogCheck:
    """Look at up to ``EXAMINED`` objects of each folder, and at rows of some; relative folders are meant from
    ``base``.

    Raises ConfigError for a folder or a column that the file names and that is not there, DataError if none
    of the objects can be read, TransientError if a folder cannot be reached.
    """
    source = open_log(monitor, base)
    log, inspection, listed = _check_folder(source)
    kinds: dict[str, list[str]] = {}
    if inspection.columns:
        for column in watched(monitor, inspection.columns):
            kinds.setdefault(column.kind, []).append(column.column.name)
    labels = label_inspection = None
    if isinstance(monitor.labels, LabelSource):
        label_log = LabelLog.open(monitor.labels, monitor, base)
        labels, label_inspection, _ = _check_folder(label_log)
    reference = found = None
    if monitor.reference.uri is not None:
        data_set = DataSet.open(monitor, base)
        reference, found, _ = _check_folder(data_set)
        if found.columns:
            watched(data_set.monitor, found.columns)
    samples = Samples(
        sample_log(inspection),
        None if label_inspection is None else sample_log(label_inspection),
        None if found is None else sample_log(found),
    )
    return LogCheck(
        log,
        labels,
        reference,
        {kind: tuple(names) for kind, names in kinds.items()},
        inspection.left_out,
        (*remarks_of(monitor, samples), *reference_days.remarks(source, listed)),
    )


def _check_folder(source: ProfileSource | LabelLog) -> tuple[FolderCheck, Inspection, Listing]:
    listed = source.listing()
    chosen = spread(listed.objects, EXAMINED)
    inspection = source.look_into(chosen).found
    aside = [state for state in inspection.inputs if state.state == "quarantined"]
    others = list(not_parquet(inspection.inputs))
    if aside and len(aside) + len(others) == len(chosen):
        raise DataError(f"no object of {source.uri} can be read; {aside[0].object.uri}: {aside[0].reason}")
    remarks = [f"set aside {state.object.uri}: {state.reason}" for state in aside[:_NAMED]]
    # A column that differs in many objects is one remark, with the first object as its example.
    differing = {(found.column, found.check): found for found in reversed(inspection.schema_findings)}
    remarks += [
        f"the column {found.column!r} {_DIFFERING[found.check]}: {found.detail} ({found.object_uri})"
        for found in reversed(list(differing.values()))
    ]
    links = [each for each in listed.passed_over if each.reason is Reason.LINK]
    if links:
        remarks.append(f"{_summed(links)}: copy into the folder what belongs to it, and remove the others")
    check = FolderCheck(
        uri=source.uri,
        objects=len(listed.objects) - len(others),
        size_bytes=sum(found.size_bytes for found in listed.objects)
        - sum(state.object.size_bytes for state in inspection.inputs if state.is_passed_over),
        examined=len(chosen) - len(others),
        remarks=tuple(remarks),
        passed_over=tuple(
            _summed(several)
            for reason in Reason
            if reason is not Reason.LINK
            and (several := [each for each in (*listed.passed_over, *others) if each.reason is reason])
        ),
    )
    return check, inspection, listed


_DIFFERING: Mapping[SchemaCheck, str] = {
    "new_column": "is in few objects",
    "missing_column": "is missing",
    "changed_type": "is of another type here",
}


def _summed(passed_over: Sequence[PassedOver]) -> str:
    """How often something is passed over for one reason, with an example."""
    count = sum(each.count for each in passed_over)
    return f"{in_words({passed_over[0].reason: count})} ({min(each.example for each in passed_over)})"
