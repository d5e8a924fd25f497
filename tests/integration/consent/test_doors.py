"""The doors over HTTP, with real multipart."""

import hashlib
import shutil
from typing import Any
from urllib.parse import quote

import pytest

from services.consent.store.forms import FormLost, Forms
from shared.bus import Budget
from tests.integration.consent.gallery import HASH, NOW, PDF, Gallery

EXECUTABLE = b"\x7fELF\x02\x01\x01" + bytes(200)


async def test_a_record_comes_back_whole_and_its_form_is_sealed(gallery: Gallery) -> None:
    answer = await gallery.record(language="en", guardian=None, form_hash=f"sha256:{hashlib.sha256(PDF).hexdigest()}")
    body = answer.json()
    assert answer.status_code == 201 and answer.headers["location"] == f"/consents/{body['consent']}"
    assert (
        body
        | {
            "person": "p1",
            "state": "given",
            "reasons": [],
            "channels": ["website"],
            "valid_from": "2026-03-27T00:00:00Z",
            "valid_until": "2029-03-26",
            "recorded_by": "local-communications",
        }
        == body
    )
    digest = f"sha256:{hashlib.sha256(PDF).hexdigest()}"
    assert body["form"] == {"sha256": digest, "type": "application/pdf", "bytes": len(PDF)}
    assert await gallery.get(answer.headers["location"]) == body
    (event,) = await gallery.told("consent-given")
    data: Any = event.data
    assert (event.key, data.consent, str(data.valid_until)) == ("p1", body["consent"], "2029-03-26")
    kept = [path.read_bytes() for path in (gallery.folder / "forms").rglob("*.form")]
    assert len(kept) == 1 and b"signed" not in kept[0] and kept[0] != PDF
    assert len(list((gallery.folder / "keys").rglob("*.key"))) == 1


async def test_a_deleted_key_makes_the_form_unreadable_in_a_restored_copy(gallery: Gallery) -> None:
    consent = await gallery.consent()
    forms: Forms = gallery.service.app.state.forms
    assert forms.read("westward", consent) == PDF
    shutil.copytree(forms.forms, gallery.folder / "backup")
    sealed = (forms.forms / "westward" / f"{consent}.form").read_bytes()
    forms.forget("westward", consent)
    shutil.copytree(gallery.folder / "backup", forms.forms, dirs_exist_ok=True)
    assert (forms.forms / "westward" / f"{consent}.form").read_bytes() == sealed
    with pytest.raises(FormLost):
        forms.read("westward", consent)


async def test_a_renamed_executable_is_415_and_leaves_nothing(gallery: Gallery) -> None:
    answer = await gallery.record(form=EXECUTABLE, name="form.pdf")
    assert answer.status_code == 415
    assert answer.json()["type"] == "urn:houserules:problem:unsupported-form"
    assert await gallery.rows.fetchval("select count(*) from consents") == 0
    assert not list(gallery.folder.rglob("*.form"))


@pytest.mark.parametrize("size", [3 * 1024 * 1024 + 1, 6 * 1024 * 1024], ids=["over the form's cap", "over the door's"])
async def test_over_the_cap_is_413(gallery: Gallery, size: int) -> None:
    answer = await gallery.record(form=PDF + bytes(size - len(PDF)))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:houserules:problem:too-large")
    assert await gallery.rows.fetchval("select count(*) from consents") == 0


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"taken_on": "2026-03-28"}, ["future-dated"]),
        ({"taken_on": None}, ["undated"]),
        ({"signed": False}, ["unsigned"]),
        ({"name_matches": "no"}, ["wrong-name"]),
        ({"form_hash": f"sha256:{'0' * 64}"}, ["hash-mismatch"]),
        ({"method": "verbal", "form": None}, ["unrecorded"]),
        ({"taken_on": "9999-12-31", "valid_until": "9999-12-31"}, ["future-dated"]),
    ],
    ids=["dated tomorrow", "undated", "unsigned", "wrong name", "another file", "verbal by nobody", "far ahead"],
)
async def test_a_record_that_does_not_count_is_kept(gallery: Gallery, changes: Any, reasons: list[str]) -> None:
    answer = await gallery.record(**changes)
    assert (answer.status_code, answer.json()["state"], answer.json()["reasons"]) == (201, "invalid", reasons)
    await gallery.upload(uses=[{"use": "in", "channel": "internal", "purpose": "news"}])
    answer = await gallery.get("/images/i1/decision", channel="website", purpose="news")
    assert "invalid-form" in [one["code"] for one in answer["findings"]]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"channels": None}, "/body/record/channels"),
        ({"channels": ["fax"]}, "/body/record/channels/0"),
        ({"form": None}, "/body/form"),
        ({"outcome": "perhaps"}, "/body/record/outcome"),
        ({"taken_on": "yesterday"}, "/body/record/taken_on"),
        ({"taken_on": 0}, "/body/record/taken_on"),
        ({"signed": 0}, "/body/record/signed"),
        ({"form_hash": "sha256:00"}, "/body/record/form_hash"),
        ({"person": "a\x00b"}, "/body/record/person"),
    ],
)
async def test_fields_that_are_wrong_are_422(gallery: Gallery, changes: Any, pointer: str) -> None:
    answer = await gallery.record(**changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_what_is_no_multipart_is_refused(gallery: Gallery) -> None:
    assert (await gallery.post("/consents", {"record": "{}"})).status_code == 415
    headers = gallery.token("westward") | {"content-type": "multipart/form-data; boundary=x"}
    assert (await gallery.client.post("/consents", content=b"nonsense", headers=headers)).status_code in (400, 422)


async def test_the_same_request_again_answers_the_same_and_files_one_form(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "k1"}
    boundary = gallery.token("westward") | key | {"content-type": "multipart/form-data; boundary=x"}
    record = b'{"person":"p1","outcome":"given","method":"signed","taken_on":"2026-03-27","channels":["website"]}'
    body = b"".join(
        (
            b'--x\r\ncontent-disposition: form-data; name="record"\r\n\r\n',
            record,
            b'\r\n--x\r\ncontent-disposition: form-data; name="form"; filename="f.pdf"\r\n\r\n',
            PDF,
            b"\r\n--x--\r\n",
        )
    )
    first = await gallery.client.post("/consents", content=body, headers=boundary)
    again = await gallery.client.post("/consents", content=body, headers=boundary)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert len(list(gallery.folder.rglob("*.form"))) == len(list(gallery.folder.rglob("*.key"))) == 1


async def test_a_decision_in_words(gallery: Gallery) -> None:
    await gallery.consent(channels=["press"])
    await gallery.upload(people=[{"person": "p1", "kind": "tenant"}, {"kind": "unknown"}])
    answer = await gallery.get("/images/i1/decision", channel="website", purpose="news", role="head-of-communications")
    assert answer["decision"] == "block"
    assert {(one["code"], one["use"]) for one in answer["findings"]} == {
        ("background", "web"),
        ("out-of-scope", "web"),
        ("person-unidentified", "web"),
    }
    assert "Person p1 has agreed to something else: press for news." in [one["text"] for one in answer["findings"]]
    asked = await gallery.get("/images/i1/decision", channel="press", purpose="news")
    assert {(one["code"], one["use"], one["channel"]) for one in asked["findings"]} == {
        ("background", None, "press"),
        ("person-unidentified", None, "press"),
    }
    assert "Person p1 has agreed to this, and the record is in force." in asked["reasons"]
    missing = await gallery.client.get("/images/i2/decision", headers=gallery.token("westward"))
    assert missing.status_code == 404
    half = await gallery.client.get("/images/i1/decision?channel=press", headers=gallery.token("westward"))
    assert half.status_code == 422


async def test_describing_an_image_judges_it_again(gallery: Gallery) -> None:
    await gallery.upload(people=[{"kind": "unknown"}], copyright=None)
    await gallery.consent()
    answer = await gallery.post("/images/i1/people", {"people": [{"person": "p1", "kind": "tenant"}]})
    assert [one["code"] for one in answer.json()["findings"]] == ["background", "copyright"]
    answer = await gallery.post("/images/i1/copyright", {"basis": "licensed", "until": "2027-01-01"})
    assert [one["code"] for one in answer.json()["findings"]] == ["background"]
    body = {"content_hash": HASH}
    own = await gallery.post("/images/i1/clear-background", body, headers=gallery.token("westward", person="u1"))
    assert (own.status_code, own.json()["type"]) == (403, "urn:houserules:problem:own-upload")
    other = await gallery.post("/images/i1/clear-background", {"content_hash": "sha256:00"})
    assert (other.status_code, other.json()["state"]) == (409, HASH)
    done = await gallery.post("/images/i1/clear-background", body)
    assert (done.json()["decision"], done.json()["cleared_by"]) == ("permit", "local-communications")
    assert await gallery.verdicts() == [
        "background copyright person-unidentified",
        "background copyright",
        "background",
        "satisfied",
    ]
    assert (await gallery.post("/images/i2/people", {"people": []})).status_code == 404
    assert await gallery.rows.fetchval("select count(*) from images") == 1


async def test_saying_who_is_shown_leaves_the_count_of_faces(gallery: Gallery) -> None:
    one = {"people": [{"person": "p1", "kind": "tenant"}]}
    await gallery.upload(face_count=3, nobody_shown=False, uses=[])
    answer = (await gallery.post("/images/i1/people", one)).json()
    assert (answer["face_count"], answer["nobody_shown"]) == (3, False)
    assert [each["code"] for each in answer["findings"]] == ["face-count"]
    answer = (await gallery.post("/images/i1/people", one | {"face_count": None, "nobody_shown": True})).json()
    assert (answer["face_count"], answer["nobody_shown"]) == (3, True)
    answer = (await gallery.post("/images/i1/people", one | {"face_count": 1})).json()
    assert (answer["face_count"], answer["nobody_shown"], answer["decision"]) == (1, True, "permit")


async def test_a_takedown_is_claimed_and_verified(gallery: Gallery) -> None:
    await gallery.upload()
    await gallery.publish()
    (item,) = (await gallery.get("/takedowns", state="requested"))["items"]
    path = f"/takedowns/{item['takedown']}"
    claimed = await gallery.post(f"{path}/claim")
    assert (claimed.status_code, claimed.json()["state"]) == (200, "claimed")
    assert (await gallery.post(f"{path}/claim")).json()["state"] == "claimed"
    assert (await gallery.post(f"{path}/claim")).status_code == 409
    done = await gallery.post(f"{path}/verify", {"evidence": "looked at the page"})
    assert (done.json()["state"], done.json()["claimed_by"]) == ("confirmed", "local-communications")
    assert len(await gallery.told("takedown-confirmed")) == 1
    for act in ("claim", "verify"):
        assert (await gallery.post(f"{path}/{act}")).status_code == 409
    await gallery.publish(purpose="again")
    assert len(await gallery.told("takedown-requested")) == 2, "a new stay is a new takedown"
    actions = {row["action"] for row in await gallery.rows.fetch("select action from audit")}
    assert actions == {"takedown-claim", "takedown-verify"}


async def test_what_is_printed_cannot_go(gallery: Gallery) -> None:
    await gallery.upload()
    await gallery.publish(use="flyer", channel="print")
    (item,) = (await gallery.get("/takedowns"))["items"]
    path = f"/takedowns/{item['takedown']}/not-possible"
    assert (await gallery.post(path)).status_code == 422
    assert (await gallery.post(path, {"reason": "printed"})).json()["closing"] == "printed"
    assert (await gallery.last("takedown-not-possible")).reason == "printed"
    await gallery.publish(use="flyer", channel="print")
    assert len(await gallery.told("takedown-requested")) == 1


async def test_what_is_not_said_of_somebody_who_is_known_stays(gallery: Gallery) -> None:
    child = {"person": "p1", "kind": "child", "name": "Ann Example", "born_on": "2015-05-05"}
    guardian = {"person": "g1", "relationship": "mother"}
    await gallery.post("/subjects", child | {"guardian": guardian})
    await gallery.consent()
    await gallery.upload()
    answer = await gallery.post("/subjects", {"person": "p1", "kind": "tenant", "name": None})
    known = child | {"kind": "tenant", "guardian": guardian}
    assert answer.json() == await gallery.get("/subjects/p1") == known
    await gallery.settle()
    assert await gallery.verdicts() == ["background guardian-required"], "a child is a child"
    await gallery.post("/subjects", {"person": "p1", "kind": "tenant", "born_on": "2015-06-06"})
    assert (await gallery.get("/subjects/p1"))["born_on"] == "2015-06-06"
    rows = await gallery.rows.fetch("select after from audit where action = 'put-subject' order by position")
    assert ["true" in row["after"] for row in rows] == [True, False, True]
    assert not any("2015" in row["after"] for row in rows)


async def test_an_id_may_have_slashes(gallery: Gallery) -> None:
    person, image = "hr/7/ü ?", "dam/2026/gala #1"
    made = await gallery.post("/subjects", {"person": person, "kind": "tenant"})
    assert (await gallery.get(made.headers["location"]))["person"] == person
    await gallery.upload(image)
    path = f"/images/{quote(image, safe='')}"
    for where in (path, f"{path}/decision"):
        assert (await gallery.get(where))["image"] == image
    for act, body in (
        ("people", {"people": [{"person": person, "kind": "tenant"}]}),
        ("copyright", {"basis": "owned"}),
        ("clear-background", {"content_hash": HASH}),
    ):
        assert (await gallery.post(f"{path}/{act}", body)).json()["image"] == image
    paths = (await gallery.client.get("/openapi.json")).json()["paths"]
    assert {"/images/{id}", "/images/{id}/decision", "/images/{id}/people", "/subjects/{person}"} < set(paths)


async def test_with_the_outbox_full_nothing_is_written(gallery: Gallery) -> None:
    await gallery.upload()
    await gallery.publish()
    consent = await gallery.consent()
    (takedown,) = (await gallery.get("/takedowns"))["items"]
    gallery.bus.budget = Budget(rows=1)
    gallery.bus._full_asked = -1e9
    rows = "select (select count(*) from outbox), (select count(*) from consents), (select count(*) from subjects)"
    before = tuple(await gallery.rows.fetchrow(rows))
    for answer in (
        await gallery.record(),
        await gallery.post(f"/consents/{consent}/withdraw"),
        await gallery.post("/subjects", {"person": "p9", "kind": "tenant"}),
        await gallery.post("/images/i1/people", {"people": []}),
        await gallery.post("/images/i1/copyright", {"basis": "owned"}),
        await gallery.post("/images/i1/clear-background", {"content_hash": HASH}),
        await gallery.post(f"/takedowns/{takedown['takedown']}/claim"),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.text
    assert tuple(await gallery.rows.fetchrow(rows)) == before
    assert len(list(gallery.folder.rglob("*.form"))) == 1
    assert (await gallery.get("/images/i1"))["image"] == "i1"


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "1999-12-31T23:59:59Z"])
async def test_an_instant_that_is_none_is_named(gallery: Gallery, at: str) -> None:
    consent = await gallery.consent()
    answer = await gallery.post(f"/consents/{consent}/withdraw", {"at": at})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/body/at"]


async def test_lists_are_paged_and_filtered(gallery: Gallery) -> None:
    ids = [await gallery.consent(person=f"p{n}") for n in range(3)]
    await gallery.consent(person="p9", outcome="refused", method=None, form=None, channels=None, purposes=None)
    first = await gallery.get("/consents", limit=2)
    rest = await gallery.get("/consents", limit=2, cursor=first["next"])
    assert [one["consent"] for one in first["items"] + rest["items"]][:3] == ids
    assert [one["person"] for one in (await gallery.get("/consents", state="refused"))["items"]] == ["p9"]
    assert [one["consent"] for one in (await gallery.get("/consents", subject="p1"))["items"]] == [ids[1]]
    short = await gallery.consent(person="p8", valid_until="2026-04-05")
    assert [one["consent"] for one in (await gallery.get("/consents", expiring=30))["items"]] == [short]
    bad = await gallery.client.get("/consents?cursor=x", headers=gallery.token("westward"))
    assert bad.status_code == 400


async def test_images_are_listed_by_what_they_lack(gallery: Gallery) -> None:
    inside = [{"use": "in", "channel": "internal", "purpose": "news"}]
    for image in ("i1", "i2", "i3"):
        await gallery.upload(image, people=[{"person": f"p{image[-1]}", "kind": "tenant"}], uses=inside)
    await gallery.publish(image="never")
    await gallery.consent(person="p2", channels=["internal"])
    lacking = (await gallery.get("/images", missing=True, role="head-of-communications"))["items"]
    assert [(one["image"], [each["code"] for each in one["findings"]]) for one in lacking] == [
        ("i1", ["no-consent"]),
        ("i3", ["no-consent"]),
        ("never", ["unknown-image"]),
    ], "worked out now, before the job has looked"
    await gallery.settle()
    first = await gallery.get("/images", missing=True, limit=1)
    rest = await gallery.get("/images", missing=True, cursor=first["next"])
    assert [one["image"] for one in first["items"] + rest["items"]] == ["i1", "i3", "never"] and rest["next"] is None
    assert [one["image"] for one in (await gallery.get("/images", person="p2"))["items"]] == ["i2"]
    assert len((await gallery.get("/images"))["items"]) == 4
    shown = await gallery.get("/images/i1")
    assert (shown["decision"], shown["people"][0]["person"], shown["uploader"]) == ("block", "p1", "u1")
    assert shown["uses"] == [{"use": "in", "channel": "internal", "purpose": "news", "live_since": None}]
    unknown = await gallery.get("/images/never")
    assert (unknown["uploader"], unknown["findings"][0]["code"]) == (None, "unknown-image")
    await gallery.hear(gallery.event("image-deleted", image="i3", at=NOW))
    assert [one["image"] for one in (await gallery.get("/images", missing=True))["items"]] == ["i1", "never"]


async def test_a_subject_is_noted_and_a_birth_date_is_heeded(gallery: Gallery) -> None:
    await gallery.consent()
    await gallery.upload()
    body = {"person": "p1", "kind": "child", "name": "Ann Example", "born_on": "2015-05-05"}
    made = await gallery.post("/subjects", body | {"guardian": {"person": "g1", "relationship": "mother"}})
    assert (made.status_code, made.headers["location"]) == (201, "/subjects/p1")
    assert (await gallery.post("/subjects", body)).status_code == 200
    assert (await gallery.get("/subjects/p1"))["name"] == "Ann Example"
    await gallery.settle()
    assert await gallery.verdicts() == ["background", "background guardian-required"]
    for table in ("outbox", "audit", "decisions"):
        rows = await gallery.rows.fetch(f"select * from {table}")
        assert "Ann" not in str([tuple(row) for row in rows])
