"""Tables in, tables out: what is wrong is named, nothing is taken by halves, and the events are those of HR."""

import csv
import io
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts import people as hr
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import left

HEADER = "person,name,work_email,manager,team,stint,starts_on,leave_on,roles"


def _errors(answer: Any) -> list[tuple[int, str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:houserules:problem:invalid"
    return [(error["line"], error["column"], error["code"]) for error in answer.json()["errors"]]


def _people(count: int, **columns: str) -> list[str]:
    known = {"manager": "", "stint": "s1", "starts_on": "2020-01-06", "leave_on": ""} | columns
    tail = f"{known['manager']},t1,{known['stint']},{known['starts_on']},{known['leave_on']},"
    return [HEADER, *(f"n{number},Name {number},n{number}@example.org,{tail}" for number in range(count))]


async def test_a_dry_run_says_what_it_would_do_and_writes_nothing(house: Landlord) -> None:
    answer = await house.bring("people", _people(3), dry_run="true")
    expected = {"lines": 3, "created": 3, "changed": 0, "unchanged": 0, "missing": 0}
    assert (answer.status_code, answer.json()) == (200, expected)
    assert await house.rows("select count(*) from people") == [(0,)]
    assert await house.rows("select count(*) from outbox") == [(0,)]
    assert (await house.bring("people", _people(3))).json() == expected
    again = await house.bring("people", _people(3))
    assert again.json() == expected | {"created": 0, "unchanged": 3}
    assert len(await house.told("staff-joined")) == 3


async def test_three_bad_lines_of_a_thousand_are_all_named_and_nothing_is_imported(house: Landlord) -> None:
    lines = _people(1000)
    lines[10] = lines[10].replace("2020-01-06", "06/01/2020")
    lines[500] = "n1" + lines[500][lines[500].index(",") :]
    lines[999] = lines[999] + ",one cell more"
    assert _errors(await house.bring("people", lines)) == [
        (11, "starts_on", "invalid"),
        (501, "person", "duplicate"),
        (1000, "", "cells"),
    ]
    assert await house.rows("select count(*) from people") == [(0,)]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        pytest.param(f"{HEADER}\np1,Zo\xeb,,,,,,,\n".encode("latin-1"), [(2, "", "encoding")], id="wrong encoding"),
        pytest.param(f"{HEADER}\np1,A\0,,,,,,,\n", [(2, "", "encoding")], id="a NUL"),
        pytest.param(f'{HEADER}\np1,"open,,,,,,,\n', [(2, "", "syntax")], id="an open quote"),
        pytest.param("", [(1, "", "header")], id="empty"),
        pytest.param("person,salary\np1,1\n", [(1, "salary", "unknown-column")], id="an unknown column"),
        pytest.param("name\nZoe\n", [(1, "person", "required")], id="no key column"),
        pytest.param("person,name,name\np1,a,b\n", [(1, "name", "duplicate")], id="a column twice"),
        pytest.param(f"{HEADER}\n,Zoe,,,,,,,\n", [(2, "person", "required")], id="no key"),
        pytest.param(f"{HEADER}\np1,,,,,,,,\np1,,,,,,,,\n", [(3, "person", "duplicate")], id="a duplicate key"),
        pytest.param(
            f"{HEADER}\na,,,b,,,,,\nb,,,c,,,,,\nc,,,a,,,,,\nd,,,a,,,,,\n",
            [(2, "manager", "cycle"), (3, "manager", "cycle"), (4, "manager", "cycle")],
            id="a cycle of managers",
        ),
        pytest.param(f"{HEADER}\na,,,a,,,,,\n", [(2, "manager", "cycle")], id="one's own manager"),
        pytest.param(f"{HEADER}\na,,,,,s1,2020-01-06,9999-12-31,\n", [(2, "leave_on", "out-of-range")], id="9999"),
        pytest.param(f"{HEADER}\na,,,,,s1,2020-01-06,1970-01-01,\n", [(2, "leave_on", "out-of-range")], id="1970"),
        pytest.param(
            f"{HEADER}\na,,,,,s1,2020-01-06,2019-01-01,\n", [(2, "leave_on", "before-start")], id="before the start"
        ),
        pytest.param(f"{HEADER}\na,,,,,s1,2020-02-30,,\n", [(2, "starts_on", "invalid")], id="no such day"),
    ],
)
async def test_what_is_wrong_with_people_is_named(
    unchanging: Landlord, content: str | bytes, errors: list[tuple[int, str, str]]
) -> None:
    before = await unchanging.rows("select count(*) from people")
    assert _errors(await unchanging.bring("people", content)) == errors
    assert await unchanging.rows("select count(*) from people") == before


async def test_a_cycle_that_closes_in_the_register_is_seen(house: Landlord) -> None:
    await house.brought("people", HEADER, "a,,,b,,,,,", "b,,,,,,,,")
    assert _errors(await house.bring("people", [HEADER, "b,,,a,,,,,"])) == [(2, "manager", "cycle")]


@pytest.mark.parametrize(
    ("kind", "lines", "errors"),
    [
        ("sites", ["site,kind", "s9,", "s8,blog"], [(2, "kind", "required"), (3, "kind", "invalid")]),
        (
            "accounts",
            ["account,person,mfa", "a9,nobody,maybe", "a8,p1,on"],
            [(2, "mfa", "invalid"), (2, "person", "unknown")],
        ),
        ("accounts", ["account,person", "a9,nobody"], [(2, "person", "unknown")]),
        (
            "grants",
            ["grant,account,site,role", "g9,none,page,admin", "g8,a1,none,admin", "g7,a1,page,", "g1,a2,page,editor"],
            [
                (2, "account", "unknown"),
                (3, "site", "unknown"),
                (4, "role", "required"),
                (5, "account", "immutable"),
            ],
        ),
    ],
)
async def test_what_is_wrong_with_entries_is_named(
    unchanging: Landlord, kind: str, lines: list[str], errors: list[tuple[int, str, str]]
) -> None:
    before = await unchanging.rows(f"select count(*) from {kind}")
    assert _errors(await unchanging.bring(kind, lines)) == errors
    assert await unchanging.rows(f"select count(*) from {kind}") == before


async def test_people_become_the_events_that_hr_would_publish(house: Landlord) -> None:
    await house.brought("people", HEADER, "p1,Zoe,,m1,t1,s1,2020-01-06,,", "p2,,,,,s1,2020-01-06,2026-03-13,")
    await house.brought("people", HEADER, "p1,,,m2,,,,2026-03-10,", "p2,,,,,s1,,2026-03-11,")
    await house.brought("people", HEADER, "p2,,,,,s2,2026-04-01,,")
    told = await house.told("staff-joined", "staff-moved", "staff-left", "leave-date-changed", "staff-rehired")
    assert [event.name for event in told] == [
        "staff-joined", "staff-joined", "staff-left", "staff-moved", "staff-left", "leave-date-changed",
        "staff-rehired",
    ]  # fmt: skip
    assert {event.source for event in told} == {"/houserules/access"} and {event.topic for event in told} == {"people"}
    moved = told[3].data
    assert isinstance(moved, hr.StaffMoved) and (moved.person, moved.manager) == ("p1", "m2")


async def test_what_access_told_itself_changes_nothing_when_it_comes_back(house: Landlord) -> None:
    await house.brought("people", HEADER, "p1,,,,,s1,2020-01-06,2026-03-10,")
    told = await house.told("staff-joined", "staff-left")
    before = await house.rows("select * from facts"), await house.rows("select count(*) from outbox")
    await house.hear(*told)
    assert (await house.rows("select * from facts"), await house.rows("select count(*) from outbox")) == before


async def test_a_roster_names_who_is_missing_once(staffed: Landlord) -> None:
    roster = [HEADER, "m1,,,,,,,,", "p1,,,,,,,,", "c1,,,,,,,,"]
    answer = await staffed.bring("people", roster, roster="true")
    assert answer.json() == {"lines": 3, "created": 0, "changed": 0, "unchanged": 3, "missing": 1}
    (told,) = await staffed.told()
    assert (told.name, told.key) == ("leaver-unannounced", "p2")
    await staffed.bring("people", roster, roster="true")
    assert len(await staffed.told()) == 1
    await staffed.bring("people", [*roster, "p2,,,,,,,,"], roster="true")
    (case,) = (await staffed.get("/cases")).json()["items"]
    assert (case["state"], case["outcome"]) == ("closed", "reappeared")


async def test_a_nightly_table_does_not_ask_again_about_a_leaver_who_was_decided_on(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    for day in range(10, 13):
        staffed.clock(datetime(2026, 3, day, 4, tzinfo=UTC))
        await staffed.brought("people", "person,leave_on", "p1,2026-03-20")
        found = (await staffed.get("/cases", kind="reinstatement-requested")).json()["items"]
        assert [case["outcome"] for case in found] == [None if day == 10 else "dismissed"]
        if day == 10:
            way = f"/cases/{found[0]['case']}/dismiss"
            assert (await staffed.client.post(way, headers=staffed.token("westward"))).status_code == 200
    assert len(await staffed.told("leave-date-changed")) == 1


async def test_a_formula_stays_text_and_is_escaped_on_export(staffed: Landlord) -> None:
    names = ['=HYPERLINK("x")', "+44", "-1", "@SUM(A1)", "'=quoted", "plain"]
    out = io.StringIO()
    csv.writer(out).writerows([["person", "name"], *([f"f{n}", name] for n, name in enumerate(names))])
    assert (await staffed.bring("people", out.getvalue())).status_code == 200
    kept = await staffed.rows("select name from people where person like 'f%' order by person")
    assert [name for (name,) in kept] == [*names[:4], "=quoted", "plain"]
    exported = (await staffed.get("/exports/people", role="people-team")).text
    cells = [row["name"] for row in csv.DictReader(io.StringIO(exported)) if row["person"].startswith("f")]
    assert cells == ["'" + name for name in [*names[:4], "=quoted"]] + ["plain"]
    again = await staffed.bring("people", exported)
    assert again.json()["changed"] == again.json()["created"] == 0


@pytest.mark.parametrize("kind", ["people", "sites", "accounts", "grants"])
async def test_an_export_comes_back_unchanged(staffed: Landlord, kind: str) -> None:
    await staffed.hear(left("p1", leave_on="2026-03-13"))
    exported = await staffed.get(f"/exports/{kind}", role="people-team")
    assert exported.headers["content-type"].startswith("text/csv")
    again = (await staffed.bring(kind, exported.text)).json()
    assert (again["lines"], again["unchanged"]) == (again["unchanged"], again["lines"])
    assert again["lines"] > 0


@pytest.mark.parametrize(
    ("kind", "lines", "kept"),
    [
        ("sites", ["site,name", "page,Our page"], "select name, kind, network from sites where site = 'page'"),
        (
            "accounts",
            ["account,email", "a1,Our page"],
            "select email, kind, network from accounts where account = 'a1'",
        ),
        (
            "grants",
            ["grant,business_case", "g1,Our page"],
            "select business_case, role, site from grants where \"grant\" = 'g1'",
        ),
    ],
)
async def test_a_table_of_few_columns_leaves_the_others_as_they_were(
    staffed: Landlord, kind: str, lines: list[str], kept: str
) -> None:
    (before,) = await staffed.rows(kept)
    assert (await staffed.brought(kind, *lines))["changed"] == 1
    assert await staffed.rows(kept) == [("Our page", *before[1:])]


async def test_an_account_changes_hands_when_access_is_no_longer_taken_from_it(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    handed = ["account,person", "a1,p2"]
    assert _errors(await staffed.bring("accounts", handed)) == [(2, "person", "in-revocation")]
    known = await staffed.revocations()
    assert (await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)).status_code == 200
    assert (await staffed.bring("accounts", handed)).json()["changed"] == 1


async def test_a_site_becomes_another_kind_when_access_is_no_longer_taken_from_it(staffed: Landlord) -> None:
    turned = ["site,kind", "page,business-profile"]
    await staffed.hear(left("p1", leave_at="Tue 09:00"))
    assert (await staffed.bring("sites", turned)).json()["changed"] == 1
    await staffed.brought("sites", "site,kind", "page,page")
    await staffed.reach("Tue 09:00")
    before = await staffed.rows("select revocation, kind, item, state from revocations order by 1")
    assert _errors(await staffed.bring("sites", turned)) == [(2, "kind", "in-revocation")]
    assert (await staffed.bring("sites", ["site,kind,name", "page,page,Our page"])).json()["changed"] == 1
    assert await staffed.rows("select revocation, kind, item, state from revocations order by 1") == before
    known = await staffed.revocations()
    assert (await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)).status_code == 200
    assert (await staffed.bring("sites", turned)).json()["changed"] == 1


async def test_a_grant_that_appears_for_a_leaver_is_revoked_at_once(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    await staffed.forget()
    await staffed.reach("Mon 11:00")
    await staffed.brought("grants", "grant,account,site,role", "g9,a1,group,member")
    (told,) = await staffed.told("revoke-access")
    assert (told.data.item.id, told.data.known_at.hour) == ("g9", 11)  # type: ignore[attr-defined] # its class


async def test_the_same_key_answers_the_same_and_writes_once(staffed: Landlord) -> None:
    headers = staffed.token("westward") | {"idempotency-key": "once"}
    body = f"{HEADER}\np7,,,,,,,,\n"
    first = await staffed.client.post("/imports/people", content=body, headers=headers)
    again = await staffed.client.post("/imports/people", content=body, headers=headers)
    assert first.json() == again.json() and first.json()["created"] == 1
    other = await staffed.client.post("/imports/people", content=body + "p8,,,,,,,,\n", headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:houserules:problem:idempotency-key-reused")


async def test_every_import_is_in_the_audit_and_every_entry_in_the_history(staffed: Landlord) -> None:
    audit = await staffed.rows("select actor, action from audit order by position")
    assert audit == [("local-communications", f"import-{kind}") for kind in ("people", "sites", "accounts", "grants")]
    assert await staffed.rows("select count(*) from history") == [(14,)]
    with pytest.raises(Exception, match="permission denied"):
        await staffed.rows("delete from history")


@pytest.mark.long  # how long a machine takes is no property of the code alone
async def test_ten_thousand_lines_take_less_than_ten_seconds(house: Landlord) -> None:
    for kind, lines in (
        ("people", _people(10_000, manager="boss")),
        ("accounts", ["account,person,network,kind", *(f"a{n},n{n},facebook,work" for n in range(10_000))]),
    ):
        began = time.monotonic()
        answer = await house.bring(kind, lines)
        took = time.monotonic() - began
        assert answer.json()["created"] == 10_000, answer.text
        assert took < 10, kind
