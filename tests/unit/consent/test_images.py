"""What concerns the image itself: faces, background, copyright; and where it is placed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.consent.domain.decision import judge
from services.consent.domain.images import HEARD, Image, Placement
from services.consent.domain.people import Person, Rules
from services.consent.domain.records import Subject
from services.consent.domain.takedowns import deadline
from services.consent.domain.words import WORDS, in_words
from shared.contracts import Event, contract
from shared.contracts.consent import FindingCode
from shared.contracts.registry import decode_data
from tests.unit.consent.album import NOW, PACKS, given, rules

AT = NOW - timedelta(days=1)
WEB = [{"use": "web", "channel": "website", "purpose": "news"}]
INSIDE = [{"use": "in", "channel": "internal", "purpose": "news"}]
ONE = [{"person": "p1", "kind": "tenant"}]


def heard(image: Image, name: str, **data: Any) -> None:
    known = contract(name)
    assert known is not None
    shaped = decode_data(name, msgspec.json.encode({"image": "i1", "at": AT} | data))
    HEARD[name](image, Event(id="e", source="/dam", name=name, organisation="w", key="i1", time=AT, data=shaped))


def uploaded(image: Image | None = None, name: str = "image-uploaded", **changes: Any) -> Image:
    image = image or Image(organisation="westward", image="i1")
    data = {"content_hash": "sha256:aa", "uploader": "u1", "people": ONE, "uses": WEB, "copyright": {"basis": "owned"}}
    heard(image, name, **(data | changes))
    return image


def codes(image: Image, cleared_by: str | None = "c1", rules: Rules = rules("westward")) -> list[str]:  # noqa: B008
    version = image.current
    assert version is not None
    version.cleared_by = cleared_by
    known = {"p1": Person(Subject(person="p1"), (), (given("website", "internal"),))}
    return [one.code for one in judge(image, version, known, rules).missing]


FACES: list[tuple[int, str, dict[str, Any], list[str]]] = [
    (21, "fewer declared than counted", {"face_count": 2}, ["face-count"]),
    (21, "as many", {"face_count": 1}, []),
    (21, "more declared than counted", {"face_count": 0}, []),
    (21, "one person declared twice", {"face_count": 2, "people": ONE * 2}, ["face-count"]),
    (21, "more named in the file", {"metadata": {"model_release": "unknown", "minor_age": "unknown", "copyright_status": "unknown", "people_named": 3}}, ["face-count"]),
    (22, "none declared, attested", {"people": [], "nobody_shown": True}, []),
    (22, "none declared, not attested", {"people": []}, ["face-count"]),
    (22, "none declared, attested, some counted", {"people": [], "nobody_shown": True, "face_count": 1}, ["face-count"]),
    (20, "no uses yet", {"people": [{"kind": "unknown"}], "uses": []}, ["person-unidentified"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "name", "upload", "expected"), FACES, ids=[f"row {one[0]}: {one[1]}" for one in FACES])
def test_faces(row: int, name: str, upload: dict[str, Any], expected: list[str]) -> None:
    assert codes(uploaded(**upload)) == expected


LICENCES: list[tuple[dict[str, Any] | None, list[str]]] = [
    (None, ["copyright"]),
    ({"basis": "unknown"}, ["copyright"]),
    ({"basis": "owned"}, []),
    ({"basis": "public-domain"}, []),
    ({"basis": "licensed"}, []),
    ({"basis": "licensed", "until": "2026-03-27", "channels": ["website"]}, []),
    ({"basis": "licensed", "until": "2026-03-26"}, ["copyright"]),
    ({"basis": "licensed", "until": "2026-03-27T09:00:00Z"}, ["copyright"]),
    ({"basis": "licensed", "channels": ["press", "social"]}, ["copyright"]),
]


@pytest.mark.parametrize(("basis", "expected"), LICENCES, ids=str)
def test_copyright(basis: dict[str, Any] | None, expected: list[str]) -> None:
    assert codes(uploaded(copyright=basis)) == expected


@pytest.mark.parametrize(
    ("uses", "by", "expected"),
    [(WEB, None, ["background"]), (WEB, "u1", ["background"]), (WEB, "c1", []), (INSIDE, None, [])],
    ids=["not cleared", "by the uploader", "by somebody else", "inside"],
)
def test_background(uses: Any, by: str | None, expected: list[str]) -> None:
    assert codes(uploaded(uses=uses), by) == expected


def test_an_edit_voids_the_clearance_of_the_same_content() -> None:
    image = uploaded()
    assert image.current is not None
    image.current.cleared_by = "c1"
    uploaded(image)
    assert image.current.cleared_by == "c1"
    uploaded(image, "image-edited")
    assert image.current.cleared_by is None


def live(image: Image) -> list[tuple[str, str]]:
    return sorted((one.use, one.content_hash) for one in image.placed if one.state == "live")


def placed(image: Image, name: str, hour: int, content: str = "aa", use: str = "web") -> None:
    at = AT + timedelta(hours=hour)
    data = {"content_hash": f"sha256:{content}", "use": use, "channel": "website", "purpose": "news", "at": at}
    heard(image, name, **data)


def test_a_use_shows_one_content_and_keeps_its_first_instant() -> None:
    image = uploaded()
    placed(image, "image-published", 1)
    placed(image, "image-published", 2)
    first: Placement = image.placements["web", "sha256:aa"]
    assert first.since == AT + timedelta(hours=1)
    placed(image, "image-scheduled", 3, "bb")
    assert live(image) == [("web", "sha256:aa")], "what is scheduled replaces nothing yet"
    placed(image, "image-published", 4, "bb")
    assert live(image) == [("web", "sha256:bb")]
    heard(image, "image-removed", use="web", at=AT + timedelta(hours=3))
    assert live(image) == [("web", "sha256:bb")], "older than what is known"
    heard(image, "image-removed", use="web", at=AT + timedelta(hours=5))
    assert live(image) == []
    placed(image, "image-published", 4, "bb")
    assert live(image) == [], "heard late"


def test_an_older_description_changes_nothing() -> None:
    image = uploaded(at=AT, content_hash="sha256:bb")
    uploaded(image, at=AT - timedelta(seconds=1))
    assert image.content_hash == "sha256:bb"


def test_every_code_has_words_and_they_say_what_is_covered() -> None:
    assert set(FindingCode.__args__) <= set(WORDS)  # type: ignore[attr-defined] # what a Literal lists
    person = Person(Subject(person="p1"), (), (given("press", purposes=("gala",)),))
    image = uploaded()
    assert image.current is not None
    found = judge(image, image.current, {"p1": person}, rules("westward")).missing
    assert [in_words(one) for one in found][1] == "Person p1 has agreed to something else: press for gala."


def test_deadlines_of_takedowns() -> None:
    friday = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)
    pack = PACKS.at("westward", friday)
    assert deadline(pack, Rules.of(pack, friday), urgent=False) == datetime(2026, 3, 30, 14, 0, tzinfo=UTC)
    assert deadline(pack, Rules.of(pack, friday), urgent=True) == datetime(2026, 3, 28, tzinfo=UTC)
