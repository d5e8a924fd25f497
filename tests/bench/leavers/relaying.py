"""A process that is nothing but access's relay: `python -m tests.bench.leavers.relaying relay`.

Told `go` through PostgreSQL's notifications, with a file of records, it commits them to the outbox in one transaction of
the bus, which wakes the relay as any commit does, and says `committed`.
"""

import asyncio
import signal
from pathlib import Path

import msgspec
import uvloop

from services.access.metrics import FIGURES
from services.access.settings import AccessSettings
from shared.bus.ground import Ground
from shared.bus.outbox import OutboxRow
from shared.bus.relay import Relay
from shared.bus.tx import Bus
from shared.platform.logs import configure

__all__ = ["COMMITTED", "GO"]

GO, COMMITTED, READY = "bench_go", "bench_committed", "bench_ready"
decode = msgspec.msgpack.Decoder(list[OutboxRow]).decode


async def put(bus: Bus, file: Path) -> None:
    """Commit a file's records."""
    rows = decode(file.read_bytes())
    async with bus.transaction() as tx:
        for row in rows:
            tx.publish(row._replace(topic=bus.topics.shared("access")))
        await tx.flush()
    bus.wake.set()
    async with bus.transaction() as tx:
        await tx.execute(f"notify {COMMITTED}")


async def main() -> None:
    """Relay, and put when told to, until SIGTERM."""
    settings = AccessSettings.of_environment()
    bus = Ground.of("access", settings, FIGURES).bus
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    files: asyncio.Queue[str] = asyncio.Queue()
    told = await bus.database.dedicated(idle_session_timeout="0")
    await told.add_listener(GO, lambda _connection, _pid, _channel, file: files.put_nowait(file))
    relaying = asyncio.create_task(Relay(bus, settings.kafka).run(stop))
    putting = asyncio.create_task(_put_all(bus, files))
    await stop.wait()
    putting.cancel()
    await relaying
    await told.close()
    await bus.database.close()


async def _put_all(bus: Bus, files: "asyncio.Queue[str]") -> None:
    while True:
        await put(bus, Path(await files.get()))


if __name__ == "__main__":
    configure("access", "info")
    uvloop.run(main())
