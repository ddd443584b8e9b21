"""What the objects of a log agree on: one storage for each column, and who differs.

The most common storage of a column wins, or that of the reference. An object that holds the column otherwise
is converted as far as that is possible (see ``profiles.columns.conversion``), and that is a finding.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from driftline_jobs.sources.parquet.footers import Footer
from driftline_jobs.sources.parquet.object_schema import ObjectSchema
from driftline_jobs.sources.parquet.splits import InputRole, SchemaCheck, SchemaFinding
from driftline_schemas.column_kinds import kind_spec
from driftline_schemas.monitor import LabelColumn, LabelSource, Monitor
from driftline_schemas.serving_log import LogColumn, Storage

_ANY = frozenset(Storage)
_NUMBER = frozenset({Storage.NUMBER})


@dataclass(frozen=True, slots=True)
class Agreement:
    """The common columns, what is left out with the reason, who differs, and for each object's URI the
    columns that it has to be read without. ``names`` are those of all columns that some object has."""

    columns: tuple[LogColumn, ...]
    names: frozenset[str]
    left_out: Mapping[str, str]
    findings: tuple[SchemaFinding, ...]
    absent: Mapping[str, frozenset[str]]


def agree(
    footers: Sequence[Footer],
    monitor: Monitor,
    role: InputRole,
    expected: Mapping[str, str] | None = None,
) -> Agreement:
    """What ``footers``, all of objects that hold rows, agree on. Columns in order of first appearance.

    ``expected``, the storage of each column of the reference, settles the vote where it is given.
    """
    # By schema, not by object: a year of hourly objects has thousands of them and a few schemas.
    objects = Counter(id(footer.schema) for footer in footers)
    schemas = {id(footer.schema): footer.schema for footer in footers}
    vote = _Vote(
        [_Variant(schema, objects[key]) for key, schema in schemas.items()],
        named_columns(monitor, role),
        frozenset(monitor.features.ignore),
        only_named=role == "label",
        expected=None if expected is None else {name: Storage(kind) for name, kind in expected.items()},
    )
    differences = {key: list(vote.differences(schema)) for key, schema in schemas.items()}
    absences = {key: vote.absent(schema) for key, schema in schemas.items()}
    return Agreement(
        columns=tuple(vote.agreed.values()),
        names=vote.names,
        left_out=vote.left_out(),
        findings=tuple(
            SchemaFinding(found.column, found.check, footer.object.uri, found.detail)
            for footer in footers
            for found in differences[id(footer.schema)]
        ),
        absent={footer.object.uri: absences[id(footer.schema)] for footer in footers},
    )


def named_columns(monitor: Monitor, role: InputRole) -> dict[str, frozenset[Storage]]:
    """The columns that the monitor file names, and in which storages each is of use."""
    number = _NUMBER if monitor.task_spec.numeric else _ANY
    labels = monitor.labels
    if role == "label" and isinstance(labels, LabelSource):
        named = {labels.prediction_id: _ANY, labels.label: number}
        return named | ({labels.timestamp: _ANY} if labels.timestamp else {})
    features = monitor.features
    named = dict.fromkeys((*features.categorical, *features.sensitive_columns), _ANY)
    named |= dict.fromkeys((column for segment in monitor.segments for column in segment), _ANY)
    named |= {name: frozenset(kind_spec(kind).takes) for name, kind in features.declared.items()}
    named |= dict.fromkeys(monitor.log_roles, _ANY)
    named |= dict.fromkeys(monitor.logs.score_columns, _NUMBER)
    if monitor.logs.prediction is not None:
        named[monitor.logs.prediction] = number
    if isinstance(labels, LabelColumn):
        named[labels.column] = number
    if role == "reference":  # which rows these are, and of which version, is of no use in a data set
        for name in (monitor.logs.prediction_id, monitor.logs.model_version):
            named.pop(name or "", None)
    return named


class _Variant(NamedTuple):
    schema: ObjectSchema
    objects: int


class _Difference(NamedTuple):
    column: str
    check: SchemaCheck
    detail: str


class _Vote:
    """The objects' vote on each column. ``agreed`` holds the winners, in order of first appearance."""

    def __init__(
        self,
        variants: Sequence[_Variant],
        named: Mapping[str, frozenset[Storage]],
        ignored: frozenset[str],
        *,
        only_named: bool,
        expected: Mapping[str, Storage] | None = None,
    ) -> None:
        self._expected = expected
        self._variants, self._named, self._only_named = variants, named, only_named
        self._ignored = ignored - set(named)
        self._objects = sum(variant.objects for variant in variants)
        self._present: Counter[str] = Counter()
        for schema, objects in variants:
            self._present.update(dict.fromkeys((*schema.columns, *schema.left_out), objects))
        self.agreed: dict[str, LogColumn] = {}
        for name in self._present:
            winner = self._winner(name) if self._is_watched(name) else None
            if winner is not None:
                self.agreed[name] = winner

    @property
    def names(self) -> frozenset[str]:
        """Every column that some object has, watched or not."""
        return frozenset(self._present)

    def absent(self, schema: ObjectSchema) -> frozenset[str]:
        """The agreed columns that an object of ``schema`` has to be read without."""
        return frozenset(
            name for name in self.agreed if self._at_another_path(name, schema.columns.get(name))
        )

    def left_out(self) -> dict[str, str]:
        """What is watched nowhere because of its type, with the reason."""
        if self._only_named:
            return {}
        reasons: dict[str, str] = {}
        for schema, _ in self._variants:
            for name, reason in schema.left_out.items():
                if name not in self.agreed and name not in self._ignored:
                    reasons.setdefault(name, reason)
        return reasons

    def differences(self, schema: ObjectSchema) -> Iterator[_Difference]:
        """In what an object of ``schema`` differs from the others, or from what the monitor needs."""
        for name in dict.fromkeys((*self._named, *(self._expected or ()), *self.agreed)):
            column = schema.columns.get(name)
            is_usual = self._is_usual(name)
            is_new = column is not None and self._is_new(name, schema) and not is_usual
            # What the reference does not have is new, however many types it comes in.
            known = not is_new or self._expected is None
            if column is not None and known and self._differs(name, column):
                yield _Difference(name, "changed_type", self._changed(name, column))
            elif column is None and name in schema.left_out:
                yield _Difference(name, "changed_type", schema.left_out[name])
            elif column is None and (name in self._named or is_usual):
                yield _Difference(name, "missing_column", self._missing(name))
            elif column is not None and is_new:
                detail = f"{column.type}, in {self._present[name]} of {self._objects} objects"
                yield _Difference(name, "new_column", detail)

    def _is_new(self, name: str, schema: ObjectSchema) -> bool:
        # A folder between is no news of the rows, nor what a reference knew before such were columns.
        return name not in self._named and name not in schema.in_path

    def _is_usual(self, name: str) -> bool:
        if self._expected is not None:
            return name in self._expected
        return self._present[name] * 2 > self._objects

    def _is_watched(self, name: str) -> bool:
        return name in self._named or not (self._only_named or name in self._ignored)

    def _winner(self, name: str) -> LogColumn | None:
        """A column in the storage that most objects have, of those that are of use; else in the one that is
        needed, to which its values are converted."""
        columns = [(schema.columns[name], n) for schema, n in self._variants if name in schema.columns]
        speaking = [(column, objects) for column, objects in columns if not column.is_null_type]
        allowed = self._allowed(name)
        needed = next(storage for storage in Storage if storage in allowed)
        if not speaking:
            silent = columns[0][0] if columns else None
            return silent if silent is None or allowed == _ANY else replace(silent, storage=needed)
        of_use = [(column, objects) for column, objects in speaking if column.storage in allowed]
        votes: Counter[tuple[Storage, tuple[str, ...]]] = Counter()
        first: dict[tuple[Storage, tuple[str, ...]], LogColumn] = {}
        for column, objects in of_use or speaking:
            ballot = (column.storage, column.path)
            votes[ballot] += objects
            first.setdefault(ballot, column)
        # Of equal counts Counter returns the one that came first: the same objects always agree on the same.
        winner = first[votes.most_common(1)[0][0]]
        return winner if of_use else replace(winner, storage=needed)

    def _allowed(self, name: str) -> frozenset[Storage]:
        if self._expected is not None and name in self._expected:
            return frozenset({self._expected[name]})
        return self._named.get(name, _ANY)

    def _at_another_path(self, name: str, column: LogColumn | None) -> bool:
        agreed = self.agreed.get(name)
        return column is None or agreed is None or column.path != agreed.path

    def _differs(self, name: str, column: LogColumn) -> bool:
        if self._at_another_path(name, column):
            return True
        return not column.is_null_type and column.storage is not self.agreed[name].storage

    def _changed(self, name: str, column: LogColumn) -> str:
        agreed = self.agreed.get(name)
        if agreed is None:
            return str(column.type)
        if column.path != agreed.path:
            return f"lies at {' → '.join(column.path)} here, at {' → '.join(agreed.path)} elsewhere"
        if self._expected is not None and name in self._expected:
            expected = self._expected[name]
            if expected is Storage.NOTHING:
                return f"{column.type}, of no type in the reference, which has only nulls: rebase the monitor"
            return f"{column.type}, a {expected} in the reference"
        if column.storage not in self._allowed(name):
            allowed = " or ".join(sorted(self._allowed(name)))
            return f"{column.type}, where the monitor file needs a {allowed}"
        return f"{column.type} here, {agreed.type} elsewhere"

    def _missing(self, name: str) -> str:
        if self._present[name]:
            return f"in {self._present[name]} of {self._objects} objects, not in this one"
        near = difflib.get_close_matches(name, self._present, n=1)
        return "in no object" + (f": did you mean {near[0]!r}?" if near else "")
