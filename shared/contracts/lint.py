"""Refuses events that could carry a direct identifier or text.

`python -m shared.contracts.lint` prints what it finds and ends with 1 if that is anything. It looks at a field's name,
on the wire too, and at its type: a string is a `Literal` list of codes or one of `fields.TEXT_TYPES`, an instant has an
offset, a number is bounded. Clauses: wheatley:legal-and-regulatory-framework, westward:7.4.
"""

import re
import sys
import typing
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

import msgspec

from shared.contracts import fields
from shared.contracts.data import Part
from shared.contracts.registry import CONTRACTS

__all__ = ["FORBIDDEN_WORDS", "findings", "main"]

FORBIDDEN_WORDS = frozenset(
    [
        "name",
        "names",
        "forename",
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "nickname",
        "username",
        "screenname",
        "displayname",
        "initials",
        "handle",
        "email",
        "emails",
        "mail",
        "phone",
        "phones",
        "telephone",
        "tel",
        "mobile",
        "fax",
        "address",
        "addresses",
        "postcode",
        "street",
        "birthday",
        "born",
        "dob",
        "text",
        "texts",
        "body",
        "content",
        "note",
        "notes",
        "comment",
        "comments",
        "caption",
        "description",
        "title",
        "summary",
        "details",
        "remark",
        "remarks",
        "transcript",
        "quote",
        "signature",
        "url",
        "urls",
        "uri",
        "link",
        "links",
        "permalink",
        "ip",
        "password",
        "secret",
        "token",
    ]
)
"""Words that a field's name may not have, alone or two run together."""

_HARMLESS = frozenset({"content_hash"})
"""Names that have such a word and say themselves that they hold something else."""

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBERS = (fields.Count, fields.WholeNumber, fields.Revision)
_PLAIN: tuple[object, ...] = (bool, NoneType, date, fields.Limit, fields.Instant, *fields.TEXT_TYPES, *_NUMBERS)


def findings(shapes: Iterable[type[Part]] | None = None) -> list[str]:
    """One line for each fault in these shapes (without them: the data of every contract) and in the parts of them."""
    wanted = [each.data for each in CONTRACTS.values()] if shapes is None else list(shapes)
    return [fault for shape in _with_parts(wanted) for fault in _shape(shape)]


def main() -> int:
    """Print the faults; 1 when there are any, else 0."""
    faults = findings()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


def _with_parts(shapes: Iterable[type[Part]]) -> list[type[Part]]:
    """The shapes and every shape within them, each once."""
    seen: dict[type[Part], None] = {}
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop(0)
        if shape not in seen:
            seen[shape] = None
            waiting.extend(part for hint in _hints(shape).values() for part in _parts(hint))
    return list(seen)


def _hints(shape: type[Part]) -> dict[str, Any]:
    return typing.get_type_hints(shape, include_extras=True)


def _parts(hint: Any) -> Iterator[type[Part]]:
    if isinstance(hint, type) and issubclass(hint, Part):
        yield hint
    for inner in typing.get_args(hint):
        yield from _parts(inner)


def _shape(shape: type[Part]) -> Iterator[str]:
    if not (shape.__dict__.get("__doc__") or "").strip():
        yield f"{shape.__name__}: says nowhere what it means"
    wire = {field.name: field.encode_name for field in msgspec.structs.fields(shape)}
    hints = _hints(shape)
    for field, on_the_wire in wire.items():
        where = f"{shape.__name__}.{field}"
        for name in sorted({field, on_the_wire}):
            word = _forbidden(name)
            if word:
                yield f"{where}: a field called {name} would hold a direct identifier or text ({word})"
        yield from (f"{where}: {fault}" for fault in _type(hints[field]))


def _forbidden(name: str) -> str | None:
    if name in _HARMLESS:
        return None
    words = [word for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()) if word]
    joined = [first + second for first, second in pairwise(words)]
    return next((word for word in (*words, *joined) if word in FORBIDDEN_WORDS), None)


def _type(hint: Any) -> Iterator[str]:
    if hint in _PLAIN or (isinstance(hint, type) and issubclass(hint, Part)):
        return
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        yield from (f"{value!r} is no code" for value in inner if not _is_code(value))
    elif origin in (typing.Union, UnionType):
        for each in inner:
            yield from _type(each)
    elif origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        yield from _type(inner[0])
    else:
        yield _refusal(hint)


def _is_code(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and _CODE.fullmatch(value) is not None)


def _refusal(hint: Any) -> str:
    plain = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    if plain is str:
        return "a str may hold anything: it has to be a Literal list or one of the declared text types"
    if plain is datetime:
        return "an instant has to be fields.Instant, which insists on an offset"
    if plain is int:
        return "a number has to be one of the bounded ones of fields"
    return f"{plain!r} may hold anything"


if __name__ == "__main__":
    sys.exit(main())
