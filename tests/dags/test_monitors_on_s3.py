"""Monitor files on S3: read like those in a folder, and not forgotten while S3 is out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.dags.in_airflow import in_airflow
from tests.dags.test_parsing import MONITOR, PARSE
from tests.sources.s3_server import S3Server, serve


def environment(server: S3Server) -> dict[str, str]:
    return {
        "DRIFTLINE_MONITORS": "s3://logs/monitors/",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": server.key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.mark.slow
def test_monitors_on_s3_outlive_an_outage(tmp_path: Path) -> None:
    home, data = tmp_path / "airflow", tmp_path / "s3"
    home.mkdir()
    data.mkdir()
    with serve(data) as server:
        for key, text in {
            "late.yaml": MONITOR.format(name="late", granularity="day", zone="UTC"),
            "typo.yaml": "monitr: x",
            "deeper/other.yaml": "not directly in the folder",
            "_airflow.yaml": "defaults: {pool: driftline}",
        }.items():
            server.client().put_object(Bucket="logs", Key=f"monitors/{key}", Body=text.encode())
        parsed = in_airflow(home, PARSE, **environment(server))
    expected = {"driftline__late", "driftline__typo"}
    assert expected == {name for name in parsed["dags"] if name.startswith("driftline__")}
    assert parsed["dags"]["driftline__late"]["pools"]["run"] == "driftline"

    without = in_airflow(home, PARSE, **environment(server))
    assert without["errors"] == {}
    assert without["dags"] == parsed["dags"]

    nothing_known = in_airflow(tmp_path, PARSE, **environment(server))
    assert nothing_known["errors"] == {}
    assert "out of reach" in nothing_known["dags"]["driftline_settings"]["doc"]
