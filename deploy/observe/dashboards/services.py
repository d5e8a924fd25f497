"""A dashboard for each service: its doors, its process, its reading, and its own work."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from grafana_foundation_sdk.builders import dashboard as boards

from deploy.observe.dashboards.known import now
from deploy.observe.dashboards.panels import Panels, Query, board, filled, series, stat, verdict

__all__ = ["RATE", "quantile", "service_boards", "waiting"]

ORG = 'organisation=~"$organisation"'
BY = "{{organisation}}"
RATE = "$__rate_interval"
Own = Callable[[], Panels]


def quantile(share: float, histogram: str, labels: str, by: str) -> str:
    """A quantile of a histogram over the interval of the graph."""
    return f"histogram_quantile({share}, sum by ({by}, le) (rate({histogram}_bucket{{{labels}}}[{RATE}])))"


def waiting(by: str, labels: str) -> str:
    """How long the oldest record that is not applied waits; nought where none does."""
    since = f"houserules_bus_applied_until_timestamp_seconds{{{labels}}}"
    return f"max by ({by}) ((time() - {since}) * (houserules_bus_lag_records{{{labels}}} > bool 0))"


def doors(service: str) -> Panels:
    """What every service has: how it answers, how its process does."""
    its = f'service="{service}"'
    requests = f"houserules_http_requests_total{{{its}}}"
    return [
        boards.Row("Doors and process"),
        verdict(
            "Answers Prometheus",
            "Whether its processes can be scraped.",
            Query(f'1 - min(up{{job="houserules",{its}}}) or on () vector(1)', service),
            kept="up",
            broken="DOWN",
            alert="ServiceAbsent",
            span=4,
            height=7,
        ),
        series("Requests a second", "By route and status, of which there were any; the route is a template, never a path.",
               Query(f"sum by (route, status) (rate({requests}[{RATE}])) > 0", "{{route}} {{status}}"),
               unit="reqps", span=8, alert="DoorsFailing"),
        series("Time to answer, 99 %", "From a request's head to the end of its answer.",
               Query(quantile(0.99, "houserules_http_seconds", its, "route"), "{{route}}"), unit="s", span=6),
        series("How late the event loop comes, 99 %", "Much over 0.1 s means that something blocks it.",
               Query(quantile(0.99, "houserules_loop_lag_seconds", its, "instance"), "{{instance}}"),
               unit="s", limit=0.5, span=6),
        series("Starts in a quarter of an hour", "Of each process; three are told. The watchdog ends one that stands still.",
               Query(f"max by (instance) (changes(houserules_started_timestamp_seconds{{{its}}}[15m]))", "{{instance}}"),
               limit=3, span=24, height=4, alert="ServiceRestarting"),
    ]  # fmt: skip


def reading(service: str) -> Panels:
    """What every service has: how it reads the bus."""
    its = f'service="{service}"'
    return [
        boards.Row("Reading the bus"),
        series("Records a second, by outcome", "P4: applied, duplicate, ignored, dead; redelivered ones were counted before.",
               Query(f"sum by (topic, outcome) (rate(houserules_bus_records_total{{{its}}}[{RATE}]))",
                     "{{topic}} {{outcome}}"), stacked=True, alert="NoProgress"),
        series("Lag", "Records in the log behind the stored position.",
               Query(f"sum by (topic) (houserules_bus_lag_records{{{its}}})", "{{topic}}"), alert="NoProgress"),
        series("Lag in seconds", "How long the oldest record that is not applied waits, at the most.",
               Query(waiting("topic", its), "{{topic}}"), unit="s", limit=60,
               alert="NoProgress"),
    ]  # fmt: skip


def intake() -> Panels:
    """Intake's own."""
    refused = f"houserules_intake_refused_total{{{ORG}}}"
    return [
        boards.Row("Webhooks"),
        series("Accepted a second", "Deliveries answered 200, and those that had come before.",
               Query(f"sum by (organisation) (rate(houserules_intake_accepted_total{{{ORG}}}[{RATE}]))", BY),
               Query(f"sum(rate(houserules_intake_repeated_total[{RATE}]))", "repeated")),
        series("Refused in five minutes", "401 by source and reason; without a name, strangers. Where nothing is accepted beside it, a secret was changed.",
               Query(f"sum by (organisation, source, reason) (increase({refused}[5m]))",
                     f"{BY} {{{{source}}}} {{{{reason}}}}"),
               alert="WebhookSecretWrong"),
        series("Deliveries in one commit", "Requests that came together share a commit: half and nearly all of the groups.",
               Query(quantile(0.5, "houserules_intake_group_size", "", "service"), "half"),
               Query(quantile(0.99, "houserules_intake_group_size", "", "service"), "99 %")),
        boards.Row("From deliveries to events"),
        series("Read a second", "Deliveries that became events; those that could not be read, by code; what is clamped.",
               Query(f"sum(rate(houserules_intake_applied_total[{RATE}]))", "applied"),
               Query(f"sum by (code) (rate(houserules_intake_failed_total[{RATE}]))", "failed {{code}}"),
               Query(f"sum by (what) (rate(houserules_intake_ignored_total[{RATE}]))", "unknown {{what}}"),
               Query(f"sum(rate(houserules_intake_clamped_total[{RATE}]))", "clamped")),
        series("Waiting to be read", "Committed and not yet events; and how long the oldest has waited.",
               Query(f"max by (organisation) (houserules_intake_deliveries_pending{{{ORG}}})", BY),
               Query(f"max by (organisation) (houserules_intake_deliveries_pending_age_seconds{{{ORG}}})", f"{BY} oldest, s"),
               alert="DeliveriesUnread"),
        stat("Could not be read", "Failed deliveries that wait for somebody: `houserules deliveries list`.",
             Query(now("houserules_intake_deliveries_failed", "intake", ORG), BY),
             steps=((None, "green"), (1, "orange")), height=7),
        stat("Workers", "Processes that had their turn at making events of deliveries within a minute; one has it at a time.",
             Query("count(time() - houserules_intake_turn_timestamp_seconds < 60) or vector(0)", "workers"),
             steps=((None, "red"), (1, "green")), height=7),
        series("Events taken at the door, a second", "By `POST /events`.",
               Query(f"sum by (organisation) (rate(houserules_intake_published_total{{{ORG}}}[{RATE}]))", BY)),
    ]  # fmt: skip


def sla() -> Panels:
    """Its own."""
    return [
        boards.Row("Deadlines"),
        series("Open and overdue", "Targets that wait, and those past their due time.",
               Query(f"max by (organisation) (houserules_sla_targets_open{{{ORG}}})", f"{BY} open"),
               Query(f"max by (organisation) (houserules_sla_targets_overdue{{{ORG}}})", f"{BY} OVERDUE"),
               alert="QuestionsOverdue"),
        series("From receipt to clock", "99 % of messages have their deadline within this time; promised are 5 s.",
               Query(quantile(0.99, "houserules_sla_message_to_clock_seconds", ORG, "organisation"), BY),
               unit="s", limit=5, alert="ClocksStartLate"),
        series("From due to noticed", "99 % of breaches are noticed within this time; promised are 2 s.",
               Query(quantile(0.99, "houserules_sla_breach_detection_seconds", ORG, "organisation"), BY),
               unit="s", limit=2, alert="BreachesNoticedLate"),
        series("Verdicts an hour", "What was told of targets.",
               Query(f"sum by (organisation, verdict) (increase(houserules_sla_verdicts_total{{{ORG}}}[1h]))",
                     f"{BY} {{{{verdict}}}}"), span=12),
        series("Timers: how late the latest is", "Warnings and breaches that are due and not told.",
               Query(f'max by (organisation) (houserules_timer_late_seconds{{service="sla",{ORG}}})', BY),
               unit="s", limit=10, span=12, alert="TimersOverdue"),
    ]  # fmt: skip


def access() -> Panels:
    """Its own."""
    return [
        boards.Row("Leavers"),
        series("Removals", "Open, overdue, and held for want of another administrator.",
               Query(f"max by (organisation) (houserules_access_revocations_open{{{ORG}}})", f"{BY} open"),
               Query(f"max by (organisation) (houserules_access_revocations_overdue{{{ORG}}})", f"{BY} OVERDUE"),
               Query(f"max by (organisation) (houserules_access_revocations_held{{{ORG}}})", f"{BY} held"),
               alert="LeaversOverdue"),
        series("From leaving to asked for", "99 % of removals are asked for within this time; promised are 60 s. Without those held for want of another administrator.",
               Query(quantile(0.99, "houserules_access_leaver_to_requested_seconds", ORG, "organisation"), BY),
               unit="s", limit=60, alert="RemovalsRequestedLate"),
        series("From leaving to seen to be gone, a day's median", "Of those confirmed in the last day.",
               Query("histogram_quantile(0.5, sum by (organisation, le) "
                     f"(increase(houserules_access_leaving_to_confirmed_seconds_bucket{{{ORG}}}[1d])))", BY), unit="s"),
        stat("Oldest open removal", "How long it has been wanted.",
             Query(now("houserules_access_revocations_oldest_seconds", "access", ORG), BY), unit="s",
             height=7, span=6),
        stat("Questions for a person", "Open cases.",
             Query(now("houserules_access_cases_open", "access", ORG), BY),
             steps=((None, "green"), (1, "orange")), height=7, span=6),
        series("Timers: how late the latest is", "Leave that takes effect, rungs of the ladder.",
               Query(f'max by (organisation) (houserules_timer_late_seconds{{service="access",{ORG}}})', BY),
               unit="s", limit=10, span=12, alert="TimersOverdue"),
    ]  # fmt: skip


def consent() -> Panels:
    """Its own."""
    return [
        boards.Row("Images"),
        series("Takedowns", "Open and overdue.",
               Query(f"max by (organisation) (houserules_consent_takedowns_open{{{ORG}}})", f"{BY} open"),
               Query(f"max by (organisation) (houserules_consent_takedowns_overdue{{{ORG}}})", f"{BY} OVERDUE"),
               alert="TakedownsOverdue"),
        series("Decisions an hour", "Permit, review or block; told once each.",
               Query(f"sum by (organisation, decision) (increase(houserules_consent_decisions_total{{{ORG}}}[1h]))",
                     f"{BY} {{{{decision}}}}")),
        series("Images that lack something", "A consent or a check is missing for the content in force.",
               Query(f"max by (organisation) (houserules_consent_images_blocked{{{ORG}}})", BY)),
        stat("Oldest takedown", "How long it has been wanted.",
             Query(now("houserules_consent_takedowns_oldest_seconds", "consent", ORG), BY), unit="s",
             height=7, span=12),
        series("Timers: how late the latest is", "Consents that end, images that are to be judged again.",
               Query(f'max by (organisation) (houserules_timer_late_seconds{{service="consent",{ORG}}})', BY),
               unit="s", limit=10, span=12, alert="TimersOverdue"),
    ]  # fmt: skip


OWN: Mapping[str, Own] = MappingProxyType({"intake": intake, "sla": sla, "access": access, "consent": consent})
ABOUT = {
    "intake": "What comes in: webhooks, the event door, the inbox.",
    "sla": "Deadlines of answers, and breaches.",
    "access": "Leavers, and what they could still do.",
    "consent": "Images, and who agreed to be on them.",
}


def service_boards() -> list[boards.Dashboard]:
    """One for each."""
    made = []
    for service, own in OWN.items():
        one = board(f"houserules-{service}", f"House Rules: {service}", ABOUT[service], ("organisation",))
        made.append(filled(one, [*own(), *doors(service), *reading(service)]))
    return made
