"""`houserules migrate`: bring services' databases up to date, each under its owner role."""

import os
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import say
from shared.cli.running import run

__all__ = ["migrate"]

SERVICES = Path(__file__).resolve().parents[2] / "services"
AGAIN_S = 1.0


def migrate(
    services: Annotated[list[str], typer.Argument(metavar="SERVICE…", help="intake, sla, access, consent.")],
    owner_url: Annotated[
        str | None,
        typer.Option(
            help="postgresql:// URL of the owner role, of one service; else the variable <SERVICE>_OWNER_URL, or the "
            "file of that name in the folder HOUSERULES_SECRETS."
        ),
    ] = None,
    only_wait: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Change nothing: wait until somebody else has done it, asking as the app role (<SERVICE>_DATABASE_URL).",
        ),
    ] = None,
) -> None:
    """Bring services' databases up to date. `make run` does it by itself.

    \b
    Examples:
      SLA_OWNER_URL=postgresql://sla_owner:…@db:5432/sla houserules migrate sla
      HOUSERULES_SECRETS=/run/secrets houserules migrate intake sla access consent
      HOUSERULES_SECRETS=/run/secrets houserules migrate sla --only-wait 300
    """
    known = sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))
    unknown = [service for service in services if service not in known]
    if unknown:
        raise Misuse(f"There is no service {unknown[0]!r} with a database; there are: {', '.join(known)}.")
    if owner_url and len(services) > 1:
        raise Misuse("--owner-url is one service's; name one service, or give each its variable.")
    if only_wait is not None:
        import time

        until = time.monotonic() + only_wait
        for service, url in [(service, _said(service, "DATABASE", "as its app role:")) for service in services]:
            run(_wait(service, url, until))
        return
    owners = [(service, owner_url or _said(service, "OWNER", "as its owner: --owner-url, or")) for service in services]
    for service, url in owners:
        _migrate(service, url)


def _migrate(service: str, url: str) -> None:
    if not url.startswith("postgresql://"):
        raise Misuse("The owner's URL begins with postgresql://.")

    from asyncpg import PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    from shared.platform.migrate import upgrade
    from shared.platform.revisions import head

    try:
        upgrade(service, url)
    except (OSError, PostgresError, SQLAlchemyError) as error:
        raise Failure(f"The database of {service} cannot be brought up to date: {_first_line(error)}") from error
    say(f"{service}: at migration {head(service)}.")


async def _wait(service: str, url: str, until: float) -> None:
    """Ask until the migrations of this code are there. Raises Failure with what was wrong last."""
    import asyncio
    import time

    from sqlalchemy.exc import SQLAlchemyError

    from shared.platform.db import Database, is_outage
    from shared.platform.revisions import head, probe

    database = Database(url, application_name="houserules-migrate", pool_size=2)
    try:
        while True:
            try:
                fault = await probe(service, database)
            except Exception as error:
                if not (is_outage(error) or isinstance(error, SQLAlchemyError)):
                    raise
                fault = _first_line(error)
            if fault is None:
                say(f"{service}: at migration {head(service)}.")
                return
            if time.monotonic() >= until:
                raise Failure(f"The database of {service} is not up to date: {fault}")
            await asyncio.sleep(AGAIN_S)
    finally:
        await database.close()


def _said(service: str, role: str, how: str) -> str:
    """A URL from the environment, else from the secrets' folder. Raises Misuse."""
    variable = f"{service.upper()}_{role}_URL"
    file = Path(os.environ.get("HOUSERULES_SECRETS") or os.devnull) / variable
    url = os.environ.get(variable) or (file.read_text().strip() if file.is_file() else "")
    if not url:
        raise Misuse(f"Say where the database is, {how} {variable} in the environment.")
    return url


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
