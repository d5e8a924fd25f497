"""Acts of the image library, and of those who keep consents."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.acts import Cast, Told, stamp
from deploy.demo.doors import Doors
from deploy.demo.week import instant

__all__ = ["agreed", "cleared", "published", "taken_down", "uploaded", "withdrew"]

FORM = b"%PDF-1.4\n% a signed form\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Filed:
    """Communications record what somebody agreed to: with the signed form, or that it was said."""

    at: datetime
    what: str
    record: Mapping[str, Any]
    form: bytes | None

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """A multipart upload."""
        files: dict[str, Any] = {"record": (None, json.dumps(self.record))}
        if self.form is not None:
            files["form"] = ("form.pdf", self.form)
        answer = await doors.post("consent", "/consents", cast.organisation, files=files)
        if answer.is_error:
            return [f"form refused: {answer.status_code}"]
        return [f"form kept: {answer.json()['state']}"] if answer.json()["state"] != "given" else []


@dataclass(frozen=True, slots=True)
class Withdrew:
    """Somebody takes back all that they agreed to."""

    at: datetime
    what: str
    person: str

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Each record of theirs."""
        said = []
        async for one in doors.every("consent", "/consents", cast.organisation, subject=self.person, state="given"):
            answer = await doors.post("consent", f"/consents/{one['consent']}/withdraw", cast.organisation)
            if answer.is_error:
                said.append(f"withdrawal refused: {answer.status_code}")
        return said


@dataclass(frozen=True, slots=True)
class Cleared:
    """Communications look at the background, and find nothing that identifies anybody."""

    at: datetime
    what: str
    image: str

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Of the content that it has now."""
        path, body = f"/images/{self.image}/clear-background", {"content_hash": _hash(self.image)}
        answer = await doors.post("consent", path, cast.organisation, json=body)
        return [f"clearing refused: {answer.status_code}"] if answer.is_error else []


def uploaded(at: str, image: str, shows: Sequence[str], use: str, channel: str, purpose: str) -> Told:
    """A picture of tenants, with one use that is meant for it."""
    data = {
        "image": image,
        "content_hash": _hash(image),
        "uploader": "photographer",
        "at": stamp(at),
        "people": [{"person": person, "kind": "tenant"} for person in shows],
        "face_count": len(shows),
        "uses": [{"use": use, "channel": channel, "purpose": purpose}],
        "copyright": {"basis": "owned"},
    }
    what = f"library: {image} is uploaded for {channel}, {purpose}; it shows {', '.join(shows)}"
    return Told(instant(at), what, "image-uploaded", data)


def published(at: str, image: str, use: str, channel: str, purpose: str) -> Told:
    """It is live."""
    data = {"image": image, "content_hash": _hash(image), "use": use, "channel": channel, "purpose": purpose}
    return Told(instant(at), f"library: {image} is published: {use}", "image-published", data | {"at": stamp(at)})


def taken_down(at: str, image: str, use: str) -> Told:
    """It is live no more."""
    data = {"image": image, "use": use, "at": stamp(at)}
    return Told(instant(at), f"library: {image} is taken down: {use}", "image-removed", data)


def agreed(at: str, person: str, *channels: str, by_word: bool = False) -> Filed:
    """Somebody agrees, by signing a form or by saying so to Communications, today."""
    record: dict[str, Any] = {
        "person": person,
        "outcome": "given",
        "method": "verbal" if by_word else "signed",
        "taken_on": f"{instant(at):%Y-%m-%d}",
        "taken_by": "local-communications",
        "channels": channels,
    }
    how = "agrees by word, noted" if by_word else "signs a form, filed"
    return Filed(instant(at), f"{person} {how}: {', '.join(channels)}", record, None if by_word else FORM)


def withdrew(at: str, person: str) -> Withdrew:
    """It holds from now."""
    return Withdrew(instant(at), f"{person} withdraws consent", person)


def cleared(at: str, image: str) -> Cleared:
    """By somebody other than the uploader."""
    return Cleared(instant(at), f"Communications clear the background of {image}", image)


def _hash(image: str) -> str:
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
