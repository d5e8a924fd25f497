"""One PostgreSQL and one Kafka for many runs of pytest, or for the workers of one: started once, lent by a file."""

import itertools
import os
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from deploy.local.account import unprivileged
from deploy.local.databases import Passwords
from deploy.local.postgres import Postgres
from deploy.local.program import private
from deploy.local.waiting import until
from tests.servers import KafkaServer, PostgresServer, folder, remove

__all__ = ["VARIABLE", "Lender", "Lent", "lending", "lent"]

VARIABLE = "HOUSERULES_TEST_SERVERS"
"""The environment variable that names the file."""
SERVICES = ("intake", "sla", "access", "consent")
START_S = 120


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
    """What this run is to use, if servers are lent to it; asks for them and waits until they are there."""
    name = os.environ.get(VARIABLE)
    if name is None:
        return None
    file = Path(name)
    _wanted(file).touch()
    until(file.exists, "the servers that are lent", START_S, lambda: not _over(file).exists())
    return msgspec.json.decode(file.read_bytes(), type=Lent)


def _wanted(file: Path) -> Path:
    return file.with_suffix(".wanted")


def _over(file: Path) -> Path:
    return file.with_suffix(".over")


@contextmanager
def lending(file: Path | None = None) -> Iterator[Path]:
    """Start both, and write the file to name in the environment of those who borrow: this one, or one of its own."""
    place = folder()
    file = file or place / "lent.json"
    try:
        postgres, kafka = PostgresServer(place), KafkaServer(place)
        try:
            kafka.process.start()
            postgres.start()
            for service in SERVICES:
                for migrated in (False, True):
                    postgres.drop(postgres.create(service, migrated))
            kafka.until_it_answers()
            made = Lent(
                str(place),
                postgres.port,
                postgres.server.password,
                postgres._passwords,
                sorted(postgres._templates),
                kafka.bootstrap,
            )
            private(file, msgspec.json.encode(made).decode())
            yield file
        finally:
            kafka.stop()
            postgres.stop()
    finally:
        remove(place)


class Lender:
    """Lends to the workers of a run, from the moment when the first of them asks until `stop`.

    One thread starts the servers and stays: the kernel takes the end of that thread for the death of their parent.
    """

    def __init__(self) -> None:
        self._asks = folder()
        self._file = self._asks / "lent.json"
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, "lender")
        self._lending: Future[None] | None = None

    def start(self) -> None:
        """From now on, processes that are started from here find what is lent."""
        os.environ[VARIABLE] = str(self._file)
        self._lending = self._thread.submit(self._lend)

    def stop(self) -> None:
        """Stop what was started. Raises what kept it from starting."""
        del os.environ[VARIABLE]
        self._stopping.set()
        self._thread.shutdown()
        remove(self._asks)
        if self._lending is not None:
            self._lending.result()

    def _lend(self) -> None:
        while not _wanted(self._file).exists():
            if self._stopping.wait(0.1):
                return
        try:
            with lending(self._file):
                self._stopping.wait()
        finally:
            _over(self._file).touch()
