"""A store of an older version, which has salts in it, and what is left of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.stores import behind
from tests.stores.makers import binning
from tests.stores.postgres_server import PostgresServer
from tests.stores.test_migrations import database

from driftline_jobs.profiles.binning import Binning
from driftline_jobs.profiles.columns.hiding import fingerprint_of
from driftline_jobs.stores import open_store
from driftline_jobs.stores.duckdb.database import DuckDbDatabase
from driftline_jobs.stores.migrate import migrate, migrations
from driftline_schemas.ddl import Dialect
from driftline_schemas.errors import TransientError

SALT = "00c0ffee" * 4
Bytes = Callable[[], bytes]


def old_form(salt: str, moment_share: float) -> tuple[str, bytes]:
    """Bins as version 3 wrote them, and the id it gave them."""
    document = {"format": 2, "columns": {}, "segments": {"zip": ["h:0123456789abcdef"]}, "storages": {}}
    document |= {"salt": salt, "moment_share": moment_share.hex()}
    state = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(state).hexdigest()[:16], state


OLD = dict([old_form(SALT, 1.0), old_form("", 1.0), old_form("", 0.5), ("odd", b"\x00\x01\xff")])


@pytest.fixture
def old_url(url: str, kind: str) -> str:
    """A store of version 3 with bins in it."""
    with closing(database(url)) as opened:
        migrate(opened, migrations(Dialect(kind))[:3], 10)
        with opened.writing(10) as session:
            for binning_id, state in OLD.items():
                session.insert("binnings", binning(binning_id, state=state))
    return url


@pytest.fixture
def all_bytes(old_url: str, request: pytest.FixtureRequest, kind: str) -> Bytes:
    """Reads every byte of the store: its files, and of Postgres a dump as well."""
    if kind == "duckdb":
        path = Path(old_url.removeprefix("duckdb:///"))
        return lambda: b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    server: PostgresServer = request.getfixturevalue("postgres")

    def read() -> bytes:
        behind.write(old_url, "CHECKPOINT")
        ((number,),) = behind.read(old_url, "SELECT oid FROM pg_database WHERE datname = current_database()")
        files = [file for file in (server.folder / "data" / "base" / str(number)).iterdir() if file.is_file()]
        (rows,) = behind.read(old_url, "SELECT array_agg(b::text) FROM binnings b")
        # COPY and casts write the bytes of a state as hex
        written = b"".join(bytes.fromhex(found) for found in re.findall(r"\\x([0-9a-f]+)", str(rows)))
        return written + b"".join(file.read_bytes() for file in files)

    return read


def test_the_salt_is_erased_and_the_bins_stay_what_they_were(old_url: str, all_bytes: Bytes) -> None:
    assert SALT.encode() in all_bytes()
    with open_store(old_url) as store:
        store.migrate()
        kept = store.current("binnings", "flights")
    assert SALT.encode() not in all_bytes()
    states = dict(zip(kept.column("binning_id").to_pylist(), kept.column("state").to_pylist(), strict=True))
    assert states.keys() == OLD.keys()
    for binning_id, state in states.items():
        had_salt = SALT.encode() in OLD[binning_id]
        if not had_salt:
            assert state == OLD[binning_id]
        if binning_id != "odd":
            bins = Binning.from_bytes(state)
            assert bins.binning_id == binning_id
            assert bins.salt_fingerprint == (fingerprint_of(SALT) if had_salt else "")
            assert bins.to_bytes() == state


@pytest.mark.parametrize("kind", ["duckdb"], indirect=True)
def test_a_migration_that_was_cut_off_is_finished_by_the_next(
    old_url: str, all_bytes: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TransientError("the disk is full")

    with monkeypatch.context() as patch, open_store(old_url) as store:
        patch.setattr(DuckDbDatabase, "rewrite", broken)
        with pytest.raises(TransientError):
            store.migrate()
    assert SALT.encode() in all_bytes()  # in a block that is free
    assert behind.read(old_url, "SELECT MAX(version) FROM schema_version") == [(3,)]
    with open_store(old_url) as store:
        store.migrate()
    assert SALT.encode() not in all_bytes()


@pytest.mark.parametrize("kind", ["duckdb"], indirect=True)
def test_a_file_that_is_written_anew_is_the_same_store(old_url: str) -> None:
    """Also what somebody else has put there, and who may read it."""
    path = Path(old_url.removeprefix("duckdb:///"))
    path.chmod(0o640)
    behind.write(old_url, "CREATE VIEW mine AS SELECT binning_id FROM binnings")
    with open_store(old_url) as store:
        store.migrate()
        assert store.execute_read("SELECT COUNT(*) AS n FROM mine").to_pylist() == [{"n": len(OLD)}]
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in path.parent.iterdir()) == [f".{path.name}.lock", path.name]
