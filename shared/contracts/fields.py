"""What a field may hold: opaque ids, codes, hashes, instants, dates, counts. Nothing else travels on the bus.

Every string field of an event is a `Literal` list of codes or one of the types named in TEXT_TYPES; `lint` holds that.
So no field is meant for a name, a handle, an address, a phone number or free text (clause
wheatley:legal-and-regulatory-framework).
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

__all__ = [
    "TEXT_TYPES",
    "Channel",
    "Code",
    "ContentCategory",
    "Count",
    "CoveredChannel",
    "Date",
    "Flag",
    "Flags",
    "ForeignId",
    "Hash",
    "Id",
    "Instant",
    "Level",
    "Limit",
    "MessageKind",
    "PerceptualHash",
    "Revision",
    "Role",
    "TargetKind",
    "Visibility",
    "Week",
    "WholeNumber",
    "decode_hook",
    "encode_hook",
    "schema_hook",
]

# A pattern ends in `$(?!\n)` because Python's `$` also matches before a last newline.
_CODE = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_CHANNELS = "internal|website|press|print|partner|archive"

_NO_NUL = r"^[^\x00]+$"

_SCHEMA_OF_ID = {"type": "string", "maxLength": 255, "minLength": 1, "pattern": _NO_NUL}

Id = Annotated[str, Meta(min_length=1, max_length=255, extra_json_schema=_SCHEMA_OF_ID)]
"""An opaque id, up to 255 characters: whoever made it knows what it stands for.

That none holds NUL is seen by `data.decode`, once for all of an event: the regular expression on each of its ids took
longer than all the rest of decoding.
"""

ForeignId = Annotated[str, Meta(min_length=1, max_length=255, pattern=_NO_NUL)]
"""The same for what is not the data of an event, and decoded by itself."""

Code = Annotated[str, Meta(max_length=64, pattern=rf"^{_CODE}$(?!\n)")]
"""A word of a list that packs or other systems may extend, in lower kebab case."""

Hash = Annotated[str, Meta(max_length=135, pattern=r"^sha256:[0-9a-f]+$(?!\n)")]
"""`sha256:<hex>`, lower case, so that equal content has equal hashes."""

PerceptualHash = Annotated[str, Meta(pattern=r"^phash:[0-9a-f]{16}$(?!\n)")]
"""`phash:<16 hex>`."""

Channel = Annotated[str, Meta(max_length=71, pattern=rf"^(?:{_CHANNELS}|social:{_CODE})$(?!\n)")]
"""Where an image is used. Everything but `internal` and `archive` is external."""

CoveredChannel = Annotated[str, Meta(max_length=71, pattern=rf"^(?:{_CHANNELS}|social(?::{_CODE})?)$(?!\n)")]
"""What a consent or a licence covers: a channel, or `social` for every `social:<network>`."""

Week = Annotated[str, Meta(pattern=r"^[0-9]{4}-W(?:0[1-9]|[1-4][0-9]|5[0-3])$(?!\n)")]
"""An ISO week, `2026-W14`."""

TEXT_TYPES = (Id, Code, Hash, PerceptualHash, Channel, CoveredChannel, Week)
"""The string types that a field may have beside `Literal`."""

Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with an offset; in memory always UTC."""

Date = date
"""`YYYY-MM-DD`: a local day of the organisation."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A number of things, or of whole seconds."""

WholeNumber = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that another system chose."""

Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""1 at the start, growing by one with each change."""

MessageKind = Literal["query", "complaint", "feedback", "thanks", "offensive", "threat", "spam", "unclassified"]
Flag = Literal["negative", "personal-data"]
Flags = tuple[Flag, ...]
Visibility = Literal["public", "private"]
ContentCategory = Literal["information", "corporate", "human-interest"]
TargetKind = Literal["response", "resolution", "moderate", "take-private", "removal-notice", "explain-removal"]
Level = Literal[1, 2, 3]
"""How far up the ladder something overdue has gone."""

Role = Literal["admin", "editor", "moderator", "advertiser", "member"]


class Limit:
    """A bound of a period that its writer may give as an instant or as a local day, the last one included.

    A day has no instant before an organisation's zone is known: `begins` and `ends` give the half-open bounds in it.
    """

    __slots__ = ("value",)

    def __init__(self, value: datetime | date) -> None:
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                raise TypeError("an instant needs an offset")
            value = value.astimezone(UTC)
        self.value = value

    def begins(self, zone: ZoneInfo) -> datetime:
        """The first instant of a period that begins here."""
        return self._instant(self.value, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """The first instant after a period that ends here."""
        last = self.value
        return self._instant(last if isinstance(last, datetime) else last + timedelta(days=1), zone)

    @staticmethod
    def _instant(value: datetime | date, zone: ZoneInfo) -> datetime:
        if isinstance(value, datetime):
            return value
        return datetime(value.year, value.month, value.day, tzinfo=zone).astimezone(UTC)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limit) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Limit({self.value.isoformat()})"


def decode_hook(wanted: type, value: Any) -> Any:
    """How msgspec reads a Limit. Raises ValueError without the value in it."""
    if wanted is not Limit:
        raise NotImplementedError(f"no field may be a {wanted.__name__}")
    for shape in (Instant, Date):
        try:
            return Limit(msgspec.convert(value, shape))
        except (msgspec.ValidationError, OverflowError):
            continue
    raise ValueError("Expected an RFC 3339 `datetime` with an offset, or a `date`")


def encode_hook(value: Any) -> Any:
    """How msgspec writes a Limit."""
    if isinstance(value, Limit):
        return value.value
    raise NotImplementedError(f"no field may be a {type(value).__name__}")


def schema_hook(wanted: type) -> dict[str, Any]:
    """The JSON Schema of a Limit."""
    if wanted is not Limit:
        raise NotImplementedError(f"no field may be a {wanted.__name__}")
    return {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
