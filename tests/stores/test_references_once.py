"""A store of an older version, in which every run had the objects of its reference."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pyarrow as pa
import pytest
from tests.stores.makers import inputs, put_then, reference_set, run
from tests.stores.test_migrations import database

from driftline_jobs.stores import open_store
from driftline_jobs.stores.migrate import migrate, migrations
from driftline_schemas.ddl import Dialect

OF_REFERENCE = ("s3://logs/a.parquet", "s3://logs/b.parquet")


@pytest.fixture
def old_url(url: str, kind: str) -> str:
    """A store of version 4: two runs that rest on a reference, one of them superseded, and one on another."""
    runs = [
        run("r1", 0, reference_id="first"),
        run("r2", 0, reference_id="first"),
        run("r3", 1, reference_id="first"),
        run("r4", 2, reference_id="second"),
    ]
    rows = inputs(runs, OF_REFERENCE)
    roles = rows.column_names.index("role")
    of_references = rows.set_column(roles, rows.field("role"), [["reference"] * rows.num_rows])
    with closing(database(url)) as opened:
        migrate(opened, migrations(Dialect(kind))[:4], 10)
    read = inputs(runs, ("s3://logs/read.parquet",))
    references = pa.concat_tables([reference_set(name) for name in ("first", "second")])
    tables = {"run_inputs": pa.concat_tables([read, of_references]), "reference_sets": references}
    with closing(database(url)) as opened, opened.writing(10) as session:
        put_then(session, runs, tables)
    return url


def test_objects_of_a_reference_are_moved_and_shown_as_before(old_url: str) -> None:
    shown = (
        "SELECT run_id, window_start, uri FROM current_run_inputs WHERE role = 'reference' "
        "ORDER BY run_id, uri"
    )
    past = shown.replace("current_run_inputs", "run_inputs_as_of($1)")
    with closing(database(old_url)) as opened, opened.reading(10) as session:
        before = session.query(shown).to_pylist()
        moment = session.query("SELECT MAX(published_at) AS m FROM runs").column("m")[0].as_py()
    assert {row["run_id"] for row in before} == {"r2", "r3", "r4"}
    with open_store(old_url) as store:
        store.migrate()
        assert store.execute_read(shown).to_pylist() == before
        assert store.execute_read(past, [moment]).to_pylist() == before
        kept = store.execute_read(
            "SELECT run_id, uri FROM run_inputs WHERE role = 'reference' ORDER BY run_id, uri"
        ).to_pylist()
        assert kept == [{"run_id": name, "uri": uri} for name in ("first", "second") for uri in OF_REFERENCE]
        others = store.execute_read("SELECT COUNT(*) AS n FROM run_inputs WHERE role <> 'reference'")
        assert others.column("n").to_pylist() == [4]


def test_they_go_with_their_reference(old_url: str) -> None:
    kept = "SELECT DISTINCT run_id FROM run_inputs WHERE role = 'reference' ORDER BY run_id"
    with open_store(old_url) as store:
        store.migrate()
        store.put_once("reference_sets", reference_set("third"))
        of_third = inputs([run("third")], OF_REFERENCE)
        roles = of_third.column_names.index("role")
        store.put_once(
            "run_inputs",
            of_third.set_column(roles, of_third.field("role"), [["reference"] * 2]),
            "flights",
        )
        with pytest.raises(ValueError, match="published, not put"):
            store.put_once("run_inputs", of_third, "flights")
        assert store.execute_read(kept).column("run_id").to_pylist() == ["first", "second", "third"]
        store.prune(timedelta(0))
        assert store.execute_read(kept).column("run_id").to_pylist() == ["first", "second"]
        store.forget("flights", ["second"])
        assert store.execute_read(kept).column("run_id").to_pylist() == ["first"]
        store.forget("flights")
        assert store.execute_read(kept).num_rows == 0
