"""What Kafka refuses us, in words: who could not get in, and who may not do what."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from shared.platform.cluster import Cluster

__all__ = ["NotLetIn", "explained", "in_words"]

TIMEOUT_MS = 5_000
CHAIN = 5


class NotLetIn(KafkaConnectionError):  # type: ignore[misc] # aiokafka has no types
    """No broker let us in; the text says why. Nothing is wrong with what was to be sent or read: it waits."""

    def __str__(self) -> str:
        return str(self.args[0])


def in_words(error: BaseException | None, cluster: Cluster) -> str | None:
    """What was refused and to whom, where it was a refusal; None for everything else."""
    for cause in _chain(error):
        if isinstance(cause, NotLetIn):
            return str(cause)
        if (words := _words(cause, cluster)) is not None:
            return words
    return None


@asynccontextmanager
async def explained(cluster: Cluster) -> AsyncIterator[None]:
    """Around the beginning of a client: it says that it found no way in, and not why. Raises NotLetIn for a refusal."""
    try:
        yield
    except KafkaConnectionError as error:
        if (words := await _why(cluster)) is None:
            raise
        raise NotLetIn(words) from error


async def _why(cluster: Cluster) -> str | None:
    """Ask each broker once more, until one says no; None when none does."""
    arguments = cluster.arguments()
    for host, port, _ in collect_hosts(arguments.pop("bootstrap_servers")):
        try:
            connection = await create_conn(host, port, request_timeout_ms=TIMEOUT_MS, **arguments)
        except (OSError, KafkaError, TimeoutError) as cause:
            if (words := in_words(cause, cluster)) is not None:
                return words
        else:
            connection.close()
            break
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__


def _words(error: BaseException, cluster: Cluster) -> str | None:
    match error:
        case SaslAuthenticationFailed():
            return f"Kafka refuses {cluster.who}: there is no such user, or the password is another"
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            return f"Kafka at {cluster} does not let users in by {cluster.mechanism}: see HOUSERULES_KAFKA_MECHANISM"
        case TopicAuthorizationFailedError():
            return f"{cluster.who} may not do this with {_named(error)}: see `houserules topics acls`"
        case GroupAuthorizationFailedError():
            return f"{cluster.who} may not use the group {_named(error)}: see `houserules topics acls`"
        case ClusterAuthorizationFailedError():
            return f"{cluster.who} may not do this on the cluster: see `houserules topics acls`"
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of Kafka at {cluster} does not do ({error.verify_message}): see HOUSERULES_KAFKA_CA"
            )
        case ssl.SSLError():
            return f"Kafka at {cluster} does not speak TLS with us ({error.reason}): see HOUSERULES_KAFKA_SECURITY"
    return None


def _named(error: BaseException) -> str:
    """The topics or the group that aiokafka names: a name, or a set of them."""
    named = error.args[0] if error.args else "it"
    return ", ".join(sorted(named)) if isinstance(named, (set, frozenset)) else str(named)
