"""The panels of each service's dashboard: those that all have, and its own."""

from collections.abc import Iterator

from deploy.observe.catalogue import SERVICES
from tests.unit.observe.cases.panel import (
    FRESH,
    WESTWARD,
    Case,
    Pair,
    Shows,
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
TOPIC = "houserules.messages"
PARTITION = {"topic": TOPIC, "partition": "3"}
TIMERS = "Timers: how late the latest is"


def case(
    board: str, title: str, cause: str, series: dict[str, Pair], *shows: Shows, colours: tuple[str, str] | None = None
) -> Case:
    """One of a service's own series."""
    return Case(board=board, title=title, cause=cause, series=series, shows=shows, colours=colours)


def figure(service: str, title: str, name: str, shown: tuple[float, float], colours: tuple[str, str] | None) -> Case:
    """A number from the database."""
    return Case(
        board=service, title=title, cause=f"{name} grows",
        series={of_landlord(service, f"houserules_{service}_{name}"): stands(*shown)}, shows=({WESTWARD: shown},),
        colours=colours, always=process(service),
    )  # fmt: skip


def figures(service: str, title: str, **shown: tuple[float, float]) -> Case:
    """A graph of such numbers, in the order of its queries."""
    series = {of_landlord(service, f"houserules_{service}_{name}"): stands(*pair) for name, pair in shown.items()}
    return case(service, title, "they grow", series, *({WESTWARD: pair} for pair in shown.values()))


def late(service: str) -> Case:
    """Its timers."""
    series = {of_landlord(service, "houserules_timer_late_seconds"): stands(0, 12)}
    return case(service, TIMERS, "something is not done", series, {WESTWARD: (0, 12)}, colours=GREEN_RED)


def delay(service: str, title: str, name: str, low: float, high: float, shown: tuple[float, float]) -> Case:
    """A delay of each landlord, whose graph has a limit."""
    series = spread(service, f"houserules_{service}_{name}", low, high, organisation="westward")
    return case(service, title, "it takes longer", series, {WESTWARD: shown}, colours=GREEN_RED)


def process_of(service: str) -> Iterator[Case]:
    """How it answers, and how its process does."""
    asked = of(service, "houserules_http_requests_total", method="POST", route="/events", status="503")
    started = of(service, "houserules_started_timestamp_seconds")
    yield case(
        service,
        "Answers Prometheus",
        "it does not",
        {of(service, "up"): stands(1, 0)},
        {"{}": (0, 1)},
        colours=GREEN_RED,
    )
    yield case(
        service, "Requests a second", "requests fail", {asked: grows(60)},
        {labels(route="/events", status="503"): (None, 1)},
    )  # fmt: skip
    yield case(
        service, "Time to answer, 99 %", "it answers slowly",
        spread(service, "houserules_http_seconds", 1.0, 5.0, route="/events"), {labels(route="/events"): (0.99, 4.96)},
    )  # fmt: skip
    yield case(
        service, "How late the event loop comes, 99 %", "something blocks it",
        spread(service, "houserules_loop_lag_seconds", 0.25, 2.5), {labels(instance=f"{service}:1"): (0.2475, 2.4775)},
        colours=GREEN_RED,
    )  # fmt: skip
    yield case(
        service, "Starts in a quarter of an hour", "it ends over and over", {started: ("0x60", "0x10 660 720 780x60")},
        {labels(instance=f"{service}:1"): (0, 3)}, colours=GREEN_RED,
    )  # fmt: skip


def reading_of(service: str) -> Iterator[Case]:
    """How it reads the bus."""
    lag, until = (of(service, f"houserules_bus_{name}", **PARTITION) for name in ("lag_records", "applied_until_timestamp_seconds"))  # fmt: skip
    dead = of(service, "houserules_bus_records_total", topic=TOPIC, outcome="dead")
    topic = labels(topic=TOPIC)
    yield case(
        service, "Records a second, by outcome", "what comes cannot be read", {dead: grows(60)},
        {labels(topic=TOPIC, outcome="dead"): (0, 1)},
    )  # fmt: skip
    yield case(service, "Lag", "nothing is applied", {lag: stands(0, 7)}, {topic: (0, 7)})
    yield case(
        service, "Lag in seconds", "the oldest record waits for two minutes",
        {lag: stands(0, 7), until: ("1080x60", "1080x60")}, {topic: (0, 120)}, colours=GREEN_RED,
    )  # fmt: skip


def intake() -> Iterator[Case]:
    """Its own."""
    whose = {"organisation": "westward", "source": "inbox"}
    counters = {name: f"houserules_intake_{name}_total" for name in ("accepted", "repeated", "refused", "applied")}
    counters |= {name: f"houserules_intake_{name}_total" for name in ("failed", "ignored", "clamped", "published")}
    yield case(
        "intake", "Accepted a second", "deliveries come, some again",
        {of("intake", counters["accepted"], **whose): grows(60), of("intake", counters["repeated"]): grows(30)},
        {WESTWARD: (0, 1)}, {"{}": (0, 0.5)},
    )  # fmt: skip
    yield case(
        "intake", "Refused in five minutes", "no secret signs them",
        {of("intake", counters["refused"], **whose, reason="wrong"): grows(2)}, {labels(**whose, reason="wrong"): (0, 10)},
    )  # fmt: skip
    yield case(
        "intake", "Deliveries in one commit", "many come together",
        spread("intake", "houserules_intake_group_size", 10, 20),
        {labels(service="intake"): (5, 15)}, {labels(service="intake"): (9.9, 19.9)},
    )  # fmt: skip
    yield case(
        "intake", "Read a second", "some cannot be read, some are strange",
        {
            of("intake", counters["applied"]): grows(60),
            of("intake", counters["failed"], code="invalid"): grows(30),
            of("intake", counters["ignored"], what="verb"): grows(15),
            of("intake", counters["clamped"]): grows(120),
        },
        {"{}": (0, 1)}, {labels(code="invalid"): (0, 0.5)}, {labels(what="verb"): (0, 0.25)}, {"{}": (0, 2)},
    )  # fmt: skip
    yield figures("intake", "Waiting to be read", deliveries_pending=(0, 3), deliveries_pending_age_seconds=(0, 90))
    yield figure("intake", "Could not be read", "deliveries_failed", (0, 2), ("green", "orange"))
    turn = of("intake", "houserules_intake_turn_timestamp_seconds")
    yield case("intake", "Workers", "none has had its turn", {turn: (FRESH, "0x60")}, {"{}": (1, 0)}, colours=GREEN_RED)
    yield case(
        "intake", "Events taken at the door, a second", "HR posts events",
        {of_landlord("intake", counters["published"]): grows(60)}, {WESTWARD: (0, 1)},
    )  # fmt: skip


def sla() -> Iterator[Case]:
    """Its own."""
    breached = of_landlord("sla", "houserules_sla_verdicts_total", verdict="breached")
    yield figures("sla", "Open and overdue", targets_open=(0, 5), targets_overdue=(0, 2))
    yield delay("sla", "From receipt to clock", "message_to_clock_seconds", 5, 10, (4.95, 9.95))
    yield delay("sla", "From due to noticed", "breach_detection_seconds", 2, 5, (1.98, 4.97))
    yield case(
        "sla", "Verdicts an hour", "deadlines are missed", {breached: grows(3)},
        {labels(organisation="westward", verdict="breached"): (0, 60)},
    )  # fmt: skip
    yield late("sla")


def access() -> Iterator[Case]:
    """Its own."""
    confirmed = "houserules_access_leaving_to_confirmed_seconds"
    yield figures("access", "Removals", revocations_open=(0, 4), revocations_overdue=(0, 1), revocations_held=(0, 1))
    yield delay("access", "From leaving to asked for", "leaver_to_requested_seconds", 60, 300, (59.4, 297.6))
    yield case(
        "access", "From leaving to seen to be gone, a day's median", "it takes minutes longer",
        spread("access", confirmed, 60, 300, organisation="westward"), {WESTWARD: (30, 180)},
    )  # fmt: skip
    yield figure("access", "Oldest open removal", "revocations_oldest_seconds", (0, 7200), None)
    yield figure("access", "Questions for a person", "cases_open", (0, 1), ("green", "orange"))
    yield late("access")


def consent() -> Iterator[Case]:
    """Its own."""
    blocked = of_landlord("consent", "houserules_consent_decisions_total", decision="block")
    yield figures("consent", "Takedowns", takedowns_open=(0, 4), takedowns_overdue=(0, 1))
    yield case(
        "consent", "Decisions an hour", "images are blocked", {blocked: grows(1)},
        {labels(organisation="westward", decision="block"): (0, 20)},
    )  # fmt: skip
    yield figures("consent", "Images that lack something", images_blocked=(0, 2))
    yield figure("consent", "Oldest takedown", "takedowns_oldest_seconds", (0, 7200), None)
    yield late("consent")


CASES = (
    *intake(), *sla(), *access(), *consent(),
    *(one for service in SERVICES for one in (*process_of(service), *reading_of(service))),
)  # fmt: skip
