"""A panel's case: series as Prometheus holds them, and what each of the panel's queries makes of them.

Series are in promtool's notation, a value a minute; panels are asked after twenty minutes. What is not on hand is `NONE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.observe.catalogue import SERVICES
from deploy.observe.causes.series import of

__all__ = [
    "AT",
    "FRESH",
    "NONE",
    "WESTWARD",
    "Case",
    "Pair",
    "Shows",
    "everybody",
    "grows",
    "labels",
    "of",
    "of_landlord",
    "process",
    "spread",
    "stands",
]

AT = "20m"
NONE = "_x60"
FRESH = "0+60x60"
"""The time, as the clock of the tests goes."""
WESTWARD = '{organisation="westward"}'
Pair = tuple[str, str]
"""A series' values without the cause, and with it."""
Shows = Mapping[str, tuple[float | None, float | None]]
"""By labels, what a query returns without the cause and with it; None where it returns nothing of these labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A panel (by its dashboard, without `houserules-`, and its title) without and with a cause."""

    board: str
    title: str
    cause: str
    series: Mapping[str, Pair]
    shows: tuple[Shows, ...]
    """Of each of its queries."""
    colours: tuple[str, str] | None = None
    """Of all that is shown without the cause, and of the worst with it; where the panel has colours that mean something."""
    always: Mapping[str, str] = field(default_factory=dict)
    """Series that are there in both cases."""
    recorded: bool = False
    """Whether it rests on the shipped rules, which are evaluated over the series then."""


def labels(**given: str) -> str:
    """Labels in Prometheus' notation."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in given.items() if value) + "}"


def process(
    service: str, up: str = "1x60", sampled: str = FRESH, number: int = 1, failing: str = "0x60"
) -> dict[str, str]:
    """What every process says of itself: here, that it answers and knows its figures."""
    said = {"up": up, "houserules_sampled_timestamp_seconds": sampled, "houserules_samples_failing": failing}
    return {of(service, name).replace(":1", f":{number}"): values for name, values in said.items()}


def everybody(but: str = "", up: str = "1x60", sampled: str = FRESH, failing: str = "0x60") -> dict[str, str]:
    """A process of each service that can account for every record; `but` one of them is otherwise."""
    made: dict[str, str] = {}
    for service in SERVICES:
        made |= process(service, up, sampled, failing=failing) if service == but else process(service)
        made |= {of(service, "houserules_bus_drift_records"): "0x60"}
    return made


def of_landlord(service: str, name: str, **more: str) -> str:
    """Westward's series."""
    return of(service, name, organisation="westward", **more)


def stands(without: float, with_it: float) -> Pair:
    """A gauge."""
    return f"{without:.10g}x60", f"{with_it:.10g}x60"


def grows(a_minute: float) -> Pair:
    """A counter that stands at nought, or grows."""
    return "0x60", f"0+{a_minute:.10g}x60"


def spread(service: str, histogram: str, low: float, high: float, **more: str) -> dict[str, Pair]:
    """A histogram whose observations are all up to `low`, which are two of its bounds, or all between `low` and `high`.

    A quantile is told as if they lay evenly between the bounds.
    """
    bucket = f"{histogram}_bucket"
    return {
        of(service, bucket, **more, le=str(float(low))): ("0+100x60", "0x60"),
        of(service, bucket, **more, le=str(float(high))): ("0+100x60", "0+100x60"),
        of(service, bucket, **more, le="+Inf"): ("0+100x60", "0+100x60"),
    }
