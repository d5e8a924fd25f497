"""The overview: is a promise broken now, whose is it, what is to be done; then what is promised, row by row."""

from grafana_foundation_sdk.builders import dashboard as boards

from deploy.observe.dashboards.known import now, of_all, of_landlords
from deploy.observe.dashboards.panels import Panel, Panels, Query, board, filled, firing, series, stat, verdict, words

__all__ = ["GONE_S", "overview"]

ORG = 'organisation=~"$organisation"'
GREEN, AMBER, RED = "green", "orange", "red"
QUESTIONS = now("houserules_sla_targets_overdue", "sla", ORG)
LEAVERS = now("houserules_access_revocations_overdue", "access", ORG)
TAKEDOWNS = now("houserules_consent_takedowns_overdue", "consent", ORG)
BY = "{{organisation}}"
ALERTS = 'ALERTS{alertstate="firing"}'
FIRES = 'count(ALERTS{alertstate="firing",severity=~"page|ticket"}) or vector(0)'
SURE = (
    "It is what the figures say now: while the service does not answer, or any of its figures cannot be read or is over a "
    "minute and a half old, it is unknown, and the table below says what to do."
)


def top() -> Panels:
    """What a first look must answer."""
    return [
        boards.Row("Is a promise broken now?"),
        verdict(
            "Answered in time",
            f"Whether anybody still waits for an answer whose due time has passed. {SURE}",
            Query(of_landlords("houserules_sla_targets_overdue", "sla", ORG), BY),
            alert="QuestionsOverdue",
        ),
        verdict(
            "Leavers removed",
            f"Whether somebody who left can still speak for the landlord past the deadline. {SURE}",
            Query(of_landlords("houserules_access_revocations_overdue", "access", ORG), BY),
            alert="LeaversOverdue",
        ),
        verdict(
            "Images cleared",
            f"Whether an image that may not be shown is still up past its deadline. {SURE}",
            Query(of_landlords("houserules_consent_takedowns_overdue", "consent", ORG), BY),
            alert="TakedownsOverdue",
        ),
        verdict(
            "The system itself",
            "Whether an alert for ops fires. The table below names it and leads to what to do.",
            Query(of_all(FIRES, 1), "ops"),
            kept="well",
            broken="SEE BELOW",
            alert="ServiceAbsent",
        ),
        firing(
            "What to do now",
            "Every alert that fires, for whom, and how soon somebody is to look: a click on its name opens its runbook. "
            "Empty is good.",
            ALERTS,
        ),
    ]


def answered() -> Panels:
    """Promise to the public: an answer in time."""
    verdicts = f"houserules_sla_verdicts_total{{{ORG}"
    kept = f'sum by (organisation) (increase({verdicts},verdict="met"}}[$__range]))'
    broken = f'sum by (organisation) (increase({verdicts},verdict="breached"}}[$__range]))'
    return [
        boards.Row("Answered in time"),
        series(
            "Waiting for an answer",
            "Open deadlines, and those of them that have passed.",
            Query(now("houserules_sla_targets_open", "sla", ORG), f"{BY} open"),
            Query(QUESTIONS, f"{BY} OVERDUE"),
            alert="QuestionsOverdue",
        ),
        series(
            "Verdicts an hour",
            "Deadlines met, breached, and breaches that were taken back.",
            Query(
                f'sum by (organisation, verdict) (increase({verdicts},verdict!="started"}}[1h]))',
                f"{BY} {{{{verdict}}}}",
            ),
        ),
        stat(
            "Kept, in the time shown",
            "Of the deadlines that were decided, the share that was met. No decision at all counts as kept.",
            Query(f"({kept} / (({kept} + {broken}) > 0)) or ({kept} * 0 + 1)", BY),
            unit="percentunit",
            steps=((None, RED), (0.9, AMBER), (0.99, GREEN)),
            height=7,
        ),
        stat(
            "Longest overdue",
            "How long ago the oldest unanswered deadline was, by the wall clock.",
            Query(now("houserules_sla_targets_overdue_oldest_seconds", "sla", ORG), BY),
            unit="s",
            steps=((None, GREEN), (1, RED)),
            height=7,
        ),
    ]


def removed() -> Panels:
    """Promise to the public: who left cannot speak for the landlord."""
    confirmed = "houserules_access_leaving_to_confirmed_seconds_bucket"
    return [
        boards.Row("Leavers removed"),
        series(
            "Access that is to go",
            "Removals that are open, past their deadline, or held as nobody else would administer the site.",
            Query(now("houserules_access_revocations_open", "access", ORG), f"{BY} open"),
            Query(LEAVERS, f"{BY} OVERDUE"),
            Query(now("houserules_access_revocations_held", "access", ORG), f"{BY} held"),
            alert="LeaversOverdue",
        ),
        series(
            "From leaving to seen to be gone",
            "Half and nine tenths of the removals confirmed in the last day were confirmed within this time.",
            *(
                Query(
                    f"histogram_quantile({share}, sum by (organisation, le) (increase({confirmed}{{{ORG}}}[1d])))",
                    f"{BY} {name}",
                )
                for share, name in ((0.5, "half"), (0.9, "nine tenths"))
            ),
            unit="s",
        ),
        stat(
            "Oldest open removal",
            "How long the oldest access that is to go has been wanted.",
            Query(now("houserules_access_revocations_oldest_seconds", "access", ORG), BY),
            unit="s",
            steps=((None, GREEN), (86400, AMBER), (3 * 86400, RED)),
            height=7,
        ),
        stat(
            "Questions for a person",
            "Cases that wait for somebody: leavers whom the register does not know, disputed or held ones.",
            Query(now("houserules_access_cases_open", "access", ORG), BY),
            steps=((None, GREEN), (1, AMBER)),
            height=7,
        ),
    ]


def cleared() -> Panels:
    """Promise to the public: no face without a form."""
    return [
        boards.Row("Images cleared"),
        series(
            "Uses that are to come down",
            "Takedowns that are open, and those past their deadline.",
            Query(now("houserules_consent_takedowns_open", "consent", ORG), f"{BY} open"),
            Query(TAKEDOWNS, f"{BY} OVERDUE"),
            alert="TakedownsOverdue",
        ),
        series(
            "Decisions an hour",
            "What was decided on images: permit, review or block.",
            Query(
                f"sum by (organisation, decision) (increase(houserules_consent_decisions_total{{{ORG}}}[1h]))",
                f"{BY} {{{{decision}}}}",
            ),
        ),
        stat(
            "Images that lack something",
            "Images whose content in force lacks a consent or a check. They are blocked, not broken.",
            Query(now("houserules_consent_images_blocked", "consent", ORG), BY),
            height=7,
        ),
        stat(
            "Oldest takedown",
            "How long the oldest open takedown has been wanted.",
            Query(now("houserules_consent_takedowns_oldest_seconds", "consent", ORG), BY),
            unit="s",
            steps=((None, GREEN), (86400, AMBER), (2 * 86400, RED)),
            height=7,
        ),
    ]


LATE = f"max by (service, organisation) (houserules_timer_late_seconds{{{ORG}}})"
PENDING = f"max by (organisation) (houserules_intake_deliveries_pending_age_seconds{{{ORG}}})"
PENDING_S, GONE_S = 60, 1e9
ACCEPTED = f"max({PENDING} or sum(houserules_intake_accepted_gone) * {GONE_S:g})"
"""In seconds, as the panel's bound is; what is gone is so for ever, which is beyond anything that waits."""
GAPS = "sum(houserules_bus_dead_letters_open) or vector(0)"
HELD = 'sum(houserules_bus_held{reason!="transient"}) or vector(0)'
DRIFT = "sum(max by (service) (houserules_bus_drift_records))"
LOST = 'sum(houserules_bus_held{reason=~"lost|stale"}) or vector(0)'
"""Partitions whose log has not got what is to be read next: retention took it, or the topic was made anew."""
LATE_S = 10
NOTICED_LATE = f"houserules:breaches:error_ratio_5m{{{ORG}}}"
LATEST = f"max({LATE} or ({NOTICED_LATE} > 0.01) * {LATE_S / 0.01:g})"
"""In seconds, as the panel's bound is; a share of breaches over its objective's lies over that bound, too."""


def promises() -> Panels:
    """P1 to P6 of the README."""
    return [
        boards.Row("What the system promises: P1 to P6"),
        *_verdicts(),
        _objectives(),
        series(
            "Timers: how late the latest is",
            "Nought when nothing is due; a claim takes a quarter of a second.",
            Query(LATE, "{{service}} {{organisation}}"),
            unit="s",
            limit=10,
            alert="TimersOverdue",
        ),
        words("How to read this", READ, span=8),
    ]


REPEATS = 'houserules_bus_records_total{outcome=~"duplicate|redelivered"}'


def _verdicts() -> Panels:
    return [
        verdict("P1 Durable accept",
                "GONE: of the last deliveries that were answered 200 within an hour, the database has not got some any more. "
                "WAITING: some are committed, and for longer than a minute nothing has come of them. Older ones, and what "
                "other doors accepted, nobody remembers: tests hold it for those.",
                Query(of_all(ACCEPTED, PENDING_S, "intake"), "oldest"), bound=PENDING_S, broken="WAITING",
                worst=(GONE_S, "GONE"), alert="DeliveriesGone", span=4, height=4),
        stat("P2 Effectively once", "Repeats that were met and changed nothing in the last hour. Any number is well: it shows "
             "that they come, and are known. An event that was applied twice would look like two: what tells them apart is "
             "the key of the inbox's rows, which the database does not let be there twice. So no figure can show a break: "
             "tests hold it.",
             Query(f"sum(increase({REPEATS}[1h])) or vector(0)", "repeats"), decimals=0),
        verdict("P3 Order", "A dead letter leaves a gap in its key until it is sent again; a held partition waits.",
                Query(of_all(f"({GAPS}) + ({HELD})", 1), "gaps"), broken="GAP", alert="DeadLettersOpen", span=4, height=4),
        verdict("P4 Conservation", "Records between the first and the next offset that no outcome accounts for; and partitions "
                "whose log begins behind the stored position or was made anew, so that records may be gone unread.",
                Query(of_all(f"({DRIFT}) + ({LOST})", 1), "unaccounted"),
                alert="ConservationDrift", span=4, height=4),
        verdict("P5 Timers", f"Something has been due for over {LATE_S} seconds and is not done, or more than one breach in a "
                "hundred was noticed over two seconds late in the last five minutes.",
                Query(of_all(LATEST, LATE_S), "latest"), bound=LATE_S, broken="LATE", alert="TimersOverdue", span=4, height=4),
        verdict("P6 Outage", "Doors answered 5xx in the last five minutes to more than one request in a thousand.",
                Query(of_all("max(houserules:doors:error_ratio_5m) or vector(0)", 0.001), "5xx"),
                bound=0.001, broken="FAILING", alert="DoorsFailing", span=4, height=4),
    ]  # fmt: skip


def _objectives() -> Panel:
    asked = (
        Query("1 - houserules:doors:error_ratio_1h", "doors {{service}}"),
        Query("1 - houserules:clock:error_ratio_1h", "clock within 5 s {{organisation}}"),
        Query("1 - houserules:breaches:error_ratio_1h", "breach within 2 s {{organisation}}"),
        Query("1 - houserules:leavers:error_ratio_1h", "removal asked for within 60 s {{organisation}}"),
    )
    return series(
        "Objectives, over the last hour",
        "The share that went well: 99.9 % of requests, 99 % of the others. Nothing is shown where nothing happened.",
        *asked,
        unit="percentunit",
    )


READ = """
- **Top row**: one word for each landlord. Red means that somebody outside is let down *now*; purple, that nobody can say.
- **What to do now** lists what fires; its name opens the runbook.
- `page` wakes somebody, `ticket` waits for the morning, `notice` is for the landlord's own people.
- Figures of the database are read every five seconds; policy time is used throughout, so a stepped clock shows here too.
"""


def overview() -> boards.Dashboard:
    """The first dashboard."""
    made = board(
        "houserules-overview",
        "House Rules: overview",
        "Whether a promise is broken now, for whom, and what to do.",
        ("organisation",),
    )
    return filled(made, [*top(), *answered(), *removed(), *cleared(), *promises()])
