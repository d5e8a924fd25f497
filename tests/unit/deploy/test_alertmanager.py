"""Who hears of which alert, and which alert makes which silent: alertmanager.yml, read by Alertmanager's own rules."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from deploy.observe.rules import ALERTS
from tests.unit.deploy.described import ROOT

Labels = Mapping[str, str]
SAID: dict[str, Any] = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"')
SEVERITIES = {alert.name: alert.severity for alert in ALERTS}
HEARS = {"page": "on-call", "ticket": "desk", "notice": "landlord"}
ALL_GONE = {"alertname": "ServiceAbsent", "job": "houserules"}
ONE_GONE = {**ALL_GONE, "instance": "10.0.0.7:8000"}
DATABASE, BROKER = {"alertname": "DatabaseAway"}, {"alertname": "BrokerAway"}
EXPLAINED = (
    "NoProgress",
    "OutboxOld",
    "PartitionHeld",
    "PartitionRetried",
    "PoolWait",
    "RelayWithoutLeader",
    "TimersOverdue",
)


def matches(matchers: Sequence[str], labels: Labels) -> bool:
    """Whether all do; a label that is not there is empty, and an expression is of the whole value."""
    return all(_matches(matcher, labels) for matcher in matchers)


def _matches(matcher: str, labels: Labels) -> bool:
    read = MATCHER.fullmatch(matcher)
    assert read is not None, matcher
    name, how, value = read.groups()
    found = labels.get(name, "")
    same = re.fullmatch(value, found) is not None if how.endswith("~") else found == value
    return same is not how.startswith("!")


def receiver(labels: Labels) -> str:
    """Who hears of it: the first route that matches, else the root's."""
    routes = SAID["route"]["routes"]
    assert not any("continue" in route or "routes" in route for route in routes)
    return str(next((route for route in routes if matches(route["matchers"], labels)), SAID["route"])["receiver"])


def alert(name: str, **labels: str) -> dict[str, str]:
    """The labels that Alertmanager is given."""
    return {"alertname": name, "severity": SEVERITIES[name], **labels}


def silent(target: Labels, source: Labels) -> bool:
    """Whether one that fires makes another silent."""
    return any(
        matches(rule["source_matchers"], source)
        and matches(rule["target_matchers"], target)
        and all(source.get(name, "") == target.get(name, "") for name in rule["equal"])
        for rule in SAID["inhibit_rules"]
    )


@pytest.mark.parametrize("one", ALERTS, ids=lambda one: f"{one.name}-{one.severity}")
def test_every_alert_is_heard_by_those_whom_its_urgency_is_for(one: Any) -> None:
    assert receiver({"alertname": one.name, "severity": one.severity}) == HEARS[one.severity]


def test_each_receiver_is_there_and_no_route_shares_one() -> None:
    routes = [SAID["route"], *SAID["route"]["routes"]]
    assert sorted(route["receiver"] for route in routes) == sorted(one["name"] for one in SAID["receivers"])
    assert sorted(HEARS.values()) == sorted(one["name"] for one in SAID["receivers"])
    assert {alert.severity for alert in ALERTS} == set(HEARS)


@pytest.mark.parametrize("name", EXPLAINED)
@pytest.mark.parametrize("source", [ALL_GONE, DATABASE, BROKER], ids=["absent", "database", "broker"])
def test_what_is_away_makes_its_own_services_consequences_silent(source: Labels, name: str) -> None:
    cause = alert(source["alertname"], **{k: v for k, v in source.items() if k != "alertname"}, service="sla")
    assert silent(alert(name, service="sla", topic="houserules.messages"), cause)
    assert not silent(alert(name, service="access", topic="houserules.messages"), cause)


@pytest.mark.parametrize("name", sorted(SEVERITIES))
def test_one_dead_process_of_two_makes_nothing_of_its_service_silent(name: str) -> None:
    for service in ("intake", "sla"):
        cause = alert("ServiceAbsent", job="houserules", instance=ONE_GONE["instance"], service=service)
        assert not silent(alert(name, service=service), cause)
        assert not silent(alert(name, organisation="westward"), cause)


@pytest.mark.parametrize(
    ("name", "labels"), [("ServiceAbsent", ALL_GONE), ("DatabaseAway", DATABASE), ("BrokerAway", BROKER)]
)
def test_what_intake_lacks_explains_why_deliveries_are_unread(name: str, labels: Labels) -> None:
    unread = alert("DeliveriesUnread", organisation="westward")
    job = {key: value for key, value in labels.items() if key != "alertname"}
    assert silent(unread, alert(name, **job, service="intake"))
    assert not silent(unread, alert(name, **job, service="sla"))


@pytest.mark.parametrize("name", sorted(name for name, severity in SEVERITIES.items() if severity == "notice"))
@pytest.mark.parametrize("source", ["ServiceAbsent", "DatabaseAway", "BrokerAway"])
def test_what_people_outside_feel_is_never_made_silent(source: str, name: str) -> None:
    for service in ("intake", "sla", "access", "consent"):
        assert not silent(alert(name, organisation="westward"), alert(source, service=service))
        assert not silent(alert("DoorsFailing", service=service), alert(source, service=service))
