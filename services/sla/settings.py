"""Settings of sla."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings

__all__ = ["SlaSettings"]


class SlaSettings(ServiceSettings):
    """From the environment: `SLA_…`, and `HOUSERULES_…` for what all services share."""

    model_config = SettingsConfigDict(env_prefix="SLA_", frozen=True, populate_by_name=True, extra="ignore")

    port: int = Field(8002, ge=0, le=65535)
