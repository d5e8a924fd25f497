"""Settings of access."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings

__all__ = ["AccessSettings"]


class AccessSettings(ServiceSettings):
    """From the environment: `ACCESS_…`, and `HOUSERULES_…` for what all services share."""

    model_config = SettingsConfigDict(env_prefix="ACCESS_", frozen=True, populate_by_name=True, extra="ignore")

    port: int = Field(8003, ge=0, le=65535)
