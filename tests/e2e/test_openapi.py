"""Every route is called with what its OpenAPI description allows and with what it forbids, by schemathesis."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from shared.platform.ids import uuid7
from tests.e2e.faces import Faces
from tests.e2e.leaving import Leaving
from tests.e2e.scenery import bury, landlord, listed
from tests.e2e.world import World

EXCLUDED = (
    "positive_data_acceptance",  # a cursor, or a secret in base64, may fit its schema and mean nothing
    "unsupported_method",  # /deliveries/retry is also a /deliveries/{id}, whose id is wrong
    "allow_header_conformance",  # Starlette's Allow names the methods of one route of a path
)
METHODS = "[phases.coverage]\nunexpected-methods = []\n"  # what comes of them is not judged, as said above
EXAMPLES, LIMIT_S = 2, 300
ACTS = (
    "classify",
    "waive",
    "hide",
    "remove",
    "restore",
    "reply",
    "take-private",
    "resolve",
    "holding-update",
    "reassign",
    "removal-notice",
    "explain-removal",
    "refer-complaint",
)
ROLES = ("communications", "ops", "publisher")


def configuration(ids: Mapping[str, str]) -> str:
    """Ids of things that there are, so that a route gets further than 404."""
    return METHODS + "".join(
        f"[[operations]]\ninclude-path = {json.dumps(path)}\n{line}\n" for path, line in ids.items()
    )


async def known_ids(world: World) -> dict[str, dict[str, str]]:
    """By service and path, for schemathesis' configuration."""
    thing, letter = await landlord(world, "westward", f"thread-{uuid7()}"), (await bury(world))["id"]
    item, dead = (f'parameters = {{ "path.id" = {json.dumps(one)} }}' for one in (thing.item, letter))
    conversation = f'parameters = {{ "path.conversation" = {json.dumps(thing.conversation)} }}'
    return {
        "intake": {
            "/items/{id}": item,
            **{f"/items/{{id}}/{act}": item for act in ACTS},
        },
        "sla": {
            "/conversations/{conversation}": conversation,
            "/calendar/due": 'parameters = { "query.organisation" = "westward" }',
            "/dead-letters/{id}": dead,
            "/dead-letters/{id}/redrive": dead,
            "/dead-letters/{id}/close": dead,
        },
    }


async def known_to_access(world: World) -> dict[str, str]:
    """A leaver with five open revocations, and a leaver whom nobody knows."""
    leaving = Leaving(world, "westward")
    await leaving.register()
    unknown = Leaving(world, "westward", leaving.mark, who="unheard-of")
    for one in (leaving, unknown):
        await one.over_http(one.event("staff-left", "2026-03-23T09:00:00Z", immediate=True))
    await world.settle()
    cases = await listed(world, "access", "/cases", "westward")
    ids = {
        "/people/{id}/access": leaving.person,
        "/people/{id}/history": leaving.person,
        "/sites/{id}/holders": leaving.id("page"),
        "/cases/{id}/dismiss": next(one["case"] for one in cases if one["person"] == unknown.person),
    }
    revocation = (await leaving.revocations())["g1"]["revocation"]
    ids |= {f"/revocations/{{id}}{verb}": revocation for verb in ("", "/claim", "/confirm", "/reopen")}
    return {path: f'parameters = {{ "path.id" = {json.dumps(one)} }}' for path, one in ids.items()}


async def known_to_consent(world: World) -> dict[str, str]:
    """Somebody with a name and a form, and a live image of theirs that has to go."""
    faces = Faces(world, "westward")
    await faces.act("/subjects", person=faces.id("p1"), kind="tenant", name="Jo")
    consent = await faces.agreed("p1", "press")
    await faces.over_kafka(faces.uploaded("p1"))
    await faces.over_kafka(faces.published())
    await world.settle()
    (takedown,) = await listed(world, "consent", "/takedowns", "westward", filters={"image": faces.image})
    images = {f"/images/{{id}}{verb}": faces.image for verb in ("", "/decision", "/people", "/copyright")}
    takedowns = {f"/takedowns/{{id}}/{verb}": takedown["takedown"] for verb in ("claim", "verify", "not-possible")}
    known = {path: f'parameters = {{ "path.id" = {json.dumps(one)} }}' for path, one in (images | takedowns).items()}
    for path in ("/consents/{consent}", "/consents/{consent}/withdraw"):
        known[path] = f'parameters = {{ "path.consent" = {json.dumps(consent)} }}'
    known["/subjects/{person}"] = f'parameters = {{ "path.person" = {json.dumps(faces.id("p1"))} }}'
    return known


@pytest_asyncio.fixture
async def its_source_again(world: World) -> AsyncIterator[None]:
    """What schemathesis reads it writes: it finds the name of the social inbox's source, and gives it other secrets."""
    yield
    source, secret = world.address("westward").rpartition("/")[2], world.secret("westward")
    assert (await world.act("intake", "/sources", source=source, secrets=[secret])).status_code == 200


@pytest.mark.usefixtures("its_source_again")
@pytest.mark.parametrize("service", ["intake", "sla", "access", "consent"])
@pytest.mark.parametrize("phases", ["examples,fuzzing", pytest.param("coverage", marks=pytest.mark.long)])
async def test_a_service_answers_as_it_says_whatever_it_is_asked(
    world: World, tmp_path: Path, service: str, phases: str
) -> None:
    config = tmp_path / "schemathesis.toml"
    known = {"access": known_to_access, "consent": known_to_consent}
    ids = await known[service](world) if service in known else (await known_ids(world))[service]
    config.write_text(configuration(ids))
    said = len(world.running.log(service))
    command = (
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run", world.url(service, "/openapi.json"),
        "--header", f"Authorization: {world.token('westward', *ROLES)['Authorization']}",
        "--phases", phases, "--exclude-checks", ",".join(EXCLUDED), "--max-examples", str(EXAMPLES),
        "--seed", "1", "--continue-on-failure", "--no-color",
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    paths = (await world.client.get(world.url(service, "/openapi.json"))).json()["paths"]
    operations = sum(len(ways) for ways in paths.values())
    assert process.returncode == 0, output.decode()
    assert f"Tested: {operations}" in output.decode()
    assert "unexpected error" not in world.running.log(service)[said:]
