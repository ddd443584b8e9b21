"""The whole way of a cluster: spark-submit, the code as a wheel, a master and two workers, logs on S3."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.end_to_end.builder import AS_OF, Bench, Table, assert_same_tables, day, normalised
from tests.engines.fault_proxy import BUSY, CUT, PASS, fault_proxy
from tests.engines.spark_cluster import SparkCluster, cluster
from tests.sources.s3_server import S3Server, serve

from driftline_jobs.stores import open_store

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("schemas/driftline_schemas", "jobs/driftline_jobs", "reports/driftline_reports")
LAST = 6
WHERE = """\
from driftline_jobs.engines.spark.engine import SparkEngine

def where(_):
    import driftline_jobs.engines.spark.tasks as tasks
    return tasks.__file__

engine = SparkEngine("local[1]")  # spark-submit has said otherwise
print(engine._context.master, *set(engine._context.parallelize(range(4), 4).map(where).collect()))
engine.close()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three packages as they are packed into a wheel."""
    path = tmp_path_factory.mktemp("dist") / "driftline-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for package in PACKAGES:
            folder = REPOSITORY / package
            for file in sorted(folder.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(folder.parent))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3")) as running:
        yield running


@dataclass(frozen=True)
class Deployment:
    """A cluster whose machines can read the server's buckets."""

    cluster: SparkCluster
    wheel: Path

    def submit(self, *arguments: str, program: Path | None = None) -> subprocess.CompletedProcess[str]:
        found = find_spec("pyspark")
        assert found is not None
        assert found.origin is not None
        command = [
            str(Path(found.origin).parent / "bin" / "spark-submit"),
            *("--master", self.cluster.url, "--py-files", str(self.wheel)),
            *("--conf", "spark.executor.memory=512m", "--conf", "spark.ui.enabled=false"),
            str(program or REPOSITORY / "jobs" / "submit.py"),
            *arguments,
        ]
        environment = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_DRIVER_PYTHON": sys.executable}
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            cwd=self.cluster.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # spark-submit itself mixes the two
            text=True,
            timeout=280,
            check=False,
        )


def keys_of(server: S3Server) -> Mapping[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": server.key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, server: S3Server, wheel: Path
) -> Iterator[Deployment]:
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2, **keys_of(server)) as running:
        yield Deployment(running, wheel)


@pytest.fixture
def on_s3(bench: Bench, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose log and labels were moved to S3."""
    bench.reference()
    bench.days(4, LAST)
    for path in sorted(bench.root.rglob("*.parquet")):
        key = str(path.relative_to(bench.root))
        server.client().put_object(Bucket="logs", Key=key, Body=path.read_bytes())
    bench.overrides = {"logs": {"uri": "s3://logs/logs/"}, "labels": {"uri": "s3://logs/labels/"}}
    bench.overrides["segments"] = ["city"]
    for name, value in {**keys_of(server), "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    return bench


def arguments(bench: Bench) -> list[str]:
    return [
        *(
            "run",
            str(bench.monitor_file()),
            "--period",
            f"{day(4):%Y-%m-%d}",
            "--to",
            f"{day(LAST):%Y-%m-%d}",
        ),
        *("--store", bench.store_url, "--as-of", AS_OF.isoformat()),
    ]


def tables(bench: Bench) -> dict[str, Table]:
    with open_store(bench.store_url) as store:
        return normalised(store)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_code_travels_as_the_wheel(deployment: Deployment, tmp_path: Path) -> None:
    """Though the package is installed on these workers, too, what they run is what was sent."""
    program = tmp_path / "where.py"
    program.write_text(WHERE)
    done = deployment.submit(program=program)
    assert done.returncode == 0, done.stdout
    answer = next(line for line in done.stdout.splitlines() if line.startswith("spark://"))
    master, *places = answer.split()
    assert master == deployment.cluster.url
    assert places
    for place in places:
        assert deployment.wheel.stem in place, places


def unsteady(method: str, path: str, times: int) -> str:
    """Every object is refused once and cut off once, to whoever asks for it."""
    if method != "GET" or not path.endswith(".parquet"):
        return PASS
    return {1: BUSY, 3: CUT}.get(times, PASS)


@pytest.mark.timeout(600)
def test_a_submitted_run_leaves_the_tables_of_a_local_one(
    deployment: Deployment, on_s3: Bench, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even though the workers read from a server that is busy, and breaks off connections."""
    on_s3.run(4, LAST)
    expected = tables(on_s3)
    on_s3.store_name = "spark.duckdb"
    with fault_proxy(server.url, unsteady) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        done = deployment.submit(*arguments(on_s3))
        assert proxy.done.count(BUSY) > LAST
        assert proxy.done.count(CUT) > LAST
    assert done.returncode == 0, done.stdout
    with open_store(on_s3.store_url) as store:
        engines = store.execute_read("SELECT DISTINCT engine FROM runs").to_pylist()
    assert engines == [{"engine": "spark"}]
    assert_same_tables(expected, tables(on_s3))


@pytest.mark.timeout(600)
def test_exit_statuses_pass_through_spark_submit(
    deployment: Deployment, on_s3: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_s3.overrides["logs"] = {"uri": "s3://no-such-bucket/logs/"}
    wrong = deployment.submit(*arguments(on_s3))
    assert wrong.returncode == 2, wrong.stdout
    assert "no-such-bucket" in wrong.stdout
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = deployment.submit(*arguments(on_s3))
    assert away.returncode == 4, away.stdout
