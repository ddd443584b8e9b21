"""Summary tables in the schema ``driftline`` of a Postgres database."""
