"""Rows 1 to 8 and 12 to 18 of the decision table at both landlords, as records, stints and uploads come in by the doors
and the bus, and as the event that goes out says it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.consent.gallery import NOW, Gallery, open_gallery
from tests.servers import FreshDatabases, PostgresServer

ON_STAFF = {"staff-joined": {"starts_on": "2020-01-01"}}
LEFT = ON_STAFF | {"staff-left": {"leave_on": "2026-03-20"}}
SIGNED: dict[str, Any] = {}
VERBAL: dict[str, Any] = {"form": None, "method": "verbal", "signed": None, "taken_by": "c1"}
NO: dict[str, Any] = {"form": None, "method": None, "signed": None, "outcome": "refused", "purposes": None}
TOMORROW = (NOW + timedelta(days=1)).date().isoformat()


@dataclass(frozen=True)
class Case:
    """What is known of somebody, in order, and the code of the use at Westward, and at Wheatley where that differs."""

    row: int
    name: str
    records: tuple[dict[str, Any], ...]
    westward: str
    wheatley: str | None = None
    channel: str = "website"
    hr: dict[str, Any] = field(default_factory=dict)
    kind: str = "non-staff"
    withdraw: Any = None


PERMIT = "permit"
STAFF: dict[str, Any] = {"hr": ON_STAFF, "kind": "staff"}
FORMER: dict[str, Any] = {"hr": LEFT, "kind": "staff"}
CASES = [
    Case(1, "signed, in date, covers channel and purpose", (SIGNED,), PERMIT),
    Case(2, "verbal only", (VERBAL,), "form-required", PERMIT),
    Case(3, "none", (), "no-consent"),
    Case(3, "asked", (NO | {"outcome": "asked"},), "no-consent"),
    Case(4, "refused for this channel", (SIGNED, NO), "refused"),
    Case(5, "out of date", (SIGNED | {"taken_on": "2023-03-27"},), "expired"),
    Case(6, "withdrawn, whole", (SIGNED,), "withdrawn", withdraw={}),
    Case(6, "withdrawn for this channel", (SIGNED,), "withdrawn", withdraw={"channels": ["website"]}),
    Case(7, "for another channel", (SIGNED | {"channels": ["press"]},), "out-of-scope"),
    Case(7, "for another purpose", (SIGNED | {"purposes": ["gala"]},), "out-of-scope"),
    Case(8, "unsigned", (SIGNED | {"signed": False},), "invalid-form"),
    Case(8, "undated", (SIGNED | {"taken_on": None},), "invalid-form"),
    Case(8, "dated tomorrow", (SIGNED | {"taken_on": TOMORROW},), "invalid-form"),
    Case(8, "wrong name", (SIGNED | {"name_matches": "no"},), "invalid-form"),
    Case(8, "file hash mismatch", (SIGNED | {"form_hash": f"sha256:{'0' * 64}"},), "invalid-form"),
    Case(12, "staff, internal, no record", (), PERMIT, None, "internal", **STAFF),
    Case(12, "staff, internal, objected", (NO | {"outcome": "objected"},), "staff-objection", None, "internal", **STAFF),
    Case(13, "staff, specific and signed", (SIGNED,), PERMIT, **STAFF),
    Case(13, "staff, specific and a recorded verbal", (VERBAL,), PERMIT, **STAFF),
    Case(14, "staff, none", (), "staff-specific-consent", **STAFF),
    Case(14, "staff, generic", (SIGNED | {"purposes": None},), "staff-specific-consent", **STAFF),
    Case(14, "staff, verbal not recorded", (VERBAL | {"taken_by": None},), "staff-specific-consent", **STAFF),
    Case(15, "staff, another item", (SIGNED | {"items": ["elsewhere"]},), "out-of-scope", **STAFF),
    Case(15, "staff, another campaign", (SIGNED | {"purposes": ["gala"]},), "out-of-scope", **STAFF),
    Case(16, "former staff, internal, new use", (), "role-basis-ended", None, "internal", **FORMER),
    Case(17, "former staff, verbal from then", (VERBAL | {"taken_on": "2026-03-01"},), "form-required", PERMIT, **FORMER),
    Case(17, "former staff, signed in scope", (SIGNED,), PERMIT, **FORMER),
    *(Case(18, f"{kind}, none", (), "no-consent", kind=kind) for kind in ("contractor", "volunteer", "board-member", "tenant")),
    Case(18, "said to be staff, unknown to HR", (), "no-consent", None, "internal", kind="staff"),
    Case(18, "a contractor whom HR has on its register", (), PERMIT, None, "internal", hr=ON_STAFF, kind="contractor"),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def gallery(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gallery]:
    """One for all rows: each has a person and an image of its own."""
    fresh = FreshDatabases(postgres_server)
    folder: Path = tmp_path_factory.mktemp("rows")
    async with open_gallery(fresh.create("consent", migrated=True), folder) as running:
        yield running
    for database in fresh.made:
        postgres_server.drop(database)


@pytest.mark.parametrize("organisation", ["westward", "wheatley"])
@pytest.mark.parametrize(
    ("number", "case"), list(enumerate(CASES)), ids=[f"row {case.row}: {case.name}" for case in CASES]
)
async def test_the_table(gallery: Gallery, organisation: str, number: int, case: Case) -> None:
    image, person = f"i-{organisation}-{number}", f"p-{number}"
    for name, said in case.hr.items():
        await gallery.hear(gallery.event(name, organisation, person=person, stint="s1", **said))
    for record in case.records:
        changes = {"channels": [case.channel]} | record
        consent = await gallery.consent(organisation=organisation, person=person, **changes)
    if case.withdraw is not None:
        answer = await gallery.post(f"/consents/{consent}/withdraw", case.withdraw, organisation)
        assert answer.status_code == 200
    await gallery.upload(
        image,
        organisation,
        people=[{"person": person, "kind": case.kind}],
        uses=[{"use": "u", "channel": case.channel, "purpose": "news"}],
    )
    told = [event for event in await gallery.told() if event.key == image]
    findings = [one for event in told for one in getattr(event.data, "findings", ()) if one.person is not None]
    expected = case.wheatley if organisation == "wheatley" and case.wheatley is not None else case.westward
    assert [one.code for one in findings] == ([] if expected == PERMIT else [expected])
    assert all((one.person, one.use, one.channel) == (person, "u", case.channel) for one in findings)
    shown = await gallery.get(f"/images/{image}/decision", organisation, channel=case.channel, purpose="news")
    assert [one["code"] for one in shown["findings"] if one["person"]] == [one.code for one in findings]
