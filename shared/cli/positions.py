"""`houserules positions`: where a service goes on reading, when somebody has to decide it."""

import logging
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shared.cli.cluster import cluster, unreachable
from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_value, say, table
from shared.cli.running import run
from shared.cli.stack import Stack, stack_of

if TYPE_CHECKING:
    from shared.bus.resetting import Reset
    from shared.platform.cluster import Cluster

__all__ = ["app"]

SERVICES = ("intake", "sla", "access", "consent")

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Where a service goes on reading.")


@app.callback()
def positions() -> None:
    """Where a service goes on reading."""


@app.command()
def reset(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Whose positions.")],
    topic: Annotated[str, typer.Argument(help="The topic's whole name, as the service says it.")],
    to: Annotated[Literal["start", "end"], typer.Option(help="Of the log that is there now.")] = "start",
    force: Annotated[bool, typer.Option("--force", help="Even though the service is reading.")] = False,
    database_url: Annotated[
        str | None, typer.Option(help="postgresql:// URL of the service's app role; the stack's if not given.")
    ] = None,
    kafka: Annotated[str | None, typer.Option(help="Where the broker is; the stack's if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Begin a topic again that was made anew or cut short, where a service refuses to go on by itself.

    \b
    What was applied before is not applied twice: the inbox knows it for 14 days. `--to end` skips what is there.
    Example:
      houserules positions reset sla houserules.messages
    """
    stack = stack_of(context)
    url = database_url or stack.file.databases.get(service)
    if url is None:
        raise Misuse(f"No database of {service!r} here; there are: {', '.join(sorted(stack.file.databases))}.")
    read = stack.topics().read_by(service) if service in SERVICES else ()
    if topic not in read:
        raise Misuse(f"{service} does not read {topic!r}; it reads: {', '.join(read) or 'nothing'}.")
    bootstrap = kafka or stack.file.kafka
    if not force and database_url is None and _ready(stack, service):
        raise Failure(f"{service} is up and reading; stop its workers first, or say --force.")
    moved = run(_reset(url, cluster(bootstrap), topic, to))
    rows = [{"partition": one.partition, "before": one.before, "after": one.after} for one in moved]
    if as_json:
        json_value(rows)
        return
    table(rows, ("partition", "before", "after"))
    say(f"{service} reads {topic} from its {to} on.")


def _ready(stack: Stack, service: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{stack.service(service)}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


async def _reset(url: str, broker: "Cluster", topic: str, to: Literal["start", "end"]) -> "list[Reset]":
    from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
    from asyncpg import PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    from shared.bus.resetting import reset_positions
    from shared.platform.db import Database

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    database = Database(url, application_name="houserules-positions", pool_size=1)
    try:
        return await reset_positions(database, broker, topic, to)
    except UnknownTopicOrPartitionError as error:
        raise Failure(f"There is no topic {topic} on {broker}.") from error
    except KafkaError as error:
        raise unreachable(broker, error) from error
    except (OSError, PostgresError, SQLAlchemyError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise Failure(f"The positions cannot be written: {reason}") from error
    finally:
        await database.close()
