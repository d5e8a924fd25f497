"""Which databases a service works with."""

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from shared.platform import revisions
from shared.platform.db import Database
from tests.servers import FreshDatabases


@pytest.mark.parametrize(
    ("stands", "says"),
    [
        pytest.param(None, None, id="what the code knows"),
        pytest.param("0001", "the database is at migration 0001, the code at", id="older than the code"),
        pytest.param("9999", None, id="newer than the code, as while processes are replaced one by one"),
        pytest.param("", "the database is at migration None", id="none"),
    ],
)
async def test_a_service_is_ready_on_a_database_that_is_not_behind(
    postgres: FreshDatabases, stands: str | None, says: str | None
) -> None:
    made = postgres.create("sla", migrated=True)
    if stands is not None:
        owner = await asyncpg.connect(made.owner_url)
        await owner.execute("delete from alembic_version")
        await owner.executemany("insert into alembic_version values ($1)", [(stands,)] if stands else [])
        await owner.close()
    database = Database(made.app_url, application_name="test", pool_size=1)
    try:
        found = await revisions.probe("sla", database)
    finally:
        await database.close()
    assert found is None if says is None else says in (found or "")
    assert found is None or "run `houserules migrate sla`" in found


@pytest.mark.parametrize("service", ["intake", "sla", "access", "consent"])
def test_the_names_of_the_files_say_the_migrations_as_alembic_orders_them(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(revisions.ROOT / service / "migrations"))
    ordered = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(revisions.known(service)) == ordered
