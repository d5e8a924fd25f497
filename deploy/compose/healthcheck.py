"""Whether the service of this container is alive: `python -m deploy.compose.healthcheck [PORT]`.

A container runs one service, so whichever of the services' ports answers at /healthz is it. Exit code 0 or 1.
"""

import http.client
import sys
from collections.abc import Iterable

__all__ = ["PORTS", "alive"]

PORTS = (8001, 8002, 8003, 8004)
TIMEOUT_S = 3.0


def alive(ports: Iterable[int]) -> bool:
    """Whether a service answers at one of these ports of this container."""
    return any(_answers(port) for port in ports)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if alive([int(port) for port in sys.argv[1:]] or PORTS) else 1)
