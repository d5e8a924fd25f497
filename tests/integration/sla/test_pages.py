"""sla's pages as a browser gets them, on a real PostgreSQL."""

import html
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from shared.platform.auth import ROLES
from shared.platform.http import doors_of
from tests.integration.sla.office import Office
from tests.integration.sla.reception import Reception
from tests.unit.sla.story import (
    author_blocked,
    conversation_reassigned,
    conversation_waived,
    message_classified,
    message_received,
    message_replied,
)

Look = Callable[..., Awaitable[httpx.Response]]
READERS = {"communications", "head-of-communications", "dpo"}
PAGES = ["/", "/page/figures", "/page/figures.csv", "/page/conversations/c1", "/page/calendar"]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def look(reception: Reception) -> Look:
    """GET a page as somebody who has signed in."""
    return reception.look


@pytest.fixture
async def week(office: Office) -> Office:
    """At Westward one answered, one overdue, one soon due and one with time; one at Wheatley under the same id."""
    office.clock("Mon 15:00")
    await office.heard("westward", message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"), conversation="c1")
    await office.heard("westward", message_received(at="Mon 09:30", id="2"), conversation="c2")
    soon = message_received(at="Mon 12:00", id="3", site="other", kind="complaint")
    await office.heard("westward", soon, conversation_reassigned("p7", at="Mon 14:30"), conversation="c3")
    await office.heard("westward", message_received(at="Mon 14:30", id="4"), conversation="c4")
    await office.heard("wheatley", message_received(at="Mon 09:00", site="their-site"), conversation="c1")
    return office


def text(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    body = re.sub(r"<(style|head)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def rows(answer: httpx.Response) -> list[str]:
    """The lines of the first table, as text."""
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in table.split("</tr>")[:-1]]


@pytest.mark.usefixtures("week")
class TestTargets:
    async def test_what_is_still_to_be_done_overdue_first(self, look: Look) -> None:
        answer = await look("westward", "/")
        assert answer.status_code == 200
        assert [row.split(" Answer ")[0] for row in rows(answer)] == [
            "▲ Overdue by 1 h 30 min of working time Mon 9 Mar 13:30",
            "Due soon 1 h of working time left Mon 9 Mar 16:00",
            "In time so far 3 h 30 min of working time left Tue 10 Mar 10:30",
        ]
        assert "1 overdue of 3 still to be done." in text(answer)

    async def test_filters(self, look: Look) -> None:
        for params, found in (
            ({"state": "met"}, ["c1"]),
            ({"state": "breached"}, ["c2"]),
            ({"state": "open", "site": "other"}, ["c3"]),
            ({"site": "other"}, ["c3"]),
            ({"kind": "response"}, ["c2", "c3", "c4"]),
            ({"kind": "moderate"}, []),
            ({"state": "nonsense", "kind": "nonsense", "site": ""}, ["c2", "c3", "c4"]),
        ):
            answer = await look("westward", "/", **params)
            listed = re.findall(r'href="/page/conversations/(\w+)"', answer.text)
            assert (answer.status_code, listed) == (200, found), params

    async def test_page_by_page(self, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.sla.pages.targets.MOST", 2)
        first = await look("westward", "/", kind="response")
        (address,) = re.findall(r'href="([^"]+)">Next page', first.text)
        second = await look("westward", html.unescape(address))
        assert [re.findall(r"conversations/(\w+)", page.text) for page in (first, second)] == [["c2", "c3"], ["c4"]]
        assert "Next page" not in second.text and 'href="/?state=waiting&amp;site=&amp;kind=response"' in second.text

    async def test_a_cursor_that_is_not_ours_is_a_page_that_says_so(self, look: Look) -> None:
        answer = await look("westward", "/", cursor="nonsense")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
        assert "leave it out" in answer.text

    async def test_this_month_and_the_last(self, look: Look, office: Office) -> None:
        said = text(await look("westward", "/"))
        assert "Of the deadlines that began in March 2026 February 2026 Deadlines that began 4 0 Met 1 0" in said
        assert "Share met, of those met or breached 50.0 % –" in said
        assert "Median working time to answer 1 h –" in said
        office.clock("2026-04-01 09:00")
        assert "April 2026 March 2026 Deadlines that began 0 4" in text(await look("westward", "/"))

    async def test_nothing_to_do(self, look: Look, office: Office) -> None:
        await office.heard("wheatley", conversation_waived(at="Mon 14:00"), conversation="c1")
        said = text(await look("wheatley", "/"))
        assert "Everything is done" in said and "Nothing here." in said


@pytest.mark.usefixtures("week")
class TestConversation:
    async def test_facts_in_words(self, look: Look, office: Office) -> None:
        await office.heard(
            "westward",
            message_classified(at="Mon 12:30", kind="complaint", by="person", flags=["negative"]),
            message_replied("r0", at="Mon 12:31", automatic=True),
            author_blocked(at="Mon 14:45", site="other"),
            conversation="c3",
        )
        said = text(await look("westward", "/page/conversations/c3"))
        for words in (
            "A customer wrote in public. Classed as: complaint.",
            "A person looked at it. Classed as: complaint, negative.",
            "An automatic acknowledgement went out in public; it is no answer.",
            "Handed on to p7; the clock goes on.",
            "The author was blocked at other. By p1.",
            "Exempted: its author is blocked",
        ):
            assert words in said

    async def test_the_working_of_the_deadline_and_the_clauses_in_words(self, look: Look) -> None:
        said = text(await look("westward", "/page/conversations/c4"))
        assert "Mon 9 Mar 14:30 Mon 9 Mar 17:00 2 h 30 min opening hours Mon 9 Mar" in said
        assert "Tue 10 Mar 09:00 Tue 10 Mar 10:30 1 h 30 min opening hours Tue 10 Mar" in said
        assert "westward:3.6 : Queries and complaints are answered within half a working day" in said

    async def test_how_it_ended(self, look: Look) -> None:
        said = text(await look("westward", "/page/conversations/c1"))
        assert "Answered in time" in said and "after 1 h of working time (1 h in all)" in said

    async def test_of_another_landlord_and_unknown_ones_there_is_no_page(self, look: Look) -> None:
        for conversation in ("c2", "c9", "c%00", "x" * 300):
            answer = await look("wheatley", f"/page/conversations/{conversation}")
            assert (answer.status_code, "Overdue" in answer.text) == (404, False)


@pytest.mark.usefixtures("week")
class TestFigures:
    async def test_of_a_period_broken_down(self, look: Look) -> None:
        answer = await look("westward", "/page/figures", **{"from": "2026-03-01", "until": "2026-04-01"})
        said = text(answer)
        assert (
            "By site Began Met Breached Overdue Share met Median Nine of ten other 1 0 0 0 – – – page 3 1 1 1" in said
        )
        assert "By owner" in said and "p7 1" in said and "nobody 3" in said
        assert "Most began at: 09:00 (2), 12:00 (1), 14:00 (1)." in said

    async def test_as_a_table(self, look: Look) -> None:
        page = await look("westward", "/page/figures", **{"from": "2026-03-01", "until": "2026-04-01", "site": "page"})
        (address,) = re.findall(r'href="(/page/figures\.csv[^"]*)"', page.text)
        answer = await look("westward", html.unescape(address))
        assert answer.headers["content-type"].startswith("text/csv")
        assert [line.split(",")[0] for line in answer.text.splitlines()] == ["conversation", "c1", "c2", "c4"]

    async def test_what_is_wrong_is_said_at_the_field(self, look: Look) -> None:
        for params, words in (
            ({"from": "yesterday"}, 'id="from-wrong">a date as YYYY-MM-DD'),
            ({"from": "2026-03-02", "until": "2026-03-01"}, 'id="until-wrong">a date after `from`'),
            ({"from": "2019-01-01"}, 'id="until-wrong">a date within 1096 days of `from`'),
        ):
            answer = await look("westward", "/page/figures", **params)
            assert answer.status_code == 422 and words in answer.text, params


class TestCalendar:
    async def test_the_deadline_with_its_working(self, look: Look) -> None:
        said = text(await look("westward", "/page/calendar", rule="response", start="2026-03-13T16:30"))
        assert "Due Mon 16 Mar 12:30" in said
        assert "Mon 16 Mar 09:00 Mon 16 Mar 12:30 3 h 30 min opening hours Mon 16 Mar (after Sat and Sun)" in said

    async def test_in_local_time_by_the_visitors_own_policy(self, look: Look) -> None:
        for organisation, due in (("westward", "Due Tue 7 Apr 11:00"), ("wheatley", "Due Mon 6 Apr 15:00")):
            said = text(await look(organisation, "/page/calendar", rule="response", start="2026-04-02T15:00"))
            assert due in said

    async def test_leads_on_only_who_may_go_there(self, look: Look) -> None:
        for role, leads in (("line-manager", False), ("dpo", True)):
            assert ("Back to the deadlines" in (await look("westward", "/page/calendar", role=role)).text) == leads

    async def test_what_is_wrong_is_said_at_the_field(self, look: Look) -> None:
        for start in ("Friday", "9999-12-31T00:00", "0001-01-01T00:00"):
            answer = await look("westward", "/page/calendar", rule="response", start=start)
            assert answer.status_code == 422 and 'id="start-wrong"' in answer.text and start in answer.text


@pytest.mark.usefixtures("week")
class TestWhoMayLook:
    async def test_by_role(self, look: Look) -> None:
        for path in PAGES:
            allowed = READERS | ({"line-manager"} if path == "/page/calendar" else set())
            for role in ROLES:
                answer = await look("westward", path, role=role)
                assert answer.status_code == (200 if role in allowed else 403), (path, role)
                if role not in allowed:
                    assert answer.headers["content-type"].startswith("text/html") and "head-of-comm" in answer.text

    async def test_nobody_who_is_not_signed_in(self, look: Look) -> None:
        for path in PAGES:
            answer = await look(None, path)
            assert answer.status_code == 303 and answer.headers["location"].startswith("/page/sign-in?next=")

    async def test_another_landlord_sees_nothing(self, look: Look) -> None:
        for path in PAGES:
            ours, theirs = await look("westward", path), await look("wheatley", path)
            assert "their-site" not in ours.text and not re.search(r"conversations/c[234]|\bp7\b", theirs.text), path
        assert "their-site" in (await look("wheatley", "/")).text

    async def test_every_page_was_looked_at(self, reception: Reception) -> None:
        own = {door.path for door in doors_of(reception.service.app)}
        shared = {"/page/house.css", "/page/icon.svg", "/page/sign-in", "/page/sign-in/local", "/page/sign-out"}
        found = {path for path in own if path == "/" or path.startswith("/page/")} - shared
        assert found == {path.replace("c1", "{conversation}") for path in PAGES}


async def test_what_others_wrote_is_text(look: Look, office: Office) -> None:
    office.clock("Mon 15:00")
    handed = conversation_reassigned(SCRIPT, at="Mon 14:30")
    await office.heard("westward", message_received(at="Mon 09:00", site=SCRIPT), handed, conversation="c1")
    for path in ("/", "/page/figures", "/page/conversations/c1", f"/?site={SCRIPT}", f"/page/figures?owner={SCRIPT}",
                 f"/page/calendar?start={SCRIPT}"):  # fmt: skip
        answer = await look("westward", path)
        assert html.escape(SCRIPT) in answer.text and "<script" not in answer.text, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_odd_id_is_linked_to_whole(look: Look, office: Office) -> None:
    odd = "a b?c#d&e=%f"
    await office.heard("westward", message_received(at="Mon 09:00"), conversation=odd)
    (address,) = re.findall(r'href="(/page/conversations/[^"]+)"', (await look("westward", "/")).text)
    assert odd in text(await look("westward", html.unescape(address)))
