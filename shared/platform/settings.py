"""Settings from the environment: one frozen class a service, prefix `<SERVICE>_`; what all share is `HOUSERULES_…`."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import AnyHttpUrl, DirectoryPath, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

__all__ = ["ServiceSettings"]


def _shared(name: str, default: Any, **constraints: Any) -> Any:
    return Field(default, validation_alias=f"HOUSERULES_{name}", **constraints)


class ServiceSettings(BaseSettings):
    """What every service needs. A subclass sets `env_prefix` and adds its own."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    secrets: DirectoryPath | None = _shared("SECRETS", None)
    """A folder with one file a secret, each named as its variable (`SLA_DATABASE_URL`): a variable that is set wins."""
    database_url: str
    """The app role's, as `postgresql://user:password@host:port/database`."""
    port: int = Field(ge=0, le=65535)
    host: str = "127.0.0.1"
    ordinal: int = Field(0, ge=0)
    """Which replica this is: 0, 1, …; provably one process each, as it names the static member of the consumer group."""
    pool_size: int = Field(8, ge=2, le=100)

    kafka: str = _shared("KAFKA", "127.0.0.1:9092")
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

    @model_validator(mode="after")
    def _production(self) -> "ServiceSettings":
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
