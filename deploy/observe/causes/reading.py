"""How the bus is read, and what of it could not be taken."""

from deploy.observe.alert import Alert, Case
from deploy.observe.causes.series import SLA, elsewhere, of, two

__all__ = ["CAUSES"]

PARTITION = {"topic": "houserules.messages", "partition": "3"}
TOPIC = SLA | {"topic": "houserules.messages"}
UNTIL, NEXT = "houserules_bus_applied_until_timestamp_seconds", "houserules_bus_next_offset"
RETRIED = of("sla", "houserules_bus_held", reason="transient", **PARTITION)
SAMPLED = of("sla", "houserules_sampled_timestamp_seconds")
LETTERS = {"organisation": "westward", "topic": "houserules.in.westward.people", "code": "invalid"}

BY = "max by (service, topic, partition)"
STUCK = f"time() - {BY} (last_over_time({UNTIL}[<5m>])) > 60 unless {BY} (changes({NEXT}[<2m>])) > 0"
"""Partitions whose oldest record waits and whose position does not move.

Both are facts of the log and the database that every process says alike, so that neither an end and a start (the gap
between them is bridged) nor a move to another process (the newer fact holds) lets the wait begin anew.
"""


def standing(until: str, next_offset: str, **place: str) -> dict[str, str]:
    """Where a process of sla says that a partition stands."""
    where = PARTITION | place
    return {of("sla", UNTIL, **where): until, of("sla", NEXT, **where): next_offset}


CAUSES = (
    Alert(
        name="NoProgress",
        expr=f"count by (service, topic) ({STUCK})",
        lasting="<1m>",
        severity="page",
        summary="{{ $labels.service }} has records of {{ $labels.topic }} that wait for over a minute, and applies none.",
        fires=(
            Case(standing("0x30", "500x30"), "15m", TOPIC),
            Case(standing("0 0 stale 0 0 stale 0 0 stale 0 0 stale 0 0 stale 0 0", "500x30"), "15m", TOPIC),
            Case(standing("0x30", "500x30") | standing("0+60x30", "0+500x30", topic="houserules.sla"), "15m", TOPIC),
            Case(standing("0x30", "500x30") | standing("0+60x30", "0+500x30", partition="4"), "15m", TOPIC),
            Case(
                standing("0x12 stale", "500x12 stale") | elsewhere(standing("_x12 0x20", "_x12 500x20")), "15m", TOPIC
            ),
        ),
        silent=(
            Case(standing("0+10x40", "0+500x40"), "15m"),
            Case(standing("0+60x40", "500x40"), "15m"),
            Case(standing("0x12 stale", "500x12 stale") | elsewhere(standing("_x13 780+60x9", "_x13 500x9")), "15m"),
            Case(standing("0x5 stale", "500x5 stale"), "30m"),
        ),
    ),
    Alert(
        name="PartitionHeld",
        expr='max by (service, topic, partition, reason) (houserules_bus_held{reason!="transient"}) > 0',
        severity="page",
        summary="{{ $labels.service }} reads no further on {{ $labels.topic }} partition {{ $labels.partition }}: "
        "{{ $labels.reason }}.",
        fires=tuple(
            Case(
                {of("sla", "houserules_bus_held", reason=reason, **PARTITION): "1x20"},
                labels={"service": "sla", "reason": reason, **PARTITION},
            )
            for reason in ("bugs", "lost", "unreadable", "stale")
        ),
        silent=(
            Case({of("sla", "houserules_bus_held", reason="transient", **PARTITION): "1x20"}),
            Case({of("sla", "houserules_bus_held", reason="unreadable", **PARTITION): "1x4 stale"}),
        ),
    ),
    Alert(
        name="PartitionRetried",
        expr='max by (service, topic, partition) (houserules_bus_held{reason="transient"}) > 0 '
        "and on (service) time() - max by (service) (houserules_sampled_timestamp_seconds) < 60",
        lasting="<5m>",
        severity="page",
        summary="{{ $labels.service }} tries a batch of {{ $labels.topic }} partition {{ $labels.partition }} over and "
        "over in vain, though its database answers.",
        fires=(Case({RETRIED: "1x20", SAMPLED: "0+60x20"}, labels=SLA | PARTITION),),
        silent=(
            Case({RETRIED: "1x20", SAMPLED: "0x20"}),
            Case({RETRIED: "1x4 stale", SAMPLED: "0+60x20"}),
            Case({RETRIED: "_x6 1x20", SAMPLED: "0+60x20"}),
        ),
    ),
    Alert(
        name="BrokerAway",
        expr="max by (service) (houserules_bus_broker_answers) == 0",
        lasting="<1m>",
        severity="page",
        summary="Kafka does not answer {{ $labels.service }}. Doors go on accepting until the outbox budget is spent.",
        fires=(Case({of("sla", "houserules_bus_broker_answers"): "0x20"}, labels=SLA),),
        silent=(
            Case({of("sla", "houserules_bus_broker_answers"): "1x20"}),
            Case(two("sla", "houserules_bus_broker_answers", "0x20", "1x20")),
        ),
    ),
    Alert(
        name="DeadLettersOpen",
        expr="max by (service, organisation, topic, code) (houserules_bus_dead_letters_open) > 0",
        severity="ticket",
        summary="{{ $labels.service }} could not take records of {{ $labels.topic }} ({{ $labels.code }}), "
        "organisation {{ $labels.organisation }}.",
        fires=(
            Case(
                {of("access", "houserules_bus_dead_letters_open", **LETTERS): "0x5 2x10"},
                labels={"service": "access", **LETTERS},
            ),
        ),
        silent=(
            Case({of("access", "houserules_bus_dead_letters_open", **LETTERS): "0x20"}),
            Case({of("access", "houserules_bus_dead_letters_open", **LETTERS): "2x5 stale"}),
        ),
    ),
    Alert(
        name="ConservationDrift",
        expr="max by (service) (houserules_bus_drift_records) > 0",
        severity="page",
        summary="{{ $labels.service }} cannot account for records that it passed: promise P4 is broken.",
        fires=(Case({of("sla", "houserules_bus_drift_records"): "0x5 3x10"}, labels=SLA),),
        silent=(Case({of("sla", "houserules_bus_drift_records"): "0x20"}),),
    ),
)
