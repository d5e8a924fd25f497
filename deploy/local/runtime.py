"""The services as programs: what each is told in its environment."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.databases import Databases
from deploy.local.layout import ROOT, Folders
from deploy.local.ports import Ports
from deploy.local.program import Program

__all__ = ["STOP_S", "Surroundings"]

STOP_S = 6


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all services of one stack have in common."""

    folders: Folders
    ports: Ports
    kafka: str
    jwks: Path
    sources: Path
    clock: Path | None
    pages: Mapping[str, str]
    """Where each service's page is."""
    extra: Mapping[str, str]

    def service(self, name: str, database: Databases) -> Program:
        """One service, all of it in one process, as its app role."""
        prefix = name.upper()
        own = {
            f"{prefix}_DATABASE_URL": database.app_url,
            f"{prefix}_PORT": str(self.ports[name]),
            "INTAKE_SOURCES": str(self.sources),
            "CONSENT_FORMS": str(self.folders.forms),
            "CONSENT_KEYS": str(self.folders.form_keys),
            "HOUSERULES_LOCAL": str(self.folders.local),
            "HOUSERULES_KAFKA": self.kafka,
            "HOUSERULES_JWKS": str(self.jwks),
            "HOUSERULES_DEVELOPMENT_ISSUER": str(self.folders.issuer),
            "HOUSERULES_PAGES": json.dumps(self.pages),
            "HOUSERULES_PROFILE": "local",
            "PYTHONPATH": str(ROOT),
        }
        clock = {"HOUSERULES_CLOCK": str(self.clock)} if self.clock else {}
        inherited = {key: value for key, value in os.environ.items() if key != "HOUSERULES_CLOCK"}
        return Program(
            name=name,
            command=(sys.executable, "-m", f"services.{name}", "all"),
            environment=inherited | own | clock | dict(self.extra),
            stop_s=STOP_S,
        )
