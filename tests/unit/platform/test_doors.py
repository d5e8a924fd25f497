"""What every service's doors do alike: permission on each route, problems that tell nothing they should not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry

from shared.platform.auth import DevelopmentIssuer, Keys, Principal, allow, public
from shared.platform.http import MAX_BODY, add, create_app, doors_of, seal

CANARY = "jo.canary@example.org"


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    made = DevelopmentIssuer(tmp_path / "issuer")
    made.prepare()
    return made


def app_with(issuer: DevelopmentIssuer, router: APIRouter) -> FastAPI:
    async def away() -> str | None:
        return "the broker does not answer"

    async def broken() -> str | None:
        raise ConnectionRefusedError

    async def fine() -> str | None:
        return None

    keys = Keys(issuer.ISSUER, issuer.AUDIENCE, str(issuer.jwks_file))
    app = create_app("test", keys, {"bus": away, "database": broken, "migrations": fine}, CollectorRegistry())
    add(app, router)
    return app


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/dpo")
    async def dpo(principal: Annotated[Principal, Depends(allow("dpo", "ops"))]) -> str:
        return principal.organisation

    @router.get("/number")
    async def number(n: int, _: Annotated[Principal, Depends(allow("dpo"))]) -> int:
        return n

    @router.get("/outage")
    async def outage(_: Annotated[None, Depends(public("a test"))]) -> None:
        raise ConnectionRefusedError(CANARY)

    @router.get("/bug")
    async def bug(_: Annotated[None, Depends(public("a test"))]) -> None:
        raise ValueError(CANARY)

    @router.post("/body")
    async def body(text: dict[str, str], _: Annotated[None, Depends(public("a test"))]) -> int:
        return len(text)

    return router


@pytest.fixture
async def client(issuer: DevelopmentIssuer) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(seal(app_with(issuer, routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/openapi.json", "/docs"])
async def test_platform_routes_ask_for_no_token(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_readiness_says_what_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "bus": "the broker does not answer",
        "database": "ConnectionRefusedError",
        "migrations": "ready",
    }


@pytest.mark.parametrize(
    ("organisation", "roles", "status"),
    [
        pytest.param("westward", ["dpo"], 200, id="the role"),
        pytest.param("westward", ["line-manager"], 403, id="another role"),
        pytest.param("westward", ["no-such-role"], 403, id="a role that does not exist"),
        pytest.param("", ["dpo"], 403, id="a role without an organisation"),
        pytest.param("", ["ops"], 200, id="ops spans organisations"),
    ],
)
async def test_roles(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer, organisation: str, roles: list[str], status: int
) -> None:
    answer = await client.get("/dpo", headers=bearer(issuer.token(organisation, roles)))
    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["none", "garbage", "other key", "expired", "other audience", "other issuer"])
async def test_no_valid_token_is_401(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer, tmp_path: Path, kind: str
) -> None:
    stranger = DevelopmentIssuer(tmp_path / "stranger")
    stranger.prepare()
    tokens = {
        "none": None,
        "garbage": "x.y.z",
        "other key": stranger.token("westward", ["dpo"]),
        "expired": issuer.token("westward", ["dpo"], exp=1),
        "other audience": issuer.token("westward", ["dpo"], aud="somebody"),
        "other issuer": issuer.token("westward", ["dpo"], iss="somebody"),
    }
    token = tokens[kind]
    answer = await client.get("/dpo", headers=bearer(token) if token else {})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:houserules:problem:unauthenticated"


async def test_a_wrong_field_is_named_and_its_value_is_not_repeated(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer
) -> None:
    answer = await client.get("/number", params={"n": CANARY}, headers=bearer(issuer.token("westward", ["dpo"])))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/n"
    assert CANARY not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/outage", 503), ("/bug", 500)])
async def test_what_fails_inside_tells_nothing_of_itself(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert CANARY not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_body_over_the_cap_is_413_whatever_it_claims(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 65536 + 2):
            yield b" " * 65536

    answer = await client.post("/body", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:houserules:problem:too-large"


def test_a_route_without_a_permission_is_refused(issuer: DevelopmentIssuer) -> None:
    router = APIRouter()

    @router.get("/open")
    async def open_door() -> None:
        """No permission."""

    with pytest.raises(RuntimeError, match="GET /open"):
        seal(app_with(issuer, router))


def test_the_walk_sees_included_routers(issuer: DevelopmentIssuer) -> None:
    assert {door.path for door in doors_of(app_with(issuer, routes()))} == {
        "/dpo",
        "/number",
        "/outage",
        "/bug",
        "/body",
    }
