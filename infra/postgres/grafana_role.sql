-- A login for Grafana, which can read the summary tables and do nothing else. For a database that is still empty:
-- what `driftline store migrate` creates later is readable from its first moment, but for the bins. (For one that has tables already,
-- run readonly_role.sql and grant it: GRANT driftline_reader TO grafana.)
--
--     psql "$DRIFTLINE_STORE" -v ON_ERROR_STOP=1 -v word="…" -f infra/postgres/grafana_role.sql
--
-- Run as the role that Driftline connects with, which must be allowed to create roles.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'driftline_reader') THEN
        CREATE ROLE driftline_reader NOLOGIN;
    END IF;
END
$$;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO driftline_reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO driftline_reader;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO driftline_reader;

CREATE ROLE grafana LOGIN PASSWORD :'word' IN ROLE driftline_reader;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '60s';
