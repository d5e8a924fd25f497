"""Intake's door with another way to keep a delivery: `python -m tests.bench.webhooks.doors KIND`.

The app is intake's own, with the same verification: `nothing` keeps none, `row` inserts and commits each request's
row by itself over an asyncpg pool, `orm` the same with a session of SQLAlchemy's ORM, as its documentation does it for
FastAPI (https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html).
"""

import argparse
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import uvloop
from sqlalchemy import BigInteger, DateTime, LargeBinary
from sqlalchemy import Sequence as Numbers
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.intake.app import build
from services.intake.settings import IntakeSettings
from services.intake.store.deliveries import Arrival
from services.intake.store.registered import read_file
from services.intake.store.sources import Source
from shared.platform.logs import configure
from shared.platform.service import Service, serve
from shared.policy import load_packs

KINDS = ("nothing", "row", "orm")
POOL = 20
"""Connections of those that commit for themselves: more did not make them faster on two cores."""
INSERT = """
    insert into deliveries (organisation, source, delivery, place, raw, received_at)
    values ($1, $2, $3, nextval('delivery_order'), $4, $5)
    on conflict (organisation, source, delivery) do nothing
"""


class Nothing:
    """Answers as soon as the signature is checked."""

    async def accept(self, arrival: Arrival) -> None:
        """Keep nothing."""


class Row:
    """A statement, and so a transaction, for each request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def accept(self, arrival: Arrival) -> None:
        """Insert and commit."""
        await self.pool.execute(
            INSERT, arrival.organisation, arrival.source, arrival.delivery, arrival.raw, arrival.received_at
        )


class Base(DeclarativeBase):
    """Of the mapped class below."""


class Delivery(Base):
    """A delivery as an object; the columns that have defaults are the database's."""

    __tablename__ = "deliveries"

    organisation: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    delivery: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger, Numbers("delivery_order"))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Orm:
    """A session, an object and a commit for each request."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    async def accept(self, arrival: Arrival) -> None:
        """Add and commit."""
        async with self.sessions() as session, session.begin():
            session.add(
                Delivery(
                    organisation=arrival.organisation,
                    source=arrival.source,
                    delivery=arrival.delivery,
                    raw=arrival.raw,
                    received_at=arrival.received_at,
                )
            )


class Book:
    """The sources of the file, never read again."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources

    async def named(self, name: str) -> Sequence[Source]:
        """The sources of that name."""
        return [one for one in self.sources if one.source == name]


async def keeper(kind: str, url: str) -> Any:
    """What keeps a delivery. Both pools commit durably and hold connections that are warm."""
    settings = {"synchronous_commit": "on", "timezone": "UTC"}
    if kind == "row":
        return Row(await asyncpg.create_pool(url, min_size=POOL, max_size=POOL, server_settings=settings))
    if kind == "orm":
        engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=POOL,
            max_overflow=0,
            connect_args={"server_settings": settings},
        )
        return Orm(async_sessionmaker(engine, expire_on_commit=False))
    return Nothing()


async def doors(kind: str) -> Service:
    """Intake's doors with another keeper, and nothing beside them."""
    settings = IntakeSettings.of_environment()
    assert settings.sources is not None
    service = build(settings)
    service.app.state.book = Book(read_file(settings.sources, load_packs().organisations))
    service.app.state.accepting = await keeper(kind, settings.database_url)
    service.start = None
    service.doormen = service.beside = ()
    return service


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="The webhook's door with another way to keep a delivery.")
    parser.add_argument("kind", choices=KINDS)
    kind = parser.parse_args().kind
    configure("intake", "info")

    async def run() -> int:
        return await serve(await doors(kind), "api")

    code = uvloop.run(run())
    os._exit(code)


if __name__ == "__main__":
    main()
