"""Signing in on the pages: with a token, by one click on a laptop, and where it leads."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from shared.platform.auth import DevelopmentIssuer
from shared.platform.pages import COOKIE
from tests.unit.platform.small_service import SmallService, field_of

PRODUCTION = {
    "profile": "production",
    "issuer": "https://login.example.org",
    "jwks": "https://login.example.org/keys",
}


@pytest.fixture
def small(tmp_path: Path) -> SmallService:
    return SmallService(tmp_path)


@pytest.fixture
def local(tmp_path: Path) -> SmallService:
    return SmallService(tmp_path, {"development_issuer": tmp_path / "issuer"})


async def paste(browser: httpx.AsyncClient, token: str, next: str = "/") -> httpx.Response:
    page = await browser.get("/page/sign-in", params={"next": next})
    fields = {"csrf": field_of(page.text), "token": token, "next": next}
    return await browser.post("/page/sign-in", data=fields)


async def click(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    page = await browser.get("/page/sign-in")
    return await browser.post("/page/sign-in/local", data={"csrf": field_of(page.text), **fields})


def cookies(answer: httpx.Response) -> dict[str, str]:
    """The cookies that an answer sets, with their flags."""
    return {one.partition("=")[0]: one.lower() for one in answer.headers.get_list("set-cookie")}


async def test_nobody_signed_in_is_sent_to_sign_in_and_comes_back(small: SmallService) -> None:
    async with small.browser() as browser:
        sent = await browser.get("/?state=open&kind=a%20b")
        assert sent.status_code == 303
        assert sent.headers["location"] == "/page/sign-in?next=%2F%3Fstate%3Dopen%26kind%3Da%2520b"
        answer = await paste(browser, small.token(), "/?state=open&kind=a%20b")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?state=open&kind=a%20b")
        assert "local-dpo" in (await browser.get("/")).text


@pytest.mark.parametrize("dressed", ["  {}\n", "Bearer {}"])
async def test_a_token_may_be_pasted_as_it_was_copied(small: SmallService, dressed: str) -> None:
    async with small.browser() as browser:
        assert (await paste(browser, dressed.format(small.token()))).status_code == 303


BAD: dict[str, dict[str, Any] | str] = {
    "empty": "",
    "garbage": "x.y.z",
    "expired": {"exp": 1},
    "another audience": {"aud": "somebody"},
    "another issuer": {"iss": "somebody"},
    "an organisation that is not here": {"organisation": "elsewhere"},
    "no organisation": {"organisation": ""},
    "no role that there is": {"role": "janitor"},
    "too long for a cookie": {"note": "x" * 4000},
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused_in_words_and_nothing_is_kept(small: SmallService, kind: str) -> None:
    bad = BAD[kind]
    token = bad if isinstance(bad, str) else small.token(**bad)
    async with small.browser() as browser:
        answer = await paste(browser, token)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert COOKIE not in cookies(answer)
        assert not token or token not in answer.text
        assert (await browser.get("/")).status_code == 303


async def test_a_token_of_another_key_is_refused(small: SmallService, tmp_path: Path) -> None:
    stranger = DevelopmentIssuer(tmp_path / "stranger")
    stranger.prepare()
    async with small.browser() as browser:
        assert (await paste(browser, stranger.token("westward", ["dpo"]))).status_code == 422


async def test_a_session_that_is_over_asks_to_sign_in_again(small: SmallService) -> None:
    async with small.browser(small.token(exp=1)) as browser:
        answer = await browser.get("/")
        assert answer.status_code == 303
        assert 'houserules=""' in cookies(answer)[COOKIE]
        assert "session is over" in (await browser.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("environment", "secure"), [({}, False), (PRODUCTION, True)], ids=["on a laptop", "in production"]
)
async def test_no_script_and_no_other_site_gets_at_the_cookies(
    tmp_path: Path, environment: dict[str, Any], secure: bool
) -> None:
    small = SmallService(tmp_path, environment)
    async with small.browser() as browser:
        page = await browser.get("/page/sign-in")
        door = cookies(page)
        browser.cookies.set("houserules-door", page.cookies["houserules-door"])  # what is secure goes over TLS alone
        answer = await browser.post("/page/sign-in", data={"csrf": field_of(page.text), "token": small.token()})
        kept = cookies(answer) | door
    assert kept.keys() == {"houserules-door", COOKIE}
    for flags in kept.values():
        assert "httponly" in flags
        assert "samesite=lax" in flags
        assert "path=/" in flags
        assert "domain" not in flags
    assert ("secure" in kept[COOKIE], "secure" in door["houserules-door"]) == (secure, secure)


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\x00/evil.example",
    " //evil.example",
    "/" + "a" * 3_000,
    "",
]


@pytest.mark.parametrize("next", ELSEWHERE, ids=lambda text: repr(text[:16]))
async def test_signing_in_leads_to_no_other_host(local: SmallService, next: str) -> None:
    async with local.browser() as browser:
        page = await browser.get("/page/sign-in", params={"next": next})
        assert 'name="next" value="/"' in page.text
        assert "evil" not in page.text
        answer = await paste(browser, local.token(), next)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        answer = await click(browser, organisation="westward", role="dpo", next=next)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(("organisation", "role"), [("westward", "dpo"), ("wheatley", "communications"), ("", "ops")])
async def test_one_click_is_enough_on_a_laptop(local: SmallService, organisation: str, role: str) -> None:
    async with local.browser() as browser:
        assert (await click(browser, organisation=organisation, role=role)).status_code == 303
        page = (await browser.get("/")).text
        assert f"local-{role}" in page
        assert f"<strong>{organisation or 'all organisations'}</strong>" in page


async def test_one_click_can_be_a_person(local: SmallService) -> None:
    async with local.browser() as browser:
        await click(browser, organisation="westward", role="dpo", person="1001")
        assert "<span>1001</span>" in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"organisation": "elsewhere", "role": "dpo"}, 422),
        ({"organisation": "westward", "role": "janitor"}, 422),
        ({"organisation": "", "role": "dpo"}, 422),
        ({"organisation": "westward"}, 422),
        ({"organisation": "westward", "role": "dpo", "person": "x\x00"}, 422),
    ],
    ids=["an organisation that is not here", "no such role", "no organisation", "nothing said", "a zero byte"],
)
async def test_one_click_makes_up_nobody(local: SmallService, fields: dict[str, str], status: int) -> None:
    async with local.browser() as browser:
        answer = await click(browser, **fields)
        assert (answer.status_code, COOKIE in cookies(answer)) == (status, False)


async def test_without_a_development_issuer_there_is_no_click(small: SmallService) -> None:
    async with small.browser() as browser:
        page = await browser.get("/page/sign-in")
        assert "/page/sign-in/local" not in page.text
        fields = {"csrf": field_of(page.text), "organisation": "westward", "role": "dpo"}
        assert (await browser.post("/page/sign-in/local", data=fields)).status_code == 404


def test_production_refuses_a_development_issuer(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="HOUSERULES_DEVELOPMENT_ISSUER"):
        SmallService(tmp_path, {"development_issuer": tmp_path / "issuer", **PRODUCTION})


async def test_a_sign_in_form_of_another_site_is_refused(local: SmallService) -> None:
    """Else somebody could be signed in as a person that they are not, and act in that name."""
    async with local.browser() as browser, local.browser() as other:
        await browser.get("/page/sign-in")
        another = field_of((await other.get("/page/sign-in")).text)
        for path in ("/page/sign-in", "/page/sign-in/local"):
            fields = {"csrf": another, "token": local.token(), "organisation": "westward", "role": "dpo"}
            answer = await browser.post(path, data=fields)
            assert (answer.status_code, COOKIE in cookies(answer)) == (403, False)


async def test_signing_out_forgets_the_token(small: SmallService) -> None:
    token = small.token()
    async with small.browser(token) as browser:
        assert (await browser.post("/page/sign-out", data={})).status_code == 403
        answer = await browser.post("/page/sign-out", data=small.form(token))
        assert answer.status_code == 303
        assert 'houserules=""' in cookies(answer)[COOKIE]
        assert "You have signed out" in (await browser.get(answer.headers["location"])).text
