"""Migrations of a service's database, by Alembic, under its owner role."""

import asyncio

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.pool import NullPool

from shared.platform.db import engine_of
from shared.platform.revisions import ROOT

__all__ = ["run", "upgrade"]


def _config(service: str, url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / service / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(service: str, owner_url: str, revision: str = "head") -> None:
    """Bring a service's database up to date. `owner_url` is a plain `postgresql://` URL of the owner role."""
    command.upgrade(_config(service, owner_url), revision)


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
