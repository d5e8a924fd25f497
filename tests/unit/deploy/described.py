"""What the containers' files say, read once: compose, the manifests, the Dockerfile, and the settings that there are."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices

from services.access.settings import AccessSettings
from services.consent.settings import ConsentSettings
from services.intake.settings import IntakeSettings
from services.sla.settings import SlaSettings
from shared.platform.settings import ServiceSettings

ROOT = Path(__file__).parents[3]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "intake": IntakeSettings,
    "sla": SlaSettings,
    "access": AccessSettings,
    "consent": ConsentSettings,
}
PORTS = {"intake": 8001, "sla": 8002, "access": 8003, "consent": 8004}
"""As the contract says."""
SERVICES = tuple(SETTINGS)


@cache
def compose() -> dict[str, Any]:
    """The compose file, its anchors resolved."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def containers() -> dict[str, dict[str, Any]]:
    """Every container of the compose file."""
    services: dict[str, dict[str, Any]] = compose()["services"]
    return services


@cache
def manifests(folder: str = "base") -> list[dict[str, Any]]:
    """Every object of a folder's manifests, in the order of its files."""
    place = ROOT / "deploy" / "k8s" / folder
    named = yaml.safe_load((place / "kustomization.yaml").read_text())["resources"]
    return [item for name in named if name.endswith(".yaml") for item in yaml.safe_load_all((place / name).read_text())]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The base's objects of one kind, by name."""
    return {item["metadata"]["name"]: item for item in manifests() if item["kind"] == kind}


def variables(service: str) -> frozenset[str]:
    """The environment variables that a service's settings read."""
    settings = SETTINGS[service]
    prefix = settings.model_config["env_prefix"]
    names = set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        assert not isinstance(alias, AliasChoices)
        names.add(str(alias) if alias else f"{prefix}{name}".upper())
    return frozenset(names)


def environment(monkeypatch: pytest.MonkeyPatch, said: Mapping[str, str], secrets: Path) -> None:
    """Be told what a container is, and nothing else of ours; the secrets lie elsewhere."""
    prefixes = ("HOUSERULES_", *(f"{service.upper()}_" for service in SERVICES))
    for name in [name for name in os.environ if name.startswith(prefixes)]:
        monkeypatch.delenv(name)
    for name, value in {**said, "HOUSERULES_SECRETS": str(secrets)}.items():
        monkeypatch.setenv(name, value)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: word and rest, continued lines joined, comments left out."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = [" ".join(line.split()) for line in kept.replace("\\\n", " ").splitlines() if line.strip()]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def final_stage() -> list[tuple[str, str]]:
    """The instructions of the image itself."""
    last = max(number for number, (word, _) in enumerate(instructions()) if word == "FROM")
    return instructions()[last:]


def copies() -> list[tuple[str, str]]:
    """What the image copies out of the project, and where to."""
    found = []
    for rest in (rest for word, rest in final_stage() if word == "COPY"):
        words = [word for word in rest.split() if not word.startswith("--chmod")]
        if not words[0].startswith("--from"):
            found += [(source, words[-1]) for source in words[:-1]]
    return found
