"""As whom the command line speaks to Kafka, and what it says when Kafka does not speak to it."""

from typing import TYPE_CHECKING

from shared.cli.failure import Failure, Misuse

if TYPE_CHECKING:
    from shared.platform.cluster import Cluster

__all__ = ["cluster", "unreachable"]


def cluster(servers: str) -> "Cluster":
    """Kafka at these addresses, by `HOUSERULES_KAFKA_SECURITY` and its kin. Raises Misuse for half a set of them."""
    from pydantic import ValidationError

    from shared.platform.settings import CommandSettings

    try:
        return CommandSettings(kafka=servers).cluster
    except ValidationError as error:
        raise Misuse("; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())) from error


def unreachable(kafka: "Cluster", error: Exception, hint: str = "") -> Failure:
    """What to say of an error of Kafka's client: what was refused, else that nobody answers."""
    from shared.bus.refusals import in_words

    words = in_words(error, kafka)
    if words is not None:
        return Failure(f"{words[:1].upper()}{words[1:]}.")
    return Failure(f"Kafka does not answer at {kafka} ({type(error).__name__}){hint}.")
