"""The bus and the database, across all services."""

from grafana_foundation_sdk.builders import dashboard as boards

from deploy.observe.dashboards.known import now, of_services
from deploy.observe.dashboards.panels import Panels, Query, board, filled, series, stat, verdict
from deploy.observe.dashboards.services import RATE, quantile, waiting

__all__ = ["bus_board"]

ITS = 'service=~"$service"'
BY = "{{service}}"


def bus_board() -> boards.Dashboard:
    """One dashboard."""
    made = board(
        "houserules-bus", "House Rules: bus and database", "Kafka, the outbox, dead letters, pools.", ("service",)
    )
    return filled(
        made,
        [
            boards.Row("Sending"),
            *sending(),
            boards.Row("Reading"),
            *reading(),
            boards.Row("What could not be taken"),
            *dead(),
            boards.Row("Database"),
            *database(),
        ],
    )


def sending() -> Panels:
    """Outbox and relay."""
    return [
        verdict("Leaders", "Processes that send each service's outbox: exactly one.",
                Query(of_services(f"abs(sum by (service) (houserules_bus_relay_leader{{{ITS}}}) - 1)", ITS), BY),
                kept="one", broken="NOT ONE", alert="RelayWithoutLeader", span=8, height=7),
        series("Outbox: rows", "What is committed and not yet acknowledged by Kafka.",
               Query(f"max by (service) (houserules_bus_outbox_rows{{{ITS}}})", BY), alert="OutboxOld"),
        series("Outbox: age of the oldest", "Beyond the budget, doors answer 503 (P6).",
               Query(f"max by (service) (houserules_bus_outbox_age_seconds{{{ITS}}})", BY), unit="s", limit=60,
               alert="OutboxOld"),
        series("Sent a second", "Acknowledged by Kafka, by topic.",
               Query(f"sum by (service, topic) (rate(houserules_bus_relay_sent_total{{{ITS}}}[{RATE}]))", f"{BY} {{{{topic}}}}"),
               stacked=True),
        series("From commit to acknowledgement, 99 %", "What the outbox adds to an event's way.",
               Query(quantile(0.99, "houserules_bus_relay_seconds", ITS, "service"), BY), unit="s"),
        series("Relay: new beginnings and refusals", "In five minutes: producers thrown away, records too large.",
               Query(f"sum by (service, error) (increase(houserules_bus_relay_restarts_total{{{ITS}}}[5m]))",
                     f"{BY} {{{{error}}}}"),
               Query(f"sum by (service) (increase(houserules_bus_relay_refused_total{{{ITS}}}[5m])) "
                     f"or sum by (service) (houserules_bus_relay_leader{{{ITS}}}) * 0", f"{BY} refused"),
               alert="RelayRefused"),
    ]  # fmt: skip


def reading() -> Panels:
    """Consumers."""
    return [
        verdict("Kafka answers", "Whether the broker answers each service.",
                Query(of_services(f"1 - max by (service) (houserules_bus_broker_answers{{{ITS}}})", ITS), BY),
                kept="yes", broken="AWAY", alert="BrokerAway", span=8, height=7),
        series("Records a second, by outcome", "Applied, duplicate, ignored, dead; and redelivered.",
               Query(f"sum by (service, outcome) (rate(houserules_bus_records_total{{{ITS}}}[{RATE}]))",
                     f"{BY} {{{{outcome}}}}"), stacked=True, alert="NoProgress"),
        series("Lag in seconds", "How long the oldest record that is not applied waits, at the most.",
               Query(waiting("service, topic", ITS), f"{BY} {{{{topic}}}}"),
               unit="s", limit=60, alert="NoProgress"),
        series("Lag in records", "In the log behind the stored position.",
               Query(f"sum by (service, topic) (houserules_bus_lag_records{{{ITS}}})", f"{BY} {{{{topic}}}}"),
               alert="NoProgress"),
        series("Batches a second", "Applied at once; tried again later; divided after a bug.",
               Query(f"sum by (service, outcome) (rate(houserules_bus_batches_total{{{ITS}}}[{RATE}]))",
                     f"{BY} {{{{outcome}}}}")),
        series("Records in a batch, and its time, 99 %", "Large batches are how a backlog is worked off.",
               Query(quantile(0.99, "houserules_bus_batch_records", ITS, "service"), f"{BY} records"),
               Query(quantile(0.99, "houserules_bus_batch_seconds", ITS, "service"), f"{BY} seconds")),
        series("Partitions held", "By reason; `transient` ends by itself.",
               Query(f"sum by (service, reason) (houserules_bus_held{{{ITS}}}) "
                     f"or sum by (service) (houserules_bus_assigned{{{ITS}}}) * 0", f"{BY} {{{{reason}}}}"),
               limit=1, alert="PartitionHeld"),
        stat("Partitions assigned", "Read by each service's processes, together.",
             Query(f"sum by (service) (houserules_bus_assigned{{{ITS}}})", BY), span=8, height=7),
        series("Rebalances and failed commits", "In five minutes. Over and over is two processes with one ordinal.",
               Query(f"sum by (service) (increase(houserules_bus_rebalances_total{{{ITS}}}[5m]))", f"{BY} rebalances"),
               Query(f"sum by (service, error) (increase(houserules_bus_commit_failures_total{{{ITS}}}[5m]))",
                     f"{BY} {{{{error}}}}")),
    ]  # fmt: skip


def dead() -> Panels:
    """Dead letters, refusals, drift."""
    letters = "houserules_bus_dead_letters_open"
    return [
        stat("Dead letters open", "Nobody has dealt with these: `houserules dead-letters list`.",
             Query(f"sum by (service) ({now(letters, '', ITS, 'service, organisation, topic, code')}) "
                   f"or {now('houserules_bus_outbox_rows', '', ITS, 'service')} * 0", BY),
             steps=((None, "green"), (1, "red")), span=8, height=7),
        series("Oldest dead letter", "By organisation, topic and code.",
               Query("max by (service, organisation, topic, code) "
                     f"(houserules_bus_dead_letters_oldest_seconds{{{ITS}}})",
                     f"{BY} {{{{organisation}}}} {{{{topic}}}} {{{{code}}}}"), unit="s", alert="DeadLettersOpen"),
        series("Dead letters in an hour", "By code.",
               Query(f"sum by (service, code) (increase(houserules_bus_dead_letters_total{{{ITS}}}[1h]))",
                     f"{BY} {{{{code}}}}"), alert="DeadLettersOpen"),
        stat("Set aside by the relay", "Rows of outbox_refused.",
             Query(now("houserules_bus_outbox_refused_rows", "", ITS, "service"), BY),
             steps=((None, "green"), (1, "red")), span=12, height=5),
        verdict("Conservation", "P4: records that no outcome accounts for.",
                Query(of_services(now("houserules_bus_drift_records", "", ITS, "service"), ITS), BY),
                alert="ConservationDrift", span=12, height=5),
    ]  # fmt: skip


def database() -> Panels:
    """Pools and figures."""
    return [
        series("Connections of the pools", "Used and idle, and the most that are allowed.",
               Query(f"sum by (service, state) (houserules_pool_connections{{{ITS}}})", f"{BY} {{{{state}}}}"),
               alert="PoolWait"),
        series("Wait for a connection, 99 %", "Much over 0.1 s means that the pool is too small or the database slow.",
               Query(quantile(0.99, "houserules_pool_wait_seconds", ITS, "service"), BY),
               unit="s", limit=0.5, alert="PoolWait"),
        series("Transactions without a connection", "In five minutes: they waited five seconds in vain.",
               Query(f"sum by (service) (increase(houserules_pool_timeouts_total{{{ITS}}}[5m]))", BY), alert="PoolWait"),
        series("Age of the figures", "When it grows, the database is away, and every figure above stands still.",
               Query(f"time() - max by (service) (houserules_sampled_timestamp_seconds{{{ITS}}})", BY),
               unit="s", limit=60, span=12, alert="DatabaseAway"),
        series("Time to read the figures", "Each service asks its database less often the longer this takes.",
               Query(f"max by (service) (houserules_sample_seconds{{{ITS}}})", BY), unit="s", span=12),
        series("Queries for figures that fail", "Of the last time: their figures stand still, and the log names them.",
               Query(f"max by (service) (houserules_samples_failing{{{ITS}}})", BY), limit=1, span=12,
               alert="FiguresFailing"),
        series("Figures that could not be read", "In five minutes, an outage of the database included.",
               Query(f"sum by (service) (increase(houserules_samples_failed_total{{{ITS}}}[5m]))", BY), span=12),
    ]  # fmt: skip
