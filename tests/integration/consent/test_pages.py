"""consent's pages over HTTP: what they show and to whom, and that their forms do what the doors do."""

from typing import Any

import pytest

from shared.platform.auth import ROLES
from shared.platform.http import doors_of
from shared.platform.pages import csrf_of
from tests.integration.consent.gallery import HASH, PDF, Gallery
from tests.integration.consent.visitor import Page, Visitor, visitor

EXECUTABLE = b"MZ\x90\x00" + bytes(300)
NAME = "Ann <script>alert(1)</script> Example"
FORM: dict[str, Any] = {
    "person": "1001",
    "outcome": "given",
    "method": "signed",
    "taken_on": "2026-03-20",
    "name_matches": "yes",
    "channels": ["website"],
    "purposes": "news",
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def ann(gallery: Gallery) -> Visitor:
    """Communications at Westward."""
    return visitor(gallery)


async def scene(gallery: Gallery) -> dict[str, str]:
    """Westward's image of somebody with a name, live without consent, and a consent that ends soon."""
    await gallery.post("/subjects", {"person": "1001", "kind": "tenant", "name": NAME})
    soon = await gallery.consent(person="1002", valid_until="2026-04-20")
    await gallery.upload("i1", people=[{"person": "1001", "kind": "tenant"}])
    await gallery.publish("i1")
    (takedown,) = (await gallery.get("/takedowns"))["items"]
    return {"consent": soon, "takedown": takedown["takedown"]}


async def test_the_page_says_what_is_missing_what_ends_and_what_has_to_go(gallery: Gallery, ann: Visitor) -> None:
    await scene(gallery)
    page = await ann.see("/")
    assert page.status == 200
    for words in (
        "i1", "blocked", "in use", f"There is no consent of {NAME}.", "The background has not been cleared",
        "Consents that end soon", "Person 1002", "Mon 20 Apr",
        "To be taken down", "no consent", "Fri 27 Mar 17:00",
    ):  # fmt: skip
        assert words in page.text, words
    assert "/page/records" in page.forms, "the form is right there"
    assert [form for form in page.forms if form.endswith(("/claim", "/verify", "/not-possible"))] != []


async def test_a_form_is_uploaded_where_it_is_missing_and_satisfies(gallery: Gallery, ann: Visitor) -> None:
    await scene(gallery)
    await gallery.post("/images/i1/clear-background", {"content_hash": HASH})
    done = await ann.send("/page/records", FORM, ("form.pdf", PDF))
    assert (done.status, done.answer.headers["location"]) == (303, "/")
    await gallery.settle()
    assert await gallery.verdicts() == ["background no-consent", "no-consent", "satisfied"]
    page = await ann.see("/")
    assert "Every image may be used as it is meant to be." in page.text
    (kept,) = [one for one in (await gallery.get("/consents", subject="1001"))["items"]]
    assert (kept["state"], kept["form"]["type"], kept["purposes"]) == ("given", "application/pdf", ["news"])
    person = await ann.see("/page/people/1001")
    assert "in force" in person.text and NAME in person.text and "i1" in person.text


REFUSED: list[tuple[str, dict[str, Any], tuple[str, bytes] | None, int, str]] = [
    ("a renamed executable", {}, ("form.pdf", EXECUTABLE), 415, "by its content"),
    ("over the cap", {}, ("form.pdf", PDF + bytes(3 * 1024 * 1024)), 413, "bytes at the most"),
    ("no file", {}, None, 422, "a signed consent comes with its form"),
    ("no channel", {"channels": []}, ("form.pdf", PDF), 422, "a consent names its channels"),
    ("no date", {"taken_on": "yesterday"}, ("form.pdf", PDF), 422, "valid date"),
    ("nobody", {"person": ""}, ("form.pdf", PDF), 422, "valid string"),
]


@pytest.mark.parametrize(
    ("changes", "file", "status", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
async def test_what_is_wrong_comes_back_readable_with_what_was_typed(
    gallery: Gallery, ann: Visitor, changes: Any, file: Any, status: int, words: str
) -> None:
    page = await ann.send("/page/records", FORM | {"purposes": "the <b>gala</b>"} | changes, file or ("", b""))
    assert page.status == status
    assert words in page.text and "the <b>gala</b>" in page.text and "b" not in page.tags
    assert 'class="wrong"' in page.answer.text
    assert await gallery.rows.fetchval("select count(*) from consents") == 0
    assert not list(gallery.folder.rglob("*.form"))


async def test_a_form_dated_tomorrow_is_kept_and_said_not_to_count(gallery: Gallery, ann: Visitor) -> None:
    done = await ann.send("/page/records", FORM | {"taken_on": "2026-03-28"}, ("form.pdf", PDF))
    assert done.status == 303
    assert "it does not count: its date is in the future" in (await followed(ann, done)).text.lower()
    assert "It does not count: its date is in the future." in (await ann.see("/page/people/1001")).text


async def followed(somebody: Visitor, page: Page) -> Page:
    """Where a form led, with the message that is shown once."""
    cookies = "; ".join(f"{name}={value}" for name, value in page.answer.cookies.items())
    headers = {"Cookie": f"houserules={somebody.token}; {cookies}"}
    return Page(await somebody.gallery.client.get(page.answer.headers["location"], headers=headers))


async def test_a_withdrawal_on_the_page_takes_live_uses_down(gallery: Gallery, ann: Visitor) -> None:
    consent = await gallery.consent(person="1001")
    await gallery.upload("i1", people=[{"person": "1001", "kind": "tenant"}])
    await gallery.post("/images/i1/clear-background", {"content_hash": HASH})
    await gallery.publish("i1")
    assert await gallery.told("takedown-requested") == []
    back = {"person": "1001", "next": "/page/people/1001"}
    done = await ann.send(f"/page/consents/{consent}/withdraw", back)
    assert (done.status, done.answer.headers["location"]) == (303, "/page/people/1001")
    await gallery.settle()
    assert (await gallery.last("takedown-requested")).reason == "withdrawn"
    again = await ann.send(f"/page/consents/{consent}/withdraw", back)
    assert again.status == 409 and "The record is withdrawn." in again.text


async def test_a_takedown_is_claimed_and_ended_on_the_page(gallery: Gallery, ann: Visitor) -> None:
    path = f"/page/takedowns/{(await scene(gallery))['takedown']}"
    assert (await ann.send(f"{path}/claim")).status == 303
    assert "somebody sees to it" in (await ann.see("/")).text
    twice = await ann.send(f"{path}/claim")
    assert twice.status == 409 and "The takedown is claimed." in twice.text
    without = await ann.send(f"{path}/not-possible", {"reason": "", "evidence": "it is on 500 flyers"})
    assert without.status == 422 and "it is on 500 flyers" in without.text and "say why" in without.text
    assert (await ann.send(f"{path}/verify", {"evidence": "looked"})).status == 303
    assert len(await gallery.told("takedown-confirmed")) == 1


async def test_an_image_answers_in_words_for_channel_and_purpose(gallery: Gallery, ann: Visitor) -> None:
    await scene(gallery)
    page = await ann.see("/page/images/i1", channel="internal", purpose="news")
    assert "Inside the organisation for news: blocked." in page.text
    assert "There is no consent of Person 1001." in page.text and f"There is no consent of {NAME}." in page.text
    assert (await ann.see("/page/images/i1", channel="internal")).status == 422
    own = await visitor(gallery, person="u1").send("/page/images/i1/clear-background", {"content_hash": HASH})
    assert own.status == 403 and "cleared by somebody other than the uploader" in own.text
    assert (await ann.send("/page/images/i1/clear-background", {"content_hash": HASH})).status == 303
    assert (await ann.send("/page/images/i1/copyright", {"basis": "perhaps"})).status == 422
    assert (await ann.send("/page/images/i1/copyright", {"basis": "licensed", "until": "2027-01-01"})).status == 303
    page = await ann.see("/page/images/i1")
    assert "cleared by local-communications" in page.text and "licensed until 2027-01-01" in page.text


async def test_an_image_answers_for_any_network_and_for_no_channel_that_is_none(gallery: Gallery, ann: Visitor) -> None:
    await gallery.consent(channels=["social:bluesky"])
    await gallery.upload(uses=[])
    page = await ann.see("/page/images/i1", channel="social:bluesky", purpose="news")
    assert "Bluesky for news: blocked." in page.text
    assert "Person p1 has agreed to this, and the record is in force." in page.text
    assert '<option value="social:bluesky" selected>Bluesky</option>' in page.answer.text
    for channel in ("billboard", "social:", "social:" + "x" * 65, "website\n"):
        page = await ann.see("/page/images/i1", channel=channel, purpose="news")
        assert page.status == 422 and "there is no such channel" in page.text and "for news:" not in page.text


COPIES = """
    insert into consents
    select (jsonb_populate_record(c, jsonb_build_object(
        'consent', gen_random_uuid(), 'person', 'copy', 'ends_at', c.ends_at + interval '1 day'))).*
    from consents c, generate_series(1, 205)
"""
MORE_TAKEDOWNS = """
    insert into takedowns
    select (jsonb_populate_record(t, jsonb_build_object('takedown', gen_random_uuid(), 'use', 'use' || n,
        'deadline', t.deadline + interval '1 day', 'state', case when n % 2 = 0 then 'claimed' else 'requested' end))).*
    from takedowns t, generate_series(1, 205) as n
"""


async def test_of_many_the_first_due_are_shown_and_how_many_more_there_are(gallery: Gallery, ann: Visitor) -> None:
    await gallery.post("/subjects", {"person": "1001", "kind": "tenant"})
    await gallery.consent(person="copied", valid_until="2026-04-20")
    await gallery.rows.execute(COPIES)
    await gallery.consent(person="soonest", valid_until="2026-04-02")
    await gallery.upload("i1")
    await gallery.publish("i1")
    await gallery.rows.execute(MORE_TAKEDOWNS)
    page = await ann.see("/")
    assert page.text.index("Person soonest") < page.text.index("Person copied") < page.text.index("Person copy")
    assert "And 7 more, ending later." in page.text
    assert "To be taken down 206" in page.text and "And 6 more, due later." in page.text
    assert page.text.index("Fri 27 Mar 17:00") < page.text.index("Sat 28 Mar 17:00")
    assert "And 6 more, due later." in (await ann.see("/page/images/i1")).text


async def test_who_somebody_is_is_noted_on_the_page(gallery: Gallery, ann: Visitor) -> None:
    assert (await ann.see("/page/people/1001")).status == 404
    path = "/page/people/1001/note"
    wrong = await ann.send(path, {"name": "Ann", "kind": "tenant", "born_on": "long ago"})
    assert wrong.status == 422 and 'value="Ann"' in wrong.answer.text
    assert (await ann.send(path, {"name": NAME, "kind": "child", "born_on": "2015-01-01"})).status == 303
    page = await ann.see("/page/people/1001")
    assert page.status == 200 and NAME in page.text and "child" in page.text
    for table in ("outbox", "audit", "decisions"):
        rows = await gallery.rows.fetch(f"select * from {table}")
        assert "Example" not in str([tuple(row) for row in rows])
    assert await gallery.rows.fetchval("select count(*) from audit where action = 'read-subject'") >= 1


async def test_names_are_text_and_are_noted_as_read(gallery: Gallery, ann: Visitor) -> None:
    await scene(gallery)
    for path in ("/", "/page/people/1001", "/page/images/i1", "/page/records?person=1001"):
        page = await ann.see(path)
        assert NAME in page.text and "script" not in page.tags, path
        assert page.answer.headers["content-security-policy"].startswith("default-src 'none'")
    read = await gallery.rows.fetch("select actor, after from audit where action = 'read-names'")
    assert [(row["actor"], row["after"]) for row in read] == [("local-communications", '{"people": ["1001"]}')] * 3


def sendable(gallery: Gallery, ids: dict[str, str]) -> list[tuple[str, str]]:
    """Every page route with the ids of things that there are."""
    named = {"person": "1001", "image": "i1", "id": ids["takedown"], "consent": ids["consent"]}
    pages = [door for door in doors_of(gallery.service.app) if door.path == "/" or door.path.startswith("/page/")]
    ours = [door for door in pages if "sign-" not in door.path and not door.path.endswith((".css", ".svg"))]
    return [(door.methods[0], _filled(door.path.replace(":path}", "}"), named)) for door in ours]


def _filled(path: str, named: dict[str, str]) -> str:
    for name, value in named.items():
        path = path.replace("{" + name + "}", value)
    return path


async def counts(gallery: Gallery) -> tuple[int, ...]:
    statement = "select (select count(*) from consents), (select count(*) from withdrawals), (select count(*) from outbox), (select count(*) from audit)"
    return tuple(await gallery.rows.fetchrow(statement))


async def test_nothing_is_done_for_a_form_that_does_not_prove_itself(gallery: Gallery, ann: Visitor) -> None:
    routes = sendable(gallery, await scene(gallery))
    posts = [path for method, path in routes if method == "POST"]
    assert len(posts) == 8
    before = await counts(gallery)
    other = csrf_of(visitor(gallery, role="dpo").token)
    for path in posts:
        for options in (
            {"csrf": ""},
            {"csrf": other},
            {"headers": {"Sec-Fetch-Site": "cross-site"}},
            {"headers": {"Origin": "https://elsewhere.example"}},
        ):
            answer = await ann.send(path, FORM, ("form.pdf", PDF), **options)
            assert answer.status == 403 and "Nothing was done." in answer.text, (path, options)
    assert await counts(gallery) == before


async def test_pages_are_for_communications_and_the_dpo(gallery: Gallery) -> None:
    routes = sendable(gallery, await scene(gallery))
    for method, path in routes:
        nobody = Visitor(gallery, "")
        away = await (nobody.see(path) if method == "GET" else nobody.send(path))
        assert away.status == 303 and "/page/sign-in" in away.answer.headers["location"], path
    before = await counts(gallery)
    for role in sorted(set(ROLES) - {"communications", "dpo"}):
        somebody = visitor(gallery, "" if role == "ops" else "westward", role)
        for method, path in routes:
            page = await (somebody.see(path) if method == "GET" else somebody.send(path))
            assert page.status == 403 and "communications, dpo" in page.text, (role, path)
    assert await counts(gallery) == before
    assert (await visitor(gallery, role="dpo").see("/")).status == 200


async def test_another_landlord_sees_and_moves_nothing(gallery: Gallery, ann: Visitor) -> None:
    ids = await scene(gallery)
    stranger = visitor(gallery, "wheatley")
    moves = {"/page/records", "/page/people/1001/note"}
    act = {"content_hash": HASH, "reason": "printed", "basis": "owned"}
    before = await counts(gallery)
    for method, path in sendable(gallery, ids):
        if path in moves:
            continue
        page = await (stranger.see(path) if method == "GET" else stranger.send(path, act))
        expected = 303 if path == "/page/look-up" else 200 if path in ("/", "/page/records") else 404
        assert page.status == expected, (path, page.status)
        assert NAME not in page.text and "no consent of" not in page.text and "1002" not in page.text, path
    assert await counts(gallery) == before
    assert (await stranger.send("/page/people/1001/note", {"name": "Somebody else", "kind": "staff"})).status == 303
    assert NAME in (await ann.see("/page/people/1001")).text, "1001 is another person there"
