"""Sources: the connections that may post to us."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.intake.api.book import Book
from services.intake.api.landlords import known_organisation
from services.intake.domain.secrets import good_secret
from services.intake.store import sources
from services.intake.store.sources import Source
from shared.bus.tx import Bus, Tx
from shared.platform.audit import audit
from shared.platform.auth import Principal, allow
from shared.platform.idempotency import once
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem

__all__ = ["SourceBody", "SourcePage", "WrittenSource", "router"]

NAME = "^[A-Za-z0-9][A-Za-z0-9._~-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=100)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern="^[^\\x00]+$")]
Staff = Annotated[Principal, Depends(allow("communications", "head-of-communications"))]

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "no such source in this organisation"}}


class WrittenSource(BaseModel):
    """A source as it is written. Two secrets may be valid while one replaces the other."""

    source: Name
    network: Literal["meta", "x", "linkedin", "standard"] = "standard"
    accounts: Annotated[list[Line], Field(max_length=1_000)] = []
    secrets: Annotated[list[Line], Field(min_length=1, max_length=5, repr=False)]
    verify_token: Annotated[Line | None, Field(repr=False)] = None

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.network == "standard" and not all(good_secret(secret) for secret in self.secrets):
            raise ValueError("a standard secret is base64 of 24 bytes or more, with or without whsec_ before it")
        return self

    def of(self, organisation: str) -> Source:
        """The source of an organisation."""
        return Source(
            organisation=organisation,
            source=self.source,
            network=self.network,
            accounts=tuple(self.accounts),
            secrets=tuple(self.secrets),
            verify_token=self.verify_token,
        )


class SourceBody(BaseModel):
    """A source as it is read: how many secrets it has, never which."""

    source: str
    network: Literal["meta", "x", "linkedin", "standard"]
    accounts: list[str]
    secret_count: int
    created_at: datetime | None
    changed_at: datetime | None


class SourcePage(BaseModel):
    """A page of sources, by name."""

    items: list[SourceBody]
    next: str | None


router = APIRouter(prefix="/sources", tags=["sources"])


def body_of(source: Source) -> dict[str, Any]:
    """What may be shown of a source."""
    return {
        "source": source.source,
        "network": source.network,
        "accounts": list(source.accounts),
        "secret_count": len(source.secrets),
        "created_at": source.created_at,
        "changed_at": source.changed_at,
    }


@router.get("", summary="The organisation's sources", response_model=SourcePage)
async def list_sources(request: Request, staff: Staff, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    """By name; without their secrets."""
    bus: Bus = request.app.state.bus
    key = read_cursor(cursor, str)
    if key is not None and "\x00" in key[0]:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.")
    async with bus.transaction() as tx:
        rows: Sequence[Source] = await sources.page(tx, staff.organisation, key[0] if key else None, limit)
    return page(rows, limit, lambda one: (one.source,), body_of)


@router.get("/{source}", summary="One source", response_model=SourceBody, responses=NOT_FOUND)
async def show_source(
    request: Request, staff: Staff, source: Annotated[str, Path(pattern=NAME, max_length=100)]
) -> dict[str, Any]:
    """Without its secrets."""
    bus: Bus = request.app.state.bus
    async with bus.transaction() as tx:
        found = await sources.find(tx, staff.organisation, source)
    if found is None:
        raise Problem(404, "not-found", "There is no source with this name.")
    return body_of(found)


@router.post(
    "",
    status_code=201,
    summary="Make a source, or give one other accounts and secrets",
    response_model=SourceBody,
    responses={200: {"model": SourceBody, "description": "it was there and was changed"}},
)
async def put_source(request: Request, staff: Staff, body: WrittenSource) -> Response:
    """201 for a new one, 200 for one that was there: its accounts and secrets are replaced, so that a secret is rotated."""
    known_organisation(request, staff)
    bus: Bus = request.app.state.bus
    book: Book = request.app.state.book
    async with bus.transaction() as tx:
        answer = await once(tx, request, staff, lambda: _put(tx, staff, body.of(staff.organisation)))
    await book.read()
    return answer


async def _put(tx: Tx, staff: Principal, source: Source) -> JSONResponse:
    before = await sources.find(tx, staff.organisation, source.source)
    created = await sources.put(tx, source)
    after = await sources.find(tx, staff.organisation, source.source)
    assert after is not None
    await audit(
        tx,
        organisation=staff.organisation,
        actor=staff.person,
        action="put-source",
        subject=source.source,
        at=tx.now,
        before=_facts(before),
        after=_facts(after),
    )
    content = SourceBody.model_validate(body_of(after)).model_dump(mode="json")
    return JSONResponse(content, 201 if created else 200, headers={"Location": f"/sources/{source.source}"})


def _facts(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    return {"network": source.network, "accounts": list(source.accounts), "secret_count": len(source.secrets)}
