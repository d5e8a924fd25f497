"""The form of imports: a dry run says what a table would do, and which cells are wrong; then the same table is taken.

Nothing is kept here between the two: the table travels in the form of the second step.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Form, Request, Response
from starlette.datastructures import UploadFile

from services.access.api.common import KEEPERS
from services.access.api.imports import take
from services.access.domain.imports import COLUMNS
from services.access.pages.house import PAGES
from shared.platform.pages import Visitor, posted, seen
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

MOST_BYTES = 4 * 1024 * 1024
MOST_PACKED = 3_900_000
"""So much of a table, packed, fits into the form of the second step."""
FIELD = 500_000
"""A form's field may have a mebibyte; a longer table travels in several."""
MOST_FAULTS = 500
KINDS: Mapping[str, str] = MappingProxyType(
    {"people": "People", "sites": "Sites", "accounts": "Accounts", "grants": "Grants"}
)
Keeping = Annotated[Visitor, Depends(posted(*KEEPERS))]


@router.get("/page/imports")
async def form(
    request: Request, visitor: Annotated[Visitor, Depends(seen(*KEEPERS))], kind: str = "people"
) -> Response:
    """The empty form."""
    return _page(request, visitor, kind)


@router.post("/page/imports")
async def dry_run(
    request: Request, visitor: Keeping, kind: Annotated[str, Form()] = "", roster: Annotated[str, Form()] = ""
) -> Response:
    """What the table would do, and every cell that is wrong. Nothing is written."""
    file = (await request.form()).get("table")
    raw = await file.read() if isinstance(file, UploadFile) else b""
    everybody = bool(roster) and kind == "people"
    if kind not in KINDS or not raw:
        return _page(request, visitor, kind, everybody, fault="Choose what it lists, and a file.", status=422)
    name = (file.filename if isinstance(file, UploadFile) else None) or "the table"
    try:
        answer = await take(request, visitor.principal, kind, raw, dry_run=True, roster=everybody)
    except Problem as problem:
        return _refused(request, visitor, kind, everybody, problem, name)
    packed = _packed(raw)
    if len(packed) > MOST_PACKED:
        fault = "Nothing is wrong with it, but it is too large for this page: split it, or use `houserules import`."
        return _page(request, visitor, kind, everybody, name=name, fault=fault, status=413)
    counts: dict[str, int] = msgspec.json.decode(answer.body)
    return _page(request, visitor, kind, everybody, name=name, counts=counts, packed=packed)


@router.post("/page/imports/confirm")
async def confirm(
    request: Request,
    visitor: Keeping,
    packed: Annotated[list[str], Form(default_factory=list)],
    kind: Annotated[str, Form()] = "",
    roster: Annotated[str, Form()] = "",
) -> Response:
    """Take the table that was tried."""
    raw = _unpacked("".join(packed))
    if kind not in KINDS or raw is None:
        return _page(request, visitor, kind, fault="The table was lost on the way: choose it again.", status=422)
    everybody = bool(roster) and kind == "people"
    try:
        answer = await take(request, visitor.principal, kind, raw, roster=everybody)
    except Problem as problem:
        return _refused(request, visitor, kind, everybody, problem, "the table")
    counts: dict[str, int] = msgspec.json.decode(answer.body)
    done = f"Imported: {counts['created']} new, {counts['changed']} changed, {counts['unchanged']} as they were."
    return PAGES.back(request, "/page/imports", done)


def _refused(request: Request, visitor: Visitor, kind: str, everybody: bool, problem: Problem, name: str) -> Response:
    faults = list(problem.extra.get("errors", ()))
    return _page(
        request, visitor, kind, everybody, name=name, fault=problem.detail, faults=faults, status=problem.status
    )


def _page(
    request: Request,
    visitor: Visitor,
    kind: str,
    everybody: bool = False,
    *,
    status: int = 200,
    name: str = "",
    fault: str = "",
    faults: list[dict[str, Any]] | None = None,
    counts: Mapping[str, int] | None = None,
    packed: str = "",
) -> Response:
    return PAGES.render(
        request,
        visitor,
        "imports.html",
        status=status,
        kinds=KINDS,
        columns={kind: ", ".join(column.name for column in columns) for kind, columns in COLUMNS.items()},
        kind=kind,
        everybody=everybody,
        name=name,
        fault=fault,
        faults=(faults or [])[:MOST_FAULTS],
        more=max(0, len(faults or []) - MOST_FAULTS),
        counts=counts,
        packed=[packed[at : at + FIELD] for at in range(0, len(packed), FIELD)],
    )


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode()


def _unpacked(packed: str) -> bytes | None:
    """The table; None for what was not packed here, or unpacks to more than a door takes."""
    try:
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(base64.urlsafe_b64decode(packed.encode()), MOST_BYTES)
    except (zlib.error, binascii.Error, ValueError):
        return None
    return raw if raw and unpacking.eof else None
