"""A run whose logs and labels lie on S3, with a server that misbehaves: the same tables, or exit 4."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from tests.end_to_end.builder import ROWS, Bench, Table, assert_same_tables, day, normalised
from tests.engines.fault_proxy import BUSY, CUT, PASS, SLOW, FaultProxy, fault_proxy
from tests.sources.s3_server import S3Server, serve

from driftline_jobs.stores import open_store
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

LAST = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def keys(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with the environment that a run needs to use it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return server


@pytest.fixture
def on_s3(bench: Bench, keys: S3Server, request: pytest.FixtureRequest) -> Bench:
    """A bench whose log and labels were moved to S3."""
    bench.reference()
    bench.days(4, LAST)
    prefix = request.node.name.replace("[", "-").strip("]")
    client = keys.client()
    for path in sorted(bench.root.rglob("*.parquet")):
        key = f"{prefix}/{path.relative_to(bench.root)}"
        client.put_object(Bucket="logs", Key=key, Body=path.read_bytes())
    bench.overrides = {
        "logs": {"uri": f"s3://logs/{prefix}/logs/"},
        "labels": {"uri": f"s3://logs/{prefix}/labels/"},
    }
    return bench


def through(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)


def tables(bench: Bench, store_name: str) -> dict[str, Table]:
    bench.store_name = store_name
    bench.run(4, LAST)
    with open_store(bench.store_url) as store:
        return normalised(store)


def is_data(path: str) -> bool:
    return path.endswith(".parquet")


@pytest.mark.slow
@pytest.mark.parametrize("fault", [BUSY, CUT, SLOW])
def test_faults_that_pass_leave_no_trace(
    on_s3: Bench, server: S3Server, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    expected = tables(on_s3, "calm.duckdb")

    def decide(method: str, path: str, times: int) -> str:
        troubled = method == "GET" and (times % 3 == 0 if is_data(path) else times == 0)
        return fault if troubled and (is_data(path) or fault != CUT) else PASS

    with fault_proxy(server.url, decide) as proxy:
        through(proxy, monkeypatch)
        found = tables(on_s3, "storm.duckdb")
        assert proxy.done.count(fault) >= LAST
    assert_same_tables(expected, found)


@pytest.mark.parametrize("fault", [BUSY, CUT])
@pytest.mark.parametrize("stage", ["listing", "footers", "reading"])
def test_faults_that_stay_publish_nothing(
    on_s3: Bench, server: S3Server, monkeypatch: pytest.MonkeyPatch, fault: str, stage: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")

    def decide(method: str, path: str, times: int) -> str:
        if stage == "listing":
            return BUSY
        if not is_data(path) or method != "GET":
            return PASS
        return fault if stage == "footers" or times >= 1 else PASS

    with fault_proxy(server.url, decide) as proxy:
        through(proxy, monkeypatch)
        with pytest.raises(TransientError) as caught:
            on_s3.run(4, LAST)
        assert fault in proxy.done or stage == "listing"
    assert caught.value.exit_code == 4
    assert published(on_s3) == []


def published(bench: Bench) -> list[object]:
    with open_store(bench.store_url) as store:
        store.migrate()
        return list(store.execute_read("SELECT * FROM runs WHERE status = 'published'").to_pylist())


@pytest.mark.parametrize(("change", "word"), [("replaced", "replaced"), ("deleted", "gone")])
def test_an_object_that_changes_while_it_is_read_is_set_aside_whole(
    on_s3: Bench, server: S3Server, monkeypatch: pytest.MonkeyPatch, change: str, word: str
) -> None:
    """Neither version may be counted, nor half of each; and what is counted can be had by running again."""
    on_s3.run(4, 4)  # the reference is learned before
    path = f"{on_s3.overrides['logs']['uri']}dt={day(5):%Y-%m-%d}/part-0.parquet".removeprefix("s3:/")
    key = path.removeprefix("/logs/")
    made = on_s3.rows(5, amount=pa.array([1e6] * ROWS))
    made.pop("truth")
    other = on_s3.put(pa.table(made), "other.parquet").read_bytes()

    def decide(method: str, asked: str, times: int) -> str:
        # The first GET was for the footer. The second comes after the etag was found to be the listed one.
        if (method, asked, times) == ("GET", path, 1):
            if change == "replaced":
                server.client().put_object(Bucket="logs", Key=key, Body=other)
            else:
                server.client().delete_object(Bucket="logs", Key=key)
        return PASS

    with fault_proxy(server.url, decide) as proxy, monkeypatch.context() as patch:
        through(proxy, patch)
        on_s3.run(5, 5)
    state, reason = data_inputs(on_s3, 5)[path]
    assert state == "quarantined"
    assert word in reason
    assert on_s3.one("profile_metrics", 5, column_name="*", segment="*", model_version="*")["count"] == 0

    if change == "replaced":
        on_s3.run(5, 5)
        assert data_inputs(on_s3, 5)[path] == ("read", "")
        assert on_s3.described(5, "amount")["mean"] == 1e6


def data_inputs(bench: Bench, number: int) -> dict[str, tuple[str, str]]:
    """State and reason of the objects of a day's current run, by path."""
    with open_store(bench.store_url) as store:
        rows = store.execute_read(
            "SELECT i.uri AS uri, i.state AS state, i.reason AS reason FROM run_inputs i "
            "JOIN current_runs r USING (run_id) WHERE r.part = 'data' AND r.window_start = $1",
            [day(number)],
        ).to_pylist()
    return {row["uri"].removeprefix("s3:/"): (row["state"], row["reason"] or "") for row in rows}


def test_wrong_keys_and_missing_buckets_are_mistakes_of_ours(
    on_s3: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID"):
            on_s3.run(4, 4)
    on_s3.overrides["logs"] = {"uri": "s3://no-such-bucket/logs/"}
    with pytest.raises(ConfigError, match="no bucket 'no-such-bucket'") as caught:
        on_s3.run(4, 4)
    assert caught.value.exit_code == 2


def test_a_server_that_is_not_there_is_out_of_reach(on_s3: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(DriftlineError) as caught:
        on_s3.run(4, 4)
    assert caught.value.exit_code == 4
