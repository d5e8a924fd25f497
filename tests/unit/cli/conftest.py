"""The command run in this process, against a stack file whose addresses nobody answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shared.cli.main import app

Run = Callable[..., Result]
DEAD = "127.0.0.1:1"
ROLES = ("ops", "communications", "people-team")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack of this machine's is in sight."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUSERULES_LOCAL", str(tmp_path / "local"))
    for name in ("HOUSERULES_CLOCK", "HOUSERULES_POLICIES", "SLA_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def houserules() -> Run:
    """`houserules …`, as a function of its arguments."""
    runner = CliRunner()

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return runner.invoke(app, list(arguments), input=stdin, prog_name="houserules")

    return run


@pytest.fixture
def stack(tmp_path: Path) -> dict[str, Any]:
    """A stack.json where the command looks for it; all that it names is away."""
    content = {
        "kafka": DEAD,
        "services": {name: f"http://{DEAD}" for name in ("intake", "sla", "access", "consent")},
        "databases": {},
        "tokens": {name: {role: "token" for role in ROLES} for name in ("westward", "wheatley")},
        "webhooks": {"westward": {"url": f"http://{DEAD}/webhooks/standard/inbox", "secret": "whsec_c2VjcmV0"}},
        "publishers": {},
        "scim": {},
        "clock": {"machine": "2026-11-01T00:00:00Z", "policy": "2026-11-01T00:00:00Z", "rate": 1.0},
    }
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "stack.json").write_text(json.dumps(content))
    return content
