"""alertmanager.yml as Alertmanager's own checker sees it: it is a configuration, and routes as is meant."""

import subprocess

import pytest

from tests.unit.deploy.described import ROOT

FILE = str(ROOT / "deploy/alertmanager/alertmanager.yml")


def amtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    return subprocess.run(["amtool", *words], capture_output=True, text=True, timeout=60, check=False)


def test_it_is_a_configuration() -> None:
    checked = amtool("check-config", FILE)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("severity", "heard"), [("page", "on-call"), ("ticket", "desk"), ("notice", "landlord")])
def test_each_urgency_goes_to_its_receiver(severity: str, heard: str) -> None:
    routed = amtool(
        "config", "routes", "test", f"--config.file={FILE}", f"severity={severity}", "organisation=westward"
    )
    assert (routed.returncode, routed.stdout.strip()) == (0, heard), routed.stderr
