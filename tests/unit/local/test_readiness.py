"""What is told of a service that is not ready."""

import json
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from deploy.local.readiness import HOUSERULES, Readiness, readiness

STALE = "messages was made anew; `houserules positions reset sla houserules.messages` begins it again"


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"{}", Readiness(True)),
        (503, json.dumps({"checks": {"database": "ready", "bus": STALE}}).encode(), Readiness(False, STALE)),
        (503, json.dumps({"checks": {"database": "away", "bus": "too"}}).encode(), Readiness(False, "away; too")),
        (503, b"not JSON", Readiness(False)),
        (503, b"[]", Readiness(False)),
        (404, b'{"checks": null}', Readiness(False)),
    ],
    ids=["ready", "stale", "two reasons", "no JSON", "a list", "no checks"],
)
def test_reason_is_what_the_service_says(status: int, body: bytes, expected: Readiness) -> None:
    with _answering(status, body) as address:
        assert readiness(address) == expected


def test_service_that_does_not_answer_gives_no_reason() -> None:
    (port,) = free_ports(1)
    assert readiness(f"http://127.0.0.1:{port}") == Readiness(False)


def test_way_out_reaches_the_stack_from_anywhere() -> None:
    file = Path("/a folder/stack.unready.json")
    (command,) = Readiness(False, STALE).ways_out(file)
    assert shlex.split(command) == [
        str(HOUSERULES), "--stack", str(file), "positions", "reset", "sla", "houserules.messages"
    ]  # fmt: skip


def test_only_a_named_command_asks_for_somebody() -> None:
    assert Readiness(False, STALE).wants_somebody
    assert not Readiness(False, "the consumer has not joined its group yet").wants_somebody
