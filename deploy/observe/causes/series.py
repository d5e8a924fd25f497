"""Series for promtool's cases, as a process exposes them."""

from deploy.observe.catalogue import SERVICES

__all__ = ["SLA", "elsewhere", "of", "two", "up"]

SLA = {"service": "sla"}


def of(service: str, name: str, **labels: str) -> str:
    """A series as one process of a service exposes it."""
    given = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'{name}{{service="{service}",instance="{service}:1",job="houserules"{given}}}'


def elsewhere(series: dict[str, str]) -> dict[str, str]:
    """The same of a second process."""
    return {one.replace(':1",job', ':2",job'): values for one, values in series.items()}


def up(down: str = "") -> dict[str, str]:
    """All services answer the scrape, but `down`."""
    return {of(service, "up"): "0x60" if service == down else "1x60" for service in SERVICES}


def two(service: str, name: str, first: str, second: str) -> dict[str, str]:
    """The same series of two processes."""
    one = of(service, name)
    return {one: first} | elsewhere({one: second})
