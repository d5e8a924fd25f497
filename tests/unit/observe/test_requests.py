"""Requests are counted by the template of their route, and nothing that a caller chooses becomes a label."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException
from prometheus_client import CollectorRegistry

from shared.platform.metrics import PLATFORM, Instruments
from shared.platform.watching import Timed


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest_asyncio.fixture
async def caller(registry: CollectorRegistry) -> AsyncIterator[httpx.AsyncClient]:
    """Calls a small app."""
    app = FastAPI()

    @app.get("/things/{id}")
    async def thing(id: str) -> dict[str, str]:
        if id == "gone":
            raise HTTPException(404)
        if id == "bug":
            raise ZeroDivisionError
        return {"id": id}

    app.add_middleware(Timed, instruments=Instruments(PLATFORM, registry))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/things/p-1001", ("GET", "/things/{id}", "200")),
        ("GET", "/things/gone", ("GET", "/things/{id}", "404")),
        ("GET", "/things/bug", ("GET", "/things/{id}", "500")),
        ("POST", "/things/p-1001", ("POST", "/things/{id}", "405")),
        ("GET", "/secret/p-1001", ("GET", "unmatched", "404")),
        ("BREW", "/secret/p-1001", ("other", "unmatched", "404")),
    ],
)
async def test_a_request_is_counted_once(
    caller: httpx.AsyncClient, registry: CollectorRegistry, method: str, path: str, counted: tuple[str, str, str]
) -> None:
    await caller.request(method, path)
    requests = [
        (sample.labels["method"], sample.labels["route"], sample.labels["status"], sample.value)
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "houserules_http_requests_total"
    ]
    assert requests == [(*counted, 1.0)]
    assert registry.get_sample_value("houserules_http_seconds_count", {"route": counted[1]}) == 1
