"""Every way in which there is no Spark to be had, each in one sentence that says what to do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftline_jobs.engines import open_engine
from driftline_jobs.engines.process import BEFORE_IMPORTS
from driftline_jobs.engines.spark import session as spark_session
from driftline_jobs.engines.spark.engine import SparkEngine
from driftline_schemas.errors import ConfigError, TransientError
from driftline_schemas.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    with socket.socket() as bound:  # bound but not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        yield f"spark://127.0.0.1:{bound.getsockname()[1]}"


def open_spark(master: str = "local[1]") -> None:
    with open_engine(Settings(engine="spark", spark_master=master)):
        pytest.fail("it opened")


def test_pyspark_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_session, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'driftline\[spark\]'.*--engine local"):
        open_spark()


@pytest.mark.parametrize("java_home", [True, False])
def test_java_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, java_home: bool) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if java_home:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    else:
        monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigError, match=r"Java 17.*install.*--engine local") as caught:
        open_spark()
    assert caught.value.exit_code == 2
    assert (str(tmp_path) in str(caught.value)) is java_home


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hadoop refuses it, with a stack trace of Java's."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(ConfigError, match=r"uid 4000000000\) has no entry in passwd.*--engine local"):
        open_spark()


def test_a_master_that_does_not_answer(nobody_listens: str) -> None:
    with pytest.raises(TransientError, match=r"does not answer.*refused") as caught:
        open_spark(nobody_listens)
    assert caught.value.exit_code == 4


def test_one_of_several_masters_has_to_answer(nobody_listens: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        spark_session._check_answers(f"{nobody_listens},127.0.0.1:{port}")


def test_no_such_master() -> None:
    with pytest.raises(ConfigError, match="no Spark master"):
        open_spark("nonsense")


@pytest.mark.parametrize(
    ("master", "threads", "expected"),
    [
        ("local", None, "local[1,4]"),
        ("local[*]", None, "local[*,4]"),
        ("local[*]", 3, "local[3,4]"),
        ("local[2]", 3, "local[2,4]"),
        ("local[2,8]", 3, "local[2,8]"),
        ("spark://host:7077", 3, "spark://host:7077"),
        ("yarn", None, "yarn"),
    ],
)
def test_local_masters_try_again_too(master: str, threads: int | None, expected: str) -> None:
    """Spark's own default on one machine is to try everything once."""
    assert spark_session._with_retries(master, threads) == expected


def test_a_session_that_is_there_is_used_and_left_open() -> None:
    first = SparkEngine("local[1]")
    try:
        second = SparkEngine("local[1]")
        assert second._context is first._context
        second.close()
        assert first._context.parallelize([1, 2], 1).sum() == 3
    finally:
        first.close()


def test_workers_are_told_what_this_process_was() -> None:
    """How long to keep memory, and that linear algebra has one thread; or what somebody else has decided."""
    program = (
        "import json, os, sys\n"
        "from driftline_jobs.engines.spark.session import spark_context\n"
        "def told(names):\n"
        "    import numpy\n"
        "    from threadpoolctl import threadpool_info\n"
        "    threads = [i['num_threads'] for i in threadpool_info() if i['user_api'] == 'blas']\n"
        "    return [[os.environ[name] for name in names], threads]\n"
        "with spark_context('local[1]', None, 60.0) as context:\n"
        "    print(json.dumps(context.parallelize([sys.argv[1:]], 1).map(told).first()))\n"
    )
    names = list(BEFORE_IMPORTS)
    environment = {name: value for name, value in os.environ.items() if name not in names}
    said = subprocess.run(
        [sys.executable, "-c", program, *names],
        env=environment | {names[0]: "1234"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    variables, threads = json.loads(said.splitlines()[-1])
    assert variables == ["1234", "1", "1"]
    assert set(threads) == {1}
