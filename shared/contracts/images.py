"""Images, who is on them, and where they are used.

Written by each organisation's image library and by intake (event door); read by consent.
"""

from typing import Literal

from shared.contracts.data import Data, Part
from shared.contracts.fields import Channel, Code, Count, CoveredChannel, Hash, Id, Instant, Limit, PerceptualHash
from shared.contracts.keys import Events, by

__all__ = [
    "EVENTS",
    "Copyright",
    "Image",
    "ImageDeleted",
    "ImageEdited",
    "ImageInUse",
    "ImageMetadata",
    "ImagePublished",
    "ImageRemoved",
    "ImageScheduled",
    "ImageUploaded",
    "ImageUse",
    "PersonShown",
]


class PersonShown(Part, frozen=True, kw_only=True):
    """Somebody on an image; without `person`, somebody whom nobody has named.

    Missing `identifiable`: true. Missing `minor`: by the subject's birth date, else no unless `kind` is child. Missing
    `deceased`: false.
    """

    person: Id | None = None
    kind: Literal["staff", "non-staff", "child", "contractor", "volunteer", "board-member", "tenant", "unknown"]
    identifiable: bool | None = None
    minor: Literal["yes", "no", "unknown"] | None = None
    deceased: bool | None = None


class ImageUse(Part, frozen=True, kw_only=True):
    """Where an image is meant to be shown, what for, and when. `purpose` is compared word for word."""

    use: Id
    channel: Channel
    purpose: Id
    live_from: Limit | None = None
    live_until: Limit | None = None


class Copyright(Part, frozen=True, kw_only=True):
    """By what right an image is used; a licence may end and cover some channels only.

    Clauses: westward:6.5, 10.1, 10.2.
    """

    basis: Literal["owned", "licensed", "public-domain", "unknown"]
    until: Limit | None = None
    channels: tuple[CoveredChannel, ...] | None = None


class ImageMetadata(Part, frozen=True, kw_only=True):
    """What the file says of itself (IPTC, PLUS): it can add doubt, never permit.

    `people_named` is how many, never who.
    """

    model_release: Literal["none", "limited", "unlimited", "unknown"]
    minor_age: Code
    copyright_status: Code
    people_named: Count


class Image(Data, frozen=True, kw_only=True):
    """An image as it stands. `uploader` is a person; `nobody_shown` is the uploader's word for it."""

    image: Id
    content_hash: Hash
    perceptual_hash: PerceptualHash | None = None
    uploader: Id
    at: Instant
    people: tuple[PersonShown, ...]
    face_count: Count | None = None
    nobody_shown: bool | None = None
    uses: tuple[ImageUse, ...]
    copyright: Copyright | None = None
    metadata: ImageMetadata | None = None


class ImageUploaded(Image, frozen=True, kw_only=True):
    """A new image. Clauses: westward:4.10, 7.6, 10.1, 10.4, wheatley:policy-details."""


class ImageEdited(Image, frozen=True, kw_only=True):
    """New content or a new description of an image. Clauses: westward:4.10, 7.6, 10.4."""


class ImageInUse(Data, frozen=True, kw_only=True):
    """An image in one of its uses; `location` is opaque."""

    image: Id
    content_hash: Hash
    use: Id
    channel: Channel
    purpose: Id
    at: Instant
    location: Id | None = None


class ImageScheduled(ImageInUse, frozen=True, kw_only=True):
    """An image will be published. Clauses: westward:4.10, 10.4."""


class ImagePublished(ImageInUse, frozen=True, kw_only=True):
    """An image is published from `at`. Clauses: westward:4.10, 10.4."""


class ImageRemoved(Data, frozen=True, kw_only=True):
    """One use of an image ended."""

    image: Id
    use: Id
    at: Instant


class ImageDeleted(Data, frozen=True, kw_only=True):
    """The library holds an image no more."""

    image: Id
    at: Instant


_IMAGE = by("image")

EVENTS: Events = {
    "image-uploaded": (ImageUploaded, _IMAGE),
    "image-edited": (ImageEdited, _IMAGE),
    "image-scheduled": (ImageScheduled, _IMAGE),
    "image-published": (ImagePublished, _IMAGE),
    "image-removed": (ImageRemoved, _IMAGE),
    "image-deleted": (ImageDeleted, _IMAGE),
}
