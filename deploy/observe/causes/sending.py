"""How what was decided gets to the bus."""

from deploy.observe.alert import Alert, Case
from deploy.observe.causes.series import SLA, of, two

__all__ = ["CAUSES"]

CAUSES = (
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
)
