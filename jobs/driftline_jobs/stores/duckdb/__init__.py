"""Summary tables in a DuckDB file."""
