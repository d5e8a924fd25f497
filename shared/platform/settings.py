"""Settings from the environment: one frozen class a service, prefix `<SERVICE>_`; what all share is `HOUSERULES_…`."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AnyHttpUrl, DirectoryPath, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from shared.platform.addresses import of_this_machine
from shared.platform.cluster import Cluster, Mechanism, Security
from shared.platform.encryption import Encryption

__all__ = ["CommandSettings", "KafkaSettings", "ServiceSettings"]


def _shared(name: str, default: Any, **constraints: Any) -> Any:
    return Field(default, validation_alias=f"HOUSERULES_{name}", **constraints)


class KafkaSettings(BaseSettings):
    """Where Kafka is and who may hear it: shared. As whom we speak: under the prefix, as every service is a user of its own."""

    model_config = SettingsConfigDict(
        frozen=True, populate_by_name=True, extra="ignore", hide_input_in_errors=True
    )  # an error must not show a password

    secrets: DirectoryPath | None = _shared("SECRETS", None)
    """A folder with one file a secret, each named as its variable (`SLA_DATABASE_URL`): a variable that is set wins."""
    kafka: str = _shared("KAFKA", "127.0.0.1:9092")
    kafka_security: Security = _shared("KAFKA_SECURITY", "PLAINTEXT")
    kafka_mechanism: Mechanism = _shared("KAFKA_MECHANISM", "SCRAM-SHA-512")
    kafka_ca: Path | None = _shared("KAFKA_CA", None)
    """PEM: who may have signed the brokers' certificates; the system's authorities if not set."""
    kafka_user: str | None = None
    kafka_password: str | None = Field(default=None, repr=False)
    kafka_certificate: Path | None = None
    """PEM: the client's own certificate and its key, where the brokers know it by them."""
    kafka_key: Path | None = None

    @classmethod
    def of_environment(cls) -> Self:
        """As the environment and the folder of secrets give them. Raises ValidationError, which names the fields."""
        return cls()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in the call, then the environment, then the files of the secrets' folder."""
        folder = os.environ.get("HOUSERULES_SECRETS", "")
        if not os.path.isdir(folder):
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)

    @property
    def cluster(self) -> Cluster:
        """What every client of Kafka is made from."""
        return Cluster(
            self.kafka,
            self.kafka_security,
            self.kafka_mechanism,
            self.kafka_user,
            self.kafka_password,
            self.kafka_ca,
            self.kafka_certificate,
            self.kafka_key,
        )

    @property
    def _own(self) -> str:
        """How the variables begin that are this program's alone."""
        return f"{self.model_config['env_prefix']}KAFKA_"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Half a set of these would be found out by the first connection, or not at all."""
        cluster, own = self.cluster, self._own
        if cluster.asks and not (self.kafka_user and self.kafka_password):
            raise ValueError(
                f"HOUSERULES_KAFKA_SECURITY is {self.kafka_security}: set {own}USER and {own}PASSWORD (a file of that "
                "name in the folder HOUSERULES_SECRETS will do)"
            )
        if not cluster.asks and (self.kafka_user or self.kafka_password):
            raise ValueError(
                f"{own}USER and {own}PASSWORD are for brokers that ask: set HOUSERULES_KAFKA_SECURITY to SASL_SSL, or "
                "unset them"
            )
        if (self.kafka_certificate is None) != (self.kafka_key is None):
            raise ValueError(f"{own}CERTIFICATE and {own}KEY go together: set both or none")
        files = {"HOUSERULES_KAFKA_CA": cluster.ca, f"{own}CERTIFICATE": cluster.certificate, f"{own}KEY": cluster.key}
        named = {variable: file for variable, file in files.items() if file is not None}
        if named and not cluster.encrypted:
            raise ValueError(
                f"{next(iter(named))} is for TLS: set HOUSERULES_KAFKA_SECURITY to SASL_SSL or SSL, or unset it"
            )
        for variable, file in named.items():
            if not file.is_file():
                raise ValueError(f"{variable} is {file}, which is no file: name a PEM file")
        try:
            cluster.context()
        except OSError as error:
            what = ", ".join(f"{variable} ({file})" for variable, file in named.items())
            raise ValueError(f"TLS to Kafka cannot be made of {what}: {error}") from error
        return self


class CommandSettings(KafkaSettings):
    """As whom the command line speaks to Kafka: `HOUSERULES_KAFKA_USER`, `HOUSERULES_KAFKA_PASSWORD` and so on."""

    model_config = SettingsConfigDict(env_prefix="HOUSERULES_", frozen=True, populate_by_name=True, extra="ignore")


class ServiceSettings(KafkaSettings):
    """What every service needs. A subclass sets `env_prefix` and adds its own."""

    database_url: str
    """The app role's, as `postgresql://user:password@host:port/database`; TLS by libpq's names, here or as `PGSSLMODE`."""
    port: int = Field(ge=0, le=65535)
    host: str = "127.0.0.1"
    ordinal: int = Field(0, ge=0)
    """Which replica this is: 0, 1, …; provably one process each, as it names the static member of the consumer group."""
    pool_size: int = Field(8, ge=2, le=100)

    topic_prefix: str = _shared("TOPIC_PREFIX", "houserules.")
    group_prefix: str = _shared("GROUP_PREFIX", "houserules-")
    session_timeout_ms: int = _shared("SESSION_TIMEOUT_MS", 30_000, ge=1_000)
    policies: Path | None = _shared("POLICIES", None)
    clock: Path | None = _shared("CLOCK", None)
    profile: Literal["local", "production"] = _shared("PROFILE", "local")
    log_level: str = _shared("LOG_LEVEL", "info")
    issuer: str = _shared("ISSUER", "urn:houserules:development")
    audience: str = _shared("AUDIENCE", "houserules")
    jwks: str = _shared("JWKS", "")
    """The keys of the identity provider: an https URL; locally the path of a file."""
    development_issuer: Path | None = _shared("DEVELOPMENT_ISSUER", None)
    """The folder of the development issuer's key: with it, people sign in on the pages by one click. Local only."""
    pages: dict[str, AnyHttpUrl] = _shared("PAGES", {})
    """Where the services' pages are, by service, for the links between them: a JSON object."""
    traces: str = _shared("TRACES", "")
    """A collector's URL for spans (OTLP over HTTP, `…/v1/traces`); without one nothing is traced."""
    traces_ratio: float = _shared("TRACES_RATIO", 1.0, ge=0, le=1)
    """The share of stories that are traced: each whole or not at all."""
    outbox_rows: int = _shared("OUTBOX_ROWS", 200_000, ge=1)
    outbox_age_s: float = _shared("OUTBOX_AGE_S", 3600.0, gt=0)
    """Beyond this many rows or seconds unsent, doors answer 503."""

    @model_validator(mode="after")
    def _connections(self) -> Self:
        """What goes over a network is encrypted, and both ends know who the other is. A tunnel's end is this machine's."""
        postgres, own = Encryption.of(self.database_url), self._own
        if postgres.fault is not None:
            raise ValueError(postgres.fault)
        if self.profile != "production":
            return self
        if not postgres.local and not postgres.certain:
            raise ValueError(
                f"{self.model_config['env_prefix']}DATABASE_URL leads off this machine, and nobody checks that it is "
                "PostgreSQL which answers: set PGSSLMODE=verify-full, and PGSSLROOTCERT to its authority's file (or "
                "?sslmode=verify-full&sslrootcert=… in the URL)"
            )
        known = self.cluster.asks or self.kafka_certificate is not None
        if not of_this_machine(self.kafka) and not (self.cluster.encrypted and known):
            raise ValueError(
                "HOUSERULES_KAFKA leads off this machine: set HOUSERULES_KAFKA_SECURITY=SASL_SSL with "
                f"{own}USER and {own}PASSWORD (or SSL with {own}CERTIFICATE and {own}KEY), so that nobody else reads or "
                "writes in our name"
            )
        return self

    @model_validator(mode="after")
    def _production(self) -> Self:
        if self.profile == "production":
            if self.clock is not None:
                raise ValueError("HOUSERULES_CLOCK moves policy time; a production profile runs on real time: unset it")
            if not self.jwks.startswith("https://") or self.issuer == "urn:houserules:development":
                raise ValueError(
                    "the development issuer is for a laptop; set HOUSERULES_ISSUER and HOUSERULES_JWKS (https) to the "
                    "identity provider's"
                )
            if self.development_issuer is not None:
                raise ValueError("HOUSERULES_DEVELOPMENT_ISSUER lets anybody in by one click: unset it in production")
        return self
