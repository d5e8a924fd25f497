"""`houserules doctor` with no stack in sight, and with one of which nothing answers: it still says useful things."""

import json
import os
import socket
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import DEFAULTS, free_ports
from shared.cli import doctor_machine
from tests.unit.cli.conftest import DEAD, Run

Line = tuple[str, str]


@pytest.fixture(autouse=True)
def quiet_ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Ports that nobody else of this machine has."""
    chosen = dict(zip(doctor_machine.PORTS, free_ports(len(doctor_machine.PORTS)), strict=True))
    for name, port in chosen.items():
        monkeypatch.setenv(f"HOUSERULES_PORT_{name.upper()}", str(port))
    return chosen


def lines(houserules: Run) -> tuple[int, dict[Line, dict[str, Any]]]:
    """The exit code, and what is said of each check and subject."""
    done = houserules("doctor", "--json")
    return done.exit_code, {(one["check"], one["subject"]): one for one in json.loads(done.stdout)}


def of(found: dict[Line, dict[str, Any]], verdict: str) -> list[Line]:
    """The lines of one verdict."""
    return [line for line, one in found.items() if one["verdict"] == verdict]


def test_ports_are_the_stacks() -> None:
    assert doctor_machine.PORTS == DEFAULTS


def test_without_a_stack_this_machine_is_looked_at_and_the_rest_is_named(houserules: Run) -> None:
    code, found = lines(houserules)
    assert code == 0
    assert {check for check, _ in of(found, "ok")} == {"python", "dependencies", "packs", "ports"}
    assert of(found, "not checked") == [("stack", "")]
    assert found["stack", ""]["do"] == "make run; with containers, docker compose up"
    assert "relay" in found["stack", ""]["says"]


def test_it_is_told_in_lines_with_what_to_do(houserules: Run) -> None:
    done = houserules("doctor")
    assert done.exit_code == 0
    assert "→ make run" in done.stdout
    assert "westward, wheatley" in done.stdout
    assert done.stderr == "Nothing is bad.\n"


def test_a_taken_port_is_named_with_its_holder(houserules: Run, quiet_ports: dict[str, int]) -> None:
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", quiet_ports["sla"]))
        taker.listen()
        code, found = lines(houserules)
    assert code == 1
    assert of(found, "bad") == [("ports", "sla")]
    assert f"(process {os.getpid()})" in found["ports", "sla"]["says"]
    assert "HOUSERULES_PORT_SLA" in found["ports", "sla"]["do"]


def test_what_is_no_port_is_named(houserules: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSERULES_PORT_KAFKA", "many")
    code, found = lines(houserules)
    assert (code, of(found, "bad")) == (1, [("ports", "kafka")])


def test_a_pack_that_is_refused_is_named(houserules: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "other.toml").write_text('organisation = "other"\n')
    monkeypatch.setenv("HOUSERULES_POLICIES", str(tmp_path / "packs"))
    code, found = lines(houserules)
    assert (code, of(found, "bad")) == (1, [("packs", "")])
    assert "other.toml" in found["packs", ""]["says"]


def test_a_package_of_another_version_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text('typer==0.0.1 \\\n    --hash=sha256:0\nnot-for-here==1.0 ; sys_platform == "win32" \\\nabsent==2\n')
    finding = doctor_machine.dependencies(lock)
    assert finding.verdict == "bad"
    assert finding.says.startswith("absent is missing; typer is ")
    assert "not-for-here" not in finding.says


def test_a_package_is_locked_for_each_python_apart(tmp_path: Path) -> None:
    here, version = metadata.version("typer"), f"{sys.version_info.major}.{sys.version_info.minor}"
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"typer=={here} ; python_version == '{version}' \\\n    --hash=sha256:0\n"
        f"typer==0.0.1 ; python_version != '{version}' \\\n    --hash=sha256:0\n"
    )
    assert doctor_machine.dependencies(lock).verdict == "ok"


def test_what_is_installed_is_what_is_locked() -> None:
    assert doctor_machine.dependencies().verdict == "ok"


def test_a_stack_that_is_being_started_is_pointed_at(houserules: Run, tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "stack.unready.json").write_text("{}")
    _, found = lines(houserules)
    assert found["stack", ""]["do"].endswith("stack.unready.json doctor")


def test_a_stack_of_which_nothing_answers(houserules: Run, stack: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "local" / "stack.json"
    stack["databases"] = {"sla": f"postgresql://sla_app:x@{DEAD}/sla"}
    file.write_text(json.dumps(stack))
    file.chmod(0o600)
    code, found = lines(houserules)
    assert code == 1
    away = [("services", name) for name in sorted(stack["services"])]
    assert of(found, "bad") == [*away, ("kafka", ""), ("database", "sla")]
    assert all(found[line]["do"] for line in of(found, "bad"))


def test_a_stack_file_that_is_broken_is_said(houserules: Run, tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "stack.json").write_text("{")
    code, found = lines(houserules)
    assert (code, of(found, "bad")) == (1, [("stack file", "")])
