#!/bin/sh
# Copies the primary at the first start, and follows it. After `pg_promote()` it is the primary, also at later starts.
set -eu
until [ -s "$PGDATA/PG_VERSION" ]; do
	rm -rf "$PGDATA"/*
	pg_basebackup --pgdata "$PGDATA" --write-recovery-conf --checkpoint=fast \
		--dbname "host=$PRIMARY user=replicator application_name=db2 password=$PGPASSWORD" || sleep 1
done
# It is no standby of itself, once it takes over.
exec postgres -c synchronous_standby_names=
