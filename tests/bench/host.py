"""What a run was made on: facts of the machine and of the versions, no name and no path."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from tests.bench.servers import Servers

__all__ = ["Host", "facts"]

CLIENTS = ("aiokafka", "asyncpg", "sqlalchemy", "faststream", "uvloop")


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when."""

    at: datetime
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    postgresql: str
    kafka: str
    packages: dict[str, str]
    durability: dict[str, str]
    load_before: float

    def lines(self) -> list[str]:
        """For people."""
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        settings = ", ".join(f"{name}={value}" for name, value in self.durability.items())
        machine = f"{self.cores} cores ({self.processor}), {self.memory_gib:.0f} GiB, {self.kernel}"
        return [
            f"{self.at:%Y-%m-%d %H:%M} UTC; {machine}; load average before the run {self.load_before:.1f}",
            f"Python {self.python}, PostgreSQL {self.postgresql}, Apache Kafka {self.kafka}, {packages}",
            f"PostgreSQL: {settings}; producers: acks=all",
        ]


async def facts(servers: Servers) -> Host:
    """This machine's, now."""
    return Host(
        at=datetime.now(UTC),
        processor=_processor(),
        cores=os.cpu_count() or 0,
        memory_gib=psutil.virtual_memory().total / 2**30,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgresql=(await servers.version()).split()[0],
        kafka=_kafka(servers),
        packages={name: version(name) for name in CLIENTS},
        durability=await servers.durability(),
        load_before=os.getloadavg()[0],
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _kafka(servers: Servers) -> str:
    """From the name of the broker's jar."""
    names = (re.fullmatch(r"kafka_[\d.]+-([\d.]+)\.jar", jar.name) for jar in servers.kafka.broker.jars)
    return next((found.group(1) for found in names if found), "unknown")
