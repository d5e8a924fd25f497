"""A broker that asks: TLS, users with passwords or certificates, and access lists. Its authority is of the tests' own."""

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.local.jars import fetch
from deploy.local.kafka import Kafka
from deploy.local.layout import CACHE
from deploy.local.ports import free_ports
from shared.bus.broker import Broker
from shared.platform.cluster import Cluster
from tests.servers import Process

__all__ = ["ADMIN", "Authority", "Pair", "SecuredKafka"]

ADMIN = "admin"
START_S = 90.0


async def _answers(broker: Broker) -> bool:
    try:
        await broker.topics([])
    except (KafkaError, OSError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, each in a PEM file."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `ca` is the file of its own."""

    def __init__(self, place: Path, name: str = "the tests' authority") -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.ca = place / "ca.pem"
        self.ca.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def pair(self, name: str) -> Pair:
        """A certificate of that name, good for this machine's loopback address as a server and as a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        here = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
        signed = self._builder(subject, key).add_extension(here, False).sign(self._key, hashes.SHA256())
        made = Pair(self._place / f"{name}.pem", self._place / f"{name}.key")
        made.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        made.key.touch(mode=0o600)
        made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )


class SecuredKafka:
    """A broker with two doors: a password (SASL_SSL, SCRAM), or a certificate (SSL). Nobody may do what no list allows."""

    def __init__(self, place: Path, users: Iterable[str]) -> None:
        port, self._certificates_port, controller_port = free_ports(3)
        self.authority = Authority(place / "authority")
        self.passwords = {user: secrets.token_hex(12) for user in (ADMIN, *users)}
        own = self.authority.pair("broker")
        keystore = place / "broker.pem"
        keystore.touch(mode=0o600)
        keystore.write_bytes(own.key.read_bytes() + own.certificate.read_bytes())
        here = f"SASL_SSL://127.0.0.1:{port},SSL://127.0.0.1:{self._certificates_port}"
        login = f'username="{ADMIN}" password="{self.passwords[ADMIN]}"'
        settings = {
            "listeners": f"{here},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": here,
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f"org.apache.kafka.common.security.scram.ScramLoginModule required {login};"
            ),
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.ca),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The controller's door is the broker's own, and asks nobody.
            "super.users": f"User:{ADMIN};User:ANONYMOUS",
        }
        jars = fetch(CACHE, print)
        self.broker = Kafka(place, port, controller_port, jars, settings=settings, scram=self.passwords)
        self.broker.prepare()
        self.process = Process(place, self.broker.program())

    async def start(self) -> None:
        """Start it and wait until it answers its administrator."""
        self.process.start()
        broker = Broker(self.cluster(ADMIN), "test")
        end = time.monotonic() + START_S
        try:
            while not await _answers(broker):
                assert self.process.alive(), f"the broker ended: see {self.process.log}"
                assert time.monotonic() < end, f"the broker does not answer: see {self.process.log}"
                await asyncio.sleep(0.2)
        finally:
            await broker.close()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    @property
    def bootstrap(self) -> str:
        """Where clients with a password begin."""
        return self.broker.bootstrap

    def cluster(self, user: str, password: str | None = None) -> Cluster:
        """How a user reaches it, with their own password or another."""
        return Cluster(
            self.bootstrap, "SASL_SSL", user=user, password=password or self.passwords[user], ca=self.authority.ca
        )

    def by_certificate(self, pair: Pair) -> Cluster:
        """How somebody with a certificate reaches it."""
        return Cluster(
            f"127.0.0.1:{self._certificates_port}",
            "SSL",
            ca=self.authority.ca,
            certificate=pair.certificate,
            key=pair.key,
        )

    def trusting(self, ca: Path) -> Cluster:
        """The administrator, who trusts another authority."""
        return replace(self.cluster(ADMIN), ca=ca)
