"""What a stack's servers need before the services: roles, databases, migrations, topics."""

import asyncio
from collections.abc import Iterable, Mapping

import asyncpg

from deploy.local.databases import Databases, close_doors, create_database, create_roles, databases
from deploy.local.errors import StackError
from deploy.local.postgres import Postgres
from deploy.local.secret_store import Secrets
from shared.bus.topics import Topics, ensure_topics
from shared.platform import migrate

__all__ = ["make_databases", "make_topics", "run_migrations"]


async def make_databases(server: Postgres, secrets: Secrets, services: Iterable[str]) -> dict[str, Databases]:
    """A database with two roles for each service, made where it is missing."""
    admin = await asyncpg.connect(server.admin_url)
    made = {}
    try:
        await close_doors(admin)
        for service in services:
            passwords = secrets.passwords(service)
            await create_roles(admin, service, passwords)
            await create_database(server, admin, service, service)
            made[service] = databases(server, service, service, passwords)
    finally:
        await admin.close()
    return made


async def run_migrations(made: Mapping[str, Databases]) -> None:
    """Bring every database up to date, under its owner role."""
    for service, database in made.items():
        try:
            await asyncio.to_thread(migrate.upgrade, service, database.owner_url)
        except Exception as error:
            raise StackError(
                f"The migrations of {service} failed ({type(error).__name__}: {str(error).splitlines()[0]}): "
                "its data was written by another version of this code; move the stack's folder away, or mend it."
            ) from error


async def make_topics(bootstrap: str, organisations: frozenset[str]) -> None:
    """Make the topics that are missing, and check the settings of those that are there."""
    await ensure_topics(bootstrap, Topics(organisations).specs())
