"""What comes in at the doors: deliveries that are refused, are not read, or cannot be."""

from deploy.observe.alert import Alert, Case, Severity
from deploy.observe.causes.series import of, two

__all__ = ["CAUSES"]

BY = "sum by (organisation, source)"
REFUSED, ACCEPTED = "houserules_intake_refused_total", "houserules_intake_accepted_total"
WINDOWS = ("15m", "1h", "6h", "1d")
"""How far back the last deliveries are sought: a busy landlord's are found in minutes, a quiet one's within the day."""
LEAST = 3
"""Refusals before anybody is woken: a single one may be a slip, and a sender tries it again within the hour."""

PENDING, FAILED = "houserules_intake_deliveries_pending_age_seconds", "houserules_intake_deliveries_failed"
GONE = "houserules_intake_accepted_gone"
INBOX = {"organisation": "westward", "source": "inbox"}
OTHER = {"organisation": "wheatley", "source": "inbox"}
NOBODY = {"organisation": "", "source": ""}
LANDLORD = {"organisation": "westward"}


def growth(counter: str, window: str) -> str:
    """How much a counter of known sources grew."""
    return f'{BY} (increase({counter}{{organisation!=""}}[<{window}>]))'


NONE_ACCEPTED = " or ".join(
    f"({growth(REFUSED, window)} >= {LEAST} unless {growth(ACCEPTED, window)} > 0)" for window in WINDOWS
)
SOME_ACCEPTED = (
    f"{growth(REFUSED, '1h')} > 5 and {growth(ACCEPTED, '1h')} > 0 "
    f"and {growth(REFUSED, '1h')} > 0.1 * {growth(ACCEPTED, '1h')} and {growth(REFUSED, '15m')} > 0"
)


def came(whose: dict[str, str], refused: str, accepted: str) -> dict[str, str]:
    """What a source's deliveries were answered."""
    return {
        of("intake", REFUSED, reason="wrong", **whose): refused,
        of("intake", ACCEPTED, **whose): accepted,
    }


BOTH: tuple[Severity, ...] = ("page", "ticket")
SECRET_FIRES = (
    Case(came(INBOX, "0x5 0+5x10", "50x20"), labels=INBOX, severities=("page",)),
    Case(came(INBOX, "0x20 1x20 2x20 3x20", "9x80"), "70m", INBOX, ("page",)),
    Case(came(INBOX, "0 3x20", "0x20") | came(OTHER, "0 3x20", "0+5x20"), labels=INBOX, severities=("page",)),
    Case(came(INBOX, "0+1x60", "0+5x60"), "20m", INBOX, ("ticket",)),
)
SECRET_SILENT = (
    Case(came(INBOX, "0x5 2x20", "50x20")),
    Case(came(INBOX, "0+5x10 50x20", "50x11 51x20"), "29m"),
    Case(came(INBOX, "0x5 0+1x30", "0+100x40"), "30m"),
    Case({of("intake", REFUSED, reason="wrong", **NOBODY): "0+50x20"}),
)


def secret(severity: Severity, expr: str, summary: str) -> Alert:
    """One of the two: none is accepted any more, or some are refused among those that are."""
    return Alert(
        name="WebhookSecretWrong",
        expr=expr,
        severity=severity,
        summary=summary,
        fires=SECRET_FIRES,
        silent=SECRET_SILENT,
    )


CAUSES = (
    secret(
        "page",
        NONE_ACCEPTED,
        "Every delivery to {{ $labels.organisation }}'s source {{ $labels.source }} is refused: no secret of it signs them.",
    ),
    secret(
        "ticket",
        SOME_ACCEPTED,
        "Some deliveries to {{ $labels.organisation }}'s source {{ $labels.source }} are refused, and others are not.",
    ),
    Alert(
        name="DeliveriesGone",
        expr=f"sum by (service) ({GONE}) > 0",
        severity="page",
        summary="Deliveries that {{ $labels.service }} answered 200 are not in its database any more: promise P1 is broken.",
        fires=(
            Case({of("intake", GONE): "0x5 1x20"}, labels={"service": "intake"}),
            Case(two("intake", GONE, "0x20", "2x20"), labels={"service": "intake"}),
        ),
        silent=(Case({of("intake", GONE): "0x20"}), Case({of("intake", GONE): "1x5 0x20"})),
    ),
    Alert(
        name="DeliveriesUnread",
        expr=f"max by (organisation) ({PENDING}) > 60",
        lasting="<1m>",
        severity="page",
        summary="Deliveries of {{ $labels.organisation }} were answered 200 over a minute ago and nothing came of them.",
        fires=(Case({of("intake", PENDING, **LANDLORD): "0x3 0+60x20"}, labels=LANDLORD),),
        silent=(
            Case({of("intake", PENDING, **LANDLORD): "59x20"}),
            Case({of("intake", PENDING, **LANDLORD): "0x9 90 0x10"}),
        ),
    ),
    Alert(
        name="DeliveriesFailed",
        expr=f"max by (organisation) ({FAILED}) > 0",
        severity="ticket",
        summary="Signed deliveries of {{ $labels.organisation }} could not be read and wait for somebody.",
        fires=(Case({of("intake", FAILED, **LANDLORD): "0x5 2x20"}, labels=LANDLORD),),
        silent=(
            Case({of("intake", FAILED, **LANDLORD): "0x20"}),
            Case({of("intake", FAILED, **LANDLORD): "2x5 0x20"}),
        ),
    ),
)
