#!/usr/bin/env bash
# A database with two roles for each service: an owner that migrates, and an app role that works with rows and has no DDL.
# The image runs this once, on an empty data folder. Each password is the one in the service's own URL.
set -euo pipefail
secrets=${HOUSERULES_SECRETS:-/run/secrets}

password() { # FILE: of postgresql://user:PASSWORD@host/database
    local url
    url=$(<"$secrets/$1")
    url=${url#postgresql://*:}
    printf '%s' "${url%%@*}"
}

run() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" "$@"; }

for database in postgres template1; do
    run --dbname postgres --command "revoke all on database $database from public"
done
for service in intake sla access consent; do
    name=${service^^}
    # Passwords go in by the standard input, as an argument is seen by every process of the machine.
    run --dbname postgres <<SQL
set log_min_error_statement = panic;
create role ${service}_owner login nosuperuser nocreatedb nocreaterole password '$(password "${name}_OWNER_URL")';
create role ${service}_app login nosuperuser nocreatedb nocreaterole password '$(password "${name}_DATABASE_URL")';
create database $service owner ${service}_owner;
revoke all on database $service from public;
grant connect on database $service to ${service}_owner, ${service}_app;
SQL
    run --dbname "$service" <<SQL
grant usage on schema public to ${service}_app;
alter default privileges for role ${service}_owner in schema public
    grant select, insert, update, delete on tables to ${service}_app;
alter default privileges for role ${service}_owner in schema public
    grant usage, select on sequences to ${service}_app;
SQL
done
