"""The last administrator of a site stays until somebody else administers it; two pairs of eyes for every other one."""

from typing import Any

import pytest

from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import left, moved, rehired, returned, suspended

GRANTS = "grant,account,site,role"


async def test_an_administrator_goes_while_communications_administers(staffed: Landlord) -> None:
    await staffed.hear(left("p2"))
    assert await staffed.names() == ["revoke-access", "leaver-processed"]


async def test_the_last_of_communications_is_held_and_released_when_the_site_is_in_other_hands(
    staffed: Landlord,
) -> None:
    await staffed.brought("grants", GRANTS, "gc2,ac,group,member")
    await staffed.hear(left("c1"))
    assert await staffed.names() == ["revoke-access", "revocation-held", "leaver-processed"]
    processed = (await staffed.told("leaver-processed"))[0].data
    assert (processed.revocations, processed.held) == (2, 1)  # type: ignore[attr-defined] # its class
    known = await staffed.revocations()
    assert (known["gc"]["state"], known["gc2"]["state"]) == ("held-last-admin", "requested")
    assert (await staffed.act(known["gc"]["revocation"], "claim")).status_code == 409
    await staffed.forget()
    await staffed.brought("people", "person,roles", "m1,communications")
    await staffed.brought("accounts", "account,person,network,kind", "am,m1,facebook,work")
    assert await staffed.names() == []
    await staffed.brought("grants", GRANTS, "gm,am,page,admin")
    assert await staffed.names() == ["revoke-access"]
    assert (await staffed.revocations())["gc"]["state"] == "requested"


async def test_a_site_that_communications_never_administered_holds_too(staffed: Landlord) -> None:
    await staffed.brought("grants", GRANTS, "gx,a1,group,admin")
    await staffed.hear(left("p1"))
    known = await staffed.revocations()
    assert {one: row["state"] for one, row in known.items()} == {
        "g1": "requested", "gw": "requested", "gx": "held-last-admin",
    }  # fmt: skip


async def test_several_leavers_of_one_batch_are_taken_in_order(staffed: Landlord) -> None:
    await staffed.hear(left("p2"), left("c1"))
    known = await staffed.revocations()
    assert (known["g2"]["state"], known["gc"]["state"]) == ("requested", "held-last-admin")


async def test_in_the_other_order_both_are_held(staffed: Landlord) -> None:
    await staffed.hear(left("c1"), left("p2"))
    known = await staffed.revocations()
    assert (known["g2"]["state"], known["gc"]["state"]) == ("held-last-admin", "held-last-admin")


async def test_who_is_suspended_is_no_administrator_until_they_return(staffed: Landlord) -> None:
    await staffed.hear(suspended("c1"), left("p2"))
    assert (await staffed.revocations())["g2"]["state"] == "held-last-admin"
    await staffed.hear(returned("c1", time="Mon 09:00:01"))
    await staffed.reach("Mon 09:00:01")
    assert (await staffed.revocations())["g2"]["state"] == "requested"


async def test_who_is_taken_on_again_administers_nothing_by_a_role_that_is_being_removed(staffed: Landlord) -> None:
    await staffed.brought("people", "person,roles", "m1,communications")
    await staffed.brought("accounts", "account,person,network,kind", "am,m1,facebook,work")
    await staffed.brought("grants", GRANTS, "gm,am,page,admin")
    await staffed.hear(left("c1"))
    await staffed.hear(rehired("c1", starts_on="2026-03-10", time="Mon 10:00"))
    await staffed.reach("Tue 09:00")
    assert (await staffed.get("/people/c1/access")).json()["state"] == "active"
    await staffed.hear(left("m1", time="Tue 09:00"))
    known = await staffed.revocations()
    assert (known["gc"]["state"], known["gm"]["state"]) == ("requested", "held-last-admin")


async def test_who_works_here_again_administers_by_what_came_since(staffed: Landlord) -> None:
    await staffed.hear(left("c1"))
    await staffed.hear(rehired("c1", starts_on="2026-03-10", time="Mon 10:00"))
    await staffed.reach("Tue 09:00")
    await staffed.brought("grants", GRANTS, "gc2,ac,page,admin")
    assert (await staffed.revocations())["gc"]["state"] == "requested"
    await staffed.forget()
    await staffed.hear(moved("c1", "m9", time="Tue 09:00"), left("p2", time="Tue 09:00"))
    assert await staffed.names() == ["revoke-access", "leaver-processed"]


async def test_who_works_here_again_loses_what_the_stint_gave_that_ends_late(staffed: Landlord) -> None:
    await staffed.hear(rehired("c1", starts_on="2026-03-10", time="Mon 10:00"))
    await staffed.reach("Tue 09:00")
    await staffed.brought("grants", GRANTS, "gp,a2,group,admin", "gc2,ac,group,admin")
    await staffed.forget()
    await staffed.hear(left("c1", stint="s1", time="Tue 09:00"), left("p2", time="Tue 09:00"))
    known = await staffed.revocations()
    assert {one: row["state"] for one, row in known.items()} == {
        "g2": "held-last-admin", "gc": "held-last-admin", "gp": "requested",
    }  # fmt: skip
    assert [event.data.site for event in await staffed.told("revocation-held")] == ["page", "page"]  # type: ignore[attr-defined] # its class


async def test_who_is_yet_to_come_is_no_administrator_until_they_do(staffed: Landlord) -> None:
    await staffed.brought("people", "person,starts_on,roles", "c2,2026-03-11,communications")
    await staffed.brought("accounts", "account,person,network,kind", "a5,c2,facebook,work")
    await staffed.brought("grants", GRANTS, "g5,a5,page,admin")
    await staffed.hear(left("c1"))
    assert (await staffed.revocations())["gc"]["state"] == "held-last-admin"
    await staffed.reach("Wed 00:00")
    assert (await staffed.revocations())["gc"]["state"] == "requested"


async def test_a_closed_site_needs_none(staffed: Landlord) -> None:
    await staffed.hear(left("c1"))
    await staffed.brought("sites", "site,state", "page,closed")
    assert (await staffed.revocations())["gc"]["state"] == "requested"


async def test_who_removed_an_administrator_does_not_confirm_it(staffed: Landlord) -> None:
    await staffed.hear(left("p2"))
    one = (await staffed.revocations())["g2"]["revocation"]
    assert (await staffed.act(one, "confirm", "k1", file=PDF)).status_code == 403
    assert (await staffed.act(one, "claim", "k1", role="is-team", note="gone")).json()["state"] == "claimed"
    assert (await staffed.act(one, "claim", "k2")).status_code == 409
    assert (await staffed.act(one, "confirm", "k1", file=PDF)).status_code == 403
    assert (await staffed.act(one, "confirm", "p2", file=PDF)).status_code == 403
    answer = await staffed.act(one, "confirm", "k2", role="head-of-communications", file=PDF)
    assert (answer.status_code, answer.json()["claimed_by"], answer.json()["confirmed_by"]) == (200, "k1", "k2")
    confirmed = (await staffed.told("revocation-confirmed"))[0].data
    assert confirmed.evidence == answer.json()["evidence"]  # type: ignore[attr-defined] # its class
    holders = (await staffed.get("/sites/page/holders")).json()["holders"]
    assert [holder["grant"] for holder in holders] == ["gc", "g1"]


async def test_what_was_confirmed_and_is_there_again_is_open_again(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    await staffed.act(one, "confirm", file=PDF)
    await staffed.forget()
    assert (await staffed.act(one, "reopen", note="seen again")).json()["state"] == "reopened"
    assert await staffed.names() == ["access-reappeared"]
    await staffed.act(one, "confirm", file=PDF)
    await staffed.forget()
    await staffed.brought("grants", GRANTS, "g1,a1,page,editor")
    assert await staffed.names() == ["access-reappeared"]
    assert (await staffed.revocations())["g1"]["state"] == "reopened"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"until": "2026-03-20"},
        {"until": "2026-04-08T09:00:01Z", "reason": "too long"},
        {"until": "2026-03-08", "reason": "over"},
        {"until": "2026-03-20T09:00:00", "reason": "no offset"},
        {"until": "soon", "reason": "no date"},
    ],
)
async def test_a_waiver_has_a_reason_and_an_end(unchanging: Landlord, fields: dict[str, Any]) -> None:
    one = (await unchanging.revocations())["g1"]["revocation"]
    answer = await unchanging.act(one, "waive", role="head-of-communications", **fields)
    assert answer.status_code == 422, answer.text


async def test_a_waiver_lasts_thirty_days_at_the_most(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    for one in (await staffed.revocations()).values():
        answer = await staffed.act(
            one["revocation"], "waive", role="head-of-communications", until="2026-04-08T09:00:00Z", reason="hand-over"
        )
        assert answer.status_code == 200, answer.text
    assert await staffed.rows("select reason from audit where action = 'waive-revocation'") == [("hand-over",)] * 2


async def test_a_waiver_ends_by_itself_and_an_administrator_gets_none(staffed: Landlord) -> None:
    await staffed.hear(left("p1"), left("p2"))
    known = await staffed.revocations()
    fields: dict[str, Any] = {"until": "2026-03-10", "reason": "hand-over"}
    refused = await staffed.act(known["g2"]["revocation"], "waive", role="head-of-communications", **fields)
    assert refused.status_code == 422
    waived = await staffed.act(known["g1"]["revocation"], "waive", role="head-of-communications", **fields)
    assert waived.json()["state"] == "waived"
    await staffed.reach("Wed 00:00")
    assert (await staffed.revocations())["g1"]["state"] == "reopened"


REFUSED = [
    ("shown.pdf", b"\x89PNG\r\n\x1a\n....", 415),
    ("shown.pdf", b"MZ\x90\x00 a program", 415),
    ("shown.txt", b"MZ a program", 415),
    ("shown", b"%PDF-1.7", 415),
    ("shown.exe", b"%PDF-1.7", 415),
    ("shown.txt", b"\xff\xfe\x00text", 415),
    ("shown.pdf", b"", 422),
    ("shown.pdf", b"%PDF-" + b"x" * 5_000_000, 413),
]
IDS = ["a picture", "a program", "a program as text", "no ending", "another ending", "no text", "empty", "too large"]


@pytest.mark.parametrize(("name", "content", "status"), REFUSED, ids=IDS)
async def test_evidence_is_what_its_name_says(unchanging: Landlord, name: str, content: bytes, status: int) -> None:
    one = (await unchanging.revocations())["g1"]["revocation"]
    answer = await unchanging.act(one, "confirm", file=(name, content))
    assert answer.status_code == status, answer.text
    assert await unchanging.rows("select * from evidence") == []


async def test_pictures_documents_and_plain_text_are_evidence(staffed: Landlord) -> None:
    shown = [
        ("shown.pdf", b"%PDF-1.7 shown"),
        ("shown.PNG", b"\x89PNG\r\n\x1a\n...."),
        ("shown.jpeg", b"\xff\xd8\xff...."),
        ("mail.eml", b"From: the network\n\nIt is gone.\n"),
    ]
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    assert (await staffed.get(f"/revocations/{one}/evidence")).status_code == 404
    for number, file in enumerate(shown, 1):
        assert (await staffed.act(one, "confirm", file=file)).status_code == 200, file[0]
        assert (await staffed.get(f"/revocations/{one}/evidence", role="dpo")).content == file[1]
        assert await staffed.rows("select count(*) from evidence") == [(number,)]
        await staffed.act(one, "reopen")


async def test_what_is_shown_with_a_claim_is_kept_and_told_of_in_the_audit(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    assert (await staffed.act(one, "claim", file=PDF)).json()["evidence"] is None
    (kept,) = await staffed.rows("select hash, added_by from evidence")
    assert kept[1] == "k1"
    assert await staffed.rows("select after ->> 'evidence' from audit where subject = :one", one=one) == [(kept[0],)]
