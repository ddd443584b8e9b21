"""Objects of other formats as Parquet in memory: all that is said and done of Parquet then holds of them."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

from driftline_jobs.sources.listing.objects import LogObject
from driftline_jobs.storage.location import Location
from driftline_schemas.errors import ConfigError, UnreadableObjectError
from driftline_schemas.extensions import SOURCES

_GROUP_ROWS = 1 << 17
_MOST_HELD = 4
"""Objects: what has just been looked at is not made Parquet again to be read."""


@lru_cache(_MOST_HELD)
def as_parquet(found: LogObject, location: Location) -> pa.Buffer:
    """The rows of an object as Parquet.

    Raises UnreadableObjectError for what its format cannot read, ConfigError where that is not installed, and
    what the filesystem raises where its bytes cannot be had.
    """
    read = getattr(SOURCES.load(found.format), "read", None)
    if read is None:
        raise ConfigError(
            f"the source {found.format} reads no objects: expected a sources.formats.TableFormat"
        )
    with location.open(found.path, found.size_bytes) as file:
        content = file.read_at(file.size(), 0)
    try:
        sink = pa.BufferOutputStream()
        table = read(pa.BufferReader(content))
        pq.write_table(table, sink, compression="none", row_group_size=_GROUP_ROWS)
    except MemoryError:
        raise
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UnreadableObjectError(found.uri, f"it cannot be read as {found.format}: {said}") from error
    return sink.getvalue()
