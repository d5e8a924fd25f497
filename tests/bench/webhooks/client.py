"""A sender of signed webhooks, the whole of its process, so that the door's process is the door's alone.

Closed loop: every connection sends its next request when the last is answered. Open loop: requests have fixed times;
one that finds no free connection waits, and its time counts from when it was to be sent, so that a server which stalls
cannot hide the stall by being sent less (coordinated omission: https://github.com/giltene/wrk2#readme).
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httptools
import msgspec
from standardwebhooks import Webhook

from tests.bench.contest import Job
from tests.bench.installation import percentile
from tests.bench.stopwatch import Stopwatch

__all__ = ["SECRET", "SOURCE", "Load", "Sending", "deliver"]

SECRET = "whsec_YmVuY2gtc2VjcmV0LW9mLXRoZS1iZW5jaC1vbmx5LTE="
SOURCE = "westward-inbox"
TEXT = "The boiler has been off since Saturday and the children are cold: when will somebody come? " * 3
LIMIT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send. `rate` a second, None for as fast as they are answered; ids begin with `name`."""

    port: int
    name: str
    count: int
    connections: int
    rate: float | None = None


def requests(load: Load) -> Iterator[bytes]:
    """Every request as it goes over the wire."""
    hook, now = Webhook(SECRET), datetime.now(UTC)
    for number in range(load.count):
        delivery = f"{load.name}-{number}"
        data = {
            "conversation": f"c-{number % 97}", "message": f"m-{delivery}", "site": "westward-page",
            "network": "facebook", "visibility": "public", "posted_at": now, "text": TEXT,
            "author": {"id": f"a-{number % 31}", "name": "A. Customer"},
        }  # fmt: skip
        body = msgspec.json.encode({"type": "message.received", "timestamp": now, "data": data})
        head = (
            f"POST /webhooks/standard/{SOURCE} HTTP/1.1\r\nhost: 127.0.0.1:{load.port}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\nwebhook-id: {delivery}\r\n"
            f"webhook-timestamp: {int(now.timestamp())}\r\n"
            f"webhook-signature: {hook.sign(delivery, now, body.decode())}\r\n\r\n"
        )
        yield head.encode() + body


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, sending: "Sending") -> None:
        self.sending = sending
        self.parser = httptools.HttpResponseParser(self)
        self.transport: Any = None
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = transport

    def send(self, request: bytes, began: float) -> None:
        """Send; its time counts from `began`."""
        self.began = began
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        status, seconds = self.parser.get_status_code(), time.perf_counter() - self.began
        self.parser = httptools.HttpResponseParser(self)
        self.sending.answered(self, status, seconds)

    def connection_lost(self, error: Exception | None) -> None:
        """The door must not close it: an answer would be missing."""
        self.sending.lost(error)


@dataclass(slots=True)
class Sending:
    """All connections together, and what came of it."""

    load: Load
    waiting: deque[bytes] = field(init=False)
    late: deque[tuple[bytes, float]] = field(default_factory=deque)
    """Open loop: what was to be sent and found no connection free, with its time."""
    idle: list[Connection] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    """Seconds, of every request."""
    accepted: int = 0
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def connect(self) -> None:
        """Open every connection and sign every request: neither is part of what is measured."""
        self.waiting = deque(requests(self.load))
        loop = asyncio.get_running_loop()
        for _ in range(self.load.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.load.port)
            self.idle.append(connection)

    def answered(self, connection: Connection, status: int, seconds: float) -> None:
        """Note it and give the connection its next request."""
        self.latencies.append(seconds)
        self.accepted += status == 200
        if len(self.latencies) == self.load.count:
            self.done.set_result(None)
        elif self.late:
            connection.send(*self.late.popleft())
        elif self.load.rate is None and self.waiting:
            connection.send(self.waiting.popleft(), time.perf_counter())
        else:
            self.idle.append(connection)

    def lost(self, error: Exception | None) -> None:
        """A connection ended."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the door closed a connection: {error}"))

    async def run(self) -> None:
        """Send everything and wait for every answer."""
        if self.load.rate is None:
            while self.idle and self.waiting:
                self.idle.pop().send(self.waiting.popleft(), time.perf_counter())
        else:
            await self._by_schedule(self.load.rate)
        await asyncio.wait_for(self.done, LIMIT_S)

    async def _by_schedule(self, rate: float) -> None:
        began = time.perf_counter()
        for number in range(self.load.count):
            due = began + number / rate
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            request = self.waiting.popleft()
            if self.idle:
                self.idle.pop().send(request, due)
            else:
                self.late.append((request, due))


async def deliver(watch: Stopwatch, job: Job) -> None:
    """A round: closed loop for the rate, then open loop for the times; processor and memory are the door's."""
    port, pid, connections = (int(job.given[name]) for name in ("port", "pid", "connections"))
    watch.watch(pid)
    closed = Sending(Load(port=port, name="closed", count=job.count, connections=connections))
    await closed.connect()
    used, began = time.process_time(), time.perf_counter()
    watch.begin()
    await closed.run()
    watch.end(closed.accepted)
    watch.figure("client", (time.process_time() - used) / (time.perf_counter() - began) * 100)
    scheduled, rate = int(job.given["scheduled"]), float(job.given["rate"])
    opened = Sending(Load(port=port, name="open", count=scheduled, connections=connections, rate=rate))
    await opened.connect()
    await opened.run()
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        watch.figure(name, percentile(opened.latencies, share) * 1000)
    watch.figure("accepted", closed.accepted + opened.accepted)
