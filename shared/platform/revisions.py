"""Which migrations a service's code knows, and whether its database has them.

Apart from `migrate`, which runs them: a service that starts needs no Alembic, which would be an eighth of its start.
"""

from functools import cache
from pathlib import Path

from shared.platform.db import Database

__all__ = ["ROOT", "head", "known", "probe"]

ROOT = Path(__file__).resolve().parents[2] / "services"


@cache
def known(service: str) -> tuple[str, ...]:
    """The migrations of the code, the newest first: a file's name begins with its number, which is its revision."""
    files = (ROOT / service / "migrations" / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))


def head(service: str) -> str:
    """The newest migration that the code knows."""
    return known(service)[0]


async def probe(service: str, database: Database) -> str | None:
    """None when the database has the migrations of this code, else what to do.

    One that this code does not know is newer: migrations run before the processes are replaced one by one, and only add, so
    those that have not been replaced yet go on.
    """
    rows = await database.fetch("select version_num from alembic_version")
    current = rows[0].version_num if rows else None
    if current is not None and current not in known(service)[1:]:
        return None
    return f"the database is at migration {current}, the code at {head(service)}: run `houserules migrate {service}`"
