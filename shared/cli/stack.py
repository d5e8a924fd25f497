"""The running stack, as its `stack.json` describes it."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from shared.cli.failure import Failure, Misuse

if TYPE_CHECKING:
    from shared.bus.topics import Topics

__all__ = ["Stack", "StackFile", "Webhook", "default_path", "stack_of"]


class Webhook(msgspec.Struct, frozen=True):
    """Where an organisation's social inbox posts, and the secret it signs with."""

    url: str
    secret: str


class ClockReading(msgspec.Struct, frozen=True):
    """Both clocks when the stack was ready; one after the other at the machine's rate means real time."""

    machine: datetime
    policy: datetime
    rate: float = 1.0

    @property
    def real(self) -> bool:
        """Policy time is the machine's."""
        return self.policy == self.machine and self.rate == 1


class StackFile(msgspec.Struct, frozen=True):
    """`stack.json`, as far as the command line reads it."""

    kafka: str
    services: dict[str, str]
    databases: dict[str, str] = {}
    tokens: dict[str, dict[str, str]] = {}
    webhooks: dict[str, Webhook] = {}
    publishers: dict[str, str] = {}
    clock: ClockReading | None = None
    run_by: str = ""
    """`compose` where its containers are the stack's parts."""


CLONE = Path(__file__).resolve().parents[2]


def default_path() -> Path:
    """`stack.json` in the folder of `HOUSERULES_LOCAL`, else in `.local` here, else in the clone's."""
    named = os.environ.get("HOUSERULES_LOCAL")
    if named:
        return Path(named) / "stack.json"
    here = Path(".local") / "stack.json"
    return here if here.exists() else CLONE / here


@dataclass(slots=True)
class Stack:
    """The stack that a command speaks to; its file is read at the first need."""

    path: Path
    _file: StackFile | None = None

    @property
    def folder(self) -> Path:
        """The stack's folder."""
        return self.path.parent

    @property
    def issuer_folder(self) -> Path:
        """Where the development issuer's key is."""
        return self.folder / "issuer"

    def found(self) -> StackFile | None:
        """The file's content, or None when no stack runs. Raises Failure when it cannot be read."""
        if self._file is None:
            try:
                self._file = msgspec.json.decode(self.path.read_bytes(), type=StackFile)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise Failure(
                    f"{self.path} cannot be read ({error.strerror}); it belongs to who started the stack."
                ) from error
            except msgspec.DecodeError as error:
                raise Failure(
                    f"{self.path} is not a stack file ({error}); start the stack again with `make run`."
                ) from error
        return self._file

    @property
    def file(self) -> StackFile:
        """The file's content. Raises Failure when no stack runs."""
        found = self.found()
        if found is None:
            raise Failure(
                f"No stack runs: there is no {self.path}. Start it with `make run`, or name one with --stack."
            )
        return found

    def check_organisation(self, organisation: str) -> None:
        """Raise Misuse for an organisation that this stack does not have."""
        known = sorted(self.file.tokens)
        if organisation not in known:
            raise Misuse(f"No organisation {organisation!r} here; there are: {', '.join(known)}.")

    def service(self, name: str) -> str:
        """The address of a service. Raises Failure when it does not run."""
        url = self.file.services.get(name)
        if url is None:
            raise Failure(
                f"The service {name} does not run in this stack; it has: {', '.join(sorted(self.file.services))}."
            )
        return url

    def ops_token(self) -> str:
        """The token of ops, who span organisations."""
        for roles in self.file.tokens.values():
            if "ops" in roles:
                return roles["ops"]
        raise Failure(f"{self.path} holds no token of the role ops; start the stack again with `make run`.")

    def token(self, organisation: str, role: str) -> str:
        """The token of a role of an organisation. Raises Failure."""
        self.check_organisation(organisation)
        token = self.file.tokens[organisation].get(role)
        if token is None:
            raise Failure(f"{self.path} holds no token of the role {role}; start the stack again with `make run`.")
        return token

    def topics(self) -> "Topics":
        """The names of the stack's topics."""
        from shared.bus.topics import Topics

        return Topics(
            frozenset(self.file.tokens),
            prefix=os.environ.get("HOUSERULES_TOPIC_PREFIX", "houserules."),
            group_prefix=os.environ.get("HOUSERULES_GROUP_PREFIX", "houserules-"),
        )


def stack_of(context: typer.Context) -> Stack:
    """The stack that the global option --stack names."""
    stack = context.find_root().obj
    assert isinstance(stack, Stack)
    return stack
