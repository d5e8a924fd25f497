"""Ports on loopback: the stack's own, whether they are free, and free ones for tests."""

import os
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from deploy.local.errors import StackError

__all__ = ["DEFAULTS", "Ports", "free_ports", "is_free"]

DEFAULTS: Mapping[str, int] = {
    "intake": 8001,
    "sla": 8002,
    "access": 8003,
    "consent": 8004,
    "kafka": 9092,
    "postgres": 15432,
}
# Below the range from which systems lend ports to outgoing connections.
TEST_RANGE = range(20000, 32000)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part of a stack listens, by its name."""

    of: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULTS))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Ports":
        """The defaults, moved by HOUSERULES_PORT_<NAME>. Raises StackError for what is no port."""
        return cls({name: _port(environ, name, default) for name, default in DEFAULTS.items()})

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody listens on, for a stack of a test's own."""
        return cls(dict(zip(DEFAULTS, free_ports(len(DEFAULTS)), strict=True)))

    def __getitem__(self, name: str) -> int:
        return self.of[name]

    def controller(self) -> int:
        """A port for the broker's own controller, which nobody else is told of: the first free one above the broker's."""
        others = set(self.of.values())
        candidates = range(self["kafka"] + 1, min(self["kafka"] + 200, 65536))
        return next(port for port in candidates if port not in others and is_free(port))

    def check(self, names: list[str]) -> None:
        """Raise StackError for the first of these that is taken, or is given to two."""
        for index, name in enumerate(names):
            port = self[name]
            twin = next((other for other in names[:index] if self[other] == port), None)
            if twin:
                raise StackError(f"{twin} and {name} are both given port {port}: set {_variable(name)} to another.")
            if not is_free(port):
                raise StackError(
                    f"Port {port}, where {name} should listen, is taken{_holder(port)}: "
                    f"stop that, or set {_variable(name)} to a free port."
                )


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """That many different ports that are free now."""
    found: list[int] = []
    for port in random.sample(TEST_RANGE, len(TEST_RANGE)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise StackError(f"No {count} free ports between {TEST_RANGE.start} and {TEST_RANGE.stop}: stop something.")


def _variable(name: str) -> str:
    return f"HOUSERULES_PORT_{name.upper()}"


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(_variable(name)) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise StackError(f"{_variable(name)} is {text!r}: set it to a port, 1 to 65535.")
    return int(text)


def _holder(port: int) -> str:
    """` by postgres (process 12)` where the system tells."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
