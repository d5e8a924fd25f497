"""What intake counts, declared once as data."""

from prometheus_client import CollectorRegistry

from shared.bus.metrics import Instruments, Metric

__all__ = ["INTAKE", "instruments"]

GROUPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)

INTAKE = (
    Metric("accepted", "counter", ("organisation",), "signed deliveries answered 200: committed now or before"),
    Metric("repeated", "counter", (), "deliveries with an id that was committed before"),
    Metric("refused", "counter", ("reason",), "deliveries answered 401: missing, doubled or wrong signature"),
    Metric("group_size", "histogram", (), "deliveries in one commit", GROUPS),
    Metric("applied", "counter", (), "deliveries that became items and events, or are known to say nothing"),
    Metric("failed", "counter", ("code",), "signed deliveries that could not be read"),
    Metric("ignored", "counter", ("what",), "verbs and fields that we do not know"),
    Metric("clamped", "counter", (), "deliveries with an instant over five minutes ahead of receipt"),
    Metric("published", "counter", ("organisation",), "events taken by the event door"),
    Metric("leading", "gauge", (), "1 while this process is the one that turns deliveries into events"),
)


def instruments(registry: CollectorRegistry | None = None) -> Instruments:
    """Intake's metrics in a registry."""
    return Instruments(INTAKE, registry, "houserules_intake_")
