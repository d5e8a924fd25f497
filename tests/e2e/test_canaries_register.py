"""Who works at a landlord and who is on its pictures: names, addresses, notes, evidence, guardians and signed forms. They
are found where they belong, and then nowhere else: no topic, no log, no figure, no problem, no other service's database."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from services.consent.store.forms import Forms
from tests.e2e.canaries import Words, clean, holders, tables
from tests.e2e.collector import Collector
from tests.e2e.faces import Faces
from tests.e2e.leaving import PEOPLE, Leaving
from tests.e2e.scenery import listed
from tests.e2e.world import World, eventually

MONDAY = "2026-11-02 09:00"


@dataclass(frozen=True, slots=True)
class Register:
    """What went in, and the ids of what came of it."""

    access: Words
    consent: Words
    person: str
    revocation: str
    child: str
    image: str
    form: str
    """The record that has the form."""

    @property
    def every(self) -> Words:
        """All that must not get out."""
        return {**self.access, **self.consent}


@pytest_asyncio.fixture(scope="module")
async def register(world: World) -> Register:
    """Somebody leaves and what they could do is taken from them; a child is on a picture, with a form and a guardian."""
    tag = secrets.token_hex(4)
    of_access = {
        "name": f"Stafford {tag} Canary",
        "work e-mail": f"staff.{tag}@example.org",
        "account e-mail": f"account.{tag}@example.org",
        "business case": f"casewords{tag}",
        "evidence": f"evidencewords{tag}",
        "evidence's file": f"evidencefile{tag}",
        "note": f"claimwords{tag}",
        "reason": f"waiverwords{tag}",
    }
    of_consent = {
        "subject's name": f"Subjecta {tag} Canary",
        "guardian": f"guardian-{tag}",
        "relationship": f"godparent{tag}",
        "form": f"formwords{tag}",
        "form's file": f"formfile{tag}",
    }
    await world.at(MONDAY)
    leaving, faces = Leaving(world, "westward", tag), Faces(world, "westward", tag)
    revocation = await _leave(leaving, of_access)
    form = await _picture(faces, of_consent)
    return Register(of_access, of_consent, leaving.person, revocation, faces.id("child"), faces.image, form)


async def _leave(leaving: Leaving, words: Words) -> str:
    """They leave; one grant is seen to be gone, another may stand for a while. The removal that was shown."""
    await leaving.bring(
        "people",
        PEOPLE,
        "boss-*,,,,,s1,2020-01-06,,",
        f"1001-*,{words['name']},{words['work e-mail']},boss-*,,s1,2020-01-06,,",
    )
    await leaving.bring(
        "sites",
        "site,network,kind,name,url,owner,state,approved_on",
        "page-*,facebook,page,,,,live,2024-01-01",
        "news-*,facebook,page,,,,live,2024-01-01",
    )
    await leaving.bring(
        "accounts", "account,person,network,kind,email,mfa", f"a-*,1001-*,facebook,work,{words['account e-mail']},on"
    )
    await leaving.bring(
        "grants",
        "grant,account,site,role,business_case",
        f"g1-*,a-*,page-*,editor,{words['business case']}",
        "g2-*,a-*,news-*,editor,",
    )
    await leaving.over_http(leaving.event("staff-left", "2026-11-02T09:00:00Z"))
    await leaving.world.settle()
    known = await leaving.revocations()
    file = (words["evidence's file"] + ".pdf", f"%PDF-1.7\n%{words['evidence']}\n".encode())
    seen, stands = known["g1"]["revocation"], known["g2"]["revocation"]
    confirmed = await _send(leaving, seen, "confirm", "communications", {"note": words["note"]}, {"evidence": file})
    assert confirmed.status_code == 200, confirmed.text
    waiver = {"reason": words["reason"], "until": "2026-11-10"}
    waived = await _send(leaving, stands, "waive", "head-of-communications", waiver)
    assert waived.status_code == 200, waived.text
    return str(seen)


async def _send(
    leaving: Leaving, revocation: str, verb: str, role: str, said: dict[str, str], files: Any = None
) -> httpx.Response:
    headers = leaving.world.token("westward", role, person=f"{role}-{leaving.mark}")
    url = leaving.world.url("access", f"/revocations/{revocation}/{verb}")
    return await leaving.world.client.post(url, data=said, files=files, headers=headers)


async def _picture(faces: Faces, words: Words) -> str:
    """A child's form is filed, the picture is judged, and the consent is taken back. The record's id."""
    child = {
        "person": faces.id("child"),
        "kind": "child",
        "name": words["subject's name"],
        "born_on": "2020-02-02",
        "guardian": {"person": words["guardian"], "relationship": words["relationship"]},
    }
    assert (await faces.act("/subjects", **child)).status_code == 201
    form = (words["form's file"] + ".pdf", f"%PDF-1.7\n% {words['form']}\n%%EOF\n".encode())
    answer = await faces.record("child", form=form, guardian=words["guardian"])
    assert answer.status_code == 201, answer.text
    consent: str = answer.json()["consent"]
    await faces.over_kafka(faces.uploaded("child", kind="child"))
    await faces.world.settle()
    assert (await faces.act(f"/consents/{consent}/withdraw")).status_code == 200
    await faces.world.settle()
    return consent


async def test_each_is_in_accesss_database_where_it_belongs_and_in_no_other_table(
    world: World, register: Register
) -> None:
    assert holders(register.access, await tables(world, "access")) == {
        "name": {"people", "history"},
        "work e-mail": {"people", "history"},
        "account e-mail": {"accounts", "history"},
        "business case": {"grants", "history"},
        "evidence": {"evidence"},
        "evidence's file": set(),
        "note": {"audit"},
        "reason": {"audit"},
    }


async def test_each_is_in_consents_database_where_it_belongs_and_in_no_other_table(
    world: World, register: Register
) -> None:
    assert holders(register.consent, await tables(world, "consent")) == {
        "subject's name": {"subjects"},
        "guardian": {"subjects", "consents"},
        "relationship": {"subjects"},
        "form": set(),  # in a file, and there nobody can read it
        "form's file": set(),
    }


async def test_a_form_is_read_with_its_key_alone(world: World, register: Register) -> None:
    folders = world.running.stack.folders
    forms = Forms(folders.forms, folders.form_keys)
    assert register.consent["form"].encode() in forms.read("westward", register.form)
    files = {str(path): path.read_bytes() for root in (folders.forms, folders.form_keys) for path in root.rglob("*.*")}
    assert any(register.form in place for place in files)
    assert clean(register.every, [(place, place.encode() + raw) for place, raw in files.items()])


async def test_none_is_in_another_services_database(world: World, register: Register) -> None:
    known = {service: await tables(world, service) for service in world.running.file["services"]}
    assert register.person.encode() in known["consent"]["facts"]
    for service, places in known.items():
        own = {"access": register.access, "consent": register.consent}.get(service, {})
        assert clean({name: word for name, word in register.every.items() if name not in own}, places.items()), service


async def test_none_is_in_the_bytes_of_any_topic(world: World, register: Register) -> None:
    heard = await world.listener.read()
    names = {one.name for one in heard if one.event.get("key") in {register.person, register.child, register.image}}
    assert names >= {"revoke-access", "revocation-confirmed", "revocation-waived", "consent-missing"}
    assert clean(register.every, ((f"{one.topic} {one.record.offset}", one.bytes) for one in heard))


async def test_none_is_in_a_log_a_span_or_a_metric(world: World, register: Register, collector: Collector) -> None:
    logs = {file.name: file.read_bytes() for file in world.running.stack.folders.logs.iterdir()}
    assert all(logs[f"{service}.log"] for service in ("access", "consent", "kafka", "postgres"))
    assert b"revoke-access" in logs["access.log"] and b"consent-missing" in logs["consent.log"]
    assert clean(register.every, logs.items())
    assert any("revoke-access" in span.name for span in collector.spans())
    assert clean(register.every, ((str(number), raw) for number, raw in enumerate(collector.raw)))
    pages = {s: (await world.client.get(world.url(s, "/metrics"))).content for s in world.running.file["services"]}
    assert b"houserules_access_" in pages["access"] and b"houserules_consent_" in pages["consent"]
    assert clean(register.every, pages.items())


async def test_a_dead_letter_says_why_without_a_word_of_the_record(world: World) -> None:
    word = f"payloadwords{secrets.token_hex(6)}"
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"hr-{secrets.token_hex(6)}".encode()),
        ("ce_source", b"/westward/hr"),
        ("ce_type", b"houserules.staff-left.v1"),
        ("ce_time", b"2026-11-02T09:00:00Z"),
        ("content-type", b"application/json"),
    ]
    body = json.dumps({"person": [word]}).encode()
    written = await world.listener.write("houserules.in.westward.people", "somebody", headers, body)
    for service in ("access", "consent"):

        async def buried(of: str = service) -> list[dict[str, Any]]:
            letters = await listed(world, of, "/dead-letters", "westward", "ops")
            place = (written.topic, written.partition, written.offset)
            return [one for one in letters if (one["topic"], one["partition"], one["offset"]) == place]

        (letter,) = await eventually(buried, f"the dead letter of {service}")
        shown = await world.ask(service, f"/dead-letters/{letter['id']}", "westward", "ops")
        assert (shown.status_code, word in shown.text) == (200, False)
        assert word not in world.running.log(service)
    await world.settle()
    dead = [one for one in await world.listener.read() if one.topic.endswith(".dlt") and word in str(one.record.value)]
    assert len(dead) == 2
    assert not [value for one in dead for _, value in one.record.headers if word.encode() in (value or b"")]


async def test_a_problem_never_repeats_what_was_wrong(world: World, register: Register) -> None:
    word = f"{secrets.token_hex(6)}words"
    table = world.bearer("westward") | {"content-type": "text/csv"}
    lines = f"account,person,network,kind,email,mfa\na-{word},{word},{word},{word},{word},{word}"
    multipart = world.bearer("westward")
    record = {"record": (None, json.dumps({"person": [word], "outcome": word}))}
    said = [
        await world.client.post(world.url("access", "/imports/accounts"), content=lines, headers=table),
        await world.client.post(
            world.url("access", f"/revocations/{register.revocation}/confirm"),
            data={"note": word},
            files={"evidence": (f"{word}.exe", f"MZ{word}".encode())},
            headers=multipart,
        ),
        await world.ask("access", "/revocations", state=word, cursor=word),
        await world.ask("access", f"/people/{word}/access"),
        await world.client.post(world.url("consent", "/consents"), files=record, headers=multipart),
        await world.act("consent", "/subjects", person="somebody", kind=word, name=[word]),
        await world.act("consent", f"/consents/{register.form}/withdraw", channels=[{"a": word}]),
        await world.ask("consent", f"/subjects/{word}"),
    ]
    assert [answer.status_code for answer in said if not 400 <= answer.status_code < 500] == []
    assert [answer.text for answer in said if word in answer.text] == []
    for service in world.running.file["services"]:
        assert word not in world.running.log(service)
