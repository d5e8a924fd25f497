"""`stack.json`: how to reach a stack that is ready, for its owner's eyes."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.databases import Databases
from shared.platform.auth import ROLES, DevelopmentIssuer
from shared.platform.clock import ClockFile

__all__ = ["clock", "source_of", "sources", "stack_file"]

SPANS_ORGANISATIONS = "ops"


def stack_file(
    *,
    kafka: str,
    addresses: Mapping[str, str],
    databases: Mapping[str, Databases],
    webhooks: Mapping[str, str],
    issuer: DevelopmentIssuer,
    clock_file: Path | None,
) -> str:
    """The file's text. `webhooks` gives each organisation's secret."""
    tokens = _tokens(issuer, webhooks)
    intake = addresses.get("intake")
    content: dict[str, Any] = {
        "kafka": kafka,
        "services": dict(addresses),
        "databases": {name: database.app_url for name, database in databases.items()},
        "tokens": tokens,
        "webhooks": {
            organisation: {"url": f"{intake}/webhooks/standard/{source_of(organisation)}", "secret": secret}
            for organisation, secret in webhooks.items()
            if intake
        },
        "publishers": {organisation: roles["publisher"] for organisation, roles in tokens.items()},
        "scim": {},
        "clock": clock(clock_file),
    }
    return json.dumps(content, indent=2)


def source_of(organisation: str) -> str:
    """The webhook source that an organisation's social inbox posts as."""
    return f"{organisation}-inbox"


def sources(webhooks: Mapping[str, str]) -> str:
    """The sources that intake has from the start, as JSON."""
    return json.dumps(
        [
            {
                "source": source_of(organisation),
                "organisation": organisation,
                "network": "standard",
                "accounts": [],
                "secrets": [secret],
            }
            for organisation, secret in webhooks.items()
        ],
        indent=1,
    )


def clock(file: Path | None) -> dict[str, Any]:
    """The clock file's content, or real time."""
    now = datetime.now(UTC)
    found = ClockFile.read(file) if file else ClockFile(machine=now, policy=now, rate=1.0)
    return {"machine": _instant(found.machine), "policy": _instant(found.policy), "rate": found.rate}


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _tokens(issuer: DevelopmentIssuer, organisations: Iterable[str]) -> dict[str, dict[str, str]]:
    """One for every role of every organisation; ops have one, which is shown under each."""
    ops = issuer.token("", [SPANS_ORGANISATIONS])
    return {
        organisation: {
            role: ops if role == SPANS_ORGANISATIONS else issuer.token(organisation, [role]) for role in ROLES
        }
        for organisation in organisations
    }
