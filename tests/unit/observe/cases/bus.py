"""The panels of bus and database, as sla's series make them speak."""

from collections.abc import Iterator

from tests.unit.observe.cases.panel import (
    FRESH,
    NONE,
    Case,
    Pair,
    Shows,
    grows,
    labels,
    of,
    process,
    spread,
    stands,
)

__all__ = ["CASES"]

GREEN_RED = ("green", "red")
TOPIC = "houserules.messages"
PARTITION = {"topic": TOPIC, "partition": "3"}
LETTER = {"organisation": "westward", "topic": TOPIC, "code": "invalid"}
SLA = labels(service="sla")


def its(name: str, **more: str) -> str:
    """A series of sla."""
    return of("sla", f"houserules_{name}", **more)


def case(
    title: str,
    cause: str,
    series: dict[str, Pair],
    *shows: Shows,
    colours: tuple[str, str] | None = None,
    always: dict[str, str] | None = None,
) -> Case:
    """One of them."""
    return Case(
        board="bus", title=title, cause=cause, series=series, shows=shows, colours=colours, always=always or {}
    )  # fmt: skip


def gauge(
    title: str, cause: str, name: str, shown: tuple[float, float], colours: tuple[str, str] | None = None
) -> Case:
    """A panel of one gauge, by service."""
    series = {its(name): stands(*shown)}
    return case(title, cause, series, {SLA: shown}, colours=colours, always=process("sla"))


def sending() -> Iterator[Case]:
    """Outbox and relay."""
    leader = its("bus_relay_leader")
    here = process("sla")
    yield case("Leaders", "nobody sends", {leader: stands(1, 0)}, {SLA: (0, 1)}, colours=GREEN_RED, always=here)
    yield case(
        "Leaders", "two do", {leader: stands(1, 1), leader.replace(":1", ":2"): stands(0, 1)}, {SLA: (0, 1)},
        colours=GREEN_RED, always=here,
    )  # fmt: skip
    yield gauge("Outbox: rows", "nothing is sent", "bus_outbox_rows", (0, 40))
    yield gauge("Outbox: age of the oldest", "nothing is sent", "bus_outbox_age_seconds", (1, 90), GREEN_RED)
    yield case(
        "Sent a second", "there is something to send", {its("bus_relay_sent_total", topic=TOPIC): grows(60)},
        {labels(service="sla", topic=TOPIC): (0, 1)},
    )  # fmt: skip
    yield case(
        "From commit to acknowledgement, 99 %", "Kafka is slow", spread("sla", "houserules_bus_relay_seconds", 1, 5),
        {SLA: (0.99, 4.96)},
    )  # fmt: skip
    yield case(
        "Relay: new beginnings and refusals", "Kafka fences it, and refuses a record",
        {
            its("bus_relay_restarts_total", error="ProducerFenced"): grows(2),
            its("bus_relay_refused_total", topic=TOPIC): (NONE, "0+1x60"),
        },
        {labels(service="sla", error="ProducerFenced"): (0, 10)}, {SLA: (0, 5)}, always={leader: "1x60"},
    )  # fmt: skip


def reading() -> Iterator[Case]:
    """Consumers."""
    lag, until = its("bus_lag_records", **PARTITION), its("bus_applied_until_timestamp_seconds", **PARTITION)
    topic = labels(service="sla", topic=TOPIC)
    yield case(
        "Kafka answers", "it does not", {its("bus_broker_answers"): stands(1, 0)}, {SLA: (0, 1)}, colours=GREEN_RED,
        always=process("sla"),
    )  # fmt: skip
    yield case(
        "Records a second, by outcome", "what comes cannot be read",
        {its("bus_records_total", topic=TOPIC, outcome="dead"): grows(60)}, {labels(service="sla", outcome="dead"): (0, 1)},
    )  # fmt: skip
    yield case(
        "Lag in seconds", "the oldest record waits for two minutes",
        {lag: stands(0, 7), until: ("1080x60", "1080x60")}, {topic: (0, 120)}, colours=GREEN_RED,
    )  # fmt: skip
    yield case("Lag in records", "nothing is applied", {lag: stands(0, 7)}, {topic: (0, 7)})
    yield case(
        "Batches a second", "the database is away", {its("bus_batches_total", topic=TOPIC, outcome="transient"): grows(60)},
        {labels(service="sla", outcome="transient"): (0, 1)},
    )  # fmt: skip
    yield case(
        "Records in a batch, and its time, 99 %", "a backlog is worked off",
        spread("sla", "houserules_bus_batch_records", 10, 100, topic=TOPIC)
        | spread("sla", "houserules_bus_batch_seconds", 1, 5, topic=TOPIC),
        {SLA: (9.9, 99.1)}, {SLA: (0.99, 4.96)},
    )  # fmt: skip
    yield case(
        "Partitions held", "a bug holds one", {its("bus_held", **PARTITION, reason="bugs"): (NONE, "1x60")},
        {SLA: (0, 0), labels(service="sla", reason="bugs"): (None, 1)}, colours=GREEN_RED,
        always={its("bus_assigned"): "6x60"},
    )  # fmt: skip
    yield gauge("Partitions assigned", "the group has thrown it out", "bus_assigned", (6, 0))
    yield case(
        "Rebalances and failed commits", "two processes fight for one ordinal",
        {its("bus_rebalances_total"): grows(2), its("bus_commit_failures_total", error="IllegalGeneration"): grows(1)},
        {SLA: (0, 10)}, {labels(service="sla", error="IllegalGeneration"): (0, 5)},
    )  # fmt: skip


def dead() -> Iterator[Case]:
    """What could not be taken."""
    here = process("sla") | {its("bus_outbox_rows"): "0x60"}
    letter = labels(service="sla", **LETTER)
    yield case(
        "Dead letters open", "a record could not be read", {its("bus_dead_letters_open", **LETTER): (NONE, "2x60")},
        {SLA: (0, 2)}, colours=GREEN_RED, always=here,
    )  # fmt: skip
    yield case(
        "Oldest dead letter", "nobody has dealt with it",
        {its("bus_dead_letters_oldest_seconds", **LETTER): (NONE, "7200x60")}, {letter: (None, 7200)},
    )  # fmt: skip
    yield case(
        "Dead letters in an hour", "records cannot be read",
        {its("bus_dead_letters_total", topic=TOPIC, code="invalid"): grows(3)},
        {labels(service="sla", code="invalid"): (0, 60)},
    )  # fmt: skip
    yield gauge("Set aside by the relay", "a record is too large", "bus_outbox_refused_rows", (0, 1), GREEN_RED)
    yield gauge("Conservation", "no outcome accounts for some", "bus_drift_records", (0, 3), GREEN_RED)


def database() -> Iterator[Case]:
    """Pools and figures."""
    yield case(
        "Connections of the pools", "all are used", {its("pool_connections", state="used"): stands(1, 20)},
        {labels(service="sla", state="used"): (1, 20)},
    )  # fmt: skip
    yield case(
        "Wait for a connection, 99 %", "there are too few", spread("sla", "houserules_pool_wait_seconds", 0.25, 2.5),
        {SLA: (0.2475, 2.4775)}, colours=GREEN_RED,
    )  # fmt: skip
    yield case("Transactions without a connection", "there are too few", {its("pool_timeouts_total"): grows(2)}, {SLA: (0, 10)})  # fmt: skip
    yield case(
        "Age of the figures", "the database is away", {its("sampled_timestamp_seconds"): (FRESH, "0x60")},
        {SLA: (0, 1200)}, colours=GREEN_RED,
    )  # fmt: skip
    yield case("Time to read the figures", "the database is slow", {its("sample_seconds"): stands(0.01, 2)}, {SLA: (0.01, 2)})  # fmt: skip
    yield case(
        "Queries for figures that fail", "a table is locked", {its("samples_failing"): stands(0, 1)}, {SLA: (0, 1)},
        colours=GREEN_RED,
    )  # fmt: skip
    yield case("Figures that could not be read", "a table is locked", {its("samples_failed_total"): grows(2)}, {SLA: (0, 10)})  # fmt: skip


CASES = (*sending(), *reading(), *dead(), *database())
