#!/bin/bash
# Run once by the image's start, on an empty database: one role a service, which owns its schema and sees no other, and one
# that copies the database. Their passwords are those in the URLs that the services read.
set -euo pipefail

password_in() {
  sed -n 's|^postgres://[^:]*:\([0-9a-f]*\)@.*|\1|p' "/run/secrets/$1"
}

sql() {
  psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

sql --command 'REVOKE ALL ON SCHEMA public FROM PUBLIC'
sql --command "REVOKE ALL ON DATABASE $POSTGRES_DB, postgres, template1 FROM PUBLIC"
for service in gateway chat usage; do
  # Read from standard input, so that no password stands in a list of processes.
  printf "CREATE ROLE tandem_%s LOGIN PASSWORD '%s';\n" "$service" "$(password_in "${service}_database_url")" | sql
  sql --command "GRANT CONNECT ON DATABASE $POSTGRES_DB TO tandem_$service" \
    --command "CREATE SCHEMA $service AUTHORIZATION tandem_$service"
done
printf "CREATE ROLE tandem_backup LOGIN REPLICATION PASSWORD '%s';\n" "$(password_in backup_database_url)" | sql
# The image lets nobody copy the database over the network; this one may, with its password.
echo 'host replication tandem_backup all scram-sha-256' >>"$PGDATA/pg_hba.conf"
