"""The boards for Grafana: every panel's SQL is asked of a real Postgres, by the login that Grafana has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from tests.stores.makers import day, one_row, run
from tests.stores.postgres_server import PostgresServer

from driftline_jobs.stores import Store
from driftline_jobs.tables.messages import MessageRow, note

INFRA = Path(__file__).parents[2] / "infra"
BOARDS = {path.stem: json.loads(path.read_text()) for path in (INFRA / "grafana/boards").glob("*.json")}
# What the sample has nothing of: it has one model version, one class, no segments, and nothing was set aside.
EMPTY = {
    "$metric by class",
    "$metric by model version",
    "Segments that drifted",
    "Segments by $metric, the newest window",
    "Why it moved",
    "$column: $metric against the window before",
    "Objects that were not read",
    "Incidents under way in the newest window, all monitors",
}
FROM, TO = f"'{day(0).isoformat()}'", f"'{day(2).isoformat()}'"


@pytest.fixture
def kind() -> str:
    """Grafana reads Postgres alone."""
    return "postgres"


@pytest.fixture
def new_url(postgres: PostgresServer) -> Iterator[Any]:
    """A database that was set up for Grafana while it was empty, as the compose file does."""
    script = (INFRA / "postgres" / "grafana_role.sql").read_text().replace(":'word'", "'not a word'")
    url = postgres.url(postgres.create_database())
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(script.encode())
        yield lambda: url
        owner.execute("DROP ROLE grafana")


@pytest.fixture
def grafana(filled: Store, url: str, postgres: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """Grafana's own connection to the filled tables, with an incident, an impact and a message, too."""
    judged = run("j1", 0, part="judgement")
    incident = one_row(
        "incidents",
        judged,
        incident_id="i1",
        state="new",
        severity="high",
        topic="data",
        certain=True,
        headline="carrier is empty",
        first_window=day(0),
        last_window=day(0),
        columns='["carrier"]',
        alerts='["a1"]',
        impact=0.5,
        evidence="{}",
    )
    impact = one_row(
        "impacts",
        judged,
        column_name="carrier",
        metric="mean_score",
        value=-0.25,
        noise=0.125,
        importance=0.5,
        reference_id="r",
        status="ok",
    )
    filled.publish([judged], {"incidents": incident, "impacts": impact})
    note(filled, [MessageRow("flights", "day", day(0), "m1", "i1", "opened", "email")], day(1))
    login = postgres.url(url.rpartition("/")[2], "grafana")
    with psycopg.connect(login, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        yield connection


def filled_in(sql: str, chosen: Mapping[str, str]) -> str:
    """What Grafana sends: its macros and the board's variables replaced."""
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {FROM} AND {TO}", sql)
    for name, value in chosen.items():
        sql = sql.replace("${" + name + ":sqlstring}", "'" + value.replace("'", "''") + "'")
    assert "$" not in sql, f"Grafana would not know this: {sql}"
    return sql


def chosen(connection: psycopg.Connection[Any], board: Mapping[str, Any]) -> dict[str, str]:
    """The first value of every variable, each asked with those before it."""
    values: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        answer = connection.execute(filled_in(variable["query"], values).encode()).fetchall()
        assert answer, f"the variable {variable['name']} has no values"
        values[variable["name"]] = next(iter(answer[0].values()))
    return values


def answer(connection: psycopg.Connection[Any], board: Mapping[str, Any], title: str) -> list[dict[str, Any]]:
    [panel] = [panel for panel in board["panels"] if panel["title"] == title]
    sql = filled_in(panel["targets"][0]["rawSql"], chosen(connection, board))
    rows: list[dict[str, Any]] = connection.execute(sql.encode()).fetchall()
    return rows


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_panel_answers(grafana: psycopg.Connection[Any], name: str) -> None:
    for panel in BOARDS[name]["panels"]:
        title = panel["title"]
        rows = answer(grafana, BOARDS[name], title)
        assert bool(rows) == (title not in EMPTY), title
        if panel["type"] == "timeseries":
            assert [target["format"] for target in panel["targets"]] == ["time_series"]
            assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
            for row in rows:
                assert isinstance(row["time"], datetime)
                # A series is named by its word, which Grafana looks for in a column of this name.
                words = {column for column, value in row.items() if isinstance(value, str)}
                assert words <= {"metric"}, title


def test_the_figures_are_those_of_the_tables(grafana: psycopg.Connection[Any]) -> None:
    drift, performance = BOARDS["drift"], BOARDS["performance"]
    assert chosen(grafana, drift) == {
        "monitor": "flights",
        "granularity": "day",
        "column": "carrier",
        "metric": "ks",
    }
    assert answer(grafana, drift, "Columns that drifted") == [
        {"time": day(0), "drifted_columns": 0, "columns_judged": 2},
        {"time": day(1), "drifted_columns": 1, "columns_judged": 2},
    ]
    moved = answer(grafana, drift, "$column: $metric against the reference")
    assert [row["value"] for row in moved] == [0.1, 0.5]
    both = answer(grafana, performance, "$metric: realized and estimated")
    assert [(row["realized"], row["estimated"]) for row in both] == [(0.8, None), (0.6, 0.7)]
    [status] = answer(grafana, drift, "Where every monitor stands")
    assert status["level"] == "calm"  # of the newest window: there is an alert, and no incident


def test_incidents_impacts_and_messages_are_those_of_the_tables(grafana: psycopg.Connection[Any]) -> None:
    board = BOARDS["incidents"]
    assert chosen(grafana, board) == {
        "monitor": "flights",
        "granularity": "day",
        "column": "carrier",
        "metric": "mean_score",
    }
    levels = answer(grafana, board, "Windows by level, all monitors")
    assert [(row["time"], row["metric"], row["value"]) for row in levels] == [
        (day(0), "faulty", 1),
        (day(1), "calm", 1),
    ]
    [known] = answer(grafana, board, "$monitor: every incident once")
    assert (known["headline"], known["worst_severity"], known["windows"]) == ("carrier is empty", "high", 1)
    [course] = answer(grafana, board, "What the change of $column does: $metric")
    assert (course["value"], course["noise"], course["minus_noise"]) == (-0.25, 0.125, -0.125)
    [matters] = answer(grafana, board, "Columns whose change matters")
    assert matters["column_name"] == "carrier"
    [told] = answer(grafana, board, "Who was told")
    assert (told["incident_id"], told["channel"], told["change"]) == ("i1", "email", "opened")


def test_a_monitor_with_quotes_in_its_name_does_no_harm() -> None:
    variables = {"monitor": "it's'; DROP TABLE runs; --", "granularity": "day"}
    for panel in BOARDS["cost"]["panels"]:
        sql = filled_in(panel["targets"][0]["rawSql"], variables)
        assert sql.count("'it''s''; DROP TABLE runs; --'") == sql.count("DROP TABLE")


def test_grafana_changes_nothing(grafana: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        grafana.execute("DELETE FROM driftline.runs")
    grafana.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        grafana.execute("DELETE FROM driftline.runs")


def test_grafana_cannot_read_the_bins(grafana: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        grafana.execute("SELECT binning_id FROM driftline.binnings")


def test_boards_are_whole() -> None:
    """Ids are unique, panels lie side by side, and all that is named is there."""
    assert set(BOARDS) == {"incidents", "drift", "performance", "quality", "cost"}
    [source] = yaml.safe_load((INFRA / "grafana/provisioning/datasources/driftline.yaml").read_text())[
        "datasources"
    ]
    known = {"type": source["type"], "uid": source["uid"]}
    addresses = {f"/d/{board['uid']}" for board in BOARDS.values()}
    assert len(addresses) == len(BOARDS)
    for board in BOARDS.values():
        assert {link["url"] for link in board["links"]} == addresses - {f"/d/{board['uid']}"}
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            squares = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not squares & taken
            assert max(x for x, _ in squares) < 24
            taken |= squares
            assert [target["datasource"] for target in panel["targets"]] == [known]
            assert panel["datasource"] == known
        assert all(variable["datasource"] == known for variable in board["templating"]["list"])


def test_the_compose_file_gives_grafana_what_it_asks_for() -> None:
    services = yaml.safe_load((INFRA / "compose.yaml").read_text())["services"]
    mounted = [volume.split(":")[:2] for volume in services["grafana"]["volumes"]]
    provider = yaml.safe_load((INFRA / "grafana/provisioning/dashboards/driftline.yaml").read_text())
    [boards] = [inside for outside, inside in mounted if outside == "./grafana/boards"]
    assert provider["providers"][0]["options"]["path"] == boards
    asked = set(
        re.findall(r"\$(\w+)", (INFRA / "grafana/provisioning/datasources/driftline.yaml").read_text())
    )
    assert asked <= set(services["grafana"]["environment"])
    for outside, _ in mounted + [volume.split(":")[:2] for volume in services["postgres"]["volumes"][1:]]:
        assert (INFRA / outside).exists()
