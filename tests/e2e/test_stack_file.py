"""`stack.json`: what a person and a program need to reach the stack, for its owner's eyes."""

import os
import stat
from datetime import UTC, datetime, timedelta

import asyncpg
import jwt

from shared.platform.auth import ROLES
from shared.platform.clock import ClockFile
from tests.e2e.world import World

FIELDS = {"kafka", "services", "databases", "tokens", "webhooks", "publishers", "scim", "clock"}


async def test_it_has_every_field_and_only_its_owner_may_read_it(world: World) -> None:
    path, file = world.running.stack.folders.stack_file, world.running.file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == os.geteuid()
    assert file.keys() == FIELDS
    assert file["services"].keys() == file["databases"].keys() == {"intake", "sla", "access", "consent"}
    assert file["webhooks"].keys() == file["publishers"].keys() == file["tokens"].keys() == {"westward", "wheatley"}
    assert file["scim"] == {}
    for webhook in file["webhooks"].values():
        assert webhook.keys() == {"url", "secret"}


async def test_it_has_a_token_for_every_role_of_every_organisation_and_one_for_ops(world: World) -> None:
    tokens = world.running.file["tokens"]
    for organisation, roles in tokens.items():
        assert roles.keys() == set(ROLES)
        for role, token in roles.items():
            claims = jwt.decode(token, options={"verify_signature": False})
            assert (claims["sub"], claims["roles"]) == (f"local-{role}", [role])
            assert claims["organisation"] == ("" if role == "ops" else organisation)
        assert world.running.file["publishers"][organisation] == roles["publisher"]
    assert tokens["westward"]["ops"] == tokens["wheatley"]["ops"]
    for organisation in tokens:
        for role in ("communications", "head-of-communications", "dpo"):
            assert (await world.ask("sla", "/targets", organisation, role)).status_code == 200


async def test_its_databases_are_the_app_roles_who_cannot_change_the_schema(world: World) -> None:
    for service, url in world.running.file["databases"].items():
        assert url.startswith("postgresql://")
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("select count(*) from outbox") is not None
            for statement in (
                "create table mine (n int)",
                "drop table outbox",
                "delete from audit",
                "update audit set actor = 'x'",
            ):
                try:
                    await connection.execute(statement)
                except asyncpg.InsufficientPrivilegeError:
                    continue
                raise AssertionError(f"{service}: {statement}")
        finally:
            await connection.close()


async def test_its_clock_is_that_of_the_clock_file_when_the_stack_was_ready(world: World) -> None:
    clock = world.running.file["clock"]
    assert clock.keys() == {"machine", "policy", "rate"}
    now = datetime.now(UTC)
    assert now - timedelta(hours=1) < datetime.fromisoformat(clock["machine"]) < now
    assert clock["policy"].endswith("Z") and clock["machine"].endswith("Z")
    moved = world.stand_at("2026-03-23 09:00")
    assert ClockFile.read(world.running.clock).at(datetime.now(UTC)) == moved
