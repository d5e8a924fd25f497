"""How many people in how many uses an image may have: what is decided can always be told."""

from datetime import timedelta
from typing import Any

import pytest

from services.consent.domain.bounds import MOST_PLACES, Crowded, check_room
from services.consent.domain.decision import judge
from services.consent.domain.images import Image
from services.consent.domain.telling import about_decision, tell
from shared.bus import encode
from tests.unit.consent.album import NOW, PACKS, rules
from tests.unit.consent.test_images import heard, uploaded

LONG = "x" * 248


def crowd(people: int, uses: int, fill: str = LONG, channel: str = "social:" + "n" * 64) -> Image:
    """Somebody's picture, with ids as long as they may be."""
    return uploaded(
        people=[{"person": f"{n:07}{fill}", "kind": "tenant"} for n in range(people)],
        uses=[{"use": f"{n:07}{fill}", "channel": channel, "purpose": "news"} for n in range(uses)],
        copyright=None,
        face_count=100_000,
    )


def told(image: Image) -> int:
    """The bytes of what is told of the image, with everything missing that can be."""
    version = image.current
    assert version is not None
    data = about_decision(judge(image, version, {}, rules("westward")), "0" * 36, "schedule")
    event = tell(PACKS.at("westward", NOW), data, id="e", now=NOW)
    body = encode(event).body
    assert body is not None
    return len(body)


@pytest.mark.parametrize(("people", "uses"), [(747, 1), (7, 75), (72, 10), (0, 250)])
def test_what_fits_the_bound_can_be_told(people: int, uses: int) -> None:
    image = crowd(people, uses)
    assert (people + 3) * uses <= MOST_PLACES
    check_room(image)
    assert told(image) <= 512 * 1024


@pytest.mark.parametrize("case", [(748, 1), (1000, 10), (4000, 250), (0, 251)], ids=str)
def test_more_is_too_much(case: tuple[int, int]) -> None:
    with pytest.raises(Crowded, match="750"):
        check_room(crowd(*case, fill=""))


@pytest.mark.parametrize(
    "fill", ["ü" * 248, "\N{HOUSE BUILDING}" * 248, "\x01" * 248], ids=["two bytes", "four", "six"]
)
def test_ids_of_more_bytes_leave_room_for_fewer(fill: str) -> None:
    with pytest.raises(Crowded, match="too long"):
        check_room(crowd(72, 10, fill))
    few = crowd(12, 10, fill)
    check_room(few)
    assert told(few) <= 512 * 1024


def test_a_crowd_that_nobody_named_is_one() -> None:
    image = uploaded(people=[{"kind": "unknown"}] * 900)
    check_room(image)
    version = image.current
    assert version is not None
    assert sum(one.code == "person-unidentified" for one in judge(image, version, {}, rules("westward")).found) == 1


def test_a_use_that_is_added_counts() -> None:
    image = crowd(72, 10, "")
    more: dict[str, Any] = {"content_hash": "sha256:aa", "channel": "website", "purpose": "news"}
    heard(image, "image-published", use="eleven", **more)
    with pytest.raises(Crowded):
        check_room(image)
    heard(image, "image-removed", use="eleven", at=NOW + timedelta(days=1))
    check_room(image)


def test_contents_that_are_shown_elsewhere_count_together() -> None:
    image = crowd(72, 9, "")
    heard(image, "image-published", use="old", content_hash="sha256:aa", channel="website", purpose="news")
    check_room(image)
    uploaded(image, "image-edited", content_hash="sha256:bb", people=[], at=NOW)
    check_room(image)
    heard(image, "image-edited", content_hash="sha256:cc", uploader="u", people=[{"person": f"{n}", "kind": "tenant"} for n in range(700)], uses=[], at=NOW)  # fmt: skip
    with pytest.raises(Crowded):
        check_room(image)
