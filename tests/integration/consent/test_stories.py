"""From an upload to a verdict, and what changes it: handlers, jobs and doors together, on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.consent.jobs import Recheck
from tests.integration.consent.gallery import HASH, NOW, Gallery

OTHER = "sha256:bb"
THREE: list[dict[str, Any]] = [
    {"person": "p1", "kind": "tenant"},
    {"person": "p2", "kind": "non-staff"},
    {"person": "p3", "kind": "staff"},
]


async def cleared(gallery: Gallery, image: str = "i1", content_hash: str = HASH) -> None:
    """Somebody else looks at the background."""
    answer = await gallery.post(f"/images/{image}/clear-background", {"content_hash": content_hash})
    assert answer.status_code == 200, answer.text


async def test_one_event_names_everybody_without_a_form_and_the_form_satisfies_it(gallery: Gallery) -> None:
    await gallery.hear(gallery.event("staff-joined", person="p3", stint="s1", starts_on="2020-01-01"))
    await gallery.consent(person="p1")
    await gallery.upload(people=THREE)
    await cleared(gallery)
    (first, second) = [event.data for event in await gallery.told("consent-missing")]
    assert [(one.person, one.use, one.channel, one.decision, one.code) for one in first.findings] == [  # type: ignore[attr-defined]
        (None, "web", "website", "block", "background"),
        ("p2", "web", "website", "block", "no-consent"),
        ("p3", "web", "website", "block", "staff-specific-consent"),
    ]
    assert first.at_stage == "upload" and second.at_stage == "change"  # type: ignore[attr-defined]
    await gallery.consent(person="p2")
    await gallery.settle()
    await gallery.consent(form=None, person="p3", method="verbal", taken_by="c1", signed=None)
    await gallery.settle()
    assert await gallery.verdicts() == [
        "background no-consent staff-specific-consent",
        "no-consent staff-specific-consent",
        "staff-specific-consent",
        "satisfied",
    ]
    story = {event.correlation_id for event in await gallery.told("consent-missing", "consent-satisfied")}
    assert len(story) == 1 and None not in story


async def test_the_clauses_are_those_of_what_is_missing(gallery: Gallery) -> None:
    await gallery.upload()
    (missing,) = await gallery.told("consent-missing")
    assert missing.clauses == ("westward:4.10", "westward:10.4", "westward:7.6")
    await gallery.upload(organisation="wheatley")
    (_, other) = await gallery.told("consent-missing")
    assert (other.organisation, other.clauses) == ("wheatley", ("wheatley:policy-details",))


async def test_a_repeated_upload_tells_nothing_and_an_edit_is_judged_anew(gallery: Gallery) -> None:
    await gallery.consent()
    await gallery.upload()
    await cleared(gallery)
    await gallery.upload()
    assert await gallery.verdicts() == ["background", "satisfied"]
    edit: dict[str, Any] = {
        "image": "i1",
        "content_hash": OTHER,
        "uploader": "u1",
        "at": NOW,
        "people": [{"person": "p1", "kind": "tenant"}],
        "uses": [{"use": "web", "channel": "website", "purpose": "news"}],
        "copyright": {"basis": "owned"},
    }
    await gallery.hear(gallery.event("image-edited", **edit))
    assert await gallery.verdicts() == ["background", "satisfied", "background"]
    assert (await gallery.last("consent-missing")).at_stage == "edit"


async def test_an_upload_and_an_edit_in_one_batch_are_both_told(gallery: Gallery) -> None:
    common: dict[str, Any] = {
        "image": "i1",
        "uploader": "u1",
        "at": NOW,
        "people": [],
        "nobody_shown": True,
        "uses": [],
    }
    await gallery.hear(
        gallery.event("image-uploaded", **common, content_hash=HASH),
        gallery.event("image-edited", **common, content_hash=OTHER, copyright={"basis": "owned"}),
    )
    told = await gallery.told("consent-missing", "consent-satisfied")
    assert [(event.name, event.data.content_hash) for event in told] == [  # type: ignore[attr-defined]
        ("consent-missing", HASH),
        ("consent-satisfied", OTHER),
    ]


async def test_a_block_at_publication_opens_a_takedown_and_removing_it_confirms_it(gallery: Gallery) -> None:
    await gallery.upload()
    await gallery.publish()
    (asked,) = await gallery.told("takedown-requested")
    data: Any = asked.data
    assert (data.image, data.use, data.channel, data.reason) == ("i1", "web", "website", "no-consent")
    assert data.deadline == datetime(2026, 3, 27, 17, 0, tzinfo=UTC)
    assert (await gallery.last("consent-missing")).at_stage == "upload", "the findings did not change"
    stages = await gallery.rows.fetch("select stage from decisions order by decision")
    assert [row["stage"] for row in stages] == ["upload", "publish"]
    await gallery.publish()
    assert len(await gallery.told("takedown-requested")) == 1
    await gallery.hear(gallery.event("image-removed", image="i1", use="web", at=NOW))
    (gone,) = await gallery.told("takedown-confirmed")
    assert gone.data.takedown == data.takedown  # type: ignore[attr-defined]


async def test_a_withdrawal_takes_live_uses_down_and_leaves_others(gallery: Gallery) -> None:
    consent = await gallery.consent(channels=["website", "press"])
    uses = [
        {"use": "web", "channel": "website", "purpose": "news"},
        {"use": "paper", "channel": "press", "purpose": "news"},
    ]
    await gallery.upload(uses=uses)
    await cleared(gallery)
    await gallery.publish()
    await gallery.publish(use="paper", channel="press")
    answer = await gallery.post(f"/consents/{consent}/withdraw", {"channels": ["press"]})
    assert (answer.status_code, answer.json()["state"]) == (200, "given")
    await gallery.settle()
    missing = await gallery.last("consent-missing")
    assert [(one.person, one.use, one.code) for one in missing.findings] == [("p1", "paper", "withdrawn")]
    assert [event.data.use for event in await gallery.told("takedown-requested")] == ["paper"]  # type: ignore[attr-defined]
    answer = await gallery.post(f"/consents/{consent}/withdraw", {"safety": True})
    assert answer.json()["state"] == "withdrawn"
    await gallery.settle()
    web = await gallery.last("takedown-requested")
    assert (web.use, web.reason, web.deadline) == ("web", "withdrawn", datetime(2026, 3, 28, tzinfo=UTC))
    assert (await gallery.post(f"/consents/{consent}/withdraw", {})).status_code == 409


async def test_an_unknown_image_is_blocked_and_taken_down(gallery: Gallery) -> None:
    await gallery.publish(image="never")
    assert await gallery.verdicts() == ["unknown-image"]
    assert (await gallery.last("takedown-requested")).reason == "unknown-image"
    await gallery.upload()
    await gallery.publish(content_hash=OTHER)
    assert [one.code for one in (await gallery.last("consent-missing")).findings] == ["unknown-image"]


async def test_a_leaver_is_judged_again_when_the_day_comes(gallery: Gallery) -> None:
    uses = [{"use": "intranet", "channel": "internal", "purpose": "news"}]
    await gallery.hear(gallery.event("staff-joined", person="p1", stint="s1", starts_on="2020-01-01"))
    await gallery.upload(uses=uses, people=[{"person": "p1", "kind": "staff"}])
    await gallery.hear(gallery.event("staff-left", person="p1", stint="s1", leave_on="2026-03-28"))
    await gallery.settle()
    assert await gallery.verdicts() == ["satisfied"]
    gallery.clock(datetime(2026, 3, 28, 23, 59, tzinfo=UTC))
    await gallery.settle()
    assert await gallery.verdicts() == ["satisfied"]
    gallery.clock(datetime(2026, 3, 29, 0, 0, tzinfo=UTC))
    await gallery.settle()
    assert await gallery.verdicts() == ["satisfied", "role-basis-ended"]
    await gallery.hear(gallery.event("staff-rehired", person="p1", stint="s2", starts_on="2026-03-29"))
    await gallery.settle()
    assert await gallery.verdicts() == ["satisfied", "role-basis-ended", "satisfied"]


INSIDE: dict[str, Any] = {"uses": [{"use": "in", "channel": "internal", "purpose": "news"}]}
HOLDS: dict[str, Any] = {"channels": ["internal"], "valid_until": "2026-04-10"}
NO: dict[str, Any] = {"form": None, "method": None, "signed": None, "purposes": None, "channels": None}


@pytest.mark.parametrize(
    ("first", "then", "verdicts"),
    [
        ((), "give", ["no-consent", "satisfied"]),
        (("give",), "refuse", ["satisfied", "refused"]),
        (("give",), "withdraw", ["satisfied", "withdrawn"]),
        (("give",), "expire", ["satisfied", "expired"]),
        ((), "join", ["no-consent", "satisfied"]),
        (("join",), "leave", ["satisfied", "role-basis-ended"]),
        (("join", "leave"), "return", ["role-basis-ended", "satisfied"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_recheck_job_decides_again_when(
    gallery: Gallery, first: tuple[str, ...], then: str, verdicts: list[str]
) -> None:
    """Once each: the job tells what changed, and nothing when it looks again."""
    consents: list[str] = []

    async def do(act: str) -> None:
        match act:
            case "give":
                consents.append(await gallery.consent(**HOLDS))
            case "refuse":
                await gallery.consent(outcome="refused", **NO)
            case "withdraw":
                assert (await gallery.post(f"/consents/{consents[0]}/withdraw", {})).status_code == 200
            case "expire":
                gallery.clock(datetime(2026, 4, 10, 23, 0, tzinfo=UTC))
            case "join":
                await gallery.hear(gallery.event("staff-joined", person="p1", stint="s1", starts_on="2020-01-01"))
            case "leave":
                await gallery.hear(gallery.event("staff-left", person="p1", stint="s1", immediate=True))
            case "return":
                await gallery.hear(gallery.event("staff-rehired", person="p1", stint="s2", starts_on="2026-03-27"))

    for act in first:
        await do(act)
    await gallery.upload(**INSIDE)
    await do(then)
    assert await gallery.verdicts() == verdicts[:1], "the door and the handler leave it to the job"
    await gallery.settle()
    assert await gallery.verdicts() == verdicts
    await gallery.settle()
    assert await gallery.verdicts() == verdicts


async def test_a_consent_warns_and_runs_out_at_midnight(gallery: Gallery) -> None:
    await gallery.consent(valid_until="2026-05-01")
    await gallery.upload()
    await cleared(gallery)
    for day in (1, 2, 17, 30):
        gallery.clock(datetime(2026, 4, day, tzinfo=UTC))
        await gallery.settle()
    left = [event.data.days_left for event in await gallery.told("consent-expiring")]  # type: ignore[attr-defined]
    assert left == [30, 14], "90 were past when it was recorded; 1 is to come"
    gallery.clock(datetime(2026, 5, 1, 22, 59, 59, tzinfo=UTC))
    await gallery.settle()
    assert await gallery.verdicts() == ["background", "satisfied"]
    gallery.clock(datetime(2026, 5, 1, 23, 0, tzinfo=UTC))
    await gallery.settle()
    assert await gallery.verdicts() == ["background", "satisfied", "expired"]
    (expired,) = await gallery.told("consent-expired")
    assert (expired.key, str(expired.data.valid_until)) == ("p1", "2026-05-01")  # type: ignore[attr-defined]
    assert [one["state"] for one in (await gallery.get("/consents"))["items"]] == ["expired"]


async def test_a_licence_that_ends_is_noticed(gallery: Gallery) -> None:
    await gallery.consent()
    await gallery.upload(copyright={"basis": "licensed", "until": "2026-04-01", "channels": ["website"]})
    await cleared(gallery)
    gallery.clock(NOW + timedelta(days=10))
    await gallery.settle()
    assert await gallery.verdicts() == ["background", "satisfied", "copyright"]


async def test_many_uses_are_judged_again_by_pages(gallery: Gallery) -> None:
    uses = [{"use": f"u{n}", "channel": "website", "purpose": "news"} for n in range(100)]
    for image in range(12):
        await gallery.upload(image=f"i{image:02}", uses=uses)
    await gallery.consent()
    await gallery.rows.execute("delete from outbox")
    before = await gallery.rows.fetchval("select count(*) from decisions")
    job = Recheck(gallery.bus, gallery.packs)
    assert await job.tick()
    assert await gallery.rows.fetchval("select count(*) from decisions") == before + 5
    await gallery.settle()
    assert await gallery.rows.fetchval("select count(*) from decisions") == before + 12
    assert await gallery.rows.fetchval("select count(*) from recheck") == 0
