"""Alerts on causes: what breaks a promise before anybody outside has seen it broken."""

from collections.abc import Mapping

from deploy.observe.alert import Alert, Case
from deploy.observe.catalogue import SERVICES

__all__ = ["CAUSES"]


def of(service: str, name: str, **labels: str) -> str:
    """A series as one process of a service exposes it."""
    given = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'{name}{{service="{service}",instance="{service}:1",job="houserules"{given}}}'


def up(down: str = "") -> dict[str, str]:
    """All services answer the scrape, but `down`."""
    return {of(service, "up"): "0x60" if service == down else "1x60" for service in SERVICES}


def two(service: str, name: str, first: str, second: str) -> dict[str, str]:
    """The same series of two processes."""
    one = of(service, name)
    return {one: first, one.replace(f"{service}:1", f"{service}:2"): second}


SLA: Mapping[str, str] = {"service": "sla"}
PARTITION = {"topic": "houserules.messages", "partition": "3"}
LAG = of("sla", "houserules_bus_lag_seconds", **PARTITION)
RECORDS = of("sla", "houserules_bus_records_total", topic="messages", outcome="applied")
LETTERS = {"organisation": "westward", "topic": "houserules.in.westward.people", "code": "invalid"}
POOL = "houserules_pool_wait_seconds_bucket"


def waits(slow: int) -> dict[str, str]:
    """A hundred transactions a minute, of which `slow` wait for a connection for over a second."""
    return {
        of("sla", POOL, le="0.5"): f"0+{100 - slow}x30",
        of("sla", POOL, le="1.0"): f"0+{100 - slow}x30",
        of("sla", POOL, le="2.5"): "0+100x30",
        of("sla", POOL, le="+Inf"): "0+100x30",
    }


CAUSES = (
    Alert(
        name="ServiceAbsent",
        expr='up{job="houserules"} == 0 or '
        + " or ".join(f'absent(up{{job="houserules",service="{service}"}})' for service in SERVICES),
        lasting="<1m>",
        severity="page",
        summary="{{ $labels.service }} does not answer Prometheus: it is down, stuck or cannot be reached.",
        fires=(
            Case(up(down="sla"), labels={"service": "sla", "instance": "sla:1", "job": "houserules"}),
            Case(
                {s: v for s, v in up().items() if "sla" not in s},
                labels={"service": "sla", "job": "houserules"},
            ),
        ),
        silent=(Case(up()), Case(up() | {of("sla", "up"): "1x5 0 1x30"}, "6m")),
    ),
    Alert(
        name="NoProgress",
        expr="max by (service) (houserules_bus_lag_seconds) > 60 "
        "unless on (service) sum by (service) (rate(houserules_bus_records_total[<2m>])) > 0",
        lasting="<1m>",
        severity="page",
        summary="{{ $labels.service }} has records to read and reads none.",
        fires=(Case({LAG: "0x3 0+60x30", RECORDS: "500x40"}, "15m", SLA), Case({LAG: "0+60x30"}, "15m", SLA)),
        silent=(
            Case({LAG: "0x3 0+60x30", RECORDS: "0+500x40"}, "15m"),
            Case({LAG: "0x40", RECORDS: "500x40"}, "15m"),
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
        name="DatabaseAway",
        expr="time() - max by (service) (houserules_sampled_timestamp_seconds) > 60",
        lasting="<30s>",
        severity="page",
        summary="{{ $labels.service }} has not been able to read its database for a minute. Its figures stand still.",
        fires=(Case({of("sla", "houserules_sampled_timestamp_seconds"): "0+60x3 180x20"}, labels=SLA),),
        silent=(Case({of("sla", "houserules_sampled_timestamp_seconds"): "0+60x20"}),),
    ),
    Alert(
        name="OutboxOld",
        expr="max by (service) (houserules_bus_outbox_age_seconds) > 60",
        lasting="<1m>",
        severity="page",
        summary="What {{ $labels.service }} decided over a minute ago has not been sent to Kafka.",
        fires=(Case({of("sla", "houserules_bus_outbox_age_seconds"): "0+60x20"}, labels=SLA),),
        silent=(Case({of("sla", "houserules_bus_outbox_age_seconds"): "59x20"}),),
    ),
    Alert(
        name="RelayWithoutLeader",
        expr="sum by (service) (houserules_bus_relay_leader) == 0",
        lasting="<1m>",
        severity="page",
        summary="No process of {{ $labels.service }} sends the outbox.",
        fires=(Case(two("sla", "houserules_bus_relay_leader", "0x20", "0x20"), labels=SLA),),
        silent=(
            Case(two("sla", "houserules_bus_relay_leader", "0x20", "1x20")),
            Case({of("sla", "houserules_bus_relay_leader"): "1x9 0 1x9"}),
        ),
    ),
    Alert(
        name="RelayWithTwoLeaders",
        expr="sum by (service) (houserules_bus_relay_leader) > 1",
        lasting="<1m>",
        severity="page",
        summary="More than one process of {{ $labels.service }} believes that it sends the outbox.",
        fires=(Case(two("sla", "houserules_bus_relay_leader", "1x20", "1x20"), labels=SLA),),
        silent=(Case(two("sla", "houserules_bus_relay_leader", "1x20", "0x20")),),
    ),
    Alert(
        name="RelayRefused",
        expr="max by (service) (houserules_bus_outbox_refused_rows) > 0",
        severity="ticket",
        summary="{{ $labels.service }} set events aside that Kafka refused as too large: nobody has been told of them.",
        fires=(Case({of("sla", "houserules_bus_outbox_refused_rows"): "0x5 1x10"}, labels=SLA),),
        silent=(Case({of("sla", "houserules_bus_outbox_refused_rows"): "0x20"}),),
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
        name="PoolWait",
        expr="histogram_quantile(0.99, sum by (service, le) (rate(houserules_pool_wait_seconds_bucket[<5m>]))) > 0.5 "
        "or sum by (service) (rate(houserules_pool_timeouts_total[<5m>])) > 0",
        lasting="<2m>",
        severity="ticket",
        summary="{{ $labels.service }} waits for connections to its database.",
        fires=(
            Case(waits(10), "15m", SLA),
            Case({of("sla", "houserules_pool_timeouts_total"): "0+1x30"}, "15m", SLA),
        ),
        silent=(Case(waits(0), "15m"), Case({of("sla", "houserules_pool_timeouts_total"): "7x30"}, "15m")),
    ),
    Alert(
        name="ConservationDrift",
        expr="max by (service) (houserules_bus_drift_records) > 0",
        severity="page",
        summary="{{ $labels.service }} cannot account for records that it passed: promise P4 is broken.",
        fires=(Case({of("sla", "houserules_bus_drift_records"): "0x5 3x10"}, labels=SLA),),
        silent=(Case({of("sla", "houserules_bus_drift_records"): "0x20"}),),
    ),
    Alert(
        name="TimersOverdue",
        expr="max by (service, organisation) (houserules_timer_late_seconds) > 10",
        lasting="<30s>",
        severity="page",
        summary="{{ $labels.service }} does not do for {{ $labels.organisation }} what is due by time.",
        fires=(
            Case(
                {of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0x3 0+60x20"},
                labels={"service": "sla", "organisation": "wheatley"},
            ),
        ),
        silent=(
            Case({of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0.3x20"}),
            Case({of("sla", "houserules_timer_late_seconds", organisation="wheatley"): "0x10 3600 0x10"}),
        ),
    ),
    Alert(
        name="WebhookSecretWrong",
        expr="sum by (organisation) "
        '(increase(houserules_intake_refused_total{organisation!="",reason="wrong"}[<5m>])) > 5',
        severity="page",
        summary="Deliveries to {{ $labels.organisation }}'s webhook are refused, as no secret of its source signed them.",
        fires=(
            Case(
                {
                    of(
                        "intake", "houserules_intake_refused_total", organisation="westward", reason="wrong"
                    ): "0x5 0+5x10"
                },
                labels={"organisation": "westward"},
            ),
        ),
        silent=(
            Case(
                {of("intake", "houserules_intake_refused_total", organisation="westward", reason="wrong"): "9x9 10x10"}
            ),
            Case({of("intake", "houserules_intake_refused_total", organisation="", reason="wrong"): "0+50x20"}),
        ),
    ),
    Alert(
        name="QuestionsOverdue",
        expr="max by (organisation) (houserules_sla_targets_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="{{ $labels.organisation }} owes members of the public an answer that was promised for earlier.",
        fires=(
            Case(
                {of("sla", "houserules_sla_targets_overdue", organisation="westward"): "2x20"},
                labels={"organisation": "westward"},
            ),
        ),
        silent=(Case({of("sla", "houserules_sla_targets_overdue", organisation="westward"): "0x20"}),),
    ),
    Alert(
        name="LeaversOverdue",
        expr="max by (organisation) (houserules_access_revocations_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="Somebody who left {{ $labels.organisation }} can still speak for it, past the deadline.",
        fires=(
            Case(
                {of("access", "houserules_access_revocations_overdue", organisation="wheatley"): "1x20"},
                labels={"organisation": "wheatley"},
            ),
        ),
        silent=(Case({of("access", "houserules_access_revocations_overdue", organisation="wheatley"): "0x20"}),),
    ),
    Alert(
        name="TakedownsOverdue",
        expr="max by (organisation) (houserules_consent_takedowns_overdue) > 0",
        lasting="<1m>",
        severity="notice",
        summary="An image that {{ $labels.organisation }} may not show is still up, past the deadline.",
        fires=(
            Case(
                {of("consent", "houserules_consent_takedowns_overdue", organisation="westward"): "1x20"},
                labels={"organisation": "westward"},
            ),
        ),
        silent=(Case({of("consent", "houserules_consent_takedowns_overdue", organisation="westward"): "0x20"}),),
    ),
)
