"""Kafka as a client reaches it: where, over what, and as whom. The arguments of every client of ours are made here."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Cluster", "FileUnusable", "Mechanism", "Security"]

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""Kafka's `security.protocol`."""

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
"""Kafka's `sasl.mechanism`."""


class FileUnusable(OSError):
    """A certificate or a key is not there, or half written: a store of secrets may be replacing it. Names the file."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers to begin at, and how. A bare address is one that asks nobody: a laptop's."""

    servers: str
    """`host:port`, several with commas."""
    security: Security = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    """PEM: who may have signed the brokers' certificates; the system's authorities where there is none."""
    certificate: Path | None = None
    key: Path | None = None
    """PEM: the client's own, where the brokers know it by its certificate."""

    @classmethod
    def of(cls, kafka: "Cluster | str") -> "Cluster":
        """A cluster as it is; an address as a cluster that is reached plainly."""
        return cls(kafka) if isinstance(kafka, str) else kafka

    def __str__(self) -> str:
        return self.servers

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read or change what is sent."""
        return self.security in ("SSL", "SASL_SSL")

    @property
    def asks(self) -> bool:
        """Whether the brokers ask for a user and a password."""
        return self.security in ("SASL_PLAINTEXT", "SASL_SSL")

    @property
    def who(self) -> str:
        """As whom we speak, for people."""
        if self.asks:
            return f"user {self.user}"
        return f"the certificate {self.certificate}" if self.certificate else "nobody"

    def context(self) -> ssl.SSLContext | None:
        """TLS with the brokers' names checked; None where there is none. Raises FileUnusable."""
        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            # Without its cause: an error of TLS here is about a file, and not about what a broker speaks.
            raise FileUnusable(f"{self.ca} cannot be used: {error}") from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                files = " and ".join(str(file) for file in (self.certificate, self.key) if file is not None)
                raise FileUnusable(f"{files} cannot be used: {error}") from None
        return context

    def arguments(self) -> dict[str, Any]:
        """What aiokafka's clients are told. Raises FileUnusable."""
        arguments: dict[str, Any] = {"bootstrap_servers": self.servers, "security_protocol": self.security}
        if self.encrypted:
            arguments["ssl_context"] = self.context()
        if self.asks:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return arguments
