"""`docker compose up` without an engine: compose's own commands, environments and secrets, each as a process.

The jobs run in the order that compose says, then the four services, in an environment that holds what the image holds. What
an engine adds (the network, the users, the read-only root) is not shown here.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_ports
from tests import containers
from tests.containers import Image
from tests.servers import KafkaServer, PostgresServer, folder, remove
from tests.unit.deploy.described import PORTS, SERVICES, final_stage
from tests.unit.deploy.described import containers as described

pytestmark = pytest.mark.long
GRACE_S = 15


@dataclass(frozen=True, slots=True)
class Machine:
    """Where compose's names are on this machine."""

    image: Image
    place: Path
    secrets: Path
    kafka: str
    ports: dict[str, int]

    def told(self, text: str, name: str) -> str:
        """A path or an address of a container, as it is here. Each container sees its own secrets alone."""
        here = {
            "/run/secrets": str(self.place / "run" / name),
            "/var/lib/houserules": str(self.place / "var"),
            "kafka:29092": self.kafka,
            **{str(PORTS[service]): str(port) for service, port in self.ports.items()},
        }
        for there, instead in here.items():
            text = text.replace(there, instead)
        return text

    def environment(self, name: str) -> dict[str, str]:
        """What the image and compose tell a container."""
        image = dict(part.split("=", 1) for word, rest in final_stage() if word == "ENV" for part in rest.split())
        image = {key: value for key, value in image.items() if not key.startswith(("PATH", "PYTHON"))}
        own = image | described()[name].get("environment", {})
        return self.image.environment(**{key: self.told(value, name) for key, value in own.items()})

    def log(self, name: str) -> Path:
        """What a container's processes say."""
        return self.place / f"{name}.log"

    def start(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """A container's command; or another one in the same container."""
        secrets = self.place / "run" / name
        secrets.mkdir(parents=True, exist_ok=True)
        for secret in described()[name].get("secrets", []):
            shutil.copy(self.secrets / secret, secrets)
        words = arguments or [self.told(word, name) for word in described()[name]["command"]]
        with self.log(name).open("wb") as log:
            return subprocess.Popen(
                self.image.command(*words), cwd=self.image.app, env=self.environment(name), stdout=log, stderr=log
            )

    def run(self, name: str, *arguments: str) -> str:
        """A job; what it said."""
        code = self.start(name, *arguments).wait(120)
        said = self.log(name).read_text()
        assert code == 0, said
        return said


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """The image's folders, a broker, and a database that the init script has made."""
    place = folder()
    server, kafka = PostgresServer(place), KafkaServer(place)
    try:
        server.start()
        kafka.start()
        secrets = containers.secrets(place / "secrets", server)
        containers.initialise(server, secrets)
        for name in ("local", "jwks", "forms", "keys"):
            (place / "var" / name).mkdir(parents=True)
        (place / "image").mkdir()
        ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        yield Machine(Image.built(place / "image"), place, secrets, kafka.bootstrap, ports)
    finally:
        kafka.stop()
        server.stop()
        remove(place)


def healthy(machine: Machine, name: str) -> bool:
    """Whether compose's own check of a container succeeds."""
    words = [machine.told(word, name) for word in described()[name]["healthcheck"]["test"][1:]]
    return machine.start("houserules", *words).wait(30) == 0


def test_compose_comes_up_works_and_stops(machine: Machine) -> None:
    machine.run("prepare")
    assert machine.run("migrate").count("at migration") == len(SERVICES)
    assert "26 topics, 26 of them new." in machine.run("topics")
    running = {name: machine.start(name) for name in SERVICES}
    try:
        end = time.monotonic() + 120
        for name in SERVICES:
            while not healthy(machine, name):
                assert running[name].poll() is None, machine.log(name).read_text()
                assert time.monotonic() < end
        for name, port in machine.ports.items():
            while httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code != 200:
                assert time.monotonic() < end, name
                time.sleep(0.5)
        _find(machine)
        found = json.loads(machine.run("houserules", "houserules", "doctor", "--json"))
        assert {one["check"] for one in found if one["verdict"] != "ok"} == {"mail", "access lists"}
        token = machine.run("houserules", "houserules", "token", "--organisation", "westward", "--role", "dpo").strip()
        door = httpx.get(
            f"http://127.0.0.1:{machine.ports['sla']}/targets", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        assert (door.status_code, door.json()["items"]) == (200, [])
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(GRACE_S) for name, process in running.items()}
    assert codes == dict.fromkeys(SERVICES, 0)


def _find(machine: Machine) -> None:
    """The names of compose's network are addresses of this machine here."""
    file = machine.place / "var" / "local" / "stack.json"
    content = json.loads(file.read_text())
    assert content["services"] == {name: f"http://{name}:{port}" for name, port in PORTS.items()}
    content["services"] = {name: f"http://127.0.0.1:{port}" for name, port in machine.ports.items()}
    handle = os.open(file, os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(handle, "w") as stream:
        json.dump(content, stream)
