"""`Idempotency-Key`: a write that is sent again answers as it did the first time.

The key is one per organisation, actor and route and is kept 24 hours of machine time. The answer is stored in the
transaction of the write. A twin that arrives while the first is under way gets 409; the same key with another body or
another query (a dry run, say) 422.
"""

import hashlib
from collections.abc import Awaitable, Callable
from email.message import Message
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from shared.platform.auth import Principal
from shared.platform.problem import Problem

__all__ = ["HEADER", "create_idempotency_table", "forget_old", "once"]

HEADER = "Idempotency-Key"
MAX_KEY = 255


async def once(tx: Any, request: Request, principal: Principal, act: Callable[[], Awaitable[JSONResponse]]) -> Response:
    """Do `act` in `tx`, or give the answer that it gave before. Raises 409 and 422 problems."""
    key = request.headers.get(HEADER)
    if key is None:
        return await act()
    if not 0 < len(key) <= MAX_KEY:
        raise Problem(422, "invalid", f"{HEADER} has 1 to {MAX_KEY} characters.")
    scope = f"{principal.organisation}\x1f{principal.person}\x1f{request.method} {request.url.path}\x1f{key}"
    name = hashlib.sha256(scope.encode()).hexdigest()
    body = _digest(request.url.query, request.headers.get("content-type", ""), await request.body())
    taken = await tx.fetch("select pg_try_advisory_xact_lock(hashtextextended(:name, 7)) as free", name=name)
    if not taken[0].free:
        raise Problem(409, "in-progress", f"A request with this {HEADER} is under way; send it again in a moment.")
    known = await tx.fetch("select request, status, location, answer from idempotency where name = :name", name=name)
    if known:
        if known[0].request != body:
            raise Problem(
                422,
                "idempotency-key-reused",
                f"This {HEADER} was used before with another body or query: take a new one.",
            )
        headers = {"Location": known[0].location} if known[0].location else {}
        return Response(bytes(known[0].answer), known[0].status, headers, media_type="application/json")
    response = await act()
    await tx.execute(
        "insert into idempotency (name, organisation, request, status, location, answer) "
        "values (:name, :organisation, :request, :status, :location, :answer)",
        name=name,
        organisation=principal.organisation,
        request=body,
        status=response.status_code,
        location=response.headers.get("location"),
        answer=bytes(response.body),
    )
    return response


def _digest(query: str, content_type: str, body: bytes) -> str:
    """What was asked. A client draws a new boundary each time it sends the same form (RFC 7578, 4.1)."""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    if boundary is not None:
        body = body.replace(boundary.encode(errors="surrogateescape"), b"")
    return hashlib.sha256(b"\0".join((query.encode(), body))).hexdigest()


async def forget_old(tx: Any) -> int:
    """Delete answers older than 24 hours; the number deleted."""
    deleted: int = await tx.execute(
        "delete from idempotency where created_at < clock_timestamp() - interval '24 hours'"
    )
    return deleted


def json_answer(value: Any, status: int = 200, **headers: str) -> JSONResponse:
    """`value` as JSON, with instants as the bus writes them."""
    return JSONResponse(msgspec.to_builtins(value), status, headers=headers)


def create_idempotency_table(op: Any) -> None:
    """The table as of a service's first migration; `op` is Alembic's."""
    op.execute(
        """
        create table idempotency (
            name text primary key,
            organisation text not null,
            request text not null,
            status integer not null,
            location text,
            answer bytea not null,
            created_at timestamptz not null default clock_timestamp()
        )
        """
    )
    op.execute("create index idempotency_age on idempotency (created_at)")
