"""Settings of intake."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings

__all__ = ["IntakeSettings"]


class IntakeSettings(ServiceSettings):
    """From the environment: `INTAKE_…`, and `HOUSERULES_…` for what all services share."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", frozen=True, populate_by_name=True, extra="ignore")

    port: int = Field(8001, ge=0, le=65535)
    sources: Path | None = None
    """A JSON file of sources that are there from the start: [{source, organisation, network, accounts, secrets}]."""
    batch: int = Field(200, ge=1, le=5_000)
    """How many deliveries the worker takes at a time."""
    waiting_bytes: int = Field(64 * 1024 * 1024, ge=8 * 1024 * 1024)
    """How much may wait in memory for the next group commit before the door answers 503."""
    keep_days: int = Field(14, ge=1, le=365)
    """How long failed deliveries, and the ids of those that went well, are kept."""
