"""The identity provider's keys: read once for many, and never a 401 for what is an outage."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.platform.auth import DevelopmentIssuer, Keys, Principal
from shared.platform.problem import Problem


@dataclass(slots=True)
class Provider:
    """An identity provider's key endpoint on loopback, slow and at times broken."""

    body: bytes
    status: str = "200 OK"
    asked: int = 0
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        await asyncio.sleep(0.05)
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def provider(issuer: DevelopmentIssuer) -> AsyncIterator[Provider]:
    made = Provider(issuer.jwks_file.read_bytes())
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    async with server:
        yield made


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    made = DevelopmentIssuer(tmp_path)
    made.prepare()
    return made


async def test_the_first_requests_at_once_are_all_let_in_by_one_reading(issuer: DevelopmentIssuer) -> None:
    async with provider(issuer) as source:
        keys = Keys(issuer.ISSUER, issuer.AUDIENCE, source.url)
        token = issuer.token("westward", ["dpo"])
        principals = await asyncio.gather(*(keys.verify(token) for _ in range(8)))
        assert {principal.person for principal in principals} == {"local-dpo"}
        assert source.asked == 1


@pytest.mark.parametrize("broken", ["503 Service Unavailable", "200 OK"], ids=["an error", "not JSON"])
async def test_while_the_provider_is_away_it_is_503_and_then_well(issuer: DevelopmentIssuer, broken: str) -> None:
    async with provider(issuer) as source:
        sound, source.body, source.status = source.body, b"<html>", broken
        keys = Keys(issuer.ISSUER, issuer.AUDIENCE, source.url)
        token = issuer.token("westward", ["dpo"])
        for _ in range(3):
            with pytest.raises(Problem) as problem:
                await keys.verify(token)
            assert problem.value.status == 503
        source.body, source.status = sound, "200 OK"
        assert (await _until_let_in(keys, token)).organisation == "westward"


async def _until_let_in(keys: Keys, token: str) -> Principal:
    async with asyncio.timeout(5):
        while True:
            try:
                return await keys.verify(token)
            except Problem as problem:
                assert problem.status == 503
                await asyncio.sleep(0.1)


async def test_known_keys_stay_good_and_an_unknown_one_is_401(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    async with provider(issuer) as source:
        keys = Keys(issuer.ISSUER, issuer.AUDIENCE, source.url)
        await keys.verify(issuer.token("westward", ["dpo"]))
        stranger = DevelopmentIssuer(tmp_path / "stranger")
        stranger.prepare()
        renamed = json.loads(stranger.jwks_file.read_bytes())
        assert renamed["keys"][0]["kid"] == issuer.KEY_ID
        with pytest.raises(Problem) as problem:
            await keys.verify(stranger.token("westward", ["dpo"]))
        assert problem.value.status == 401
        with pytest.raises(Problem) as problem:
            await keys.key("another")
        assert problem.value.status == 401
