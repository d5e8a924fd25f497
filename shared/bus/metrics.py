"""What the bus counts and measures, and what is read from its tables now and then."""

from shared.platform.figures import Sample
from shared.platform.metrics import SECONDS, Instruments, Metric

__all__ = ["BUS", "BUS_PREFIX", "HELD", "SAMPLES", "Instruments", "Metric", "bus_instruments"]

BUS_PREFIX = "houserules_bus_"
SIZES = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)
HELD = ("transient", "bugs", "lost", "unreadable", "stale")
"""Why a partition is held: `stale` as its stored position belongs to another log."""

BUS = (
    Metric(
        "records", "counter", ("topic", "outcome"), "records read: applied, duplicate, ignored, dead or redelivered"
    ),
    Metric(
        "batches",
        "counter",
        ("topic", "outcome"),
        "batches: applied, transient (tried again later) or divided (applied record by record)",
    ),
    Metric("batch_records", "histogram", ("topic",), "records in a committed batch", SIZES),
    Metric("batch_seconds", "histogram", ("topic",), "time of a batch in the database", SECONDS),
    Metric("dead_letters", "counter", ("topic", "code"), "dead letters by the code of their cause"),
    Metric("dead_letters_open", "gauge", ("organisation", "topic", "code"), "dead letters that nobody has dealt with"),
    Metric(
        "dead_letters_oldest_seconds",
        "gauge",
        ("organisation", "topic", "code"),
        "how long the oldest open dead letter has waited",
    ),
    Metric("lag_records", "gauge", ("topic", "partition"), "records in the log behind the stored position"),
    Metric("next_offset", "gauge", ("topic", "partition"), "the stored position: the offset that is applied next"),
    Metric(
        "applied_until_timestamp_seconds",
        "gauge",
        ("topic", "partition"),
        "instant (Unix time) before which all that was written is applied: Kafka's timestamp of the oldest record that "
        "waits (where it is not known, when the position last moved), or when none was last seen to wait",
    ),
    Metric(
        "held",
        "gauge",
        ("topic", "partition", "reason"),
        f"1 while a partition is held: {', '.join(HELD[:-1])} or {HELD[-1]}; transient until what is tried again succeeds",
    ),
    Metric("assigned", "gauge", (), "partitions that this process reads"),
    Metric("broker_answers", "gauge", (), "1 while the broker answers this process, 0 while it does not"),
    Metric("rebalances", "counter", (), "assignments received from the group's coordinator"),
    Metric("commit_failures", "counter", ("error",), "offset commits to Kafka that failed and were survived"),
    Metric(
        "drift_records", "gauge", (), "records between first and next offset that no outcome accounts for: P4 broken"
    ),
    Metric("relay_leader", "gauge", (), "1 while this process sends the outbox"),
    Metric("relay_sent", "counter", ("topic",), "records acknowledged by Kafka"),
    Metric("relay_seconds", "histogram", (), "time from a row's commit-side stamp to its acknowledgement", SECONDS),
    Metric("relay_restarts", "counter", ("error",), "times the relay threw its producer away"),
    Metric("relay_refused", "counter", ("topic",), "records set aside in outbox_refused: too large for their topic"),
    Metric("outbox_rows", "gauge", (), "rows waiting in the outbox"),
    Metric("outbox_age_seconds", "gauge", (), "age of the oldest row in the outbox"),
    Metric("outbox_refused_rows", "gauge", (), "rows set aside in outbox_refused that nobody has dealt with"),
)

SAMPLES = (
    Sample(
        """
        select (select count(*) from outbox) as outbox_rows,
               coalesce((select extract(epoch from clock_timestamp() - created_at) from outbox order by id limit 1), 0)
                   as outbox_age_seconds,
               (select count(*) from outbox_refused) as outbox_refused_rows,
               (select coalesce(sum(abs(next_offset - first_offset - applied - duplicate - ignored - dead)), 0)
                from positions) as drift_records
        """,
        metrics=("outbox_rows", "outbox_age_seconds", "outbox_refused_rows", "drift_records"),
    ),
    Sample(
        """
        select coalesce(organisation, '') as organisation, topic, code, count(*) as dead_letters_open,
               extract(epoch from clock_timestamp() - min(at)) as dead_letters_oldest_seconds
        from dead_letters where state = 'open'
        group by 1, 2, 3
        """,
        labels=("organisation", "topic", "code"),
        metrics=("dead_letters_open", "dead_letters_oldest_seconds"),
    ),
)


def bus_instruments() -> Instruments:
    """The bus's metrics in a registry of their own, for a bus that nobody scrapes."""
    return Instruments(BUS, prefix=BUS_PREFIX)
