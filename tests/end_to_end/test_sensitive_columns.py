"""What is kept of sensitive columns: keyed hashes or counts, and nowhere the key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, day, everything_written, texts
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.cli import main
from driftline_jobs.profiles.columns.arrays import hashed
from driftline_jobs.stores import open_store

SALT = "f00d" * 16
OTHER_SALT = "beef" * 16
LAST = 4
SECRETS = (SALT.encode(), b"Dame Secret", b"765432", b"98765")
NAMES = [f"Dame Secret {i % 7}" for i in range(ROWS)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Four days of the reference and one more; on that every other name is missing."""
    made = Bench(tmp_path_factory.mktemp("sensitive"))
    made.overrides = {
        "features": {"sensitive": ["zip", {"name": "drop"}, {"salary": "drop"}]},
        "segments": ["zip"],
    }
    for number in range(LAST + 1):
        rows = made.rows(
            number,
            zip=pa.array(np.arange(ROWS) % 5 + 7_654_320),
            name=texts([None if number == LAST and at % 2 else name for at, name in enumerate(NAMES)]),
            salary=pa.array(
                np.where(np.arange(ROWS) % 3, 98_765.25 + np.arange(ROWS) + 1_000 * number, np.nan)
            ),
        )
        made.write(number, rows)
        made.write_labels(number, rows)
    return made


@pytest.fixture(scope="module")
def published(written: Bench) -> Bench:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRIFTLINE_SALT", SALT)
        written.run(LAST)
    return written


def called(bench: Bench, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status of a command for the bench's monitor, and what it said."""
    with pytest.raises(SystemExit) as left:
        main([words[0], str(bench.monitor_file()), *words[1:]])
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out + said.err


def test_neither_the_salt_nor_a_value_is_in_any_byte_of_the_store(published: Bench) -> None:
    content = (published.root / published.store_name).read_bytes() + everything_written(published.store_url)
    for secret in SECRETS:
        assert secret not in content


@pytest.mark.slow
def test_nor_in_any_file_of_postgres(
    written: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its write-ahead log included. What is compressed there is looked at as it is read."""
    monkeypatch.setenv("DRIFTLINE_SALT", SALT)
    server = PostgresServer()
    server.start()
    try:
        url = server.url(server.create_database())
        status, said = called(written, capsys, "run", "--period", f"{day(LAST):%Y-%m-%d}", "--store", url)
        assert status == 0, said
        content = everything_written(url)
        server.stop()
        files = [file for file in (server.folder / "data").rglob("*") if file.is_file()]
        content += b"".join(file.read_bytes() for file in files)
        assert hashed("7654320", SALT).encode() in content
        for secret in SECRETS:
            assert secret not in content
        server.start()
    finally:
        server.remove()


def test_hashes_are_those_of_the_salt(published: Bench) -> None:
    """24 rows of each code, in the whole and as segments."""
    expected = {hashed(str(7_654_320 + at), SALT) for at in range(5)}
    assert set(published.current("profile_metrics", LAST, segment="zip")["segment_value"]) == expected
    assert published.described(LAST, "zip")["distinct_count"] == 5


@pytest.mark.parametrize(("column", "nulls"), [("name", ROWS // 2), ("salary", ROWS // 3)])
def test_of_a_dropped_column_rows_and_nulls_are_counted_and_nothing_else(
    published: Bench, column: str, nulls: int
) -> None:
    found = published.current("profile_metrics", LAST, column_name=column, segment="*", model_version="*")
    (row,) = found.to_dict("records")
    assert (row["count"], row["nulls"], row["column_kind"]) == (ROWS, nulls, "categorical")
    told = {name for name, value in row.items() if pd.notna(value)}
    common = {"monitor", "window_start", "window_end", "granularity", "model_version", "segment"}
    assert told - common == {"segment_value", "run_id", "column_name", "column_kind", "count", "nulls"}


def test_what_is_missing_of_a_dropped_column_is_drift(published: Bench) -> None:
    assert published.drift(LAST, "name", "null_fraction_delta")["value"] == 0.5
    assert published.drift(LAST, "salary", "null_fraction_delta")["value"] == 0.0
    assert published.drift(LAST, "name", "unseen_fraction")["value"] == 0.0
    assert published.drift(LAST, "name", "tvd")["value"] == 0.5  # half of the rows have gone to missing


def test_the_page_shows_neither(published: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And it needs no salt."""
    period = f"{day(LAST):%Y-%m-%d}"
    words = ("--store", published.store_url, "--out", str(tmp_path), "--no-index")
    status, said = called(published, capsys, "report", "--period", period, *words)
    assert status == 0, said
    file = tmp_path / "bench" / "day" / f"{period}.html"
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]
    page = file.read_text(encoding="utf-8")
    assert ">name<" in page
    for secret in (SALT, "Dame Secret", "765432", "98765", "98,765"):
        assert secret not in page


def test_without_a_salt_a_run_is_refused(
    written: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ("--store", f"duckdb:///{tmp_path}/tables.duckdb")
    status, said = called(written, capsys, "run", "--period", f"{day(LAST):%Y-%m-%d}", *store)
    assert status == 2
    assert "zip would be hashed with a salt" in said
    assert "export DRIFTLINE_SALT=$(openssl rand -hex 32)" in said


def test_validate_says_what_a_salt_lacks(
    written: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file can be right where the deployment's secrets are not."""
    status, said = called(written, capsys, "validate")
    assert status == 0
    assert said.count("DRIFTLINE_SALT is not set") == 1
    monkeypatch.setenv("DRIFTLINE_SALT", "2013")
    assert "DRIFTLINE_SALT has 4 characters" in called(written, capsys, "validate")[1]
    monkeypatch.setenv("DRIFTLINE_SALT", SALT)
    assert "DRIFTLINE_SALT" not in called(written, capsys, "validate")[1]


def test_folders_that_name_a_sensitive_column_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their names would be kept as the addresses of what was read."""
    monkeypatch.setenv("DRIFTLINE_SALT", SALT)
    monkeypatch.setenv("DRIFTLINE_STORE", f"duckdb:///{tmp_path}/tables.duckdb")
    bench = Bench(tmp_path, {"features": {"sensitive": ["zip"]}, "labels": None})
    for number in range(LAST + 1):
        rows = pa.table({name: values for name, values in bench.rows(number).items() if name != "truth"})
        bench.put(rows, f"logs/dt={day(number):%Y-%m-%d}/zip=10110/a.parquet")
    for words in (("run", "--period", f"{day(LAST):%Y-%m-%d}"), ("validate",)):
        status, said = called(bench, capsys, *words)
        assert status == 2
        assert "the log's folders have 'zip' in their names (zip=…/)" in said
        assert "10110" not in said
    assert b"10110" not in everything_written(f"duckdb:///{tmp_path}/tables.duckdb")


@pytest.mark.slow
def test_another_salt_asks_for_a_rebase(
    written: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    period = f"{day(LAST):%Y-%m-%d}"
    url = f"duckdb:///{tmp_path}/tables.duckdb"
    asked = ("--period", period, "--store", url)
    for salt in (SALT, OTHER_SALT):
        monkeypatch.setenv("DRIFTLINE_SALT", salt)
        status, said = called(written, capsys, "run", *asked)
        assert status == (0 if salt == SALT else 2)
    assert f"`driftline rebase {written.root / 'monitor.yaml'} --period {period}`" in said
    assert SALT not in said
    assert OTHER_SALT not in said
    assert called(written, capsys, "rebase", *asked)[0] == 0
    assert called(written, capsys, "run", *asked)[0] == 0
    with open_store(url) as store:
        values = store.current("profile_metrics", "bench").column("segment_value").to_pylist()
    assert hashed("7654320", OTHER_SALT) in values
    assert hashed("7654320", SALT) not in values
