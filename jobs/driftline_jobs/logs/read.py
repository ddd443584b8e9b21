"""Decode a split, one column at a time: memory is bound by one column of one split, and only the columns
that are asked for are ever decompressed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from driftline_jobs.logs.splits import Split
from driftline_schemas.serving_log import LogColumn

IntArray = npt.NDArray[np.int64]
NO_TIME = np.iinfo(np.int64).min
"""Stands for a timestamp that is null or cannot be read as one."""


class SplitReader:
    """The columns of one split. Use as a context manager: it holds the object open.

    ``dictionaries`` names the text columns to be read as dictionaries: decoding those is several
    times faster than decoding strings, and everything downstream works on their indices.
    """

    def __init__(self, split: Split, columns: Iterable[LogColumn], dictionaries: Iterable[str] = ()) -> None:
        self.split = split
        self._columns = {column.name: column for column in columns}
        self._dictionaries = [
            ".".join(self._columns[name].path) for name in dictionaries if name in self._columns
        ]

    def __enter__(self) -> Self:
        filesystem = self.split.location.filesystem()
        self._file = pq.ParquetFile(
            filesystem.open_input_file(self.split.object.path),
            read_dictionary=self._dictionaries,
            pre_buffer=True,
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close(force=True)

    @property
    def rows(self) -> int:
        """Rows of the split."""
        return self.split.rows

    def has(self, name: str) -> bool:
        """Whether this object holds the column, in the type that was agreed on."""
        return name in self._columns and name not in self.split.absent

    def column(self, name: str) -> pa.Array:
        """The whole column of the split as one Arrow array (rows,); structs are resolved to their leaf."""
        column = self._columns[name]
        table = self._file.read_row_groups(
            list(self.split.row_groups), columns=[".".join(column.path)], use_threads=False
        )
        data = table.column(column.path[0])  # by name: a dotted name may match a struct's field too
        for field in column.path[1:]:
            data = pc.struct_field(data, field)
        if data.num_chunks == 1:
            return data.chunk(0)
        if data.num_chunks == 0:
            return pa.array([], type=data.type)
        if pa.types.is_dictionary(data.type):
            data = data.unify_dictionaries()
        return pa.concat_arrays(data.chunks)

    def timestamps(self, name: str) -> IntArray:
        """The column as UTC microseconds (rows,), ``NO_TIME`` where there is none. Naive means UTC."""
        return microseconds(self.column(name))


def microseconds(array: pa.Array) -> IntArray:
    """Arrow timestamps of any unit and zone, or ISO 8601 text, as int64 UTC microseconds.

    Finer units are floored. Text without a zone is UTC; what cannot be parsed becomes ``NO_TIME``.
    """
    if pa.types.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return _parsed(array)
    ticks = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    unit = array.type.unit
    if unit == "ns":
        ticks = ticks // 1000
    elif unit != "us":
        ticks = ticks * {"s": 1_000_000, "ms": 1000}[unit]
    if array.null_count:
        ticks = np.where(array.is_valid().to_numpy(zero_copy_only=False), ticks, NO_TIME)
    return np.asarray(ticks, np.int64)


def _parsed(array: pa.Array) -> IntArray:
    import pandas as pd

    # pandas parses value by value: one that is no time spoils none of the others
    parsed = pd.to_datetime(
        array.to_pandas(), utc=True, errors="coerce", format="ISO8601", cache=True
    ).to_numpy("datetime64[us]")
    ticks = parsed.view(np.int64)
    return np.where(np.isnat(parsed), NO_TIME, ticks)
