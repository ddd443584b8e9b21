"""Serving logs of Feather files (Arrow IPC, version 2): ``logs: {uri: …, format: feather}``."""

import pyarrow as pa
from pyarrow import feather

from driftline_jobs.sources.formats import TableFormat


def read(file: pa.BufferReader) -> pa.Table:
    """One object as a table: what it raises sets the object aside."""
    return feather.read_table(file)


FEATHER = TableFormat("feather", read)
