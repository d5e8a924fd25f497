"""The stack's folder: where it is, who may have it, and what is said when it will not do."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local import layout
from deploy.local.__main__ import stop
from deploy.local.account import Account, reaches
from deploy.local.errors import StackError
from deploy.local.layout import ROOT, Folders, Lock
from deploy.local.leftovers import living, sweep
from deploy.local.program import Program
from deploy.local.secret_store import Secrets


def test_folder_is_the_clones_unless_it_is_named(tmp_path: Path) -> None:
    assert Folders.from_env({}).stack_file == ROOT / ".local" / "stack.json"
    assert Folders.from_env({"HOUSERULES_LOCAL": str(tmp_path)}).stack_file == tmp_path / "stack.json"


def test_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "LEAST_FREE", 10**18)
    with pytest.raises(StackError, match=r"Only \d+ MB are free on the disk of .*: free some, or set HOUSERULES_LOCAL"):
        Folders(tmp_path, tmp_path / "data").prepare()


def test_one_stack_to_a_folder(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.holder() is None
    first.take()
    assert second.holder() is not None
    with pytest.raises(StackError, match="A stack already runs"):
        second.take()
    first.give_back()
    second.take()
    second.give_back()


@pytest.mark.parametrize("written", ["", "0", "1", "-1"])
def test_holder_that_has_not_said_who_it_is_is_nobody_to_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setattr(layout, "SAID_S", 0.1, raising=False)
    monkeypatch.setenv("HOUSERULES_LOCAL", str(tmp_path))
    signalled: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *order: signalled.append(order))
    with (tmp_path / "stack.lock").open("w") as starter:
        fcntl.flock(starter, fcntl.LOCK_EX)
        starter.write(written)
        starter.flush()
        with pytest.raises(StackError, match="is being started or stopped in"):
            stop()
    assert signalled == []


def test_holder_is_known_as_soon_as_it_says_who_it_is(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with lock.open("w") as starter:
        fcntl.flock(starter, fcntl.LOCK_EX)
        later = threading.Timer(0.2, lambda: lock.write_text(str(os.getpid())))
        later.start()
        assert Lock(lock).holder() == os.getpid()
        later.join()


def test_whoever_only_looks_is_no_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    with lock.open() as onlooker:
        fcntl.flock(onlooker, fcntl.LOCK_SH)
        assert Lock(lock).holder() is None
        later = threading.Timer(0.2, lambda: fcntl.flock(onlooker, fcntl.LOCK_UN))
        later.start()
        starter = Lock(lock)
        starter.take()
        later.join()
    starter.give_back()


def test_account_is_stopped_by_a_folder_that_it_may_not_enter(tmp_path: Path) -> None:
    stranger = Account("stranger", 65000, 65000)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not reaches(stranger, closed / "below")
    assert reaches(None, closed / "below")
    assert reaches(stranger, Path("/usr"))
    assert reaches(Account("owner", closed.stat().st_uid, 65000), closed) or not reaches(stranger, tmp_path)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    made = Secrets(tmp_path / "secrets.json")
    again = Secrets(tmp_path / "secrets.json")
    assert made.passwords("sla") == again.passwords("sla")
    assert made.passwords("sla").app != made.passwords("sla").owner
    assert made.webhooks(["westward"]) == again.webhooks(["westward"])
    assert made.file.stat().st_mode & 0o077 == 0


def test_what_a_dead_stack_left_is_swept(tmp_path: Path) -> None:
    program = Program(name="sleeper", command=("/bin/sleep", "300"))
    process = subprocess.Popen(program.guarded(tmp_path))
    try:
        while not (tmp_path / "sleeper.pid").exists() or not living(tmp_path):
            assert process.poll() is None
        assert sweep(tmp_path) == ["sleeper"]
        process.wait(5)
        assert living(tmp_path) == {}
    finally:
        process.kill()
        process.wait()


def test_process_that_was_given_an_old_number_is_let_live(tmp_path: Path) -> None:
    note = tmp_path / "postgres.pid"
    note.write_text(str(os.getpid()))
    os.utime(note, (1_000_000_000, 1_000_000_000))
    assert sweep(tmp_path) == []


def test_guarded_process_dies_with_its_parent(tmp_path: Path) -> None:
    guarded = Program(name="sleeper", command=("/bin/sleep", "300")).guarded(tmp_path)
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.Popen({guarded!r}).wait()"], stdin=subprocess.DEVNULL
    )
    while not living(tmp_path):
        assert parent.poll() is None
    (orphan,) = living(tmp_path).values()
    parent.kill()
    parent.wait()
    orphan.wait(5)
    assert living(tmp_path) == {}
