"""Store URLs: what is accepted, what is said otherwise, and that no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline_jobs.stores import open_store
from driftline_jobs.stores.urls import duckdb_path, postgres_name, secrets_of, without_secrets
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError


@pytest.mark.parametrize(
    ("url", "path", "copy"),
    [
        ("duckdb:///driftline.duckdb", "driftline.duckdb", None),
        ("duckdb:///a/b c%20.duckdb", "a/b c%20.duckdb", None),
        ("duckdb:////data/driftline.duckdb", "/data/driftline.duckdb", None),
        ("duckdb:////data/d.duckdb?copy=read.duckdb", "/data/d.duckdb", "/data/read.duckdb"),
        ("duckdb:////data/d.duckdb?copy=/else/read.duckdb", "/data/d.duckdb", "/else/read.duckdb"),
    ],
)
def test_duckdb_urls(url: str, path: str, copy: str | None) -> None:
    assert duckdb_path(url) == (Path(path), Path(copy) if copy else None)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("duckb:///x.duckdb", r"no store is called duckb; did you mean duckdb\?"),
        ("postgre://host/db", r"did you mean postgres(ql)?\?"),
        ("mysql://host/db", "no store is called mysql. Known: duckdb"),
        ("driftline.duckdb", "must be given as a URL"),
        ("", "must be given as a URL"),
        ("duckdb://x.duckdb", "names no file"),
        ("duckdb:///", "names no file"),
        ("duckdb:////", "names no file"),
        ("duckdb:///:memory:", "gone with the process"),
        ("duckdb:///x.duckdb?mode=ro", "no setting 'mode'"),
        ("duckdb:///x.duckdb?copy=x.duckdb", "cannot be the file itself"),
        ("postgresql://u:p@ss@host/db", "percent-encoded"),
        ("postgresql://u:p/w@host/db", "percent-encoded"),
        ("postgresql://u:p w@host/db", "percent-encoded"),
        ("postgresql://u:p#w@host/db", "percent-encoded"),
    ],
)
def test_a_wrong_url_is_a_wrong_setting(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        open_store(url)
    for secret in ("p@ss", "p/w", "p w", "p#w"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me@host:5432/db"),
        ("postgres://me:s3cret@host/db?sslmode=require&password=other", "postgresql://me@host/db"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://me@[::1]:5432/db", "postgresql://me@[::1]:5432/db"),
        ("postgresql://me@a:1,b:2/db", "postgresql://me@a:1,b:2/db"),
        ("postgresql:///db?host=/var/run", "postgresql:///db"),
    ],
)
def test_postgres_is_named_without_secrets(url: str, name: str) -> None:
    assert postgres_name(url) == name
    for shown in (repr(open_store(url)), str(open_store(url))):
        assert "s3cret" not in shown
        assert "other" not in shown
        assert name in shown


def test_secrets_are_known_as_written_and_as_meant() -> None:
    assert secrets_of("postgresql://u:a%40b@h/d?sslpassword=xyz") == ("a%40b", "a@b", "xyz")
    assert secrets_of("postgresql://u@h/d") == ()


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://me:s3cret@host/db today",
        "s3://key:s3cret@bucket/x",
        "password=s3cret host=h",
        "PASSWORD = 's3cret'",
        "https://me:s3cret@proxy:8080: refused",
        "redis://:s3cret@host",
    ],
)
def test_what_looks_like_a_password_is_masked(text: str) -> None:
    assert "s3cret" not in without_secrets(text)
    assert "***" in without_secrets(text)


def test_other_text_is_left_alone() -> None:
    text = "column a: b@c was http://host/path?x=1 at 12:30, user@example.com"
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@127.0.0.1:1/db",
        "postgresql://me:s3cret@127.0.0.1:1/db?connect_timeout=s3cret",
        "postgresql://me:s3cret@nobody.invalid/db",
        "postgresql://me:s3cret@127.0.0.1:1/db?s3cret=1",
    ],
)
def test_no_secret_in_the_message_or_its_causes(url: str) -> None:
    with pytest.raises(DriftlineError) as caught:
        open_store(url, wait_seconds=0).execute_read("SELECT 1")
    error: BaseException | None = caught.value
    while error is not None and not (isinstance(error, DriftlineError) and error.__suppress_context__):
        assert "s3cret" not in str(error)
        error = error.__cause__ or error.__context__
    assert "s3cret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_transient() -> None:
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:1/db cannot be reached.*refused"):
        open_store("postgresql://me@127.0.0.1:1/db", wait_seconds=30).migrate()
