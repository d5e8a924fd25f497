"""Each service's database and its two roles: one that owns and migrates, one that works and has no DDL."""

import re
from dataclasses import dataclass

import asyncpg

from deploy.local.postgres import Postgres

__all__ = [
    "Databases",
    "Passwords",
    "app_role",
    "close_doors",
    "create_database",
    "create_roles",
    "databases",
    "owner_role",
]

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")

GRANTS = """
grant usage on schema public to {app};
alter default privileges for role {owner} in schema public grant select, insert, update, delete on tables to {app};
alter default privileges for role {owner} in schema public grant usage, select on sequences to {app};
"""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of a service's two roles."""

    owner: str
    app: str


@dataclass(frozen=True, slots=True)
class Databases:
    """One database, as each of its roles reaches it."""

    name: str
    owner_url: str
    app_url: str


def owner_role(service: str) -> str:
    """The role that owns the tables and migrates."""
    return f"{service}_owner"


def app_role(service: str) -> str:
    """The role that the service works as: rows, no DDL."""
    return f"{service}_app"


async def close_doors(admin: asyncpg.Connection) -> None:
    """Nobody but the superuser enters the databases that come with the server."""
    for database in ("postgres", "template1"):
        await admin.execute(f"revoke all on database {database} from public")


async def create_roles(admin: asyncpg.Connection, service: str, passwords: Passwords) -> None:
    """Make both roles, or give them these passwords."""
    for role, password in ((owner_role(service), passwords.owner), (app_role(service), passwords.app)):
        known = await admin.fetchval("select true from pg_roles where rolname = $1", role)
        verb = "alter" if known else "create"
        statement = await admin.fetchval(
            "select format($1 || ' role %I login nosuperuser nocreatedb nocreaterole password %L', $2::text, $3::text)",
            verb,
            role,
            password,
        )
        await admin.execute(statement)


async def create_database(
    server: Postgres, admin: asyncpg.Connection, service: str, name: str, template: str | None = None
) -> None:
    """Make a service's database where it is missing, closed to every other role. A template brings its own grants."""
    if not NAME.fullmatch(name) or not NAME.fullmatch(service):
        raise ValueError(f"{name!r} of {service!r} is no name for a database")
    owner, app = owner_role(service), app_role(service)
    if not await admin.fetchval("select true from pg_database where datname = $1", name):
        await admin.execute(f"create database {name} owner {owner} template {template or 'template1'}")
    await admin.execute(
        f"revoke all on database {name} from public; grant connect on database {name} to {owner}, {app}"
    )
    if template is None:
        inside = await asyncpg.connect(server.url("postgres", server.password, name))
        try:
            await inside.execute(GRANTS.format(owner=owner, app=app))
        finally:
            await inside.close()


def databases(server: Postgres, service: str, name: str, passwords: Passwords) -> Databases:
    """The URLs of a service's database."""
    owner_url = server.url(owner_role(service), passwords.owner, name)
    return Databases(name, owner_url, server.url(app_role(service), passwords.app, name))
