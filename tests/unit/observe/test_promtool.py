"""The rules as Prometheus' own checker sees them: they are rules, and each alert fires in its case and not beside it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.observe.rules import ALERTS, cases, kubernetes, prometheus, rules, written
from deploy.observe.windows import Windows
from deploy.observe.written import ROOT
from tests.prometheus import promtool

PLACE = ROOT / "deploy/prometheus"


@pytest.mark.parametrize("shrink", [1.0, 60.0, 300.0])
def test_the_rules_are_rules_with_any_spans(tmp_path: Path, shrink: float) -> None:
    (tmp_path / "rules.yml").write_text(written(rules(Windows(shrink, 3))))
    checked = promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_configuration_is_one(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(written(rules()))
    (tmp_path / "prometheus.yml").write_text(written(prometheus(rule_file="rules.yml")))
    checked = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_a_cluster_scrapes_is_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "scrape.yml").write_text(written(kubernetes()))
    checked = promtool("check", "config", str(tmp_path / "scrape.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", cases())
def test_every_alert_fires_in_its_case_and_is_silent_next_to_it(tmp_path: Path, name: str) -> None:
    """Over the shipped rules, but for those of which nothing of the file hangs: they cost two thirds of the time."""
    content = (PLACE / name).read_text()
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [*_groups(content)]}))
    (tmp_path / name).write_text(content)
    tested = promtool("test", "rules", str(tmp_path / name))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def _groups(tests: str) -> Iterator[dict[str, Any]]:
    """The groups of the shipped rules with the alerts that these tests ask for, and the recorded rules that those use."""
    asked = set(re.findall(r"alertname: (\w+)", tests))
    groups = yaml.safe_load((PLACE / "rules.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if rule.get("alert") in asked]
    used = {name for rule in alerts for name in re.findall(r"houserules:\w+:\w+", rule["expr"])}
    for group in groups:
        kept = [rule for rule in group["rules"] if rule in alerts or rule.get("record") in used]
        if kept:
            yield group | {"rules": kept}


def test_the_checker_sees_an_alert_that_should_not_fire(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(written(rules()))
    wrong = {**cases()["causes_test.yml"]}
    wrong["tests"] = [test for test in wrong["tests"] if test["name"] == "RelayRefused fires"]
    wrong["tests"][0]["alert_rule_test"][0]["exp_alerts"] = []
    (tmp_path / "wrong.yml").write_text(yaml.safe_dump(wrong))
    assert promtool("test", "rules", str(tmp_path / "wrong.yml")).returncode == 1


@pytest.mark.parametrize("place", ["https://grafana.example.org/d/runbook-", ""])
def test_a_runbook_is_where_the_installation_says(tmp_path: Path, place: str) -> None:
    (tmp_path / "rules.yml").write_text(written(rules()))
    asked = {**cases()["causes_test.yml"]}
    asked["tests"] = [test for test in asked["tests"] if test["name"] == "RelayRefused fires"]
    if place:
        asked["tests"][0]["external_labels"] = {"runbooks": place}
        (told,) = asked["tests"][0]["alert_rule_test"][0]["exp_alerts"]
        told["exp_annotations"]["runbook_url"] = f"{place}RelayRefused"
    (tmp_path / "asked.yml").write_text(yaml.safe_dump(asked))
    tested = promtool("test", "rules", str(tmp_path / "asked.yml"))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_both_kinds_of_cases() -> None:
    fires: set[tuple[str, str]] = set()
    silent: set[str] = set()
    for content in cases().values():
        for test in content["tests"]:
            for asked in test["alert_rule_test"]:
                expected = asked["exp_alerts"]
                fires |= {(asked["alertname"], alert["exp_labels"]["severity"]) for alert in expected}
                if not expected:
                    silent.add(asked["alertname"])
    assert fires == {(alert.name, alert.severity) for alert in ALERTS}
    assert silent == {alert.name for alert in ALERTS}
