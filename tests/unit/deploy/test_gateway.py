"""What the example's gateways publish: webhooks and events to outside systems, pages to staff, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.unit.deploy.described import ROOT, SERVICES, manifests, of_kind

PUBLISHED = {item["metadata"]["name"]: item["spec"] for item in manifests("example") if item["kind"] == "Ingress"}
NEVER = (
    "/metrics", "/healthz", "/readyz", "/quiet", "/dead-letters", "/dead-letters/1", "/docs", "/redoc", "/openapi.json",
)  # fmt: skip


def rules(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Host and path of a gateway."""
    for rule in PUBLISHED[name]["rules"]:
        for path in rule["http"]["paths"]:
            yield rule["host"], path


def reached(name: str, asked: str) -> set[str]:
    """The services that a path leads to, by Kubernetes' rules: exact, or by its leading elements."""
    found = set()
    for _, path in rules(name):
        whole = path["path"].rstrip("/")
        if asked == path["path"] or (path["pathType"] == "Prefix" and asked.startswith(f"{whole}/")):
            found.add(path["backend"]["service"]["name"])
    return found


@pytest.mark.parametrize("path", NEVER)
@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_for_ops_is_published_to_nobody(name: str, path: str) -> None:
    assert reached(name, path) == set()


def test_outside_systems_reach_the_doors_and_no_page() -> None:
    assert reached("outside", "/webhooks/standard/westward-inbox") == reached("outside", "/events") == {"intake"}
    assert reached("outside", "/") == reached("outside", "/page/sign-in") == reached("outside", "/sources") == set()


def test_staff_reach_the_pages() -> None:
    assert reached("staff", "/") == reached("staff", "/page/sign-in") == set(SERVICES)
    assert reached("staff", "/webhooks/standard/westward-inbox") == reached("staff", "/items") == set()


def test_hosts_are_those_that_the_pages_link_to_and_all_end_tls() -> None:
    settings = yaml.safe_load((ROOT / "deploy" / "k8s" / "example" / "settings.yaml").read_text())["data"]
    hosts = {path["backend"]["service"]["name"]: f"https://{host}" for host, path in rules("staff")}
    assert hosts == json.loads(settings["HOUSERULES_PAGES"])
    for name, spec in PUBLISHED.items():
        assert {host for entry in spec["tls"] for host in entry["hosts"]} == {host for host, _ in rules(name)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_reached_is_there(name: str) -> None:
    for _, path in rules(name):
        backend = path["backend"]["service"]
        ports = of_kind("Service")[backend["name"]]["spec"]["ports"]
        assert [port["name"] for port in ports] == [backend["port"]["name"]]
