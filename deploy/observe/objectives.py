"""The objectives, as a list: how much of what may go wrong, and from which counters it is told.

Alerts on them look at how fast the budget of errors burns, in two windows at once: the long one says that it matters,
the short one that it still goes on (the Site Reliability Workbook's chapter on alerting).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.observe.alert import Alert, Case, Severity

__all__ = ["BURNS", "LEAST_BAD", "OBJECTIVES", "WINDOWS", "Objective", "alerts"]

BURNS: dict[Severity, tuple[tuple[str, str, float], ...]] = {
    "page": (("1h", "5m", 14.4), ("6h", "30m", 6.0)),
    "ticket": (("1d", "2h", 3.0), ("3d", "6h", 1.0)),
}
"""Long window, short window, and how many times faster than allowed the budget burns in both."""
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
LEAST_BAD = 6
"""How many must have gone wrong within the long window before anybody is woken: at night one slow event is all there is,
and a share of 100 %. Six are more than one delivery with all its retries within six hours (five, by the schedule that
Standard Webhooks recommends). It is a number of bad events and not of all, so that a hundred failures of a hundred wake
somebody, whatever the share that is allowed. Fewer open a ticket, by their share alone.
"""

PLATFORM_ROUTES = "/healthz|/readyz|/metrics|/docs.*|/openapi.json|unmatched"
DOORS = f'houserules_http_requests_total{{route!~"{PLATFORM_ROUTES}",status!="499"}}'
"""Every request but those whose caller hung up before there was an answer."""
FAILED = f'houserules_http_requests_total{{route!~"{PLATFORM_ROUTES}",status=~"5.."}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """`target` of all are good, told for each value of `by`. `bad` and `total` are a `CHANGE` over `WINDOW`: rate or increase."""

    slug: str
    alert: str
    target: float
    by: str
    bad: str
    total: str
    summary: str
    good_series: tuple[str, ...]
    bad_series: tuple[str, ...]
    """What promtool's cases count: series that grow with each good one, and with each bad one."""

    @property
    def budget(self) -> float:
        """The share that may go wrong."""
        return round(1 - self.target, 6)

    def rule(self, window: str) -> str:
        """The name of the recording rule of one window."""
        return f"houserules:{self.slug}:error_ratio_{window}"

    def ratio(self, window: str) -> str:
        """The share that went wrong; nothing where nothing happened."""
        total, bad = self._change("rate", self.total, window), self._change("rate", self.bad, window)
        return f"({bad} or {total} * 0) / ({total} > 0)"

    def bad_rule(self, window: str) -> str:
        """The name of the recording rule of how many went wrong in one window."""
        return f"houserules:{self.slug}:bad_{window}"

    def how_many_bad(self, window: str) -> str:
        """How many went wrong; nothing where nothing ever did."""
        return self._change("increase", self.bad, window)

    def _change(self, function: str, of: str, window: str) -> str:
        return f"sum by ({self.by}) ({of})".replace("CHANGE", function).replace("WINDOW", f"<{window}>")


def within(bound: str, histogram: str, *, slug: str, alert: str, summary: str) -> Objective:
    """An objective on a delay, of each landlord: 99 % within the bound, in seconds, which is one of the buckets'."""
    total = f"CHANGE({histogram}_count[WINDOW])"
    labels = 'organisation="westward",service="x",instance="x:1",job="houserules"'
    count = f"{histogram}_count{{{labels}}}"
    return Objective(
        slug=slug,
        alert=alert,
        target=0.99,
        by="organisation",
        bad=f'{total} - ignoring (le) CHANGE({histogram}_bucket{{le="{bound}"}}[WINDOW])',
        total=total,
        summary=summary,
        good_series=(count, f'{histogram}_bucket{{{labels},le="{bound}"}}'),
        bad_series=(count,),
    )


def door(status: str) -> str:
    """A series of requests at a door."""
    labels = f'service="intake",instance="i:1",job="houserules",method="POST",route="/events",status="{status}"'
    return f"houserules_http_requests_total{{{labels}}}"


OBJECTIVES = (
    Objective(
        slug="doors",
        alert="DoorsFailing",
        target=0.999,
        by="service",
        bad=f"CHANGE({FAILED}[WINDOW])",
        total=f"CHANGE({DOORS}[WINDOW])",
        summary="The doors of {{ $labels.service }} answer 5xx too often: 99.9 % must not.",
        good_series=(door("200"),),
        bad_series=(door("503"),),
    ),
    within(
        "5.0",
        "houserules_sla_message_to_clock_seconds",
        slug="clock",
        alert="ClocksStartLate",
        summary="Messages to {{ $labels.organisation }} get their deadlines late: 99 % must within 5 s of receipt.",
    ),
    within(
        "2.0",
        "houserules_sla_breach_detection_seconds",
        slug="breaches",
        alert="BreachesNoticedLate",
        summary="Breaches at {{ $labels.organisation }} are noticed late: 99 % must be within 2 s of the due time.",
    ),
    within(
        "60.0",
        "houserules_access_leaver_to_requested_seconds",
        slug="leavers",
        alert="RemovalsRequestedLate",
        summary="Leavers' access at {{ $labels.organisation }} is asked to go late: 99 % must be within 60 s.",
    ),
)


def alerts() -> Iterator[Alert]:
    """Two for each objective, of one name: one that wakes somebody, one that waits for the morning."""
    for objective in OBJECTIVES:
        for severity, burns in BURNS.items():
            expr = " or ".join(f"({_burning(objective, severity, *burn)})" for burn in burns)
            fires, silent = _cases(objective)
            yield Alert(
                name=objective.alert,
                expr=expr,
                severity=severity,
                summary=objective.summary,
                labels={"objective": objective.slug},
                fires=fires,
                silent=silent,
            )


def _burning(objective: Objective, severity: Severity, long: str, short: str, factor: float) -> str:
    bound = _bound(objective, factor)
    burning = f"{objective.rule(long)} > {bound} and {objective.rule(short)} > {bound}"
    return f"{burning} and {objective.bad_rule(long)} >= {LEAST_BAD}" if severity == "page" else burning


def _bound(objective: Objective, factor: float) -> str:
    return f"{round(objective.budget * factor, 6):g}"


def _cases(objective: Objective) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Burning fast wakes somebody, slowly opens a ticket, and as planned does nothing; nor does what is over.

    In a quiet night, a few that went wrong are a ticket, and six are a page.
    """
    who = {objective.by: "intake" if objective.by == "service" else "westward", "objective": objective.slug}
    everything = _mixed(objective, 1000, round(1000 * objective.budget * 20), 120)
    slowly = _mixed(objective, 10_000, round(10_000 * objective.budget * 4), 180)
    planned = _mixed(objective, 10_000, round(10_000 * objective.budget * 0.5), 180)
    fires = (
        Case(everything, "2h", who, ("page", "ticket")),
        Case(slowly, "3h", who, ("ticket",)),
        Case(_quiet(objective, LEAST_BAD - 1), "30m", who, ("ticket",)),
        Case(_quiet(objective, LEAST_BAD), "30m", who, ("page", "ticket")),
    )
    return fires, (Case(planned, "3h"), Case(_mixed(objective, 1000, 0, 120), "2h"))


def _mixed(objective: Objective, many: int, bad: int, minutes: int) -> dict[str, str]:
    """`many` a minute, of which `bad` are."""
    growth: dict[str, int] = {}
    for series in objective.good_series:
        growth[series] = growth.get(series, 0) + many - bad
    for series in objective.bad_series:
        growth[series] = growth.get(series, 0) + bad
    return {series: f"0+{step}x{minutes}" for series, step in growth.items()}


def _quiet(objective: Objective, bad: int) -> dict[str, str]:
    """Nothing for a while; then so many, all of them bad, a few minutes ago."""
    none = dict.fromkeys(objective.good_series, "0x60")
    return none | dict.fromkeys(objective.bad_series, f"0x23 {bad}x60")
