"""Every generated file, by its path in the repository, and who uses which metric."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.observe.catalogue import names_in, reference
from deploy.observe.dashboards import DATASOURCE_UID, all_boards, all_runbooks
from deploy.observe.objectives import OBJECTIVES, WINDOWS
from deploy.observe.rules import ALERTS, cases, kubernetes, prometheus, rules, written

__all__ = ["ROOT", "expressions", "files", "panels", "stale", "used"]

ROOT = Path(__file__).parents[2]
PROMETHEUS, GRAFANA = "deploy/prometheus", "deploy/grafana"


def files() -> dict[str, str]:
    """What is written."""
    made = {
        f"{PROMETHEUS}/prometheus.yml": written(prometheus()),
        f"{PROMETHEUS}/rules.yml": written(rules()),
        "deploy/k8s/prometheus.scrape.yml": written(kubernetes()),
        f"{PROMETHEUS}/metrics.md": reference(used()),
        f"{GRAFANA}/provisioning/datasources/prometheus.yml": written(_datasource()),
        f"{GRAFANA}/provisioning/dashboards/house-rules.yml": written(_provider()),
    }
    made |= {f"{PROMETHEUS}/{name}": written(content) for name, content in cases().items()}
    made |= {f"{GRAFANA}/dashboards/{uid}.json": text for uid, text in all_boards().items()}
    made |= {f"{GRAFANA}/dashboards/runbooks/{uid}.json": text for uid, text in all_runbooks().items()}
    return made


def stale() -> list[str]:
    """Files that are missing or not as generated, and JSON of dashboards that nothing generates."""
    wanted = files()
    faults = [path for path, text in wanted.items() if not _same(ROOT / path, text)]
    there = {str(path.relative_to(ROOT)) for path in (ROOT / GRAFANA / "dashboards").rglob("*.json")}
    return faults + sorted(there - set(wanted))


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def _datasource() -> dict[str, Any]:
    source = {
        "name": "Prometheus",
        "type": "prometheus",
        "uid": DATASOURCE_UID,
        "access": "proxy",
        "url": "http://prometheus:9090",
        "isDefault": True,
        "editable": False,
        "jsonData": {"timeInterval": "15s", "httpMethod": "POST"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def _provider() -> dict[str, Any]:
    provider = {
        "name": "House Rules",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/dashboards", "foldersFromFilesStructure": True},
    }
    return {"apiVersion": 1, "providers": [provider]}


def panels() -> Iterator[tuple[str, str, str]]:
    """(dashboard's uid, panel's title, expression) of every query of every panel."""
    for uid, text in all_boards().items():
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", ()):
                yield uid, panel["title"], target["expr"]


def expressions() -> Iterator[tuple[str, str]]:
    """(who asks, expression) of every rule and alert, with the spans that are meant."""
    for group in rules()["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]


def used() -> Mapping[str, set[str]]:
    """By metric: the dashboards and alerts that rest on it."""
    found: dict[str, set[str]] = defaultdict(set)
    for uid, _, expr in panels():
        for name in names_in(expr):
            found[name].add(uid)
    for alert in ALERTS:
        for name in names_in(alert.expr):
            found[name].add(alert.name)
    for objective in OBJECTIVES:
        for name in names_in(objective.ratio(WINDOWS[0])):
            found[name].add(objective.alert)
    return found
