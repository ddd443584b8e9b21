"""Objects whose footer is good and whose content is not."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq


def damage_a_page(path: Path, column: str) -> None:
    """Overwrite the data of one column's first page, with the footer left as it was."""
    names = pq.ParquetFile(path).schema_arrow.names
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(names.index(column))
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(bytes(content))
