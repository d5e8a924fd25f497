"""`houserules token`: a token of the development issuer."""

from typing import Annotated

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.stack import stack_of

__all__ = ["token"]


def token(
    context: typer.Context,
    roles: Annotated[list[str], typer.Option("--role", help="What the person is; may be given again.")],
    organisation: Annotated[str, typer.Option(help="Whose person; not needed for ops alone.")] = "",
    person: Annotated[str | None, typer.Option(help="The person's id; local-<role> if not given.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it holds.")] = 30,
) -> None:
    """Print a token for the doors of a local stack.

    \b
    Roles: communications, head-of-communications, line-manager, people-team, is-team, dpo, publisher, ops.
    Examples:
      houserules token --organisation westward --role communications
      curl -H "Authorization: Bearer $(houserules token --organisation wheatley --role dpo --person p-7)" …
    """
    from datetime import timedelta

    from shared.platform.auth import ROLES, DevelopmentIssuer

    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise Misuse(f"There is no role {unknown[0]!r}; there are: {', '.join(ROLES)}.")
    stack = stack_of(context)
    if organisation:
        stack.check_organisation(organisation)
    elif set(roles) != {"ops"}:
        raise Misuse("Say whose person it is, with --organisation; only ops span organisations.")
    issuer = DevelopmentIssuer(stack.issuer_folder)
    if not issuer.key_file.exists():
        raise Failure(f"The development issuer has no key in {issuer.folder}: start the stack with `make run`.")
    print(issuer.token(organisation, roles, person, timedelta(days=days)))
