"""Prometheus, the system's own, for tests: its checker, and servers on free loopback ports that scrape what runs."""

import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.local.ports import free_ports
from deploy.observe.rules import prometheus as configuration
from deploy.observe.rules import rules, written
from deploy.observe.windows import Windows

__all__ = [
    "NO_PROMETHEUS",
    "Fired",
    "Labels",
    "Line",
    "Prometheus",
    "asked",
    "found",
    "promtool",
    "scraping",
    "subject",
]

NO_PROMETHEUS = "no Prometheus found; `apt-get install prometheus` brings it, with promtool"
START_S = 60.0
PATIENCE_S = 90.0
Labels = tuple[tuple[str, str], ...]
Fired = tuple[str, str]
"""The name of an alert, and its subject."""


def found() -> bool:
    """Whether this machine has one."""
    return shutil.which("prometheus") is not None and shutil.which("promtool") is not None


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the checker."""
    return subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=300, check=False)


def asked(expr: str, span: str = "10m") -> str:
    """A panel's expression as Grafana sends it: all values of its variables, `span` of time shown.

    The interval of a rate is five minutes, which holds all of a test: two scrapes in it are enough, however late they are.
    """
    text = expr.replace("$__rate_interval", "5m").replace("$__range", span)
    return re.sub(r"\$(organisation|service)\b", ".*", text)


def subject(labels: Mapping[str, str]) -> str:
    """Whom an alert is about: the organisation, else the service; empty where it says neither."""
    return labels.get("organisation") or labels.get("service", "")


@dataclass(frozen=True, slots=True)
class Line:
    """A series over time: Unix times and values, without those that are no number."""

    labels: Labels
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that runs."""

    url: str
    client: httpx.Client

    def _ask(self, path: str, **params: str) -> Any:
        answer = self.client.get(f"{self.url}/api/v1/{path}", params=params)
        body = answer.json()
        assert body["status"] == "success", f"{params}: {body.get('error')}"
        return body["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query. Fails on an expression that cannot be evaluated."""
        data = self._ask("query", query=expr)
        assert data["resultType"] in {"vector", "scalar"}, expr
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        series: list[dict[str, Any]] = data["result"]
        return series

    def values(self, expr: str) -> dict[Labels, float]:
        """The same, by labels."""
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in self.query(expr)}

    def lines(self, expr: str, begin: float, end: float, step: float = 1.0) -> list[Line]:
        """The series of an expression between two instants (Unix time), a value each `step` seconds."""
        data = self._ask("query_range", query=expr, start=str(begin), end=str(end), step=str(step))
        found = []
        for one in data["result"]:
            points = tuple((float(at), float(value)) for at, value in one["values"])
            numbers = tuple(point for point in points if math.isfinite(point[1]))
            if numbers:
                found.append(Line(tuple(sorted(one["metric"].items())), numbers))
        return found

    def names(self) -> set[str]:
        """Names of all that it has."""
        return set(self._ask("label/__name__/values"))

    def knows(self, services: Collection[str], since: float = 0.0) -> float:
        """Wait until it has figures of all these that they read since then, and its rules have looked at them; when."""
        read = "min by (service) (houserules_sampled_timestamp_seconds)"

        def figures() -> bool:
            found = self.values(read)
            return len(found) == len(services) and min(found.values()) > since

        self.until(figures, f"figures of {', '.join(services)}")
        now = time.time()
        self.until(lambda: self._evaluated() > now, "a look by its rules")
        return time.time()

    def until(self, so: Callable[[], object], what: str) -> None:
        """Wait until it is so."""
        end = time.monotonic() + PATIENCE_S
        while not so():
            assert time.monotonic() < end, f"not within {PATIENCE_S:g} s: {what}"
            time.sleep(0.1)

    def _evaluated(self) -> float:
        """When the group of rules that was looked at longest ago was."""
        groups = self._ask("rules")["groups"]
        return min(datetime.fromisoformat(group["lastEvaluation"]).timestamp() for group in groups)

    def up(self) -> set[str]:
        """The services that answer its scrapes."""
        return {one["metric"]["service"] for one in self.query('up{job="houserules"} == 1')}

    def firing(self) -> set[Fired]:
        """The alerts that fire, and about whom."""
        firing = [one["labels"] for one in self._ask("alerts")["alerts"] if one["state"] == "firing"]
        return {(labels["alertname"], subject(labels)) for labels in firing}

    def health(self) -> dict[str, str]:
        """By rule: `ok`, or what was wrong with its last evaluation."""
        groups = self._ask("rules")["groups"]
        return {
            f"{group['name']}/{rule['name']}/{json.dumps(rule.get('labels', {}))}": (
                rule.get("lastError") or rule["health"]
            )
            for group in groups
            for rule in group["rules"]
        }


@contextmanager
def scraping(place: Path, targets: Mapping[str, str], windows: Windows, interval: str = "1s") -> Iterator[Prometheus]:
    """A server with the shipped rules, whose spans are these, that scrapes `targets`, by service."""
    place.mkdir(parents=True, exist_ok=True)
    rule_file, config, output = place / "rules.yml", place / "prometheus.yml", place / "log"
    rule_file.write_text(written(rules(windows)))
    config.write_text(written(configuration(targets, str(rule_file), interval, alertmanager=None)))
    (port,) = free_ports(1)
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={place / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--query.lookback-delta=15s",
        "--log.level=warn",
    ]
    with output.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with httpx.Client(timeout=30, trust_env=False) as client:
                server = Prometheus(f"http://127.0.0.1:{port}", client)
                _wait(server, process, output)
                yield server
        finally:
            process.terminate()
            process.wait(20)


def _wait(server: Prometheus, process: "subprocess.Popen[bytes]", output: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, output.read_text()
        try:
            if server.client.get(f"{server.url}/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Prometheus does not start: {output.read_text()}")
