"""The stack's logs: nothing of what a customer wrote in them, and for nobody but their owner."""

import secrets
import stat
from pathlib import Path

import asyncpg
import pytest

from deploy.local.layout import Folders
from tests.stacks import RunningStack


async def test_failing_row_is_nowhere_in_the_logs(house: RunningStack) -> None:
    canary = f"canary-{secrets.token_hex(8)}"
    connection = await asyncpg.connect(house.stack.admin_url)
    try:
        await connection.execute("create temporary table posts (id int check (id > 0), text text unique)")
        await connection.execute("insert into posts values (1, $1)", canary)
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await connection.execute("insert into posts values (-1, $1)", f"{canary} again")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("insert into posts values (2, $1)", canary)
    finally:
        await connection.close()
    assert canary in refused.value.detail
    assert "violates check constraint" in house.log("postgres")
    logs = house.stack.folders.logs
    assert [file.name for file in logs.iterdir() if canary in file.read_text(errors="replace")] == []


def test_logs_are_for_their_owner_alone(house: RunningStack) -> None:
    logs = house.stack.folders.logs
    assert _rights(logs) == 0o700
    assert {file.name: oct(_rights(file)) for file in logs.iterdir()} == {
        f"{name}.log": oct(0o600) for name in ("supervisord", "postgres", "kafka", *house.stack.names)
    }


def test_logs_of_an_older_stack_are_closed_too(tmp_path: Path) -> None:
    folders = Folders(tmp_path, tmp_path / "data")
    folders.logs.mkdir(parents=True, mode=0o755)
    (folders.logs / "postgres.log").touch(mode=0o644)
    folders.prepare()
    assert (_rights(folders.logs), _rights(folders.logs / "postgres.log")) == (0o700, 0o600)


def _rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
