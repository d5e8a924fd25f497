"""intake's pages as a browser asks for them: what is shown, what a form does, and what it must not do."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from shared.platform.pages import COOKIE, csrf_of
from tests.integration.intake.house import NOW, House
from tests.integration.intake.test_deadlines import hear, told, written

SCRIPT = "<script>alert('me')</script> & when is my repair?"


class Browser:
    """Somebody who is signed in."""

    def __init__(self, house: House, organisation: str = "westward", role: str = "communications") -> None:
        self.client = house.client
        self.token = house.issuer.token(organisation, [role])

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Look at a page."""
        return await self.client.get(path, params=params or None, headers={"Cookie": f"{COOKIE}={self.token}"})

    async def send(
        self,
        path: str,
        fields: Mapping[str, Any] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> httpx.Response:
        """Send a form of a page of this session."""
        form = {"csrf": csrf_of(self.token), **fields}
        return await self.client.post(path, data=form, headers={"Cookie": f"{COOKIE}={self.token}", **headers})


def text(page: httpx.Response) -> str:
    """A page's words, as they are read."""
    assert page.status_code == 200, page.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text)))


async def test_the_inbox_shows_text_beside_time_left(house: House) -> None:
    item = await written(house, text=SCRIPT)
    await hear(house, told(item, hours=2 + 5 / 60))
    page = await Browser(house).get("/")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    shown = text(page)
    assert SCRIPT in shown
    for said in ("2 h 5 min left", "due Fri 27 Mar 18:35", "query", "facebook, public", "posted Fri 27 Mar 16:30"):
        assert said in shown
    assert ", ".join(item["why"]) in shown


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (timedelta(), "4 h left"),
        (timedelta(hours=3, minutes=59, seconds=30), "30 s left"),
        (timedelta(hours=4), "0 s left"),
        (timedelta(hours=4, seconds=1), "overdue since Fri 27 Mar 20:30"),
    ],
)
async def test_time_left_in_words(house: House, later: timedelta, words: str) -> None:
    await hear(house, told(await written(house)))
    house.set_clock(NOW + later)
    assert words in text(await Browser(house).get("/"))


async def test_a_deadline_in_summer_is_said_in_summer_time(house: House) -> None:
    house.set_clock(datetime(2026, 3, 30, 8, 0, tzinfo=UTC))
    await hear(house, told(await written(house), hours=66.5))
    assert "due Mon 30 Mar 12:00" in text(await Browser(house).get("/"))


async def test_without_a_deadline_and_with_nothing_at_all(house: House) -> None:
    browser = Browser(house)
    assert "Nothing waits." in text(await browser.get("/"))
    await written(house)
    assert "no deadline" in text(await browser.get("/"))


async def test_the_inbox_is_filtered_and_paged(house: House) -> None:
    for number in range(27):
        await house.write(message=f"m-{number}", text=f"Question {number}?", posted_at=NOW - timedelta(minutes=number))
    await house.write(message="rude", text="You morons", site="x")
    await house.settle()
    browser = Browser(house)
    first = await browser.get("/")
    following = re.search(r'href="(/\?[^"]*cursor=[^"]*)"', first.text)
    assert following is not None and "Question 26?" in text(first)
    second = await browser.get(html.unescape(following[1]))
    assert "Question 0?" in text(second) and "Question 26?" not in text(second)
    assert "Back to the beginning" in second.text and "Further items" not in second.text
    offensive = text(await browser.get("/", state="open", kind="offensive"))
    assert "You morons" in offensive and "Question" not in offensive
    assert "You morons" in text(await browser.get("/", state="all", site="x"))
    assert "Nothing here is like that." in text(await browser.get("/", state="removed"))
    assert (await browser.get("/", state="lost")).status_code == 422
    assert (await browser.get("/", cursor="x")).status_code == 400


async def test_an_item_shows_its_history_and_only_forms_that_make_sense(house: House) -> None:
    item = await written(house, text="When?", permalink="javascript:alert(1)", media=[{"url": "https://example.org/a"}])
    await house.write(text=SCRIPT)
    await house.settle()
    await hear(house, told(item))
    browser, path = Browser(house), f"/page/items/{item['message']}"
    await browser.send(f"{path}/reply", {"text": "On <b>Monday</b>", "note": "told by phone"})
    page = await browser.get(path)
    assert "<script" not in page.text and "<b>" not in page.text and "javascript:" not in page.text
    shown = text(page)
    for said in (SCRIPT, "The customer changed it to", "On <b>Monday</b>", "told by phone", "Ann Example", "@ann",
                 "response", "The answer is recorded." if "flash" in page.text else "answered"):  # fmt: skip
        assert said in shown
    offered = set(re.findall(r'<details id="([a-z-]+)"', page.text))
    assert offered == {"classify", "hide", "remove", "take-private", "holding-update", "resolve", "reassign",
                       "refer-complaint"}  # fmt: skip


FORMS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("reply", {"text": "", "at": "2026-03-27T16:30", "visibility": ""}, "message-replied",
     {"posted_at": "2026-03-27T16:30:00Z", "visibility": "public"}),
    ("classify", {"kind": "complaint", "flags": ["negative"]}, "message-classified",
     {"kind": "complaint", "flags": ["negative"]}),
    ("hide", {"reason": "spam"}, "message-moderated", {"action": "hidden", "reason": "spam"}),
    ("restore", {"reason": ""}, "message-moderated", {"action": "restored", "reason": "spam"}),
    ("remove", {"reason": "other", "note": ""}, "message-moderated", {"action": "removed", "reason": "other"}),
    ("removal-notice", {}, "removal-notice-posted", {}),
    ("explain-removal", {}, "removal-explained", {}),
    ("take-private", {}, "conversation-moved-private", {}),
    ("holding-update", {"note": "told"}, "holding-update-sent", {}),
    ("reassign", {"owner": " p-7 "}, "conversation-reassigned", {"owner": "p-7"}),
    ("refer-complaint", {"reference": "CMP-1"}, "complaint-referred", {"reference": "CMP-1"}),
    ("resolve", {}, "conversation-resolved", {}),
]  # fmt: skip


async def test_each_form_does_what_its_door_does(house: House) -> None:
    item = await written(house)
    browser, path = Browser(house), f"/page/items/{item['message']}"
    for name, fields, event, said in FORMS:
        done = await browser.send(f"{path}/{name}", fields)
        assert (done.status_code, done.headers["location"]) == (303, path), (name, done.text)
        found = (await house.told())[-1]
        assert (found.name, found.data | said) == (event, found.data)
    assert await house.count("select count(*) from audit where actor = 'local-communications'") == len(FORMS)
    other = await written(house, message="m-2", conversation="c-2", text="Thanks a lot!")
    done = await browser.send(f"/page/items/{other['message']}/waive", {"reason": "no-reply-needed"})
    assert done.status_code == 303
    assert (await house.told())[-1].data["reason"] == "no-reply-needed"


async def test_a_waiver_offers_what_the_policy_allows(house: House) -> None:
    for organisation, reasons in (
        ("westward", ["no-reply-needed"]),
        ("wheatley", ["no-reply-needed", "not-appropriate"]),
    ):
        item = await written(house, organisation)
        page = await Browser(house, organisation).get(f"/page/items/{item['message']}")
        form = page.text.split('<details id="waive"')[1].split("</details>")[0]
        assert sorted(filter(None, re.findall(r'<option value="([^"]*)"', form))) == reasons


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("hide", {"reason": "rude", "note": "I typed this"}, 422, "reason"),
    ("reply", {"text": "I typed <i>this</i>", "at": "2026-03-28T16:30"}, 422, "still to come"),
    ("reply", {"text": "I typed <i>this</i>", "at": "yesterday"}, 422, "no date and time"),
    ("restore", {"reason": "other", "note": "I typed this"}, 409, "neither hidden nor removed"),
    ("waive", {"reason": "not-appropriate", "note": "I typed this"}, 422, "allowed here: no-reply-needed"),
    ("reassign", {"owner": "   ", "note": "I typed this"}, 422, "reassign-owner-wrong"),
]


@pytest.mark.parametrize(("name", "fields", "status", "why"), REFUSED, ids=[f"{r[0]}-{r[3]}" for r in REFUSED])
async def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(
    house: House, name: str, fields: dict[str, Any], status: int, why: str
) -> None:
    item = await written(house)
    page = await Browser(house).send(f"/page/items/{item['message']}/{name}", fields)
    assert page.status_code == status
    form = page.text.split(f'<details id="{name}" open')[1].split("</details>")[0]
    assert "Nothing was done." in page.text and why in page.text
    typed = fields.get("note") or fields["text"]
    assert html.escape(typed) in form
    assert [event.name for event in await house.told()] == ["message-received"]


async def test_what_another_did_meanwhile_is_said(house: House) -> None:
    item = await written(house)
    browser, path = Browser(house), f"/page/items/{item['message']}/hide"
    assert (await browser.send(path, {"reason": "spam"})).status_code == 303
    again = await browser.send(path, {"reason": "offensive", "note": "mine"})
    assert again.status_code == 409
    assert "The item is hidden" in again.text and ">\nmine</textarea>" in again.text
    assert re.search(r'<option value="offensive" selected', again.text)


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_from_elsewhere_does_nothing(house: House, headers: dict[str, str]) -> None:
    item = await written(house)
    refused = await Browser(house).send(f"/page/items/{item['message']}/resolve", headers=headers)
    assert refused.status_code == 403
    assert [event.name for event in await house.told()] == ["message-received"]


@pytest.mark.parametrize("csrf", ["", "0" * 64])
async def test_a_form_without_its_proof_does_nothing(house: House, csrf: str) -> None:
    item = await written(house)
    refused = await Browser(house).send(f"/page/items/{item['message']}/resolve", {"csrf": csrf})
    assert refused.status_code == 403
    assert [event.name for event in await house.told()] == ["message-received"]


async def test_another_organisations_item_is_not_there(house: House) -> None:
    item = await written(house, text="Only Westward's")
    stranger = Browser(house, "wheatley")
    assert "Only Westward's" not in (await stranger.get("/", state="all")).text
    for answer in (
        await stranger.get(f"/page/items/{item['message']}"),
        await stranger.send(f"/page/items/{item['message']}/hide", {"reason": "spam", "note": "mine"}),
    ):
        assert answer.status_code == 404
        assert "Only Westward's" not in answer.text
    assert (await Browser(house).send(f"/page/items/{item['message']}/burn")).status_code == 404


async def test_who_may_not_see_the_inbox(house: House) -> None:
    path = f"/page/items/{(await written(house))['message']}"
    for where in ("/", path):
        nobody = await house.client.get(where)
        assert (nobody.status_code, nobody.headers["location"].partition("?")[0]) == (303, "/page/sign-in")
        for role in ("dpo", "line-manager", "people-team", "publisher"):
            assert (await Browser(house, role=role).get(where)).status_code == 403
        assert (await Browser(house, role="head-of-communications").get(where)).status_code == 200
    bearer = await house.client.get("/", headers=house.staff("westward"))
    assert bearer.status_code == 303
