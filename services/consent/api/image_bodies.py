"""What the doors of images take and give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, Field, StringConstraints

from services.consent.api.landlords import CoveredName, Id, Truth
from services.consent.domain.decision import Judged
from services.consent.domain.images import Use, Version
from services.consent.domain.words import in_words
from shared.contracts.fields import encode_hook

__all__ = [
    "Cleared",
    "CopyrightBody",
    "DecisionBody",
    "ImageBody",
    "ImagePage",
    "Kind",
    "PeopleBody",
    "decision_body",
    "image_body",
]

Kind = Literal["staff", "non-staff", "child", "contractor", "volunteer", "board-member", "tenant", "unknown"]
Hash = Annotated[str, StringConstraints(max_length=135, pattern="^sha256:[0-9a-f]+$")]
Limit = Annotated[str, StringConstraints(max_length=40)]


class Shown(BaseModel):
    """Somebody on the image."""

    person: Id | None = None
    kind: Kind
    identifiable: Truth | None = None
    minor: Literal["yes", "no", "unknown"] | None = None
    deceased: Truth | None = None


class PeopleBody(BaseModel):
    """Who is on the image, in place of what was said before; the rest, where it is missing, stays as it was."""

    people: Annotated[list[Shown], Field(max_length=1000)]
    face_count: Annotated[int | None, Field(strict=True, ge=0, le=100_000)] = None
    nobody_shown: Truth | None = None


class Cleared(BaseModel):
    """The content whose background was looked at."""

    content_hash: Hash


class CopyrightBody(BaseModel):
    """By what right the image is used; `until` is an instant or the last day."""

    basis: Literal["owned", "licensed", "public-domain", "unknown"]
    until: Limit | None = None
    channels: Annotated[list[CoveredName] | None, Field(max_length=50)] = None


class FindingBody(BaseModel):
    """What stands against a use, as on the bus, and in words."""

    person: str | None
    use: str | None
    channel: str | None
    decision: Literal["block", "review"]
    code: str
    text: str


class UseBody(BaseModel):
    """Where it is, or is meant to be, shown; `live_since` is missing where it is not live."""

    use: str | None
    channel: str
    purpose: str
    live_since: datetime | None


class DecisionBody(BaseModel):
    """What may be done. `reasons`: every sentence, those that permit as well. `uses`: those that were judged."""

    image: str
    content_hash: str | None
    decision: Literal["permit", "review", "block"]
    findings: list[FindingBody]
    reasons: list[str]
    uses: list[UseBody]


class ImageBody(DecisionBody):
    """An image as it is described now, and what that comes to. Of a content that was never uploaded: nothing but that."""

    uploader: str | None
    cleared_by: str | None
    people: list[Shown]
    face_count: int | None
    nobody_shown: bool | None
    copyright: dict[str, Any] | None


class ImagePage(BaseModel):
    """Images by id, one entry for each content that is in hand or placed."""

    items: list[DecisionBody]
    next: str | None


def decision_body(judged: Judged, uses: Sequence[Use]) -> dict[str, Any]:
    """A decision as it is shown."""
    return {
        "image": judged.image,
        "content_hash": judged.content_hash,
        "decision": judged.decision,
        "findings": [
            {
                "person": one.person,
                "use": one.use.use if one.use is not None else None,
                "channel": one.use.channel if one.use is not None else None,
                "decision": one.decision,
                "code": one.code,
                "text": in_words(one),
            }
            for one in judged.missing
        ],
        "reasons": list(dict.fromkeys(in_words(one) for one in judged.found)),
        "uses": [
            {"use": use.use, "channel": use.channel, "purpose": use.purpose, "live_since": use.live_since}
            for use in uses
        ],
    }


def image_body(version: Version, judged: Judged, uses: Sequence[Use]) -> dict[str, Any]:
    """An image as it is shown."""
    described: dict[str, Any] = {}
    if version.description is not None:
        described = msgspec.to_builtins(version.description, enc_hook=encode_hook)
    blank: dict[str, Any] = {
        "face_count": None,
        "nobody_shown": None,
        "copyright": None,
        "people": [],
        "uploader": None,
    }
    own = {**decision_body(judged, uses), "cleared_by": version.cleared_by}
    return ImageBody.model_validate({**blank, **described, **own}).model_dump(mode="json")
