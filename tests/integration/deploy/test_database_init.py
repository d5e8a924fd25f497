"""deploy/postgres/init.sh on a real PostgreSQL: what compose's server gets, and what the roles may do."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.local.postgres import INSTALL
from shared.cli.main import app
from tests.servers import PostgresServer, folder, remove

ROOT = Path(__file__).parents[3]
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
    """What the set-up script makes, its server's address changed to this one; and the init script run with it."""
    place = tmp_path_factory.mktemp("secrets")
    subprocess.run(["sh", ROOT / "deploy" / "compose" / "setup", place], check=True, capture_output=True)
    for file in place.glob("*_URL"):
        file.chmod(0o600)
        file.write_text(file.read_text().replace("@postgres:5432/", f"@127.0.0.1:{server.port}/"))
    done = subprocess.run(
        [ROOT / "deploy" / "postgres" / "init.sh"],
        env={
            "PATH": f"{INSTALL / 'bin'}:{os.environ['PATH']}",
            "HOUSERULES_SECRETS": str(place),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": server.server.password,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return place


async def connected(secrets: Path, name: str, database: str | None = None) -> asyncpg.Connection:
    """A connection as the secret of that name says, or to another database."""
    url = (secrets / name).read_text().strip()
    return await asyncpg.connect(re.sub(r"/\w+$", f"/{database}", url) if database else url)


def test_migrations_run_from_the_folder_of_secrets(secrets: Path) -> None:
    done = CliRunner().invoke(app, ["migrate", *SERVICES], env={"HOUSERULES_SECRETS": str(secrets)})
    assert done.exit_code == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == list(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_app_role_works_with_rows_and_has_no_ddl(secrets: Path, service: str) -> None:
    connection = await connected(secrets, f"{service.upper()}_DATABASE_URL")
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
