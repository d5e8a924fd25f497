"""The databases: who gets in, and what they may do there."""

import asyncpg

from tests.conftest import FreshDatabases


async def test_owner_makes_tables_and_app_works_in_them(postgres: FreshDatabases) -> None:
    database = postgres.create("sla")
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("create table target (id bigint generated always as identity, name text)")
    app = await asyncpg.connect(database.app_url)
    await app.execute("insert into target (name) values ('a'), ('b')")
    await app.execute("update target set name = 'c' where name = 'a'")
    await app.execute("delete from target where name = 'b'")
    assert await app.fetch("select name from target") == [("c",)]
    await app.close()
    await owner.close()
