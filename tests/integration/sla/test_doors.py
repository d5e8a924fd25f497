"""sla's doors with tokens of two organisations, on a real PostgreSQL."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from shared.platform.auth import ROLES
from shared.platform.http import doors_of
from tests.integration.sla.office import Office
from tests.integration.sla.reception import Reception
from tests.unit.sla.story import (
    at,
    author_blocked,
    conversation_reassigned,
    message_received,
    message_replied,
)

Ask = Callable[..., Any]


@pytest.fixture
def ask(reception: Reception) -> Ask:
    """GET as somebody: `await ask("westward", "/targets", role=…)`."""
    return reception.ask


@pytest_asyncio.fixture
async def week(office: Office) -> Office:
    """Three conversations at Westward, one at Wheatley under the same id as one of them."""
    office.clock("Mon 15:00")
    await office.heard("westward", message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"), conversation="c1")
    await office.heard("westward", message_received(at="Mon 09:30", id="2"), conversation="c2")
    late = message_received(at="Mon 14:00", id="3", site="other")
    await office.heard("westward", late, conversation_reassigned("p7", at="Mon 14:30"), conversation="c3")
    await office.heard("wheatley", message_received(at="Mon 09:00"), conversation="c1")
    return office


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


BAD = [
    ("state", "late"),
    ("waiting", "late"),
    ("kind", "query"),
    ("limit", 0),
    ("limit", 501),
    ("site", "a\0b"),
    ("site", ""),
    ("before", "yesterday"),
    ("before", "2026-03-09T13:30:00"),
    ("before", "0001-01-01T00:00:00+14:00"),
    ("before", "9999-12-31T23:59:59-12:00"),
]


@pytest.mark.usefixtures("week")
class TestTargets:
    async def test_an_organisations_own_by_due_time(self, ask: Ask) -> None:
        answer = await ask("westward", "/targets")
        assert answer.status_code == 200
        body = answer.json()
        assert [item["conversation"] for item in body["items"]] == ["c1", "c2", "c3"]
        assert [item["state"] for item in body["items"]] == ["met", "breached", "open"]
        assert body["next"] is None

    async def test_in_the_words_of_the_bus(self, ask: Ask) -> None:
        (item,) = (await ask("westward", "/targets", state="breached")).json()["items"]
        told = {name: item[name] for name in ("kind", "message", "message_kind", "site", "policy", "cycle", "revision")}
        assert told == {
            "kind": "response", "message": "m1", "message_kind": "query", "site": "page",
            "policy": "westward/2023-26", "cycle": 1, "revision": 2,
        }  # fmt: skip
        assert instant(item["started_at"]) == at("Mon 09:30")
        assert instant(item["due_at"]) == at("Mon 13:30")
        assert instant(item["noticed_at"]) == at("Mon 15:00")
        assert (item["settled_at"], item["owner"], item["working_s"], item["elapsed_s"]) == (None, None, None, None)

    async def test_with_working_and_elapsed_time(self, ask: Ask, office: Office) -> None:
        await office.heard(
            "westward", message_received(at="Fri 16:30"), message_replied(at="next Mon 09:30"), conversation="c4"
        )
        item = (await ask("westward", "/targets")).json()["items"][-1]
        assert (item["working_s"], item["elapsed_s"], item["retracted"]) == (3600, 65 * 3600, 0)

    async def test_filters(self, ask: Ask) -> None:
        wanted: list[tuple[dict[str, str], list[str]]] = [
            ({"state": "open"}, ["c3"]),
            ({"state": "waived"}, []),
            ({"site": "other"}, ["c3"]),
            ({"site": "page", "state": "met"}, ["c1"]),
            ({"waiting": "true"}, ["c2", "c3"]),
            ({"waiting": "false"}, ["c1"]),
            ({"kind": "response"}, ["c1", "c2", "c3"]),
            ({"kind": "resolution"}, []),
            ({"before": "2026-03-09T13:30:00Z"}, ["c1"]),
            ({"before": "2026-03-09T14:30:01+01:00"}, ["c1", "c2"]),
        ]
        for params, found in wanted:
            items = (await ask("westward", "/targets", **params)).json()["items"]
            assert [item["conversation"] for item in items] == found, params

    async def test_pages(self, ask: Ask) -> None:
        seen, cursor = [], None
        for _ in range(3):
            page = (await ask("westward", "/targets", limit=1, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["conversation"] for item in page["items"]]
            cursor = page["next"]
        assert (seen, cursor) == (["c1", "c2", "c3"], None)

    async def test_a_bad_cursor_is_400(self, ask: Ask) -> None:
        for cursor in ("nonsense", "W10", "WyIyMDI2LTAzLTA5VDEzOjAwOjAwIiwiYSJd", "é"):
            answer = await ask("westward", "/targets", cursor=cursor)
            assert (answer.status_code, answer.json()["type"]) == (400, "urn:houserules:problem:bad-cursor")

    async def test_bad_parameters_are_422_and_named(self, ask: Ask) -> None:
        for name, value in BAD:
            answer = await ask("westward", "/targets", **{name: value})
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), value
            assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{name}"]


@pytest.mark.usefixtures("week")
class TestConversation:
    async def test_its_whole_history(self, ask: Ask) -> None:
        body = (await ask("westward", "/conversations/c3")).json()
        assert (body["conversation"], body["state"]) == ("c3", "open")
        assert [fact["name"] for fact in body["facts"]] == ["message-received", "conversation-reassigned"]
        assert body["facts"][1] | {"at": None} == {
            "name": "conversation-reassigned", "at": None, "source": "/houserules/intake", "owner": "p7",
            "id": body["facts"][1]["id"],
        }  # fmt: skip
        (target,) = body["targets"]
        assert (target["owner"], target["state"], target["site"]) == ("p7", "open", "other")

    async def test_the_blocks_of_its_authors_are_part_of_it(self, ask: Ask, office: Office) -> None:
        await office.heard("westward", author_blocked(at="Mon 14:00"))
        facts = (await ask("westward", "/conversations/c2")).json()["facts"]
        assert [(fact["name"], fact.get("reason")) for fact in facts] == [
            ("message-received", None),
            ("author-blocked", "persistent"),
        ]

    async def test_one_id_at_two_landlords_is_two_conversations(self, ask: Ask) -> None:
        westward = (await ask("westward", "/conversations/c1")).json()
        wheatley = (await ask("wheatley", "/conversations/c1")).json()
        assert (westward["state"], wheatley["state"]) == ("answered", "open")

    async def test_another_organisations_and_unknown_ones_are_404(self, ask: Ask) -> None:
        assert (await ask("westward", "/conversations/c2")).status_code == 200
        for conversation in ("c2", "c9", "c%00", "x" * 300):
            answer = await ask("wheatley", f"/conversations/{conversation}")
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:houserules:problem:not-found")


class TestCalendar:
    async def test_the_deadline_with_its_working(self, ask: Ask) -> None:
        answer = await ask(
            "westward", "/calendar/due", organisation="westward", rule="response", start="2026-03-13T16:30:00Z"
        )
        body = answer.json()
        assert body["rule"] == "response"
        assert instant(body["due_at"]) == at("next Mon 12:30")
        assert [instant(one) for one in body["warn_at"]] == [at("next Mon 10:30"), at("next Mon 12:00")]
        spans = [(instant(one["from"]), instant(one["until"]), one["seconds"]) for one in body["working"]]
        assert spans == [
            (at("Fri 16:30"), at("Fri 17:00"), 1800),
            (at("next Mon 09:00"), at("next Mon 12:30"), 12600),
        ]
        assert "Sat" in body["working"][1]["why"] and all(one["why"] for one in body["working"])

    async def test_each_landlord_by_its_own_policy(self, ask: Ask) -> None:
        start = "2026-04-02T14:00:00Z"
        answers = [
            (await ask(who, "/calendar/due", organisation=who, rule="response", start=start)).json()["due_at"]
            for who in ("westward", "wheatley")
        ]
        assert [instant(one) for one in answers] == [at("2026-04-07 11:00"), at("2026-04-06 15:00")]

    async def test_another_organisation_is_403(self, ask: Ask) -> None:
        answer = await ask(
            "westward", "/calendar/due", organisation="wheatley", rule="response", start="2026-03-13T16:30:00Z"
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:houserules:problem:forbidden")

    async def test_a_kind_that_the_policy_does_not_have_is_404(self, ask: Ask) -> None:
        answer = await ask(
            "westward", "/calendar/due", organisation="westward", rule="resolution", start="2026-03-13T16:30:00Z"
        )
        assert answer.status_code == 404

    async def test_bad_parameters_are_422_and_named(self, ask: Ask) -> None:
        for rule, start, wrong in (
            ("answer", "2026-03-13T16:30:00Z", "rule"),
            ("response", "2026-03-13T16:30:00", "start"),
            ("response", "Friday", "start"),
            ("response", "9999-12-31T00:00:00Z", "start"),
        ):
            answer = await ask("westward", "/calendar/due", organisation="westward", rule=rule, start=start)
            assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{wrong}"]


class TestQuiet:
    async def test_not_while_something_is_due_or_waits_to_be_sent(self, ask: Ask, office: Office) -> None:
        assert (await ask("", "/quiet", role="ops")).json() == {"quiet": True, "why": []}
        await office.heard("westward", message_received(at="Mon 09:00"))
        assert (await ask("", "/quiet", role="ops")).json()["why"] == ["an event waits to be sent"]
        office.clock("Mon 11:00")
        body = (await ask("", "/quiet", role="ops")).json()
        assert body["quiet"] is False and len(body["why"]) == 2
        await office.timer.tick()
        assert len((await ask("", "/quiet", role="ops")).json()["why"]) == 1


PATHS = [
    ("/targets", {}),
    ("/conversations/c1", {}),
    ("/calendar/due", {"organisation": "westward", "rule": "response", "start": "2026-03-13T16:30:00Z"}),
    ("/reports/response", {}),
]
READERS = {"communications", "head-of-communications", "dpo"}


@pytest.mark.usefixtures("week")
async def test_who_may_read(ask: Ask) -> None:
    for path, params in PATHS:
        allowed = READERS | ({"line-manager"} if path == "/calendar/due" else set())
        answers = {role: (await ask("westward", path, role=role, **params)).status_code for role in ROLES}
        assert answers == {role: 200 if role in allowed else 403 for role in ROLES}


async def test_nobody_without_a_token(ask: Ask) -> None:
    for path in [path for path, _ in PATHS] + ["/quiet", "/dead-letters"]:
        assert (await ask(None, path)).status_code == 401, path


async def test_every_route_declares_its_permission(reception: Reception) -> None:
    doors = doors_of(reception.service.app)
    assert {door.path for door in doors} >= {path.replace("c1", "{conversation}") for path, _ in PATHS}
    assert all(door.permission for door in doors)
