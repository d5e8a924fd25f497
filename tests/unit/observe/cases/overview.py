"""The overview's panels."""

from collections.abc import Iterator

from deploy.observe.causes.series import up
from tests.unit.observe.cases.panel import (
    FRESH,
    NONE,
    WESTWARD,
    Case,
    Pair,
    Shows,
    everybody,
    grows,
    labels,
    of,
    of_landlord,
    process,
    spread,
    stands,
)

__all__ = ["CASES"]

GREEN_RED = ("green", "red")
DAY = 86_400
REQUESTS = "houserules_http_requests_total"
DOOR = {"method": "POST", "route": "/events"}


def case(
    title: str,
    cause: str,
    series: dict[str, Pair],
    *shows: Shows,
    colours: tuple[str, str] | None = None,
    always: dict[str, str] | None = None,
    recorded: bool = False,
) -> Case:
    """One of them."""
    return Case(
        board="overview", title=title, cause=cause, series=series, shows=shows, colours=colours, always=always or {},
        recorded=recorded,
    )  # fmt: skip


def figure(title: str, service: str, name: str, shown: tuple[float, float], colours: tuple[str, str] | None) -> Case:
    """A number that a service reads from its database."""
    series = {of_landlord(service, name): stands(*shown)}
    return case(title, f"{name} grows", series, {WESTWARD: shown}, colours=colours, always=process(service))


def figures(title: str, service: str, **shown: tuple[float, float]) -> Case:
    """A graph of such numbers, in the order of its queries."""
    prefix = f"houserules_{service}_"
    series = {of_landlord(service, prefix + name): stands(*pair) for name, pair in shown.items()}
    return case(title, "they grow", series, *({WESTWARD: pair} for pair in shown.values()), always=process(service))


def first_look() -> Iterator[Case]:
    """The top row."""
    yield figure("Answered in time", "sla", "houserules_sla_targets_overdue", (0, 2), GREEN_RED)
    yield figure("Leavers removed", "access", "houserules_access_revocations_overdue", (0, 1), GREEN_RED)
    yield figure("Images cleared", "consent", "houserules_consent_takedowns_overdue", (0, 3), GREEN_RED)
    old = {of("sla", "houserules_bus_outbox_age_seconds"): stands(0, 90)}
    told = labels(alertname="OutboxOld", alertstate="firing", service="sla", severity="page")
    yield case(
        "The system itself", "an alert fires", old, {"{}": (0, 1)}, colours=GREEN_RED, always=everybody(), recorded=True
    )
    yield case("What to do now", "an alert fires", old, {f"ALERTS{told}": (None, 1)}, always=everybody(), recorded=True)


def answered() -> Iterator[Case]:
    """An answer in time."""
    verdicts = "houserules_sla_verdicts_total"
    met, breached = (of_landlord("sla", verdicts, verdict=verdict) for verdict in ("met", "breached"))
    started = of_landlord("sla", verdicts, verdict="started")
    breaches = labels(organisation="westward", verdict="breached")
    yield figures("Waiting for an answer", "sla", targets_open=(0, 5), targets_overdue=(0, 2))
    yield case("Verdicts an hour", "deadlines are missed", {breached: grows(3), started: grows(5)}, {breaches: (0, 60)})
    yield case(
        "Kept, in the time shown", "a quarter is missed", {met: ("0+45x60", "0+45x60"), breached: grows(15)},
        {WESTWARD: (1, 0.75)}, colours=GREEN_RED,
    )  # fmt: skip
    yield case(
        "Kept, in the time shown", "a twentieth is missed", {met: ("0+95x60", "0+95x60"), breached: grows(5)},
        {WESTWARD: (1, 0.95)}, colours=("green", "orange"),
    )  # fmt: skip
    yield figure("Longest overdue", "sla", "houserules_sla_targets_overdue_oldest_seconds", (0, 7200), GREEN_RED)


def removed() -> Iterator[Case]:
    """Who left cannot speak for the landlord."""
    yield figures(
        "Access that is to go", "access", revocations_open=(0, 4), revocations_overdue=(0, 1), revocations_held=(0, 1)
    )
    yield case(
        "From leaving to seen to be gone", "it takes minutes longer",
        spread("access", "houserules_access_leaving_to_confirmed_seconds", 60, 300, organisation="westward"),
        {WESTWARD: (30, 180)}, {WESTWARD: (54, 276)},
    )  # fmt: skip
    oldest, cases = "houserules_access_revocations_oldest_seconds", "houserules_access_cases_open"
    yield figure("Oldest open removal", "access", oldest, (0, 4 * DAY), GREEN_RED)
    yield figure("Oldest open removal", "access", oldest, (3600, 2 * DAY), ("green", "orange"))
    yield figure("Questions for a person", "access", cases, (0, 1), ("green", "orange"))


def cleared() -> Iterator[Case]:
    """No face without a form."""
    decisions = of_landlord("consent", "houserules_consent_decisions_total", decision="block")
    oldest = "houserules_consent_takedowns_oldest_seconds"
    yield figures("Uses that are to come down", "consent", takedowns_open=(0, 4), takedowns_overdue=(0, 1))
    yield case(
        "Decisions an hour", "images are blocked", {decisions: grows(1)},
        {labels(organisation="westward", decision="block"): (0, 20)},
    )  # fmt: skip
    yield figure("Images that lack something", "consent", "houserules_consent_images_blocked", (0, 2), None)
    yield figure("Oldest takedown", "consent", oldest, (0, 3 * DAY), GREEN_RED)
    yield figure("Oldest takedown", "consent", oldest, (3600, DAY), ("green", "orange"))


def promise(title: str, cause: str, series: dict[str, Pair], value: float, *, recorded: bool = False) -> Case:
    """One of P1 to P6, which all services must know to be kept."""
    always = {name: values for name, values in everybody().items() if name not in series}
    return case(title, cause, series, {"{}": (0, value)}, colours=GREEN_RED, always=always, recorded=recorded)


def held(reason: str) -> dict[str, Pair]:
    """A partition of sla that is."""
    partition = of("sla", "houserules_bus_held", topic="houserules.messages", partition="3", reason=reason)
    return {partition: (NONE, "1x60")}


def promises() -> Iterator[Case]:
    """P1 to P6."""
    pending = of_landlord("intake", "houserules_intake_deliveries_pending_age_seconds")
    gone = of("intake", "houserules_intake_accepted_gone")
    letters = of("sla", "houserules_bus_dead_letters_open", organisation="westward", topic="t", code="invalid")
    failing, working = (of("intake", REQUESTS, **DOOR, status=status) for status in ("503", "200"))
    late = of_landlord("sla", "houserules_timer_late_seconds")
    noticed = of_landlord("sla", "houserules_sla_breach_detection_seconds_count")
    at_once = of_landlord("sla", "houserules_sla_breach_detection_seconds_bucket", le="2.0")
    repeats = of("sla", "houserules_bus_records_total", topic="t", outcome="duplicate")
    nothing_waits = {pending: ("0x60", "0x60")}
    yield promise("P1 Durable accept", "a delivery waits to be read", {pending: stands(0, 90)}, 90)
    yield promise("P1 Durable accept", "a delivery is gone", nothing_waits | {gone: stands(0, 1)}, 1e9)
    yield case("P2 Effectively once", "events come twice", {repeats: grows(3)}, {"{}": (0, 60)})
    yield promise("P3 Order", "a dead letter", {letters: (NONE, "2x60")}, 2)
    yield promise("P3 Order", "a held partition", held("bugs"), 1)
    yield promise(
        "P4 Conservation", "no outcome accounts for some", {of("sla", "houserules_bus_drift_records"): stands(0, 3)}, 3
    )
    yield promise("P4 Conservation", "the log has not got what is next", held("lost"), 1)
    yield promise("P5 Timers", "something is not done", {late: stands(0, 12)}, 12)
    yield promise(
        "P5 Timers", "breaches are noticed late",
        {late: stands(0, 0), noticed: ("0+10x60", "0+10x60"), at_once: ("0+10x60", "0x60")}, 1000, recorded=True,
    )  # fmt: skip
    burst = {failing: ("0x60", "0x17 12x60"), working: ("0x60", "0x60")}
    yield promise("P6 Outage", "the first failures, all between two scrapes", burst, 1, recorded=True)
    hung_up = {of("intake", REQUESTS, **DOOR, status="499"): "0+60x60"}
    half = {failing: grows(60), working: ("0+60x60", "0+60x60")}
    yield case(
        "P6 Outage", "half fails; who hangs up is nobody's fault", half, {"{}": (0, 0.5)}, colours=GREEN_RED,
        always=everybody() | hung_up, recorded=True,
    )  # fmt: skip
    yield case(
        "Timers: how late the latest is", "something is not done", {late: stands(0, 12)},
        {labels(organisation="westward", service="sla"): (0, 12)}, colours=GREEN_RED,
    )  # fmt: skip


def objectives() -> Iterator[Case]:
    """The share of each that went well."""
    failing, working = (of("intake", REQUESTS, **DOOR, status=status) for status in ("503", "200"))
    series: dict[str, Pair] = {failing: grows(60), working: ("0+60x60", "0+60x60")}
    for service, name, bound in (
        ("sla", "houserules_sla_message_to_clock_seconds", "5.0"),
        ("sla", "houserules_sla_breach_detection_seconds", "2.0"),
        ("access", "houserules_access_leaver_to_requested_seconds", "60.0"),
    ):
        series[of_landlord(service, f"{name}_count")] = ("0+60x60", "0+60x60")
        series[of_landlord(service, f"{name}_bucket", le=bound)] = ("0+60x60", "0+30x60")
    shares: Shows = {WESTWARD: (1, 0.5)}
    yield case(
        "Objectives, over the last hour", "half of each goes wrong", series, {labels(service="intake"): (1, 0.5)},
        shares, shares, shares, always=up() | {of("intake", "houserules_started_timestamp_seconds"): FRESH}, recorded=True,
    )  # fmt: skip


CASES = (*first_look(), *answered(), *removed(), *cleared(), *promises(), *objectives())
