"""`houserules topics` and `houserules migrate`: where they look for a broker or a database, and what they say without."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import DEAD, Run


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker and no secrets are named."""
    for name in ("HOUSERULES_KAFKA", "HOUSERULES_SECRETS", "INTAKE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("command", ["ensure", "check"])
def test_without_an_address_it_says_how_to_give_one(houserules: Run, command: str) -> None:
    done = houserules("topics", command)
    assert done.exit_code == 2
    assert done.stderr == ("houserules: Say where the broker is: --kafka, or HOUSERULES_KAFKA in the environment.\n")


@pytest.mark.parametrize("command", ["ensure", "check"])
def test_a_broker_that_does_not_answer_is_named(houserules: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("HOUSERULES_KAFKA", DEAD)
    done = houserules("topics", command)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"houserules: Kafka does not answer at {DEAD} (")


def test_the_option_goes_before_the_variable(houserules: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSERULES_KAFKA", DEAD)
    assert "127.0.0.1:2 " in houserules("topics", "check", "--kafka", "127.0.0.1:2").stderr


def test_several_services_are_migrated_each_by_its_own_secret(
    houserules: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSERULES_SECRETS", str(tmp_path))
    (tmp_path / "SLA_OWNER_URL").write_text(f"postgresql://sla_owner:x@{DEAD}/sla\n")
    named = houserules("migrate", "sla", "intake")
    assert named.exit_code == 2, "all are known before the first begins"
    assert "INTAKE_OWNER_URL" in named.stderr
    done = houserules("migrate", "sla")
    assert (done.exit_code, "The database of sla cannot be brought up to date" in done.stderr) == (1, True)


def test_one_url_is_not_for_two_services(houserules: Run) -> None:
    done = houserules("migrate", "sla", "intake", "--owner-url", f"postgresql://o:x@{DEAD}/sla")
    assert (done.exit_code, "one service's" in done.stderr) == (2, True)
