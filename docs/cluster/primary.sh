#!/bin/sh
# Prepares a new PostgreSQL for its standby db2. The image runs this once, before the first start.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<SQL
CREATE ROLE replicator REPLICATION LOGIN PASSWORD '$POSTGRES_PASSWORD';
-- From the next start on: nothing is acknowledged that the standby does not have.
ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (db2)';
SQL
echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
