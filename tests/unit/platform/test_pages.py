"""Pages for people: who may open them, where a form must come from, and what they never give away."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends
from pydantic import ValidationError

from shared.platform.clock import ClockFile
from shared.platform.http import MAX_BODY, add, seal
from shared.platform.pages import Pages, Visitor, csrf_of, seen
from shared.platform.pages.session import FLASH, seal_flash
from shared.platform.pages.words import day_in_words, span_in_words, time_in_words
from tests.unit.platform.small_service import HOST, SmallService, field_of

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def small(tmp_path: Path) -> SmallService:
    return SmallService(tmp_path)


@pytest.fixture
def token(small: SmallService) -> str:
    return small.token()


@pytest.fixture
async def browser(small: SmallService, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with small.browser(token) as opened:
        yield opened


# Who may open a page


async def test_a_bearer_token_opens_no_page(small: SmallService, token: str) -> None:
    async with small.browser() as stranger:
        header = {"Authorization": f"Bearer {token}"}
        assert (await stranger.get("/", headers=header)).status_code == 303
        assert (await stranger.post("/page/say", headers=header, data=small.form(token))).status_code == 303
    assert small.said == []


async def test_a_session_opens_no_door_of_the_api(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/")).status_code == 200
    assert (await browser.get("/door")).status_code == 401


@pytest.mark.parametrize(("organisation", "role"), [("westward", "communications"), ("", "ops"), ("", "dpo")])
async def test_another_role_is_told_who_may(small: SmallService, organisation: str, role: str) -> None:
    async with small.browser(small.token(organisation, role)) as visitor:
        answer = await visitor.get("/")
        assert answer.status_code == 403
        assert ("roles dpo" if role != "dpo" else "no organisation") in answer.text
        assert "Sign out" in answer.text


def test_a_page_without_a_permission_is_refused(small: SmallService) -> None:
    router = Pages("small", small.folder).router()

    @router.get("/page/open")
    async def open_page() -> None:
        """No permission."""

    add(small.app, router)
    with pytest.raises(RuntimeError, match="GET /page/open"):
        seal(small.app)


def test_a_form_that_asks_for_no_proof_is_refused(small: SmallService) -> None:
    router = Pages("small", small.folder).router()
    with pytest.raises(RuntimeError, match="/page/unproved"):

        @router.post("/page/unproved")
        async def unproved(_: Annotated[Visitor, Depends(seen("dpo"))]) -> None:
            """May be seen, not sent."""


# Where a form must come from


async def test_a_form_of_the_page_is_done_once_and_says_so_once(
    small: SmallService, browser: httpx.AsyncClient
) -> None:
    proof = field_of((await browser.get("/")).text)
    headers = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}
    answer = await browser.post("/page/say", data={"csrf": proof, "words": "hello"}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert '<p class="flash" role="status">You said hello</p>' in (await browser.get("/")).text
    assert 'class="flash"' not in (await browser.get("/")).text
    assert small.said == ["hello"]


FORGED: dict[str, Callable[[SmallService, str], str | None]] = {
    "no proof": lambda small, token: None,
    "an empty proof": lambda small, token: "",
    "a made-up proof": lambda small, token: "0" * 64,
    "a proof that is no ASCII": lambda small, token: "é" * 64,
    "the token itself": lambda small, token: token,
    "another session of the same person": lambda small, token: csrf_of(small.token(jti="another")),
    "another person's": lambda small, token: csrf_of(small.token(role="communications")),
}


@pytest.mark.parametrize("kind", FORGED)
async def test_a_form_without_this_sessions_proof_does_nothing(
    small: SmallService, browser: httpx.AsyncClient, token: str, kind: str
) -> None:
    proof = FORGED[kind](small, token)
    fields = {"words": "forged"} if proof is None else {"words": "forged", "csrf": proof}
    refused(await browser.post("/page/say", data=fields), small)


async def test_a_proof_that_is_a_file_is_none(small: SmallService, browser: httpx.AsyncClient, token: str) -> None:
    refused(await browser.post("/page/say", files={"csrf": ("proof", csrf_of(token).encode())}), small)


ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another subdomain": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "https://evil.example"},
    "an origin that looks alike": {"Origin": f"{HOST}.evil.example"},
    "another port": {"Origin": f"{HOST}:8002"},
    "an origin that hides": {"Origin": "null"},
    "an origin that is none": {"Origin": "http://[evil"},
}


@pytest.mark.parametrize("kind", ELSEWHERE)
async def test_a_form_from_elsewhere_does_nothing_whatever_it_proves(
    small: SmallService, browser: httpx.AsyncClient, token: str, kind: str
) -> None:
    refused(await browser.post("/page/say", data=small.form(token, words="x"), headers=ELSEWHERE[kind]), small)


def refused(answer: httpx.Response, small: SmallService) -> None:
    assert (answer.status_code, small.said) == (403, [])
    assert "Nothing was done" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_form_after_the_session_leads_back_to_its_page(small: SmallService) -> None:
    over = small.token(exp=1)
    async with small.browser(over) as late:
        headers = {"Referer": f"{HOST}/?state=open"}
        answer = await late.post("/page/say", data=small.form(over, words="late"), headers=headers)
    assert answer.headers["location"] == "/page/sign-in?next=%2F%3Fstate%3Dopen&over=1"
    assert small.said == []


@pytest.mark.parametrize("path", ["/page/file", "/page/typed"])
async def test_a_form_with_a_file_can_be_read_by_the_page_too(
    small: SmallService, browser: httpx.AsyncClient, token: str, path: str
) -> None:
    files = {"sent": ("form.txt", b"a signed form")}
    assert (await browser.post(path, data=small.form(token), files=files)).status_code == 303
    assert (await browser.post(path, files=files)).status_code == 403
    assert small.said == ["a signed form"]


async def test_a_file_over_the_cap_is_refused_in_a_page(
    small: SmallService, browser: httpx.AsyncClient, token: str
) -> None:
    answer = await browser.post("/page/file", data=small.form(token), files={"sent": ("form", b" " * MAX_BODY)})
    assert answer.status_code == 413
    assert "<h1>" in answer.text
    assert small.said == []


# What pages say, and never give away


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/page/sign-in", 200),
        ("/page/failing/problem", 409),
        ("/page/failing/bug", 500),
    ],
)
async def test_every_page_forbids_scripts_frames_and_copies(browser: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await browser.get(path)
    assert answer.status_code == status
    assert set(answer.headers.get("content-security-policy", "").split("; ")) == {
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert '<html lang="en-GB">' in answer.text


async def test_the_style_is_kept_by_browsers_until_it_changes(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await browser.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]


async def test_what_people_write_is_text(browser: httpx.AsyncClient, small: SmallService, token: str) -> None:
    await browser.post("/page/say", data=small.form(token, words=SCRIPT))
    page = (await browser.get("/")).text
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2  # in the page, and in the message


@pytest.mark.parametrize("kind", ["another session's", "unsigned", "torn", "garbage", "none"])
async def test_nobody_else_puts_a_message_on_a_page(
    browser: httpx.AsyncClient, small: SmallService, token: str, kind: str
) -> None:
    sealed = seal_flash(token, "Pay here")
    browser.cookies.set(
        FLASH,
        {
            "another session's": seal_flash(small.token(jti="another"), "Pay here"),
            "unsigned": sealed.partition(".")[0],
            "torn": sealed[:-1],
            "garbage": "%%.%%",
            "none": "",
        }[kind],
    )
    answer = await browser.get("/")
    assert answer.status_code == 200
    assert "Pay here" not in answer.text
    assert 'role="status"' not in answer.text


async def test_a_message_is_text_even_when_it_is_genuine(browser: httpx.AsyncClient, token: str) -> None:
    browser.cookies.set(FLASH, seal_flash(token, SCRIPT))
    page = (await browser.get("/")).text
    assert "<script" not in page
    assert 'role="status">&lt;script&gt;' in page


@pytest.mark.parametrize(
    ("way", "status", "words"),
    [
        ("problem", 409, "It is &lt;i&gt;too late&lt;/i&gt;."),
        ("body", 422, "<strong>tone</strong>"),
        ("outage", 503, "may be stored or not"),
        ("bug", 500, "Something failed here"),
    ],
)
async def test_what_is_wrong_is_a_page_that_tells_no_more_than_it_should(
    browser: httpx.AsyncClient, way: str, status: int, words: str
) -> None:
    answer = await browser.get(f"/page/failing/{way}", headers={"Referer": f"{HOST}/?state=open"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in answer.text
    assert "jo.canary" not in answer.text
    assert '<a class="button" href="/?state=open">Go back</a>' in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_no_way_back_leads_to_what_is_wrong(small: SmallService) -> None:
    async with small.browser(small.token(role="publisher")) as visitor:
        assert "Go back" not in (await visitor.get("/")).text
        assert "Go back" in (await visitor.get("/page/failing/bug")).text


async def test_going_back_stays_here(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/page/failing/problem", headers={"Referer": "https://evil.example/"})
    assert '<a class="button" href="/">Go back</a>' in answer.text


# The head of every page


async def test_policy_time_that_is_set_by_hand_is_said_loudly(tmp_path: Path) -> None:
    clock = tmp_path / "clock.json"
    small = SmallService(tmp_path, {"clock": clock})
    async with small.browser(small.token()) as visitor:
        assert "cannot be read" in (await visitor.get("/")).text
        noon = datetime(2027, 7, 1, 12, tzinfo=UTC)
        ClockFile(machine=datetime.now(UTC), policy=noon, rate=0).write(clock)
        page = (await visitor.get("/")).text
    assert "set by hand: <strong>Thu 1 Jul 2027 13:00</strong>" in page
    assert "<p>Fri 20 Mar 2026 16:30</p>" in page


async def test_real_time_is_not_announced(browser: httpx.AsyncClient) -> None:
    assert "set by hand" not in (await browser.get("/")).text


async def test_the_neighbours_are_linked_in_the_order_of_the_flow(tmp_path: Path) -> None:
    pages = {"consent": "https://house.example/consent/", "intake": "http://127.0.0.1:8001", "small": "http://x"}
    small = SmallService(tmp_path, {"pages": pages})
    async with small.browser(small.token()) as visitor:
        page = (await visitor.get("/")).text
    links = page.split("<nav")[1].split("</nav>")[0].split('<a href="')[1:]
    assert [link.split('"')[0] for link in links] == ["http://127.0.0.1:8001/", "https://house.example/consent/", "/"]
    assert 'href="/" aria-current="page">Small' in page


def test_a_neighbour_is_a_web_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSERULES_PAGES", '{"sla": "javascript:alert(1)"}')
    with pytest.raises(ValidationError, match="URL scheme"):
        SmallService(tmp_path)


# How pages say time


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (-0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
        (-7_500, "\N{MINUS SIGN}2 h 5 min"),
        (timedelta(days=2, minutes=1), "48 h 1 min"),
        (timedelta(hours=8760), "8,760 h"),
    ],
)
def test_a_length_of_time(length: float | timedelta, words: str) -> None:
    assert span_in_words(length) == words


def test_an_instant_says_its_year_when_it_is_not_this_one() -> None:
    now = datetime(2026, 3, 20, 16, 30, tzinfo=UTC)
    assert time_in_words(now, now) == "Fri 20 Mar 16:30"
    assert time_in_words(datetime(2027, 1, 2, 9, 5, tzinfo=UTC), now) == "Sat 2 Jan 2027 09:05"
    assert day_in_words(date(2026, 4, 1), now.date()) == "Wed 1 Apr"
    assert day_in_words(date(9999, 12, 31), now.date()) == "Fri 31 Dec 9999"
