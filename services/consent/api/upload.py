"""Reading a consent record with its form from a multipart request."""

import json
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from services.consent.api.bodies import Record
from services.consent.api.landlords import invalid
from services.consent.store.forms import kind_of
from shared.platform.problem import Problem

__all__ = ["MULTIPART", "Filed", "file_of", "read_upload", "record_of"]

MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["record"],
                    "properties": {
                        "record": {"type": "string", "description": "the record, as a JSON object"},
                        "form": {
                            "type": "string",
                            "format": "binary",
                            "description": "PDF, PNG, JPEG, HEIC or TIFF; needed for a consent that was signed",
                        },
                    },
                }
            }
        },
    }
}
"""How the door is described."""

Filed = tuple[bytes, str]
"""A form's content and its media type."""


async def read_upload(request: Request, most: int) -> tuple[Record, Filed | None]:
    """The record and its form, if one came. Raises problems: 413 over the cap, 415 for another kind of file, 422."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "unsupported-media-type", "Send multipart/form-data: `record`, and the `form` as a file.")
    await request.body()
    async with request.form(max_files=2, max_fields=10, max_part_size=most) as form:
        record = _record(await _text(form))
        return record, await file_of(form, most)


async def _text(form: FormData) -> str:
    value = form.get("record")
    if value is None:
        raise invalid(("/body/record", "Field required"))
    raw = await value.read() if isinstance(value, UploadFile) else value.encode()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise invalid(("/body/record", "not UTF-8")) from None


def _record(text: str) -> Record:
    try:
        return record_of(json.loads(text))
    except (json.JSONDecodeError, RecursionError):
        raise invalid(("/body/record", "not JSON")) from None


def record_of(fields: Any) -> Record:
    """A record. Raises a 422 problem that names each field."""
    try:
        return Record.model_validate(fields)
    except ValidationError as error:
        faults = [("/".join(["/body/record", *map(str, one["loc"])]), one["msg"]) for one in error.errors()]
        raise invalid(*faults) from None


async def file_of(form: FormData, most: int) -> Filed | None:
    """The file in `form`, typed by its content; None where no file was chosen. Raises problems: 413, 415, 422."""
    value = form.get("form")
    if value is None or value == "":
        return None
    if not isinstance(value, UploadFile):
        raise invalid(("/body/form", "not a file"))
    content = await value.read()
    if not content and not value.filename:
        return None
    if len(content) > most:
        raise Problem(413, "too-large", f"A form may have {most} bytes at the most.")
    kind = kind_of(content)
    if kind is None:
        raise Problem(415, "unsupported-form", "A form is a PDF, PNG, JPEG, HEIC or TIFF file, by its content.")
    return content, kind
