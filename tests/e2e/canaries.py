"""Strings that nobody else has, and where to look for them."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from tests.e2e.world import World

__all__ = ["Words", "clean", "holders", "in_bytes", "tables"]

Words = Mapping[str, str]
"""Canaries, by what they are."""

TABLES = """
    select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name
"""


def in_bytes(words: Words, raw: bytes) -> list[str]:
    """Which of them are in there, in whatever case."""
    lower = raw.lower()
    return [name for name, value in words.items() if value.lower().encode() in lower]


async def tables(world: World, service: str) -> dict[str, bytes]:
    """Every table of a service's database as text: what is in bytes in them too."""
    connection = await asyncpg.connect(world.running.stack.databases[service].owner_url)
    try:
        await connection.execute("set bytea_output = 'escape'")
        names = [row["table_name"] for row in await connection.fetch(TABLES)]
        found: dict[str, bytes] = {}
        for name in names:
            rows: list[Any] = await connection.fetch(f'select t::text as row from "{name}" as t')
            found[name] = "\n".join(row["row"] for row in rows).encode()
        return found
    finally:
        await connection.close()


def holders(words: Words, places: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Which places have which canary."""
    found: dict[str, set[str]] = {name: set() for name in words}
    for place, raw in places.items():
        for name in in_bytes(words, raw):
            found[name].add(place)
    return found


def clean(words: Words, places: Iterable[tuple[str, bytes]]) -> bool:
    """Whether no place has any; fails with the place and the kind."""
    found = {place: held for place, raw in places if (held := in_bytes(words, raw))}
    assert found == {}
    return True
