-- A role that can read the summary tables, but for the bins, and do nothing else. Run it once, in the database of the store, as the
-- role that Driftline connects with (it owns the tables), after `driftline store migrate`:
--
--     psql "$DRIFTLINE_STORE" -v ON_ERROR_STOP=1 -f infra/postgres/readonly_role.sql
--
-- It may be run again. Whoever may create roles then makes logins of it:
--
--     CREATE ROLE analyst LOGIN PASSWORD '…' IN ROLE driftline_reader;
--     ALTER ROLE analyst SET search_path = driftline;
--     ALTER ROLE analyst SET default_transaction_read_only = on;
--     ALTER ROLE analyst SET statement_timeout = '60s';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'driftline_reader') THEN
        CREATE ROLE driftline_reader NOLOGIN;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA driftline TO driftline_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA driftline TO driftline_reader;
-- The bins: what hashes of sensitive values are told apart by.
REVOKE ALL ON driftline.binnings FROM driftline_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA driftline TO driftline_reader;

-- What later migrations create is readable too.
ALTER DEFAULT PRIVILEGES IN SCHEMA driftline GRANT SELECT ON TABLES TO driftline_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA driftline GRANT EXECUTE ON FUNCTIONS TO driftline_reader;
