"""Changing a store behind its back, by a driver of its own."""

from __future__ import annotations


def write(url: str, sql: str) -> None:
    """Execute ``sql`` in the store's schema."""
    if url.startswith("duckdb"):
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
            connection.execute(sql)
    else:
        import psycopg

        with psycopg.connect(url) as server:
            server.execute(f"SET search_path TO driftline; {sql}".encode())


def read(url: str, sql: str) -> list[tuple[object, ...]]:
    """The rows of one query."""
    if url.startswith("duckdb"):
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///"), read_only=True) as connection:
            return connection.execute(sql).fetchall()
    import psycopg

    with psycopg.connect(url) as server:
        server.execute("SET search_path TO driftline")
        return server.execute(sql.encode()).fetchall()
