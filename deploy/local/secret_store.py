"""The stack's own passwords and secrets: made once, kept in a file that only its owner may read."""

import base64
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.databases import Passwords
from deploy.local.program import private

__all__ = ["Secrets"]

WEBHOOK_BYTES = 24


@dataclass(slots=True)
class Secrets:
    """What is asked for is made the first time."""

    file: Path

    def superuser(self) -> str:
        """PostgreSQL's superuser's password."""
        return self._get("postgres", _password)

    def passwords(self, service: str) -> Passwords:
        """Those of a service's two roles."""
        return Passwords(self._get(f"{service}_owner", _password), self._get(f"{service}_app", _password))

    def webhooks(self, organisations: Iterable[str]) -> dict[str, str]:
        """A Standard Webhooks secret (`whsec_…`) for each organisation."""
        return {name: self._get(f"webhook {name}", _webhook) for name in sorted(organisations)}

    def _get(self, name: str, make: Callable[[], str]) -> str:
        known: dict[str, str] = json.loads(self.file.read_text()) if self.file.exists() else {}
        if name not in known:
            known[name] = make()
            private(self.file, json.dumps(known, indent=1))
        return known[name]


def _password() -> str:
    return secrets.token_urlsafe(24)


def _webhook() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(WEBHOOK_BYTES)).decode()
