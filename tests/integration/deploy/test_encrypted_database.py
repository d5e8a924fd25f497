"""TLS to PostgreSQL: by the server that was meant, or not at all. Every connection of ours reads the same URL."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from shared.platform.db import Database, engine_of, is_outage
from tests.encrypted import EncryptedPostgres
from tests.secured import Authority
from tests.servers import PostgresServer, folder, remove

ENCRYPTED = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    place = folder()
    yield Authority(place / "authority")
    remove(place)


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[EncryptedPostgres]:
    place = folder()
    (place / "server").mkdir()
    made = EncryptedPostgres(place / "server", authority.pair("postgresql"))
    made.start()
    yield made
    made.stop()
    remove(place)


async def asked(url: str) -> bool:
    """What the server says of a service's own connection."""
    database = Database(url, application_name="test", pool_size=2)
    try:
        return bool((await database.fetch(ENCRYPTED))[0][0])
    finally:
        await database.close()


async def test_every_connection_is_encrypted(server: EncryptedPostgres, authority: Authority) -> None:
    """A service's pool, the relay's own, and the one that migrates."""
    url = server.url(sslmode="verify-full", sslrootcert=authority.ca)
    assert await asked(url)
    database = Database(url, application_name="test")
    alone = await database.dedicated()
    assert await alone.fetchval(ENCRYPTED)
    await alone.close()
    await database.close()
    engine = engine_of(url, poolclass=NullPool)
    async with engine.connect() as connection:
        assert (await connection.execute(text(ENCRYPTED))).scalar()
    await engine.dispose()


async def test_the_environment_says_it_as_well(
    server: EncryptedPostgres, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(authority.ca))
    assert await asked(server.url())
    assert not await asked(server.url(sslmode="disable"))


async def test_another_s_certificate_is_refused(server: EncryptedPostgres, tmp_path: Path) -> None:
    """As an outage: what waits for the database waits, and nothing is sent."""
    other = Authority(tmp_path, "somebody else's")
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        await asked(server.url(sslmode="verify-full", sslrootcert=other.ca))
    assert is_outage(refused.value)


async def test_a_certificate_of_another_name_is_refused(server: EncryptedPostgres, authority: Authority) -> None:
    url = server.url(host=EncryptedPostgres.UNNAMED, sslmode="verify-full", sslrootcert=authority.ca)
    with pytest.raises(ssl.SSLCertVerificationError):
        await asked(url)
    assert await asked(server.url(host=EncryptedPostgres.UNNAMED, sslmode="require", sslrootcert=""))


async def test_a_server_without_tls_is_refused(postgres_server: PostgresServer, authority: Authority) -> None:
    url = f"{postgres_server.admin_url}?sslmode=verify-full&sslrootcert={authority.ca}"
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await asked(url)
    assert not await asked(postgres_server.admin_url)
