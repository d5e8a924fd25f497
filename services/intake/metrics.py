"""What intake counts and measures."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from shared.platform.figures import Figures, Sample
from shared.platform.metrics import Instruments, Metric

__all__ = ["FIGURES", "INTAKE", "begin", "instruments", "refuse"]

PREFIX = "houserules_intake_"
GROUPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)

INTAKE = (
    Metric(
        "accepted", "counter", ("organisation", "source"), "signed deliveries answered 200: committed now or before"
    ),
    Metric("repeated", "counter", (), "deliveries with an id that was committed before"),
    Metric(
        "accepted_gone",
        "gauge",
        (),
        "of the last 500 deliveries that this process answered 200 within an hour, those that the database has not got: "
        "P1 broken",
    ),
    Metric(
        "refused",
        "counter",
        ("organisation", "source", "reason"),
        "deliveries answered 401: missing, doubled or wrong signature; to a name that two landlords use, once for each; "
        "without organisation and source where there is no source of that name",
    ),
    Metric("group_size", "histogram", (), "deliveries in one commit", GROUPS),
    Metric("applied", "counter", (), "deliveries that became items and events, or are known to say nothing"),
    Metric("failed", "counter", ("code",), "signed deliveries that could not be read"),
    Metric("ignored", "counter", ("what",), "verbs and fields that we do not know"),
    Metric("clamped", "counter", (), "deliveries with an instant over five minutes ahead of receipt"),
    Metric("published", "counter", ("organisation",), "events taken by the event door"),
    Metric(
        "turn_timestamp_seconds",
        "gauge",
        (),
        "when this process last had its turn at making events of deliveries (Unix time); one has it at a time",
    ),
    Metric("deliveries_pending", "gauge", ("organisation",), "deliveries answered 200 and not yet read"),
    Metric(
        "deliveries_pending_age_seconds",
        "gauge",
        ("organisation",),
        "how long the oldest of them has waited to be read",
    ),
    Metric("deliveries_failed", "gauge", ("organisation",), "signed deliveries that could not be read and still wait"),
)

SAMPLES = (
    Sample(
        """
        select organisation, count(*) as deliveries_pending,
               extract(epoch from clock_timestamp() - min(accepted_at)) as deliveries_pending_age_seconds
        from deliveries where state = 'pending' group by organisation
        """,
        labels=("organisation",),
        metrics=("deliveries_pending", "deliveries_pending_age_seconds"),
    ),
    Sample(
        "select organisation, count(*) as deliveries_failed from deliveries where state = 'failed' group by organisation",
        labels=("organisation",),
        metrics=("deliveries_failed",),
    ),
)

REASONS = ("missing", "doubled", "wrong")
"""Why a delivery is refused."""

FIGURES = Figures(PREFIX, INTAKE, SAMPLES)


def begin(metrics: Instruments, organisation: str, source: str) -> None:
    """Let what is counted of a source begin at nought, so that a rate sees the first delivery, too."""
    metrics.add("accepted", organisation, source, by=0)
    for reason in REASONS:
        metrics.add("refused", organisation, source, reason, by=0)


def refuse(metrics: Instruments, named: Sequence[tuple[str, str]], reason: str) -> None:
    """Count a refusal for every (organisation, source) that it may have been meant for; apart, where there is none."""
    for organisation, source in named or [("", "")]:
        metrics.add("refused", organisation, source, reason)


def instruments(registry: CollectorRegistry | None = None) -> Instruments:
    """Intake's metrics in a registry, outside of a running service."""
    return Instruments(INTAKE, registry, PREFIX)
