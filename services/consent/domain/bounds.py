"""How much one image may be, so that what is decided on it can always be worked out and told."""

import msgspec

from services.consent.domain.images import Image, Version, uses_of

__all__ = ["MOST_PLACES", "Crowded", "check_room"]

MOST_PLACES = 750
"""Everybody different in each use is one place, and each use is three more: faces, background, copyright.

So many findings fit into an event (512 KiB) with every id of 255 characters, where a character is one byte.
"""
MOST_BYTES = 508 * 1024
"""What all findings may come to where a character is more: an event without what frames them."""
OF_AN_IMAGE = 3
FRAME = 100
"""More bytes than a finding has beside its ids and its channel."""


class Crowded(Exception):
    """An image of too many people in too many uses. The text says the bound, and holds no id."""


def check_room(image: Image) -> None:
    """Raises Crowded for an image whose contents in hand, together, are more than one decision is made for."""
    contents = [(one, len(uses_of(image, one)) or 1) for one in image.in_hand]
    places = sum((_shown(version) + OF_AN_IMAGE) * uses for version, uses in contents)
    if places > MOST_PLACES:
        raise Crowded(
            f"people in uses: at the most {MOST_PLACES} places for an image, here are {places} "
            "(each different person in each use is one, and each use three more)"
        )
    if any(_bytes(image, version) > MOST_BYTES for version, _ in contents):
        raise Crowded("people in uses: the ids are too long to be told of together; at the most 508 KiB for an image")


def _shown(version: Version) -> int:
    return len(set(version.description.people)) if version.description is not None else 0


def _bytes(image: Image, version: Version) -> int:
    """What the findings on one content come to at the most, as they are written."""
    shown = set(version.description.people) if version.description is not None else set()
    uses = uses_of(image, version)
    each = len(shown) + OF_AN_IMAGE
    people = sum(_written(one.person or "") for one in shown) * (len(uses) or 1)
    return people + each * sum(_written(use.use or "") + _written(use.channel) + FRAME for use in uses)


def _written(text: str) -> int:
    return len(msgspec.json.encode(text))
