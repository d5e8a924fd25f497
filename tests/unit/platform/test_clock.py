"""Two clocks: the machine's, and the policy's that a file may move."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.platform.clock import Clock, ClockError, ClockFile
from shared.platform.settings import ServiceSettings

FRIDAY = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)


def test_without_a_file_policy_time_is_machine_time() -> None:
    clock = Clock()
    assert not clock.stepped
    assert abs(clock.policy() - clock.machine()) < timedelta(seconds=1)


@pytest.mark.parametrize(("rate", "after_10_s"), [(0, 0), (1, 10), (60, 600)])
def test_policy_time_runs_from_its_anchor_at_its_rate(rate: float, after_10_s: int) -> None:
    machine = datetime(2026, 11, 1, tzinfo=UTC)
    file = ClockFile(machine=machine, policy=FRIDAY, rate=rate)
    assert file.at(machine + timedelta(seconds=10)) == FRIDAY + timedelta(seconds=after_10_s)


def test_the_file_is_read_at_every_use(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    clock = Clock(path)
    ClockFile(machine=FRIDAY, policy=FRIDAY).write(path)
    assert clock.policy() == FRIDAY
    ClockFile(machine=FRIDAY, policy=FRIDAY + timedelta(hours=1)).write(path)
    assert clock.policy() == FRIDAY + timedelta(hours=1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["clock.json"]


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{}",
        b'{"machine": "2026-01-01T00:00:00", "policy": "2026-01-01T00:00:00Z"}',
        b'{"machine": "2026-01-01T00:00:00Z", "policy": "2026-01-01T00:00:00Z", "rate": -1}',
    ],
    ids=["missing", "empty", "no fields", "no offset", "backwards"],
)
def test_a_bad_file_is_an_error_that_names_it(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clock.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClockError, match=r"clock\.json"):
        Clock(path).policy()


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ({"clock": "/tmp/clock.json"}, "real time"),
        ({"issuer": "urn:houserules:development"}, "identity provider"),
        ({"jwks": "/tmp/jwks.json"}, "identity provider"),
    ],
    ids=["a clock file", "the development issuer", "keys from a file"],
)
def test_a_production_profile_refuses(extra: dict[str, str], what: str) -> None:
    sound = {"issuer": "https://login.example.org", "jwks": "https://login.example.org/keys"}
    settings = {"database_url": "postgresql://localhost/x", "port": 1, "profile": "production"}
    ServiceSettings.model_validate(settings | sound)
    with pytest.raises(ValidationError, match=what):
        ServiceSettings.model_validate(settings | sound | extra)
