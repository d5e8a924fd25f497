"""A laptop's first steps, in a container: the development issuer, and `stack.json` for the command.

`python -m deploy.compose.prepare` once, before the services. The addresses are those inside compose's network, so the
command runs there too: `docker compose run --rm houserules …`. A production profile refuses what this makes.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.platform.auth import ROLES, DevelopmentIssuer

__all__ = ["content", "main"]

SERVICES = {"intake": 8001, "sla": 8002, "access": 8003, "consent": 8004}
SPANS_ORGANISATIONS = "ops"


def content(kafka: str, secrets: Path, issuer: DevelopmentIssuer) -> dict[str, Any]:
    """What `stack.json` says, of the secrets in that folder."""
    sources = json.loads((secrets / "intake-sources.json").read_text())
    ops = issuer.token("", [SPANS_ORGANISATIONS])
    tokens = {
        source["organisation"]: {
            role: ops if role == SPANS_ORGANISATIONS else issuer.token(source["organisation"], [role]) for role in ROLES
        }
        for source in sources
    }
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {
        "kafka": kafka,
        "services": {name: f"http://{name}:{port}" for name, port in SERVICES.items()},
        "databases": {name: (secrets / f"{name.upper()}_DATABASE_URL").read_text().strip() for name in SERVICES},
        "tokens": tokens,
        "webhooks": {
            source["organisation"]: {
                "url": f"http://intake:{SERVICES['intake']}/webhooks/standard/{source['source']}",
                "secret": source["secrets"][0],
            }
            for source in sources
        },
        "publishers": {organisation: roles["publisher"] for organisation, roles in tokens.items()},
        "scim": {},
        "clock": {"machine": now, "policy": now, "rate": 1.0},
        "run_by": "compose",
    }


def main() -> None:
    """Write both into the folder of `HOUSERULES_LOCAL`, and the issuer's public keys where `HOUSERULES_JWKS` says."""
    local = Path(os.environ["HOUSERULES_LOCAL"])
    issuer = DevelopmentIssuer(local / "issuer")
    issuer.prepare()
    shutil.copyfile(issuer.jwks_file, os.environ["HOUSERULES_JWKS"])
    new = local / "stack.json.new"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(
        json.dumps(content(os.environ["HOUSERULES_KAFKA"], Path(os.environ["HOUSERULES_SECRETS"]), issuer), indent=2)
    )
    new.replace(local / "stack.json")


if __name__ == "__main__":
    main()
