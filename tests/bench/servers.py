"""The servers that everyone is measured on: one durable PostgreSQL, one Kafka, with the settings of the local stack."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from deploy.local.databases import Databases
from tests.servers import KafkaServer, PostgresServer, folder, remove

__all__ = ["Servers", "servers"]


class Servers:
    """Both, and a folder for files and logs. Databases are fresh for each round and gone after it."""

    def __init__(self, place: Path, postgres: PostgresServer, kafka: KafkaServer) -> None:
        self.place = place
        self.postgres = postgres
        self.kafka = kafka

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return self.kafka.bootstrap

    @property
    def pids(self) -> dict[str, int]:
        """The root of each server's processes."""
        return {"postgres": self.postgres.process.pid, "kafka": self.kafka.process.pid}

    async def database(self, service: str) -> Databases:
        """A fresh database of a service, with its migrations."""
        return await asyncio.to_thread(self.postgres.create, service, True)

    async def drop(self, database: Databases) -> None:
        """Delete a database."""
        await asyncio.to_thread(self.postgres.drop, database)

    async def settle(self) -> None:
        """What an earlier round left to be written is written before the next one begins."""
        admin = await asyncpg.connect(self.postgres.admin_url)
        await admin.execute("checkpoint")
        await admin.close()

    async def durability(self) -> dict[str, str]:
        """The settings that decide whether what is committed is safe, as the server has them."""
        admin = await asyncpg.connect(self.postgres.admin_url)
        names = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers")
        found = {name: str(await admin.fetchval("select current_setting($1)", name)) for name in names}
        await admin.close()
        return found

    async def version(self) -> str:
        """PostgreSQL's."""
        admin = await asyncpg.connect(self.postgres.admin_url)
        version: str = await admin.fetchval("show server_version")
        await admin.close()
        return version


@contextmanager
def servers() -> Iterator[Servers]:
    """Started on free ports in a folder of their own; stopped and gone afterwards."""
    place = folder()
    try:
        postgres, kafka = PostgresServer(place, durable=True), KafkaServer(place)
        try:
            postgres.start()
            kafka.start()
            yield Servers(place, postgres, kafka)
        finally:
            kafka.stop()
            postgres.stop()
    finally:
        remove(place)
