"""Settings of consent."""

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings

__all__ = ["ConsentSettings"]

MIB = 1024 * 1024


class ConsentSettings(ServiceSettings):
    """From the environment: `CONSENT_…`, and `HOUSERULES_…` for what all services share."""

    model_config = SettingsConfigDict(env_prefix="CONSENT_", frozen=True, populate_by_name=True, extra="ignore")

    port: int = Field(8004, ge=0, le=65535)
    local: Path = Field(Path(".local"), validation_alias="HOUSERULES_LOCAL")
    """The folder of a local installation, where the two below begin unless they are set."""
    forms: Path | None = None
    """Where encrypted forms are kept; `<local>/consent/forms` if not set."""
    keys: Path | None = None
    """Where their keys are kept, one each: in no backup of the forms or of the database."""
    form_bytes: int = Field(3 * MIB, ge=1024, le=3 * MIB + MIB // 2)
    """How long a form may be; the doors take 4 MiB with everything around it."""

    @model_validator(mode="after")
    def _apart(self) -> "ConsentSettings":
        if self.profile == "production" and (self.forms is None or self.keys is None):
            raise ValueError("set CONSENT_FORMS and CONSENT_KEYS, on volumes that are backed up apart from each other")
        forms, keys = self.forms_folder.resolve(), self.keys_folder.resolve()
        if forms.is_relative_to(keys) or keys.is_relative_to(forms):
            raise ValueError("CONSENT_FORMS and CONSENT_KEYS lie in one another: keys live apart from what they open")
        return self

    @property
    def forms_folder(self) -> Path:
        """Where forms are."""
        return self.forms or self.local / "consent" / "forms"

    @property
    def keys_folder(self) -> Path:
        """Where keys are."""
        return self.keys or self.local / "consent-keys"
