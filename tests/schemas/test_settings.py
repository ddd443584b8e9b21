"""Settings from the environment, and that no secret in them is ever shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from driftline_schemas.errors import ConfigError
from driftline_schemas.settings import Settings, load_settings, without_secrets


def test_a_laptop_needs_no_settings() -> None:
    settings = load_settings()
    assert settings.store == "duckdb:///driftline.duckdb"
    assert (settings.engine, settings.reports, settings.spark_master) == ("local", "reports", "local[*]")
    assert (settings.threads, settings.endpoint_url) == (None, None)


def test_the_environment_is_read_and_flags_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_STORE", "duckdb:////data/a.duckdb")
    monkeypatch.setenv("DRIFTLINE_ENGINE", "spark")
    monkeypatch.setenv("DRIFTLINE_REPORTS", "s3://reports/")
    monkeypatch.setenv("DRIFTLINE_SPARK_MASTER", "spark://host:7077")
    monkeypatch.setenv("DRIFTLINE_THREADS", "3")
    monkeypatch.setenv("DRIFTLINE_MEMORY_LIMIT", "2GiB")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8333")
    settings = load_settings({"store": "postgresql://host/db", "engine": None})
    assert settings.store == "postgresql://host/db"
    assert (settings.engine, settings.spark_master, settings.reports) == (
        "spark",
        "spark://host:7077",
        "s3://reports/",
    )
    assert (settings.threads, int(settings.memory_limit)) == (3, 2 * 1024**3)
    assert settings.endpoint_url == "http://127.0.0.1:8333"


def test_the_endpoint_for_s3_alone_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3:2")
    assert load_settings().endpoint_url == "http://s3:2"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTLINE_STORE", "")
    assert load_settings().store == "duckdb:///driftline.duckdb"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "DRIFTLINE_STORE",
            "mysql://user:verysecret@host/db",
            r"DRIFTLINE_STORE \(or --store\): must be duckdb:///",
        ),
        ("DRIFTLINE_STORE", "verysecret.duckdb", "must be duckdb:///"),
        ("DRIFTLINE_STORE", "duckdb:///", "must name a file"),
        ("DRIFTLINE_STORE", "duckdb://verysecret", "must name a file"),
        ("DRIFTLINE_ENGINE", "verysecret", r"DRIFTLINE_ENGINE \(or --engine\): .*Known: local, spark"),
        ("DRIFTLINE_THREADS", "0", "DRIFTLINE_THREADS"),
        ("DRIFTLINE_THREADS", "verysecret", "DRIFTLINE_THREADS"),
        ("DRIFTLINE_MEMORY_LIMIT", "1MB", "DRIFTLINE_MEMORY_LIMIT"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:8333", "AWS_ENDPOINT_URL: must be http://host:port"),
        ("AWS_ENDPOINT_URL", "http://key:verysecret@host", "without keys in it"),
        ("AWS_ENDPOINT_URL", "http://host:verysecret", "AWS_ENDPOINT_URL"),
    ],
)
def test_faults_name_the_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=message) as raised:
        load_settings()
    assert "verysecret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_faults_of_a_flag_name_the_flag() -> None:
    with pytest.raises(ConfigError, match="--memory-limit: "):
        load_settings({"memory_limit": "much"})
    with pytest.raises(ConfigError, match="no setting 'stroe'"):
        load_settings({"stroe": "x"})


def test_no_secret_in_a_repr() -> None:
    settings = load_settings(
        {"store": "postgresql://user:verysecret@host:5432/db?sslpassword=verysecret&x=1"}
    )
    assert "verysecret" not in repr(settings) + str(settings)
    with pytest.raises(ValidationError) as raised:
        Settings(store="mysql://user:verysecret@host/db")
    assert "verysecret" not in str(raised.value)
    assert settings.store_shown == "postgresql://user:***@host:5432/db?sslpassword=***&x=1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("duckdb:////data/a:b@c.duckdb", "duckdb:////data/a:b@c.duckdb"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("postgresql://user:a/b?c@d@host/db", "postgresql://user:***@host/db"),
        ("postgresql://:pw@host/db", "postgresql://:***@host/db"),
        (
            "postgresql://host/db?PASSWORD=x&application_name=y",
            "postgresql://host/db?PASSWORD=***&application_name=y",
        ),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
