"""What every test may ask for: a real PostgreSQL, a real Kafka, topics of its own."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.databases import Databases
from tests.servers import KafkaServer, PostgresServer, folder, remove


@dataclass(slots=True)
class FreshDatabases:
    """Databases for one test, gone after it."""

    server: PostgresServer
    made: list[Databases] = field(default_factory=list)

    def create(self, service: str, migrated: bool = False) -> Databases:
        """A database of the test's own: `owner_url` and `app_url`, empty or migrated."""
        database = self.server.create(service, migrated)
        self.made.append(database)
        return database


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where this run's servers keep their data."""
    place = folder()
    yield place
    remove(place)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """This run's PostgreSQL."""
    server = PostgresServer(server_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka_server(server_folder: Path) -> Iterator[KafkaServer]:
    """This run's broker."""
    server = KafkaServer(server_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[FreshDatabases]:
    """Fresh databases on this run's PostgreSQL."""
    fresh = FreshDatabases(postgres_server)
    yield fresh
    for database in fresh.made:
        postgres_server.drop(database)


@pytest.fixture
def kafka(kafka_server: KafkaServer) -> str:
    """Where clients begin at this run's broker."""
    return kafka_server.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has."""
    return f"t{secrets.token_hex(4)}."
