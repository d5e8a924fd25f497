"""One PostgreSQL and one Kafka for many runs of pytest: started once, lent by a file that an environment variable names."""

import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from deploy.local.account import unprivileged
from deploy.local.databases import Passwords
from deploy.local.postgres import Postgres
from tests.servers import KafkaServer, PostgresServer, folder, remove

__all__ = ["VARIABLE", "Lent", "lending", "lent"]

VARIABLE = "HOUSERULES_TEST_SERVERS"
SERVICES = ("intake", "sla", "access", "consent")


class Lent(msgspec.Struct):
    """How the servers are reached. Roles and templates of the services are there already."""

    folder: str
    port: int
    password: str
    passwords: dict[str, Passwords]
    templates: list[str]
    bootstrap: str

    def postgres(self) -> PostgresServer:
        """The PostgreSQL, for fresh databases; somebody else starts and stops it."""
        return _LentPostgres(self)


class _LentPostgres(PostgresServer):
    def __init__(self, lent: Lent) -> None:
        self.server = Postgres(Path(lent.folder), lent.port, lent.password, unprivileged())
        self._passwords = dict(lent.passwords)
        self._templates = set(lent.templates)
        self._numbers = itertools.count(secrets.randbelow(10**9) * 1000)


def lent() -> Lent | None:
    """What this run is to use, if servers are lent to it."""
    name = os.environ.get(VARIABLE)
    return msgspec.json.decode(Path(name).read_bytes(), type=Lent) if name else None


@contextmanager
def lending() -> Iterator[Path]:
    """Start both, and give the file to name in the environment of those who borrow."""
    place = folder()
    postgres, kafka = PostgresServer(place), KafkaServer(place)
    try:
        postgres.start()
        kafka.start()
        for service in SERVICES:
            for migrated in (False, True):
                postgres.drop(postgres.create(service, migrated))
        file = place / "lent.json"
        file.touch(mode=0o600)
        made = Lent(
            str(place),
            postgres.port,
            postgres.server.password,
            postgres._passwords,
            sorted(postgres._templates),
            kafka.bootstrap,
        )
        file.write_bytes(msgspec.json.encode(made))
        yield file
    finally:
        kafka.stop()
        postgres.stop()
        remove(place)
