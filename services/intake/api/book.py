"""The sources as the doors know them: read again when a second old, so that a new secret holds everywhere at once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.intake.metrics import begin
from services.intake.store import sources
from services.intake.store.sources import Source
from shared.bus.metrics import Instruments
from shared.bus.tx import Bus
from shared.platform.service import every

__all__ = ["Book"]

FRESH_S = 1.0
EVERY_S = 10.0


@dataclass(slots=True)
class Book:
    """Every source by its name, whichever organisation it belongs to."""

    bus: Bus
    metrics: Instruments
    _named: dict[str, list[Source]] = field(default_factory=dict)
    _read_at: float = -1e9
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def named(self, name: str) -> Sequence[Source]:
        """The sources of that name. Raises what the database raises, when it was never read."""
        if time.monotonic() - self._read_at > FRESH_S:
            async with self._reading:
                if time.monotonic() - self._read_at > FRESH_S:
                    await self.read()
        return self._named.get(name, ())

    async def run(self, stop: asyncio.Event) -> None:
        """Read them now and then, so that each is known, and counted from nought, before its first delivery."""
        await every(EVERY_S, self.read, stop)

    async def read(self) -> None:
        """Read them now."""
        began = time.monotonic()
        async with self.bus.transaction() as tx:
            found = await sources.named(tx)
        named: dict[str, list[Source]] = {}
        for source in found:
            named.setdefault(source.source, []).append(source)
            begin(self.metrics, source.organisation, source.source)
        self._named, self._read_at = named, began
