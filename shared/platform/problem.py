"""Errors as problem details (RFC 9457)."""

import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.platform.db import is_outage

__all__ = ["Fault", "Problem", "ProblemBody", "as_problem", "install", "unavailable"]

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("http")


@dataclass(frozen=True, slots=True)
class Fault:
    """One field of a request that is wrong: a JSON pointer (RFC 6901) and what is wrong with it."""

    pointer: str
    detail: str


@dataclass(slots=True)
class Problem(Exception):
    """An answer that is an error: `code` becomes `urn:houserules:problem:<code>`."""

    status: int
    code: str
    detail: str
    errors: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


class ProblemBody(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, Any]] | None = None


def unavailable(detail: str, retry_after_s: int = 2) -> Problem:
    """503 with Retry-After: send it again. Only `detail` says whether anything was stored."""
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(retry_after_s)})


def trace_id(request: Request) -> str:
    """The W3C trace id of the request, or one made for it."""
    known: str | None = getattr(request.state, "trace_id", None)
    if known is None:
        parts = request.headers.get("traceparent", "").split("-")
        known = parts[1] if len(parts) == 4 and len(parts[1]) == 32 and parts[1].isalnum() else secrets.token_hex(16)
        request.state.trace_id = known
    return known


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem as a response."""
    body: dict[str, Any] = {
        "type": f"urn:houserules:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": trace_id(request),
        **problem.extra,
    }
    if problem.errors:
        body["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in problem.errors]
    return JSONResponse(body, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE)


CODES = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}


def as_problem(request: Request, error: Exception) -> Problem:
    """What an exception that left a route is, in an answer's words. What nobody expected is logged, and tells nothing."""
    match error:
        case Problem():
            return error
        case HTTPException():
            code = CODES.get(error.status_code, "http")
            return Problem(error.status_code, code, str(error.detail), headers=error.headers or {})
        case RequestValidationError():
            return _invalid(error)
        case _ if is_outage(error):
            log.warning("database unavailable", route=request.url.path, error=type(error).__name__)
            # It may have gone away between the commit and its answer, so nobody here knows which.
            return unavailable("The database cannot be reached; what was sent may be stored or not. Send it again.")
        case _:
            known = {"route": request.url.path, "error": type(error).__name__, "trace": trace_id(request)}
            log.error("unexpected error", **known, stack=_place(error))
            return Problem(500, "internal", "Something failed here. The instance leads to it in the log.")


def _place(error: Exception) -> str:
    """Where in the code it happened, without a word of what it was about."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def _invalid(error: RequestValidationError) -> Problem:
    """Names each field; never repeats a value, which may be a secret or a customer's words."""
    faults = [
        Fault("/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in one["loc"]), one["msg"])
        for one in error.errors()
    ]
    return Problem(422, "invalid", "The request has fields that are wrong; errors names each.", faults)


def _answered(request: Request, error: Exception) -> JSONResponse:
    return answer(request, as_problem(request, error))


class OutageMiddleware:
    """Turns an exception that escapes a route into a problem, before the server prints a traceback of it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Any) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if started:
                raise
            await _answered(Request(scope), error)(scope, receive, send)


def install(app: FastAPI) -> None:
    """Give an app its error answers."""
    for kind in (Problem, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answered)
    app.add_middleware(OutageMiddleware)
