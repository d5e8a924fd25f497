"""The multipart forms of revocations: a note, a file, until when and why."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from services.access.domain import ends
from services.access.domain.evidence import NotEvidence, typed
from shared.platform.problem import Fault, Problem

__all__ = ["FORM", "Form", "read_form", "until_of"]

MOST = 2_000
FORM: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "note": {"type": "string", "maxLength": MOST},
                        "evidence": {"type": "string", "format": "binary"},
                        "until": {"type": "string", "description": "an instant, or a local day: to its end"},
                        "reason": {"type": "string", "maxLength": MOST},
                    },
                }
            }
        }
    }
}


@dataclass(frozen=True, slots=True)
class Form:
    """What came in. `file` is the media type, by content, and the content."""

    note: str | None = None
    reason: str | None = None
    until: str | None = None
    file: tuple[str, bytes] | None = None


async def read_form(request: Request) -> Form:
    """Read the form; an empty body is an empty form. Raises 413, 415 and 422 problems."""
    await request.body()
    async with request.form(max_files=2, max_fields=20) as form:
        return Form(_text(form, "note"), _text(form, "reason"), _text(form, "until"), await _file(form))


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    if value is None or isinstance(value, UploadFile):
        return None
    if len(value) > MOST or "\0" in value:
        raise Problem(
            422,
            "invalid",
            "The form has fields that are wrong.",
            [Fault(f"/{name}", f"text of up to {MOST} characters")],
        )
    return value.strip() or None


async def _file(form: FormData) -> tuple[str, bytes] | None:
    file = form.get("evidence")
    if not isinstance(file, UploadFile):
        return None
    content = await file.read()
    if not content:
        return None
    try:
        return typed(file.filename or "", content), content
    except NotEvidence as why:
        raise Problem(415, "unsupported-media-type", str(why)) from None


def until_of(form: Form, zone: ZoneInfo) -> datetime:
    """When a waiver ends. Raises a 422 problem."""
    said = form.until or ""
    try:
        if len(said) == len("2026-01-01"):
            return ends(date.fromisoformat(said), zone)
        instant = datetime.fromisoformat(said)
        if instant.utcoffset() is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Problem(
        422,
        "invalid",
        "A waiver needs its end.",
        [Fault("/until", "an instant with an offset, or a day as YYYY-MM-DD")],
    )
