#!/bin/sh
# What Postgres's image runs once, on an empty volume: Airflow's database, and Grafana's login.
set -eu
sql() { psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"; }
sql --command "CREATE DATABASE airflow"
sql --set word="$GRAFANA_PASSWORD" --file /infra/grafana_role.sql
