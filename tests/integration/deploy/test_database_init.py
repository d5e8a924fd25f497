"""deploy/postgres/init.sh on a real PostgreSQL: what compose's server gets, and what the roles may do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from shared.cli.main import app
from tests import containers
from tests.servers import PostgresServer, folder, remove

SERVICES = ("intake", "sla", "access", "consent")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this file's own: the script wants one without our roles."""
    place = folder()
    server = PostgresServer(place)
    server.start()
    yield server
    server.stop()
    remove(place)


@pytest.fixture(scope="module")
def secrets(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets of an installation whose database the script has made."""
    place = containers.secrets(tmp_path_factory.mktemp("secrets"), server)
    containers.initialise(server, place)
    return place


async def connected(secrets: Path, name: str, database: str | None = None) -> asyncpg.Connection:
    """A connection as the secret of that name says, or to another database."""
    url = (secrets / name).read_text().strip()
    return await asyncpg.connect(re.sub(r"/\w+$", f"/{database}", url) if database else url)


def migrate(secrets: Path, *words: str) -> Result:
    """`houserules migrate`, as it finds its databases in the folder of secrets."""
    return CliRunner().invoke(app, ["migrate", *words], env={"HOUSERULES_SECRETS": str(secrets)})


@dataclass(frozen=True, slots=True)
class Migrated:
    """An installation whose migrations have run, and what was said before and meanwhile."""

    secrets: Path
    before: Result
    done: Result


@pytest.fixture(scope="module")
def migrated(secrets: Path) -> Migrated:
    """Ask once before there are tables, then make them: whichever test is first."""
    before = migrate(secrets, "sla", "--only-wait", "1")
    return Migrated(secrets, before, migrate(secrets, *SERVICES))


def test_whoever_waits_for_migrations_is_told_that_there_are_none(migrated: Migrated) -> None:
    """As the app role, which makes none itself."""
    assert migrated.before.exit_code == 1
    assert "The database of sla is not up to date" in migrated.before.stderr


def test_migrations_run_from_the_folder_of_secrets(migrated: Migrated) -> None:
    done = migrated.done
    assert done.exit_code == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == list(SERVICES)
    waited = migrate(migrated.secrets, *SERVICES, "--only-wait", "0")
    assert (waited.exit_code, waited.stderr) == (0, done.stderr)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_app_role_works_with_rows_and_has_no_ddl(migrated: Migrated, service: str) -> None:
    connection = await connected(migrated.secrets, f"{service.upper()}_DATABASE_URL")
    try:
        assert await connection.fetchval("select count(*) from outbox") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create table t (n int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("drop table outbox")
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["OWNER", "DATABASE"])
@pytest.mark.parametrize("database", ["intake", "postgres", "template1"])
async def test_nobody_enters_another_database(secrets: Path, role: str, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connected(secrets, f"SLA_{role}_URL", database)
