"""What is derived from the definitions: SQL in both dialects, and the reference page."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline_schemas.ddl import Dialect, create_script, create_statements, quote_name, quote_text
from driftline_schemas.reference_page import reference_page
from driftline_schemas.table_definitions import load_tables
from driftline_schemas.view_definitions import load_views

PAGE = Path(__file__).parents[2] / "schemas" / "TABLES.md"


@pytest.mark.parametrize("dialect", Dialect)
def test_every_table_and_view_is_made(dialect: Dialect) -> None:
    statements = create_statements(dialect)
    for table in load_tables().values():
        assert sum(statement.startswith(f"CREATE TABLE {table.name} (") for statement in statements) == 1
        made = any(statement.startswith(f"CREATE VIEW current_{table.name} AS") for statement in statements)
        assert made == bool(table.parts)
    for view in load_views():
        assert sum(statement.startswith(f"CREATE VIEW {view} AS") for statement in statements) == 1
    assert create_script(dialect).count("COMMENT ON TABLE") == len(load_tables())


def test_types_differ_by_dialect() -> None:
    def runs(dialect: Dialect) -> str:
        return next(s for s in create_statements(dialect) if s.startswith("CREATE TABLE runs"))

    assert '"window_start" TIMESTAMP NOT NULL' in runs(Dialect.DUCKDB)
    assert '"window_start" timestamptz NOT NULL' in runs(Dialect.POSTGRES)
    assert '"cpu_seconds" DOUBLE,' in runs(Dialect.DUCKDB)
    assert '"cpu_seconds" double precision,' in runs(Dialect.POSTGRES)


def test_quoting() -> None:
    assert quote_name('a"b') == '"a""b"'
    assert quote_text("it's") == "'it''s'"


def test_every_view_column_is_explained() -> None:
    for view in load_views().values():
        assert view.grain.startswith("one row per ")
        assert view.queries
        for column in view.columns:
            assert column.meaning.endswith("."), (view.name, column.name)


def test_the_reference_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "write it anew: python -m driftline_schemas.reference_page schemas/TABLES.md"
    )


def test_the_reference_page_has_grain_key_and_three_queries_of_every_table() -> None:
    page = reference_page()
    for table in load_tables().values():
        section = page.split(f"### {table.name}\n")[1].split("\n### ")[0].split("\n## ")[0]
        assert f"- Grain: {table.grain}." in section
        assert f"`{table.key[0]}`" in section
        assert section.count("```sql") == 3
        for column in table.columns:
            assert f"| `{column.name}` |" in section
