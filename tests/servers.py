"""A real PostgreSQL and a real Kafka of the tests' own: plain processes on free ports, gone with the test run."""

import asyncio
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy.local.account import unprivileged
from deploy.local.databases import Databases, Passwords, close_doors, create_database, create_roles, databases
from deploy.local.jars import fetch
from deploy.local.kafka import Kafka
from deploy.local.layout import CACHE
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from deploy.local.program import Program
from deploy.local.waiting import kafka_answers, postgres_answers, run, until
from shared.platform import migrate

__all__ = ["FreshDatabases", "KafkaServer", "PostgresServer", "Process", "folder", "remove"]


def folder() -> Path:
    """A temporary folder that PostgreSQL's account can reach."""
    path = Path(tempfile.mkdtemp(prefix="houserules-test-"))
    path.chmod(0o711)
    return path


class Process:
    """One program, with its log beside it."""

    def __init__(self, place: Path, program: Program) -> None:
        self.program = program
        self.log = place / f"{program.name}.log"
        self.command = program.guarded(place)
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it runs until `stop`, `kill` or the end of the test run."""
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._popen is not None
        return self._popen.pid

    def alive(self) -> bool:
        """Whether it runs."""
        return self._popen is not None and self._popen.poll() is None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def freeze(self) -> None:
        """SIGSTOP, and wait until every thread stands still; until then a busy server may still answer."""
        self.signal(signal.SIGSTOP)
        limit = time.monotonic() + 10
        while not _frozen(self.pid):
            assert time.monotonic() < limit, f"{self.program.name} does not stop"
            time.sleep(0.01)

    def thaw(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it as its program says, with a limit."""
        self.end(self.program.stop_signal, 5)

    def end(self, number: int, seconds: float) -> None:
        """Send it a signal and wait until it is gone; after `seconds` kill it."""
        if self._popen is None or not self.alive():
            return
        self._popen.send_signal(signal.SIGCONT)
        self._popen.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        if self.alive():
            self._popen.kill()
            self._popen.wait()


def _frozen(pid: int) -> bool:
    """Whether every thread of a process is stopped (proc(5): the state follows the name in parentheses)."""
    states = (task / "stat" for task in Path(f"/proc/{pid}/task").iterdir())
    return all(state.read_text().rpartition(") ")[2].startswith("T") for state in states)


class PostgresServer:
    """A server with a fresh database for whoever asks, made from a template of the service."""

    def __init__(self, place: Path, durable: bool = True) -> None:
        account = unprivileged()
        (port,) = free_ports(1)
        self.server = Postgres(place, port, secrets.token_urlsafe(24), account, durable)
        self.server.prepare()
        self.process = Process(place, self.server.program())
        self._passwords: dict[str, Passwords] = {}
        self._templates: set[str] = set()
        self._numbers = itertools.count(1)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    @property
    def admin_url(self) -> str:
        """The superuser's URL."""
        return self.server.admin_url

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        until(lambda: postgres_answers(self.port, self.admin_url), "PostgreSQL", 60, self.process.alive)
        run(self._close_doors())

    def stop(self) -> None:
        """A fast shutdown, then away with the data."""
        self.process.stop()
        self.server.remove()

    def kill(self) -> None:
        """Kill the postmaster with -9."""
        self.process.end(signal.SIGKILL, 10)

    def create(self, service: str, migrated: bool = False) -> Databases:
        """A database of its own, empty or with the service's migrations run by its owner role."""
        return run(self._create(service, migrated))

    def drop(self, database: Databases) -> None:
        """Delete a database, whoever is connected."""
        run(self._drop(database.name))

    async def _admin(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.admin_url)

    async def _close_doors(self) -> None:
        admin = await self._admin()
        await close_doors(admin)
        await admin.close()

    async def _create(self, service: str, migrated: bool) -> Databases:
        admin = await self._admin()
        try:
            if service not in self._passwords:
                self._passwords[service] = Passwords(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
                await create_roles(admin, service, self._passwords[service])
            template = await self._template(admin, service, migrated)
            name = f"{service}_{next(self._numbers)}"
            await create_database(self.server, admin, service, name, template)
        finally:
            await admin.close()
        return databases(self.server, service, name, self._passwords[service])

    async def _template(self, admin: asyncpg.Connection, service: str, migrated: bool) -> str:
        template = f"{service}_{'migrated' if migrated else 'empty'}"
        if template not in self._templates:
            await create_database(self.server, admin, service, template)
            if migrated:
                url = databases(self.server, service, template, self._passwords[service]).owner_url
                run(_upgrade(service, url))
            self._templates.add(template)
        return template

    async def _drop(self, name: str) -> None:
        admin = await self._admin()
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


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


async def _upgrade(service: str, url: str) -> None:
    """In a thread without a loop, as migrations bring their own."""
    await asyncio.to_thread(migrate.upgrade, service, url)


class KafkaServer:
    """A broker."""

    def __init__(self, place: Path) -> None:
        port, controller_port = free_ports(2)
        self.broker = Kafka(place, port, controller_port, fetch(CACHE, print))
        self.broker.prepare()
        self.process = Process(place, self.broker.program())

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return self.broker.bootstrap

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        self.until_it_answers()

    def thaw(self) -> None:
        """Let it go on, and wait until it answers: one that stood for longer than its lease has to register again."""
        self.process.thaw()
        self.until_it_answers()

    def until_it_answers(self) -> None:
        """Wait until clients are served."""
        until(lambda: kafka_answers(self.broker.port), "Kafka", 60, self.process.alive)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def kill(self) -> None:
        """Kill it with -9."""
        self.process.end(signal.SIGKILL, 10)


def remove(place: Path) -> None:
    """Delete a folder of these tests."""
    shutil.rmtree(place, ignore_errors=True)
