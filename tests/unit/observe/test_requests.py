"""Requests are counted by the template of their route, and nothing that a caller chooses becomes a label."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException
from prometheus_client import CollectorRegistry

from shared.platform.http import Door
from shared.platform.metrics import PLATFORM, Instruments
from shared.platform.watching import Timed, begin


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


def counted(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    """Requests by method, route and status."""
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "houserules_http_requests_total"
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
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
    caller: httpx.AsyncClient, registry: CollectorRegistry, method: str, path: str, expected: tuple[str, str, str]
) -> None:
    await caller.request(method, path)
    assert counted(registry) == {expected: 1.0}
    assert registry.get_sample_value("houserules_http_seconds_count", {"route": expected[1]}) == 1


@pytest.mark.parametrize("app_fails", [False, True], ids=["answers all the same", "fails"])
async def test_a_caller_who_hangs_up_before_the_answer_is_no_failure_of_the_door(
    registry: CollectorRegistry, app_fails: bool
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"
        if app_fails:
            raise ConnectionError
        await send({"type": "http.response.start", "status": 500, "headers": []})

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def lost(message: Any) -> None:
        """Nobody is there."""

    with suppress(ConnectionError):
        await Timed(app, Instruments(PLATFORM, registry))({"type": "http", "method": "POST", "path": "/x"}, gone, lost)
    assert counted(registry) == {("POST", "unmatched", "499"): 1.0}


async def test_a_caller_who_hangs_up_after_the_answers_head_was_answered(registry: CollectorRegistry) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def lost(message: Any) -> None:
        """Nobody is there."""

    await Timed(app, Instruments(PLATFORM, registry))({"type": "http", "method": "GET", "path": "/x"}, gone, lost)
    assert counted(registry) == {("GET", "unmatched", "200"): 1.0}


def test_what_doors_answer_begins_at_nought(registry: CollectorRegistry) -> None:
    doors = [Door(("GET",), "/things/{id}", None), Door(("POST",), "/things", None, status=201)]
    begin(Instruments(PLATFORM, registry), doors)
    assert counted(registry) == {
        (method, route, status): 0.0
        for method, route, well in (("GET", "/things/{id}", "200"), ("POST", "/things", "201"))
        for status in (well, "500", "503")
    }
