"""What Prometheus scrapes of a cluster: every pod by itself, under the labels that rules and dashboards ask for."""

import re
from typing import Any

import yaml

from tests.unit.deploy.described import PORTS, ROOT, manifests, of_kind


def scraped(path: str) -> dict[str, Any]:
    """The one job of a configuration."""
    (job,) = yaml.safe_load((ROOT / path).read_text())["scrape_configs"]
    found: dict[str, Any] = job
    return found


CLUSTER = scraped("deploy/k8s/prometheus.scrape.yml")
(NAMES,) = [one["names"] for one in CLUSTER["dns_sd_configs"]]
NAME = re.compile(r"_(?P<port>\w+)\._tcp\.(?P<service>[\w-]+)\.(?P<namespace>\w+)\.svc")


def relabelled(name: str) -> dict[str, str]:
    """The labels that a pod found by this name gets; Prometheus' expressions hold for the whole text."""
    labels = {}
    for rule in CLUSTER["relabel_configs"]:
        assert rule["source_labels"] == ["__meta_dns_name"]
        match = re.fullmatch(rule["regex"], name)
        assert match
        labels[rule["target_label"]] = match[1]
    return labels


def test_labels_are_those_of_one_machine() -> None:
    machine = scraped("deploy/prometheus/prometheus.yml")
    assert CLUSTER["job_name"] == machine["job_name"]
    assert [relabelled(name) for name in NAMES] == [group["labels"] for group in machine["static_configs"]]


def test_each_pod_is_asked_by_itself() -> None:
    """A Service without an address of its own answers with its pods', those that are not ready too."""
    (namespace,) = [item["metadata"]["name"] for item in manifests() if item["kind"] == "Namespace"]
    for name, service in zip(NAMES, PORTS, strict=True):
        match = NAME.fullmatch(name)
        assert match
        assert (match["service"], match["namespace"]) == (f"{service}-pods", namespace)
        asked = of_kind("Service")[match["service"]]["spec"]
        assert (asked["clusterIP"], asked["publishNotReadyAddresses"]) == ("None", True)
        assert [(port["name"], port["port"]) for port in asked["ports"]] == [(match["port"], PORTS[service])]
        assert of_kind("StatefulSet")[service]["spec"]["serviceName"] == match["service"]
