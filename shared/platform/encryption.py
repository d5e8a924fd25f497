"""Whether a PostgreSQL URL asks for TLS, by libpq's own names: in the URL (`?sslmode=…`), else `PGSSLMODE`."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from shared.platform.addresses import of_this_machine

__all__ = ["Encryption"]

CHECKED = ("verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Encryption:
    """What asyncpg does with a URL. Its default, `prefer`, takes TLS where the server offers it and checks nobody."""

    mode: str
    authority: Path | None
    """PEM: who may have signed the server's certificate; the client looks in `~/.postgresql/root.crt` without one."""
    local: bool
    """The server is on this machine: a loopback address, or a socket in its file system."""

    @classmethod
    def of(cls, url: str) -> "Encryption":
        """What a `postgresql://` URL and the environment ask for; the URL wins."""
        parts = urlsplit(url)
        said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        hosts = unquote(parts.netloc.rpartition("@")[2]) or said.get("host") or os.environ.get("PGHOST", "localhost")
        authority = said.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")
        return cls(
            mode=(said.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer").replace("_", "-"),
            authority=Path(authority) if authority else None,
            local=hosts.startswith("/") or of_this_machine(hosts),
        )

    @property
    def certain(self) -> bool:
        """Whether it is encrypted for sure, and by the server that was meant."""
        return self.mode == "verify-full"

    @property
    def fault(self) -> str | None:
        """What is half said: a server whose certificate is checked against a file that is not there."""
        if self.mode in CHECKED and self.authority is not None and not self.authority.is_file():
            return (
                f"the authority of PostgreSQL's certificate, {self.authority}, is no file (sslrootcert, PGSSLROOTCERT)"
            )
        return None
