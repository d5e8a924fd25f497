"""Migrations of a service's database, by Alembic, under its owner role."""

import asyncio
from functools import cache
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.pool import NullPool

from shared.platform.db import Database, engine_of

__all__ = ["head", "probe", "run", "upgrade"]

ROOT = Path(__file__).resolve().parents[2]


def _config(service: str, url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(service: str, owner_url: str, revision: str = "head") -> None:
    """Bring a service's database up to date. `owner_url` is a plain `postgresql://` URL of the owner role."""
    command.upgrade(_config(service, owner_url), revision)


@cache
def _known(service: str) -> tuple[str, ...]:
    """The migrations of the code, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config(service)).walk_revisions())


def head(service: str) -> str:
    """The newest migration that the code knows."""
    return _known(service)[0]


async def probe(service: str, database: Database) -> str | None:
    """None when the database has the migrations of this code, else what to do.

    One that this code does not know is newer: migrations run before the processes are replaced one by one, and only add, so
    those that have not been replaced yet go on.
    """
    rows = await database.fetch("select version_num from alembic_version")
    current = rows[0].version_num if rows else None
    if current is not None and current not in _known(service)[1:]:
        return None
    return f"the database is at migration {current}, the code at {head(service)}: run `houserules migrate {service}`"


def run() -> None:
    """What a service's migrations/env.py calls. Without a URL it prints the SQL."""
    url: str | None = context.config.attributes.get("url")
    if url is None:
        context.configure(dialect_name="postgresql", as_sql=True, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    else:
        asyncio.run(_online(url))


async def _online(url: str) -> None:
    engine = engine_of(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
