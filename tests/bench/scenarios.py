"""What can be measured, by name: the class of each scenario, loaded when it is run."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from tests.bench.harness import Scenario

__all__ = ["SCENARIOS", "scenario"]

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {
        "handler": "tests.bench.handler.scenario:Handler",
        "webhooks": "tests.bench.webhooks.scenario:Webhooks",
        "relay": "tests.bench.relay.scenario:Relay",
        "worktime": "tests.bench.worktime.scenario:Worktime",
        "breaches": "tests.bench.breaches.scenario:Breaches",
        "breaches-many": "tests.bench.breaches.scenario:ManyBreaches",
        "leavers": "tests.bench.leavers.scenario:Leavers",
        "images": "tests.bench.images.scenario:Images",
        "growth": "tests.bench.growth.scenario:Growth",
    }
)
"""In the order in which they are run and shown."""


def scenario(name: str) -> type[Scenario]:
    """The scenario of that name. Raises KeyError."""
    module, _, kind = SCENARIOS[name].partition(":")
    found: type[Scenario] = getattr(import_module(module), kind)
    return found
