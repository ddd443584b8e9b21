"""The kinds of columns by name, each with how its values are read, and those of other distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.types as kind

from driftline_jobs.profiles.columns.arrays import Codes, Numbers, class_codes, numbers, validity
from driftline_jobs.profiles.columns.conversion import lengths
from driftline_schemas.column_kinds import BUILT_IN, Form, KindSpec, kind_spec, members
from driftline_schemas.errors import ConfigError, DataError
from driftline_schemas.serving_log import Storage, storage_of


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """A kind of column: what there is to say of it, and how its values are read.

    ``convert`` makes of values (n,) those that are counted (n,), each for itself, null where there is none:
    numbers, truth values or times for an ordered kind, whatever can be written for one of categories. It
    gets values of the storages that the kind takes; those of others cannot be compared. It may raise
    ValueError, or Arrow's errors, for a type that it cannot read. ``numbers`` and ``codes`` are for kinds
    that read arrays in a way of their own.
    """

    spec: KindSpec
    convert: Callable[[pa.Array], pa.Array] | None = None
    numbers: Callable[[pa.Array], Numbers] | None = None
    codes: Callable[[pa.Array], Codes] | None = None

    def converted(self, name: str, array: pa.Array) -> pa.Array | None:
        """The values of the column ``name`` as they are counted; None if it is none to convert.

        Raises DataError for what ``convert`` cannot read, ConfigError for what it must not give.
        """
        if self.convert is None or storage_of(array.type) not in self.spec.takes:
            return None
        values = array.dictionary if kind.is_dictionary(array.type) else array
        try:
            found = self.convert(values)
        except (ValueError, pa.ArrowException) as error:
            raise DataError(
                f"{name}: values of type {values.type} are no {self.spec.name}: {error}. List the column "
                "under another kind of features"
            ) from error
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        storages = (Storage.NUMBER, Storage.BOOLEAN, Storage.DATETIME, Storage.NOTHING)
        fits = storage_of(found.type) in (storages if self.spec.form is Form.ORDERED else Storage)
        if len(found) != len(values) or not fits:
            raise ConfigError(
                f"the column kind {self.spec.name} made {len(found)} values of type {found.type} of "
                f"{len(values)} of {name}: expected one for each, with "
                f"{'an order' if self.spec.form is Form.ORDERED else 'a text'}"
            )
        return found if values is array else found.take(array.indices)

    def as_counted(self, name: str, array: pa.Array) -> pa.Array:
        """The values of the column ``name``, converted if they can be."""
        found = self.converted(name, array)
        return array if found is None else found

    def read_numbers(self, name: str, array: pa.Array) -> Numbers | None:
        """The column ``name`` of this ordered kind; None where it is read as any other."""
        if self.numbers is not None:
            return self.numbers(array)
        if self.convert is None:
            return None
        found = self.converted(name, array)
        if found is not None:
            return numbers(found)
        valid = validity(array)
        unlike = np.ones(len(array), np.bool_) if valid is None else valid
        return Numbers(np.full(len(array), np.nan), valid, unlike=unlike)


_NUMBERS = {"text": lengths}
_CODES = {"prediction": class_codes, "label": class_codes}
_BUILT_IN = {
    spec.name: ColumnKind(spec, numbers=_NUMBERS.get(spec.name), codes=_CODES.get(spec.name))
    for spec in BUILT_IN
}


@cache
def column_kind(name: str) -> ColumnKind:
    """The kind of that name. Raises ConfigError where nothing that is installed brings one, or what does is
    none."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    member = members()[kind_spec(name)]
    if not isinstance(member, ColumnKind) or member.spec.form is None or member.convert is None:
        raise ConfigError(
            f"the column kind {name} is no ColumnKind with a form and a conversion: see the docs on extending"
        )
    return member
