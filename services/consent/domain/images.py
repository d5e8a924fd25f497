"""Images as they are described and where they are shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

import msgspec

from shared.contracts import Event
from shared.contracts.images import (
    Copyright,
    ImageDeleted,
    ImageEdited,
    ImageMetadata,
    ImagePublished,
    ImageRemoved,
    ImageScheduled,
    ImageUploaded,
    ImageUse,
    PersonShown,
)

__all__ = ["HEARD", "STAGES", "Description", "Image", "Placement", "Stage", "Use", "Version", "uses_of"]

Stage = Literal["upload", "edit", "schedule", "publish", "change"]


class Description(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said of one content of an image."""

    at: datetime
    uploader: str
    people: tuple[PersonShown, ...] = ()
    face_count: int | None = None
    nobody_shown: bool | None = None
    uses: tuple[ImageUse, ...] = ()
    copyright: Copyright | None = None
    metadata: ImageMetadata | None = None


@dataclass(slots=True, kw_only=True)
class Version:
    """One content of an image. `told`: the findings as last told, None before the first decision."""

    content_hash: str
    description: Description | None = None
    cleared_by: str | None = None
    told: str | None = None
    decision: str | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One use as the library says it stands: what is in it, and since when."""

    use: str
    channel: str
    purpose: str
    content_hash: str
    state: Literal["scheduled", "live", "removed"]
    at: datetime
    since: datetime
    """Since when this content stands there, without a break."""
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where an image is, or is meant to be, shown. `live_since` None: it is not live. No id: somebody only asks."""

    use: str | None
    channel: str
    purpose: str
    live_since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Image:
    """One image: its contents by hash, the current one, and its placements by (use, hash)."""

    organisation: str
    image: str
    content_hash: str | None = None
    deleted: bool = False
    story: str | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    placements: dict[tuple[str, str], Placement] = field(default_factory=dict)
    moved: set[tuple[str, str]] = field(default_factory=set)
    """Placements that changed in this transaction."""

    @property
    def current(self) -> Version | None:
        """The content that the library holds; None before an upload, and once it is deleted."""
        return None if self.deleted or self.content_hash is None else self.versions.get(self.content_hash)

    @property
    def people(self) -> set[str]:
        """Everybody named in any content."""
        return {
            shown.person
            for version in self.versions.values()
            if version.description is not None
            for shown in version.description.people
            if shown.person is not None
        }

    @property
    def placed(self) -> list[Placement]:
        """What is scheduled or live."""
        return [placement for placement in self.placements.values() if placement.state != "removed"]

    @property
    def in_hand(self) -> list[Version]:
        """The contents that are judged: the library's, and whatever is placed somewhere."""
        hashes = {placement.content_hash for placement in self.placed}
        return [one for one in self.versions.values() if one is self.current or one.content_hash in hashes]

    @property
    def weight(self) -> int:
        """How many image-uses a decision on it looks at."""
        version = self.current
        declared = len(version.description.uses) if version is not None and version.description is not None else 0
        return max(1, declared + len(self.placed))

    def standing(self, use: str) -> list[Placement]:
        """The placements of a use, ended ones too."""
        return [placement for placement in self.placements.values() if placement.use == use]

    def put(self, placement: Placement) -> None:
        """Keep a placement as it now is."""
        key = placement.use, placement.content_hash
        self.placements[key] = placement
        self.moved.add(key)

    def end(self, placement: Placement, at: datetime) -> None:
        """A placement is over."""
        self.put(replace(placement, state="removed", at=at))


def uses_of(image: Image, version: Version) -> list[Use]:
    """The uses that a decision on one content looks at: those declared for it while it is current, and its placements.

    A placement counts as it stands, not as it was declared. A declared use that was removed since is over.
    """
    placed = {one.use: one for one in image.placed if one.content_hash == version.content_hash}
    uses = [
        Use(
            use=one.use, channel=one.channel, purpose=one.purpose, live_since=one.since if one.state == "live" else None
        )
        for one in placed.values()
    ]
    if version is image.current and version.description is not None:
        since = version.description.at
        for declared in version.description.uses:
            ended = any(one.state == "removed" and one.at > since for one in image.standing(declared.use))
            if declared.use not in placed and not ended:
                uses.append(Use(use=declared.use, channel=declared.channel, purpose=declared.purpose))
    return sorted(uses, key=lambda use: use.use or "")


def _described(image: Image, event: Event) -> None:
    """A description that is older than the one that holds changes nothing. An edit voids the clearance (westward:7.6)."""
    data = event.data
    assert isinstance(data, ImageUploaded | ImageEdited)
    held = image.versions.get(image.content_hash or "")
    if held is not None and held.description is not None and data.at < held.description.at:
        return
    version = image.versions.setdefault(data.content_hash, Version(content_hash=data.content_hash))
    version.description = Description(
        at=data.at,
        uploader=data.uploader,
        people=data.people,
        face_count=data.face_count,
        nobody_shown=data.nobody_shown,
        uses=data.uses,
        copyright=data.copyright,
        metadata=data.metadata,
    )
    version.changed = True
    if isinstance(data, ImageEdited):
        version.cleared_by = None
    image.content_hash, image.deleted = data.content_hash, False


def _scheduled(image: Image, event: Event) -> None:
    """What is live already, with the same content, stays so."""
    data = event.data
    assert isinstance(data, ImageScheduled)
    held = image.placements.get((data.use, data.content_hash))
    if not _stale(image.standing(data.use), data.at) and (held is None or held.state != "live"):
        _place(image, data, "scheduled", data.at)


def _published(image: Image, event: Event) -> None:
    """A use shows one content: what stood there before is replaced. The same content keeps its first instant."""
    data = event.data
    assert isinstance(data, ImagePublished)
    standing = image.standing(data.use)
    if _stale(standing, data.at):
        return
    held = image.placements.get((data.use, data.content_hash))
    for other in standing:
        if other is not held and other.state != "removed":
            image.end(other, data.at)
    _place(image, data, "live", held.since if held is not None and held.state == "live" else data.at)


def _stale(standing: Sequence[Placement], at: datetime) -> bool:
    return any(at < placement.at for placement in standing)


def _place(
    image: Image, data: ImageScheduled | ImagePublished, state: Literal["scheduled", "live"], since: datetime
) -> None:
    image.put(
        Placement(
            use=data.use,
            channel=data.channel,
            purpose=data.purpose,
            content_hash=data.content_hash,
            state=state,
            at=data.at,
            since=since,
            location=data.location,
        )
    )
    if data.content_hash not in image.versions:
        image.versions[data.content_hash] = Version(content_hash=data.content_hash, changed=True)


def _removed(image: Image, event: Event) -> None:
    data = event.data
    assert isinstance(data, ImageRemoved)
    standing = image.standing(data.use)
    if not _stale(standing, data.at):
        for placement in standing:
            if placement.state != "removed":
                image.end(placement, data.at)


def _deleted(image: Image, event: Event) -> None:
    """The library holds it no more; what is live stays live until it is removed."""
    assert isinstance(event.data, ImageDeleted)
    version = image.current
    if version is None or version.description is None or event.data.at >= version.description.at:
        image.deleted = True


HEARD: Mapping[str, Callable[[Image, Event], None]] = MappingProxyType(
    {
        "image-uploaded": _described,
        "image-edited": _described,
        "image-scheduled": _scheduled,
        "image-published": _published,
        "image-removed": _removed,
        "image-deleted": _deleted,
    }
)
"""What is heard on `images`: the contents page."""

STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "image-uploaded": "upload",
        "image-edited": "edit",
        "image-scheduled": "schedule",
        "image-published": "publish",
        "image-removed": "change",
        "image-deleted": "change",
    }
)
"""The stage at which an event asks for a decision."""
