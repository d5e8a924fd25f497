"""What intake counts. One line each: name, what it means, its labels."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["Metrics"]

GROUPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(slots=True)
class Metrics:
    """Intake's metrics in a registry of one process."""

    registry: CollectorRegistry
    accepted: Counter = field(init=False)
    """Signed deliveries committed, by `organisation`."""
    repeated: Counter = field(init=False)
    """Deliveries with an id that was committed before."""
    refused: Counter = field(init=False)
    """Deliveries answered 401, by `reason`: missing, doubled or wrong. Nothing of them is kept."""
    groups: Histogram = field(init=False)
    """How many deliveries one commit took."""
    applied: Counter = field(init=False)
    """Deliveries that became items and events."""
    failed: Counter = field(init=False)
    """Signed deliveries that cannot be read, by `code`."""
    ignored: Counter = field(init=False)
    """What we do not know and passed over, by `what`: verb or field."""
    clamped: Counter = field(init=False)
    """Instants over five minutes ahead of receipt."""
    published: Counter = field(init=False)
    """Events taken by the event door, by `organisation`."""
    leading: Gauge = field(init=False)
    """1 while this process is the one that turns deliveries into events."""

    def __post_init__(self) -> None:
        registry = self.registry
        self.accepted = Counter("intake_accepted", "Deliveries committed", ["organisation"], registry=registry)
        self.repeated = Counter("intake_repeated", "Deliveries that were known", registry=registry)
        self.refused = Counter("intake_refused", "Deliveries without a good signature", ["reason"], registry=registry)
        self.groups = Histogram("intake_group_size", "Deliveries in one commit", buckets=GROUPS, registry=registry)
        self.applied = Counter("intake_applied", "Deliveries that went well", registry=registry)
        self.failed = Counter("intake_failed", "Deliveries that cannot be read", ["code"], registry=registry)
        self.ignored = Counter("intake_ignored", "Unknown verbs and fields", ["what"], registry=registry)
        self.clamped = Counter("intake_clamped", "Instants ahead of receipt", registry=registry)
        self.published = Counter("intake_published", "Events of publishers", ["organisation"], registry=registry)
        self.leading = Gauge("intake_leading", "This process works on deliveries", registry=registry)
