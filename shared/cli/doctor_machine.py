"""What `houserules doctor` sees without a stack: this Python, its packages, the ports, the packs, the stack's file."""

import importlib.metadata
import os
import re
import socket
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from shared.cli import doctor_verdicts as verdicts
from shared.cli.doctor_finding import Finding, bad, ok, unchecked
from shared.cli.stack import Stack

__all__ = ["PORTS", "dependencies", "packs", "ports", "python", "stack_file"]

ROOT = Path(__file__).resolve().parents[2]
LOCKED = re.compile(r"^[A-Za-z0-9._-]+==[^\\]+")
PORTS = {"intake": 8001, "sla": 8002, "access": 8003, "consent": 8004, "kafka": 9092, "postgres": 15432}


def python() -> Finding:
    """This interpreter, against what the project asks for."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    major, minor = said.removeprefix(">=").split(".")
    return verdicts.python(sys.version_info[:3], (int(major), int(minor)))


def dependencies(lock: Path = ROOT / "requirements.lock") -> Finding:
    """What is installed, against the lock."""
    if not lock.exists():
        return unchecked("dependencies", "", f"there is no {lock}")
    locked = dict(_locked(lock))
    all_installed = {_plain(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
    return verdicts.dependencies(locked, {n: v for n, v in all_installed.items() if n in locked})


def _locked(lock: Path) -> Iterator[tuple[str, str]]:
    """Name and version of what the lock asks of this Python and this system (PEP 508)."""
    for line in lock.read_text().splitlines():
        if (match := LOCKED.match(line)) is not None:
            wanted = Requirement(match[0])
            if wanted.marker is None or wanted.marker.evaluate():
                yield _plain(wanted.name), str(wanted.specifier).removeprefix("==")


def _plain(name: str) -> str:
    """The name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def ports() -> list[Finding]:
    """Whether each part could listen where it should; asked while no stack runs."""
    findings = []
    for name, default in PORTS.items():
        variable = f"HOUSERULES_PORT_{name.upper()}"
        text = os.environ.get(variable) or str(default)
        if not text.isdecimal() or not 1 <= int(text) <= 65535:
            findings.append(bad("ports", name, f"{variable} is {text!r}", "set it to a port, 1 to 65535"))
            continue
        number = int(text)
        free = _is_free(number)
        findings.append(verdicts.port(name, number, free=free, holder="" if free else _holder(number)))
    return findings


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
            probe.listen(1)
        except OSError:
            return False
    return True


def _holder(number: int) -> str:
    """`postgres (process 12)` where the system tells, and the part that asks it is installed."""
    try:
        import psutil
    except ImportError:
        return ""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == number and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""


def packs() -> Finding:
    """Whether the policy packs that are in force here load."""
    from shared.policy import PolicyError, load_packs

    folder = os.environ.get("HOUSERULES_POLICIES")
    try:
        organisations = sorted(load_packs(Path(folder) if folder else None).organisations)
    except PolicyError as error:
        return bad("packs", "", str(error), "mend that file; `houserules policy check FILE` says what else")
    return ok("packs", "", ", ".join(organisations))


def stack_file(stack: Stack) -> Finding:
    """Who may read it; it is there."""
    status = stack.path.stat()
    own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return verdicts.permissions(stat.S_IMODE(status.st_mode), own=own, path=str(stack.path))
