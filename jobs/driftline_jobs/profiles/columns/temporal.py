"""Dates, times and timestamps as numbers of seconds, and as text, also of years that Python has not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kind

_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_SECONDS_OF_DAY = 86400.0


def seconds(array: pa.Array) -> npt.NDArray[np.float64]:
    """Temporal values as seconds: since 1970 for dates and timestamps, since midnight for times."""
    if kind.is_date32(array.type):
        return np.asarray(_ticks(array), np.float64) * _SECONDS_OF_DAY
    unit = "ms" if kind.is_date64(array.type) else array.type.unit
    return np.asarray(_ticks(array), np.float64) / _PER_SECOND[unit]


def written(array: pa.Array) -> list[object]:
    """Temporal values as Python has them, and as text in the same form where it has none of that year."""
    if kind.is_time64(array.type):
        micros = pc.cast(array, pa.time64("us"), safe=False)
        exact = pc.equal(pc.cast(micros, array.type), array)
        if pc.all(exact).as_py() is False:
            # value by value, so that none depends on which others lie beside it
            texts = pc.cast(array, pa.string()).to_pylist()
            several = zip(exact.to_pylist(), micros.to_pylist(), texts, strict=True)
            return [text if is_exact is False else value for is_exact, value, text in several]
    if getattr(array.type, "unit", None) == "ns":
        pa.nulls(
            0
        ).to_pandas()  # once pandas is loaded, Arrow gives values of its own, which hold nanoseconds
    try:
        return list(array.to_pylist())
    except (OverflowError, ValueError):
        return [_one(value) for value in array]


def _one(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        arrow_type = value.type
        ticks = value.cast(pa.int32() if kind.is_date32(arrow_type) else pa.int64()).as_py()
        if kind.is_date(arrow_type):
            days = ticks if kind.is_date32(arrow_type) else ticks // int(_SECONDS_OF_DAY * _PER_SECOND["ms"])
            return str(np.datetime64(days, "D"))
        text = str(np.datetime64(ticks, arrow_type.unit)).replace("T", " ")
        return text if arrow_type.tz is None else f"{text}+00:00"


def _ticks(array: pa.Array) -> npt.NDArray[np.signedinteger[npt.NBitBase]]:
    width = pa.int32() if kind.is_date32(array.type) or kind.is_time32(array.type) else pa.int64()
    return np.asarray(array.view(width).fill_null(0).to_numpy(zero_copy_only=False))
