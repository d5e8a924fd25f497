"""The shape that all event data shares, and how it becomes JSON and comes back."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

import msgspec
from msgspec.structs import force_setattr

from shared.contracts.fields import decode_hook, encode_hook

__all__ = ["Data", "Invalid", "Part", "Undecodable", "decode", "encode"]


EARLIEST = 1900
"""The first year: an earlier instant is a field that nobody filled in, and no calendar reaches back to it."""


class Undecodable(ValueError):
    """The bytes are not JSON in UTF-8."""


class Invalid(ValueError):
    """A field is missing, of the wrong type or outside its list; `detail` names it and holds nothing of the payload."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An object inside an event's data.

    A missing field and `null` are the same: None. Unknown fields are ignored. Instants are UTC in memory; a naive one
    is a TypeError.
    """

    def __post_init__(self) -> None:
        for name in _instants(type(self)):
            value = getattr(self, name)
            if value is None:
                continue
            for each in value if value.__class__ is tuple else (value,):
                if each.tzinfo is not UTC or each.year < EARLIEST:
                    force_setattr(self, name, _in_utc(name, value))
                    break


class Data(Part, frozen=True, kw_only=True):
    """Base of every event's data."""


@cache
def _instants(shape: type[Part]) -> tuple[str, ...]:
    """The fields that hold an instant or several."""
    return tuple(
        field.name for field in msgspec.structs.fields(shape) if _holds_instants(msgspec.inspect.type_info(field.type))
    )


def _holds_instants(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_holds_instants(each) for each in kind.types)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _holds_instants(kind.item_type)
    return isinstance(kind, msgspec.inspect.DateTimeType)


def _in_utc(field: str, value: datetime | tuple[datetime, ...]) -> datetime | tuple[datetime, ...]:
    return tuple(_utc(field, each) for each in value) if isinstance(value, tuple) else _utc(field, value)


def _utc(field: str, value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise TypeError(f"`{field}` needs an offset")
    if value.year < EARLIEST:
        raise ValueError(f"`{field}` is out of range")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"`{field}` is out of range") from None


Shape = TypeVar("Shape", bound=Part)

_ENCODER = msgspec.json.Encoder(enc_hook=encode_hook)

_NUL = b"\\u0000"
"""How JSON spells it, and it has no other way to."""

# The one message of msgspec's that repeats what was sent.
_ENUM = re.compile(r"^Invalid enum value .*?(?P<path> - at `\$[^`]*`)?$", re.DOTALL)


@cache
def _decoder(shape: type[Shape]) -> msgspec.json.Decoder[Shape]:
    return msgspec.json.Decoder(shape, dec_hook=decode_hook)


def encode(data: Part) -> bytes:
    """Data as JSON.

    Raises Invalid for what `decode` would refuse, so that nothing of ours is a reader's dead letter.
    """
    try:
        raw = _ENCODER.encode(data)
    except (TypeError, ValueError, NotImplementedError) as fault:
        raise Invalid(f"{type(data).__name__} does not encode: {type(fault).__name__}") from None
    decode(type(data), raw)
    return raw


def decode(shape: type[Shape], raw: bytes) -> Shape:
    """JSON as data. Raises Undecodable, or Invalid with the field's path and what was expected there."""
    try:
        data: Shape = _decoder(shape).decode(raw)
    except msgspec.ValidationError as fault:
        _whole(raw)
        raise Invalid(_without_values(str(fault))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("not JSON in UTF-8") from None
    if _NUL in raw:
        _refuse_nul(msgspec.to_builtins(data, enc_hook=encode_hook), "$")
    return data


def _refuse_nul(value: object, path: str) -> None:
    """Raise Invalid where a text of these data holds NUL, which no database takes. Fields that nobody knows may."""
    if isinstance(value, str) and "\0" in value:
        raise Invalid(f"Expected `str` without NUL - at `{path}`")
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_nul(inner, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_nul(inner, f"{path}[...]")


def _whole(raw: bytes) -> None:
    """A wrong field is found before the end of the text is seen: Undecodable goes first."""
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Undecodable("not JSON in UTF-8") from None


def _without_values(message: str) -> str:
    enum = _ENUM.match(message)
    if enum is None:
        return message
    return f"Expected one of the listed codes{enum['path'] or ''}"
