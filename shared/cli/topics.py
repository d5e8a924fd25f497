"""`houserules topics`: the topics of an installation, made where they are missing, and checked."""

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.acls import acls
from shared.cli.cluster import cluster, unreachable
from shared.cli.failure import Failure, Misuse
from shared.cli.output import say
from shared.cli.running import run
from shared.cli.stack import Stack, stack_of

if TYPE_CHECKING:
    from shared.bus.topics import Topics, TopicSpec
    from shared.platform.cluster import Cluster

__all__ = ["app", "bootstrap", "names", "specs"]

AGAIN_S = 1.0

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The topics that an installation needs.")

Kafka = Annotated[
    str | None, typer.Option(help="Where the broker is; HOUSERULES_KAFKA, else the stack's if not given.")
]


@app.callback()
def topics() -> None:
    """The topics that an installation needs."""


@app.command()
def ensure(
    context: typer.Context,
    kafka: Kafka = None,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each new topic: 3 in a cluster.")] = 1,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a broker that does not answer yet.")] = 0,
) -> None:
    """Make the topics that are missing, and check those that are there. `make run` does it by itself.

    \b
    Every organisation that has a policy pack gets its own inbound topics.
    Example:
      houserules topics ensure --kafka kafka.example.org:9092 --replication 3
    """
    broker = cluster(bootstrap(stack_of(context), kafka))
    wanted = specs()
    made = run(_ensure(broker, wanted, replication, time.monotonic() + wait))
    for name in made:
        print(name)
    say(f"{len(wanted)} topics, {len(made)} of them new.")


@app.command()
def check(context: typer.Context, kafka: Kafka = None) -> None:
    """Say which topics are missing or set otherwise than they must be; change nothing.

    \b
    Example:
      houserules topics check --kafka kafka.example.org:9092
    """
    from aiokafka.errors import KafkaError

    from shared.bus.topics import topic_faults

    broker = cluster(bootstrap(stack_of(context), kafka))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    wanted = specs()
    try:
        faults = run(topic_faults(broker, wanted))
    except KafkaError as error:
        raise unreachable(broker, error) from error
    for fault in faults:
        print(fault)
    if faults:
        raise Failure(
            f"{len(faults)} things are not as they must be; `houserules topics ensure` makes what is missing."
        )
    say(f"{len(wanted)} topics, all as they must be.")


app.command("acls")(acls)


def names() -> "Topics":
    """The topics of this installation, by the packs that are in force here. Raises Failure for a bad pack."""
    from shared.bus.topics import Topics
    from shared.policy import PolicyError, load_packs

    folder = os.environ.get("HOUSERULES_POLICIES")
    try:
        organisations = load_packs(Path(folder) if folder else None).organisations
    except PolicyError as error:
        raise Failure(f"A policy pack is refused: {error}") from error
    prefix = os.environ.get("HOUSERULES_TOPIC_PREFIX", "houserules.")
    return Topics(organisations, prefix, os.environ.get("HOUSERULES_GROUP_PREFIX", "houserules-"))


def specs() -> "list[TopicSpec]":
    """Every topic of this installation as it must be. Raises Failure for a bad pack."""
    return names().specs()


def bootstrap(stack: Stack, kafka: str | None) -> str:
    """Where the broker is. Raises Misuse where nothing says it."""
    said = kafka or os.environ.get("HOUSERULES_KAFKA")
    if said:
        return said
    found = stack.found()
    if found is None:
        raise Misuse("Say where the broker is: --kafka, or HOUSERULES_KAFKA in the environment.")
    return found.kafka


async def _ensure(broker: "Cluster", wanted: "list[TopicSpec]", replication: int, until: float) -> list[str]:
    import asyncio

    from aiokafka.errors import KafkaError

    from shared.bus.errors import BusFault
    from shared.bus.topics import ensure_topics

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    while True:
        try:
            return await ensure_topics(broker, wanted, replication=replication)
        except BusFault as fault:
            raise Failure(f"{str(fault)[:1].upper()}{str(fault)[1:]}.") from fault
        except KafkaError as error:
            if time.monotonic() > until:
                raise unreachable(broker, error) from error
        await asyncio.sleep(AGAIN_S)
