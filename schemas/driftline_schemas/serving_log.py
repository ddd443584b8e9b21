"""The contract of a serving log: which part each column plays, and what is made of each Arrow type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa


class Role(StrEnum):
    """The part a column plays for the monitor."""

    TIMESTAMP = "timestamp"
    PREDICTION_ID = "prediction_id"
    PREDICTION = "prediction"
    SCORE = "score"
    MODEL_VERSION = "model_version"
    LABEL = "label"
    FEATURE = "feature"


TimeUnit = Literal["s", "ms", "us", "ns"]


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column that says when: ``unit`` is that of numbers, counted from 1970-01-01 UTC, and ``zone`` the one
    whose midnight a date stands for."""

    name: str
    unit: TimeUnit | None = None
    zone: str = "UTC"


class Storage(StrEnum):
    """How a column's values are held, whatever the width: a change of it is a change of type.

    NOTHING is that of Arrow's null type: no object says what the values would be.
    """

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class LogColumn:
    """A column as the monitor file names it.

    ``path`` leads through the structs to the values, ``("payload", "carrier")``; ``name`` is the path with
    dots. ``type`` is the Arrow type of the values. The values of Arrow's null type are all null, so
    it agrees with every storage (``is_null_type``).
    """

    name: str
    path: tuple[str, ...]
    type: pa.DataType
    storage: Storage

    @property
    def is_null_type(self) -> bool:
        """Whether the type itself says that every value is null."""
        import pyarrow.types as kind

        return bool(kind.is_null(self.type))


def storage_of(arrow_type: pa.DataType) -> Storage | None:
    """How values of ``arrow_type`` are held, or None when the type is left out (see ``reason_left_out``)."""
    import pyarrow as pa
    import pyarrow.types as kind

    if isinstance(arrow_type, pa.BaseExtensionType):
        is_truth = isinstance(arrow_type, pa.Bool8Type)
        return Storage.BOOLEAN if is_truth else storage_of(arrow_type.storage_type)
    if kind.is_dictionary(arrow_type):
        return storage_of(arrow_type.value_type)
    if kind.is_boolean(arrow_type):
        return Storage.BOOLEAN
    if (
        kind.is_integer(arrow_type)
        or kind.is_floating(arrow_type)
        or kind.is_decimal(arrow_type)
        or kind.is_duration(arrow_type)
    ):
        return Storage.NUMBER
    if kind.is_timestamp(arrow_type) or kind.is_date(arrow_type) or kind.is_time(arrow_type):
        return Storage.DATETIME
    if is_text(arrow_type) or kind.is_fixed_size_binary(arrow_type):
        return Storage.TEXT
    return Storage.NOTHING if kind.is_null(arrow_type) else None


def is_text(arrow_type: pa.DataType) -> bool:
    """Whether values are text or bytes of any length, which Parquet gives soonest as dictionaries."""
    import pyarrow as pa
    import pyarrow.types as kind

    if isinstance(arrow_type, pa.BaseExtensionType):
        return is_text(arrow_type.storage_type)
    if kind.is_dictionary(arrow_type):
        return is_text(arrow_type.value_type)
    return bool(
        kind.is_string(arrow_type)
        or kind.is_large_string(arrow_type)
        or kind.is_string_view(arrow_type)
        or kind.is_binary(arrow_type)
        or kind.is_large_binary(arrow_type)
        or kind.is_binary_view(arrow_type)
    )


def reason_left_out(arrow_type: pa.DataType) -> str:
    """Why a column of ``arrow_type`` is not watched, for people. Only for types without a storage."""
    import pyarrow.types as kind

    if kind.is_run_end_encoded(arrow_type):
        return f"{arrow_type}: runs are left out, write every value"
    if kind.is_map(arrow_type):
        return f"{arrow_type}: maps are left out"
    if kind.is_nested(arrow_type):
        return f"{arrow_type}: lists are left out"
    if kind.is_interval(arrow_type):
        return f"{arrow_type}: intervals are left out, write durations"
    return f"{arrow_type}: this type is left out"


def flatten(schema: pa.Schema) -> tuple[list[LogColumn], dict[str, str]]:
    """The columns of ``schema`` with structs flattened by dotted name, and those left out with the reason.

    A dotted name can be taken twice: by the struct ``a`` with a field ``b`` and by a column called ``a.b``.
    The column with the shorter path keeps the name, whatever the order in the file; the other is left out
    and reported as ``a → b``. Of two columns with one name at one depth nothing tells which is meant: both
    are left out.
    """
    columns: list[LogColumn] = []
    left_out: dict[str, str] = {}
    found = list(_leaves(schema))
    depths: dict[str, list[int]] = {}
    for path, _ in found:
        depths.setdefault(".".join(path), []).append(len(path))
    for path, arrow_type in found:
        name = ".".join(path)
        counted = Counter(depths[name])
        nearest = min(counted)
        storage = storage_of(arrow_type)
        if len(path) > nearest:
            left_out[" → ".join(path)] = f"the name {name!r} is that of another column"
        elif counted[nearest] > 1:
            left_out[name] = f"{counted[nearest]} columns have this name"
        elif storage is None:
            left_out[name] = reason_left_out(arrow_type)
        else:
            columns.append(LogColumn(name, path, arrow_type, storage))
    return columns, left_out


def leaf_position(schema: pa.Schema, path: tuple[str, ...]) -> int:
    """Which of the Parquet leaf columns of a file with this Arrow ``schema`` holds the values at ``path``.

    Dotted names cannot tell a struct's field from a column with a dot in its name; positions can. Raises
    KeyError when there is no such column.
    """
    position = 0
    fields = list(schema)
    for depth, name in enumerate(path):
        for field in fields:
            if field.name == name:
                break
            position += _leaf_count(field.type)
        else:
            raise KeyError(path)
        if depth + 1 < len(path):
            fields = list(field.type)
    return position


def _leaf_count(arrow_type: pa.DataType) -> int:
    """How many Parquet leaf columns hold a column of ``arrow_type``."""
    import pyarrow as pa
    import pyarrow.types as kind

    if isinstance(arrow_type, pa.BaseExtensionType):
        return _leaf_count(arrow_type.storage_type)
    if kind.is_struct(arrow_type):
        return sum(_leaf_count(field.type) for field in arrow_type)
    if kind.is_map(arrow_type):
        return _leaf_count(arrow_type.key_type) + _leaf_count(arrow_type.item_type)
    if kind.is_nested(arrow_type):
        return _leaf_count(arrow_type.value_type)
    return 1


def _leaves(schema: pa.Schema) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """The path and type of everything in ``schema`` that is no struct, in the schema's order."""
    import pyarrow.types as kind

    # A stack, not recursion: nothing bounds how deep the structs of somebody's file go.
    waiting: list[tuple[tuple[str, ...], pa.DataType]] = [((f.name,), f.type) for f in reversed(list(schema))]
    while waiting:
        path, arrow_type = waiting.pop()
        if kind.is_struct(arrow_type):
            waiting.extend(((*path, field.name), field.type) for field in reversed(list(arrow_type)))
        else:
            yield path, arrow_type
