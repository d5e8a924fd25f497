"""`houserules migrate`: bring a service's database up to date, under its owner role."""

import os
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import say

__all__ = ["migrate"]

SERVICES = Path(__file__).resolve().parents[2] / "services"


def migrate(
    service: Annotated[str, typer.Argument(help="intake, sla, access or consent.")],
    owner_url: Annotated[
        str | None,
        typer.Option(help="postgresql:// URL of the owner role; else the variable <SERVICE>_OWNER_URL."),
    ] = None,
) -> None:
    """Bring a service's database up to date. `make run` does it by itself.

    \b
    Example:
      SLA_OWNER_URL=postgresql://sla_owner:…@db:5432/sla houserules migrate sla
    """
    known = sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))
    if service not in known:
        raise Misuse(f"There is no service {service!r} with a database; there are: {', '.join(known)}.")
    variable = f"{service.upper()}_OWNER_URL"
    url = owner_url or os.environ.get(variable)
    if not url:
        raise Misuse(f"Say where the database is, as its owner: --owner-url, or {variable} in the environment.")
    if not url.startswith("postgresql://"):
        raise Misuse("The owner's URL begins with postgresql://.")

    from asyncpg import PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    from shared.platform.migrate import head, upgrade

    try:
        upgrade(service, url)
    except (OSError, PostgresError, SQLAlchemyError) as error:
        raise Failure(f"The database of {service} cannot be brought up to date: {_first_line(error)}") from error
    say(f"{service}: at migration {head(service)}.")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
