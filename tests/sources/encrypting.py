"""Parquet with encrypted columns, as pyarrow writes it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


class _Keys(pe.KmsClient):  # type: ignore[misc]  # it has no types
    """Keeps every key in the open: what matters is that a reader has none."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        del master_key_identifier
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        del master_key_identifier
        return base64.b64decode(wrapped_key)


def write_encrypted(table: pa.Table, path: Path, **how: Any) -> Path:
    """Write ``table`` with keys as ``pyarrow.parquet.encryption.EncryptionConfiguration`` takes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    factory = pe.CryptoFactory(lambda _: _Keys())
    properties = factory.file_encryption_properties(
        pe.KmsConnectionConfig(), pe.EncryptionConfiguration(footer_key="footer", **how)
    )
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    return path


ENCRYPTED: dict[str, dict[str, Any]] = {
    "a column": {"column_keys": {"one": ["p"]}, "plaintext_footer": True},
    "the timestamp": {"column_keys": {"one": ["at"]}, "plaintext_footer": True},
    "column and footer": {"column_keys": {"one": ["p"]}, "plaintext_footer": False},
    "everything": {"uniform_encryption": True, "plaintext_footer": False},
}
"""Ways to encrypt an object that has the columns ``at`` and ``p``."""
