"""A PostgreSQL that speaks TLS: the system's own, as the one from the package index is built without it."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from deploy.local.account import unprivileged
from deploy.local.ports import free_ports
from deploy.local.program import Program, plain_environment
from deploy.local.waiting import postgres_answers, until
from tests.secured import Pair
from tests.servers import Process

__all__ = ["NO_POSTGRES", "EncryptedPostgres", "found"]

NO_POSTGRES = "no PostgreSQL of the system's found; `apt-get install postgresql` brings one that speaks TLS"
DEBIAN = Path("/usr/lib/postgresql")


def found() -> Path | None:
    """The folder of the system's server and its initdb; the newest where there are several."""
    on_path = shutil.which("initdb")
    folders = [*DEBIAN.glob("*/bin"), *([Path(on_path).parent] if on_path else [])]
    whole = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    return max(whole, key=lambda folder: folder.parent.name, default=None)


class EncryptedPostgres:
    """A server with this certificate, at two addresses of this machine: only the first is in the certificate."""

    NAMED, UNNAMED = "127.0.0.1", "127.0.0.2"

    def __init__(self, place: Path, pair: Pair) -> None:
        binaries, self._account = found(), unprivileged()
        assert binaries is not None, NO_POSTGRES
        self._password = secrets.token_hex(12)
        (self.port,) = free_ports(1)
        data, own = place / "data", Pair(place / "server.pem", place / "server.key")
        for made, there in ((own.certificate, pair.certificate), (own.key, pair.key)):
            made.touch(mode=0o600)
            made.write_bytes(there.read_bytes())
        self._give(place, own.certificate, own.key)
        self._initdb(binaries, data)
        settings = {
            "listen_addresses": f"{self.NAMED},{self.UNNAMED}",
            "unix_socket_directories": "",
            "port": str(self.port),
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": str(own.certificate),
            "ssl_key_file": str(own.key),
        }
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = (str(binaries / "postgres"), "-D", str(data), *options)
        self.process = Process(place.parent, Program(name="encrypted", command=command, account=self._account))

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        until(lambda: postgres_answers(self.port, self.url()), "PostgreSQL", 60, self.process.alive)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def url(self, *, host: str = NAMED, **said: object) -> str:
        """The superuser's URL, with what is said of TLS."""
        query = "&".join(f"{name}={value}" for name, value in said.items())
        return f"postgresql://postgres:{self._password}@{host}:{self.port}/postgres{'?' if query else ''}{query}"

    def _give(self, *paths: Path) -> None:
        for path in paths:
            if self._account is not None:
                os.chown(path, self._account.uid, self._account.gid)

    def _initdb(self, binaries: Path, data: Path) -> None:
        password = data.with_name("password")
        password.touch(mode=0o600)
        password.write_text(self._password)
        self._give(password)
        account = self._account
        options = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--locale=C", "--no-sync"]
        subprocess.run(
            [str(binaries / "initdb"), "-D", str(data), *options],
            check=True,
            cwd="/",
            env=plain_environment(),
            stdout=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
