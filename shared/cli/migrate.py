"""`houserules migrate`: bring services' databases up to date, each under its owner role."""

import os
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import say

__all__ = ["migrate"]

SERVICES = Path(__file__).resolve().parents[2] / "services"


def migrate(
    services: Annotated[list[str], typer.Argument(metavar="SERVICE…", help="intake, sla, access, consent.")],
    owner_url: Annotated[
        str | None,
        typer.Option(
            help="postgresql:// URL of the owner role, of one service; else the variable <SERVICE>_OWNER_URL, or the "
            "file of that name in the folder HOUSERULES_SECRETS."
        ),
    ] = None,
) -> None:
    """Bring services' databases up to date. `make run` does it by itself.

    \b
    Examples:
      SLA_OWNER_URL=postgresql://sla_owner:…@db:5432/sla houserules migrate sla
      HOUSERULES_SECRETS=/run/secrets houserules migrate intake sla access consent
    """
    known = sorted(folder.parent.name for folder in SERVICES.glob("*/migrations"))
    unknown = [service for service in services if service not in known]
    if unknown:
        raise Misuse(f"There is no service {unknown[0]!r} with a database; there are: {', '.join(known)}.")
    if owner_url and len(services) > 1:
        raise Misuse("--owner-url is one service's; name one service, or give each its variable.")
    for service, url in [(service, owner_url or _owner_url(service)) for service in services]:
        _migrate(service, url)


def _migrate(service: str, url: str) -> None:
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


def _owner_url(service: str) -> str:
    """From the environment, else from the secrets' folder. Raises Misuse."""
    variable = f"{service.upper()}_OWNER_URL"
    file = Path(os.environ.get("HOUSERULES_SECRETS") or os.devnull) / variable
    url = os.environ.get(variable) or (file.read_text().strip() if file.is_file() else "")
    if not url:
        raise Misuse(f"Say where the database is, as its owner: --owner-url, or {variable} in the environment.")
    return url


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
