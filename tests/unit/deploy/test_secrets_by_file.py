"""Secrets by file: a folder with one file each, named as its variable."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.sla.settings import SlaSettings

URL = "postgresql://sla_app:secret@postgres:5432/sla"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the settings are told of."""
    monkeypatch.delenv("SLA_DATABASE_URL", raising=False)
    monkeypatch.setenv("HOUSERULES_SECRETS", str(tmp_path))
    return tmp_path


def test_a_secret_is_read_from_the_file_named_as_its_variable(secrets: Path) -> None:
    (secrets / "SLA_DATABASE_URL").write_text(f"{URL}\n")
    assert SlaSettings().database_url == URL  # type: ignore[call-arg] # the folder gives it


def test_a_variable_that_is_set_wins(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "SLA_DATABASE_URL").write_text(URL)
    monkeypatch.setenv("SLA_DATABASE_URL", "postgresql://other@elsewhere/sla")
    assert SlaSettings.of_environment().database_url == "postgresql://other@elsewhere/sla"


def test_a_folder_that_is_not_there_is_said(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSERULES_SECRETS", str(secrets / "absent"))
    with pytest.raises(ValidationError, match="HOUSERULES_SECRETS"):
        SlaSettings.of_environment()
