"""Stores before version 4 kept, with a monitor's bins, the salt that sensitive values are hashed with.

Whoever could read the bins could tell by trial what a hash stands for. Here it is taken out of them.

What is left is its fingerprint, so that the reference is found again by whoever has the salt, and the id that
profiles and references know the bins by. This is as frozen as a migration: nothing of it follows what bins
are like today.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

from driftline_jobs.stores.database import Database, Session

VERSION = 4
"""The first without salts."""


def erase_salts(database: Database, lock: str, wait_seconds: float) -> None:
    """Take every salt out of the bins of a store, and out of the bytes that it has left behind.

    May be done again, so that a process that died halfway has only to be followed by another.
    """
    with database.writing(wait_seconds) as session:
        session.lock([lock])
        had_some = _without_salts(session)
    if had_some:
        database.rewrite(wait_seconds)
        database.published(wait_seconds)


def _without_salts(session: Session) -> bool:
    """Whether there is a salt, or was one."""
    rows = session.query("SELECT binning_id, monitor, created_at, state FROM binnings ORDER BY binning_id")
    before = rows.column("state").to_pylist()
    after = [
        _without_salt(state, binning_id)
        for state, binning_id in zip(before, rows.column("binning_id").to_pylist(), strict=True)
    ]
    if after != before:
        # Emptied and filled again: a row that is changed stays in the table's file as it was.
        session.run("TRUNCATE binnings")
        place = rows.schema.get_field_index("state")
        session.insert("binnings", rows.set_column(place, "state", pa.array(after, pa.binary())))
    return any("id" in _document(state) for state in after)


def _without_salt(state: bytes, binning_id: str) -> bytes:
    document = _document(state)
    salt = document.get("salt")
    if not salt or not isinstance(salt, str):
        return state
    del document["salt"]
    document["salt_fingerprint"] = hashlib.blake2b(
        key=salt.encode(errors="surrogateescape")[:64], digest_size=8, person=b"fingerprint"
    ).hexdigest()
    document["id"] = binning_id
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _document(state: bytes) -> dict[str, Any]:
    try:
        found = json.loads(state)
    except ValueError:
        return {}  # not of a kind that holds a salt
    return found if isinstance(found, dict) else {}
