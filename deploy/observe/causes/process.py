"""A process, its database, and its connections to it."""

from deploy.observe.alert import Alert, Case
from deploy.observe.catalogue import SERVICES
from deploy.observe.causes.series import SLA, elsewhere, of, two, up

__all__ = ["CAUSES"]

STARTED = of("sla", "houserules_started_timestamp_seconds")
POOL = "houserules_pool_wait_seconds_bucket"
FAILING = "houserules_samples_failing"


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
        name="ServiceRestarting",
        expr="max by (service) (changes(houserules_started_timestamp_seconds[<15m>])) >= 3",
        severity="page",
        summary="{{ $labels.service }} ends and is started again, over and over.",
        fires=(
            Case({STARTED: "0x3 180 250 320x30"}, labels=SLA),
            Case({STARTED: "0x3 180 stale 300 stale 420 stale"}, labels=SLA),
            Case({STARTED: "0x30"} | elsewhere({STARTED: "0+70x30"}), labels=SLA),
        ),
        silent=(
            Case({STARTED: "0x3 180 stale 300x30"}),
            Case(two("sla", "houserules_started_timestamp_seconds", "0x3 180x30", "0x5 300x30")),
            Case({STARTED: "0x3 180 250 320x30"}, "22m"),
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
        name="FiguresFailing",
        expr="max by (service) (houserules_samples_failing) > 0",
        lasting="<1m>",
        severity="page",
        summary="{{ $labels.service }} cannot read some of its figures though its database answers: whether it keeps its "
        "promises is not known.",
        fires=(
            Case({of("sla", FAILING): "0x5 1x20"}, labels=SLA),
            Case({of("sla", FAILING): "0x5 1 2 1 3x20"}, labels=SLA),
            Case(two("sla", FAILING, "0x20", "1x20"), labels=SLA),
        ),
        silent=(
            Case({of("sla", FAILING): "0x20"}),
            Case({of("sla", FAILING): "1x8 0x20"}),
            Case({of("sla", FAILING): "0x9 1x20"}),
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
)
