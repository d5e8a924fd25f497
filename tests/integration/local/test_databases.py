"""The databases: who gets in, and what they may do there."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.databases import Databases
from tests.servers import FreshDatabases, PostgresServer


async def test_owner_makes_tables_and_app_works_in_them(postgres: FreshDatabases) -> None:
    database = postgres.create("sla")
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("create table target (id bigint generated always as identity, name text)")
    app = await asyncpg.connect(database.app_url)
    await app.execute("insert into target (name) values ('a'), ('b')")
    await app.execute("update target set name = 'c' where name = 'a'")
    await app.execute("delete from target where name = 'b'")
    assert await app.fetch("select name from target") == [("c",)]
    await app.close()
    await owner.close()


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (id int)",
        "create temporary table mine (id int)",
        "create schema mine",
        "alter table target add column more text",
        "create index on target (id)",
        "truncate target",
        "drop table target",
        "create role mine",
        "create database mine",
    ],
)
async def test_app_has_no_ddl(postgres: FreshDatabases, statement: str) -> None:
    database = postgres.create("sla")
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("create table target (id int)")
    app = await asyncpg.connect(database.app_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)
    await app.close()
    await owner.close()


@pytest.mark.parametrize("password", ["", "wrong", "sla_app"])
@pytest.mark.parametrize("whose", ["owner", "app"])
async def test_wrong_password_gets_nowhere(postgres: FreshDatabases, whose: str, password: str) -> None:
    database = postgres.create("sla")
    right = database.owner_url if whose == "owner" else database.app_url
    await _enters(right)
    with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InternalClientError)):
        await _enters(right, password=password)


async def test_superuser_needs_a_password_too(postgres_server: PostgresServer) -> None:
    await _enters(postgres_server.admin_url)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.admin_url, password="wrong")


@pytest.mark.parametrize("place", ["its database", "postgres", "template1"])
@pytest.mark.parametrize("whose", ["owner", "app"])
async def test_another_services_role_gets_nowhere(postgres: FreshDatabases, whose: str, place: str) -> None:
    mine, other = postgres.create("sla"), postgres.create("intake")
    url = other.owner_url if whose == "owner" else other.app_url
    await _enters(url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await asyncpg.connect(url, database=mine.name if place == "its database" else place)


async def test_every_way_in_asks_for_scram(postgres_server: PostgresServer) -> None:
    admin = await asyncpg.connect(postgres_server.admin_url)
    rules = await admin.fetch("select auth_method from pg_hba_file_rules")
    stored = await admin.fetch("select rolname, rolpassword from pg_authid where rolcanlogin")
    settings = dict(await admin.fetch("select name, setting from pg_settings"))
    await admin.close()
    assert {rule["auth_method"] for rule in rules} == {"scram-sha-256"}
    assert all(role["rolpassword"].startswith("SCRAM-SHA-256$") for role in stored)
    assert (settings["listen_addresses"], settings["unix_socket_directories"]) == ("127.0.0.1", "")
    assert (settings["synchronous_commit"], settings["fsync"]) == ("on", "on")


async def test_every_test_has_a_database_of_its_own(postgres: FreshDatabases) -> None:
    names = {postgres.create("sla").name for _ in range(3)}
    assert len(names) == 3


async def test_no_role_is_more_than_it_must_be(postgres_server: PostgresServer, postgres: FreshDatabases) -> None:
    database = postgres.create("sla")
    admin = await asyncpg.connect(postgres_server.admin_url)
    roles = await admin.fetch(
        "select rolname, rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls as more"
        " from pg_roles where rolname = any($1)",
        [_user(database.owner_url), _user(database.app_url)],
    )
    await admin.close()
    assert sorted(map(tuple, roles)) == [("sla_app", False), ("sla_owner", False)]


def _user(url: str) -> str | None:
    return urlsplit(url).username


async def _enters(url: str, **otherwise: str) -> None:
    connection = await asyncpg.connect(url, **otherwise)
    assert await connection.fetchval("select 1") == 1
    await connection.close()


def test_urls_name_the_database_and_the_role(postgres: FreshDatabases) -> None:
    database: Databases = postgres.create("sla")
    assert database.owner_url.startswith("postgresql://sla_owner:")
    assert database.app_url.startswith("postgresql://sla_app:")
    assert database.app_url.endswith(f"/{database.name}")
