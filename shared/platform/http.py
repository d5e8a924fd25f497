"""The app of a service's doors: health, readiness, metrics, errors, and permission on every route."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException

from shared.platform import problem
from shared.platform.auth import Keys, Permission, Public
from shared.platform.problem import ProblemBody

__all__ = ["Door", "Probe", "add", "create_app", "doors_of", "permissions", "seal"]

Probe = Callable[[], Awaitable[str | None]]
"""None when all is well, else what is wrong in one sentence."""

_PARAMETER = re.compile(r":\w+}")
MAX_BODY = 4 * 1024 * 1024
PROBE_TIMEOUT_S = 3.0
PROBLEM = ProblemBody.__name__
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {
        "content": {problem.MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}},
        "description": text,
    }
    for status, text in {
        400: "the request cannot be read",
        401: "no valid token",
        403: "no right",
        422: "fields that are wrong",
        503: "the database or the bus is away; the detail says whether anything was stored",
    }.items()
}
"""As OpenAPI has them, of every route. Given as models, FastAPI would make each of them anew for every route: two thirds of an
app's start."""


class _Described(FastAPI):
    """With the schema that ERRORS refers to."""

    def openapi(self) -> dict[str, Any]:
        """The description of all routes (OpenAPI 3.1)."""
        described = super().openapi()
        described.setdefault("components", {}).setdefault("schemas", {})[PROBLEM] = ProblemBody.model_json_schema()
        return described


class BodyLimit:
    """Answers 413 as soon as a body is longer than the cap, whatever its Content-Length says."""

    def __init__(self, app: Any, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count what comes in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise HTTPException(413, f"A body may have {self.limit} bytes at the most.")  # FastAPI makes others 400
            return message

        await self.app(scope, counted, send)


def create_app(
    title: str, keys: Keys, probes: Mapping[str, Probe], registry: CollectorRegistry, **state: Any
) -> FastAPI:
    """An app with the routes that every service has. `probes` are asked by /readyz, in parallel.

    `add` routers to it, then `seal` it.
    """
    app = _Described(title=f"House Rules: {title}", version="1")
    app.state.keys = keys
    for name, value in state.items():
        setattr(app.state, name, value)
    problem.install(app)
    app.add_middleware(BodyLimit, limit=MAX_BODY)
    add(app, _platform(probes, registry))
    return app


def add(app: FastAPI, router: APIRouter) -> None:
    """Serve a router's routes, whose prefix, tags and permissions are their own already, and say what each may answer.

    As `include_router` does, which however makes every route a second time: two thirds of an app's start.
    """
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.responses = ERRORS | route.responses
        app.router.routes.append(route)


def _platform(probes: Mapping[str, Probe], registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["platform"])

    @router.get("/healthz", summary="Alive", responses={})
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", summary="Ready to serve; says what is not")
    async def readyz() -> JSONResponse:
        answers = dict(zip(probes, await asyncio.gather(*(_ask(probe) for probe in probes.values())), strict=True))
        ready = all(answer is None for answer in answers.values())
        checks = {name: answer or "ready" for name, answer in answers.items()}
        return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _ask(probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            return await probe()
    except Exception as error:  # noqa: BLE001 a probe that fails is an answer
        return f"{type(error).__name__}"


@dataclass(frozen=True, slots=True)
class Door:
    """One route of a service: how it is called, what it asks of its caller, and the status of an answer that went well."""

    methods: tuple[str, ...]
    path: str
    permission: Permission | Public | None
    status: int = 200


def doors_of(app: FastAPI) -> list[Door]:
    """The service's own routes, included routers' too: all but health, metrics and documentation.

    Their paths are as OpenAPI has them, without what a parameter may be.
    """
    return [
        Door(
            tuple(sorted(route.methods or ())),
            _PARAMETER.sub("}", route.path or ""),
            next(permissions(route.dependant), None),
            route.status_code or 200,
        )
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute) and "platform" not in route.tags
    ]


def permissions(dependant: Dependant) -> Iterator[Permission | Public]:
    """What a route's dependencies ask of its caller."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, (Permission, Public)):
            yield dependency.call
        yield from permissions(dependency)


def seal(app: FastAPI) -> FastAPI:
    """Refuse to serve an app with a route that declares no permission: deny by default."""
    doors = doors_of(app)
    bare = [f"{'|'.join(door.methods)} {door.path}" for door in doors if door.permission is None]
    if bare:
        raise RuntimeError(f"routes without a permission: {', '.join(bare)}")
    return app
